/*
 * bench.h - the parts of `make bench` that must be C: each is a subcommand
 * of build/bench, prints one line of "name value" pairs, and is put together
 * by tests/bench/run.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

/* argv[0] is the subcommand's name.  A sysexits code. */
int     bench_calls(int argc, char **argv);
int     bench_blast(int argc, char **argv);
int     bench_clients(int argc, char **argv);
int     bench_fill(int argc, char **argv);
int     bench_consume(int argc, char **argv);
int     bench_gap(int argc, char **argv);

int64_t bench_now_us(void);             /* monotonic */

/* The number in text, from 1 up, or the end of the program. */
unsigned long bench_number(const char *text);

#endif
