/*
 * help.h - what a command is for and takes, from main's table, for people
 * and for the shells' completions.
 */
#ifndef POSTERN_HELP_H
#define POSTERN_HELP_H

#include <stddef.h>
#include <stdio.h>

#include "postern/args.h"

struct command {
	const char *name;
	int       (*run)(int argc, char **argv);
	const char *takes;      /* the words of its usage line: "[FILTER] [--json]" */
	const char *does;
	const struct args_option *options;      /* NULL: none */
	const char *begins;     /* the heading of a group that it is the first of; NULL: none */
};

void help_all(FILE *f, const struct command *c, size_t n);
void help_one(const struct command *c);

/* A line a command: its name, then its options with their dashes. */
void help_words(const struct command *c, size_t n);

#endif
