#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/text.h"
#include "bench.h"

static const struct {
	const char *name;
	int       (*run)(int argc, char **argv);
	const char *arguments;
} commands[] = {
	{ "calls", bench_calls, "COUNT PARALLEL INPUT PROGRAM [ARGUMENT…]" },
	{ "blast", bench_blast, "ADDRESS:PORT CONNECTIONS COUNT BYTES DEPTH bdat|data USER PASSWORD" },
	{ "clients", bench_clients, "CLIENTS COUNT BYTES ADDRESS:PORT|PROGRAM ARGUMENT…" },
	{ "fill",  bench_fill,  "SPOOL new|cur|later COUNT BYTES" },
	{ "consume", bench_consume, "SPOOL" },
	{ "gap", bench_gap, "SOCKET PROGRAM [ARGUMENT…]" },
};

int64_t
bench_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

unsigned long
bench_number(const char *text)
{
	uint64_t n;

	if (text_number(span_of(text), 100000000, &n) < 0 || n == 0) {
		fprintf(stderr, "bench: '%s' is no number from 1 up\n", text);
		exit(EX_USAGE);
	}
	return n;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "usage: bench %s %s\n", commands[i].name, commands[i].arguments);
	return EX_USAGE;
}
