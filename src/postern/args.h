/*
 * args.h - a subcommand's words: long options by a table, values attached
 * ("--sender=a@b") or in the next word, options also behind words.  "--"
 * ends the options.  The tables also make the help and the completions.
 */
#ifndef POSTERN_ARGS_H
#define POSTERN_ARGS_H

#include <stdbool.h>

struct args_option {
	const char *name;       /* without its dashes; NULL ends the table */
	const char *value;      /* what the help calls it; NULL: takes none */
	const char *does;
};

struct args {
	int          argc;
	char       **argv;      /* argv[0]: the subcommand */
	const struct args_option *options;
	int          at;        /* begin with 0 */
	bool         words;     /* "--" was seen */
	const char  *value;     /* of the option, or the word */
	int          found;     /* what args_next() said last */
};

enum { ARGS_END = -1, ARGS_WORD = -2, ARGS_BAD = -3 };

/*
 * The index of the next option in the table, ARGS_WORD, or ARGS_END.
 * ARGS_BAD: one line, with the nearest name, was said on standard error.
 */
int  args_next(struct args *a);

/* "postern NAME: …" on standard error; returns EX_USAGE. */
int  args_refuse(const struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Of commands that take nothing, or one word.  False: said, EX_USAGE is due. */
bool args_none(int argc, char **argv);

#endif
