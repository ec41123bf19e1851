/* args.c - options and words; see args.h. */
#include "postern/args.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "config/options.h"
#include "postern/plain.h"

#define OPTIONS_MAX 32

int
args_refuse(const struct args *a, const char *fmt, ...)
{
	struct buf text, said;
	va_list ap;

	buf_init(&text, 2u << 20);
	buf_init(&said, 2u << 20);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	plain_put(&said, buf_view(&text));
	fprintf(stderr, "postern %s: %s\n", a->argv[0], buf_cstr(&said));
	buf_done(&text);
	buf_done(&said);
	return EX_USAGE;
}

static int
unknown(const struct args *a, struct span name)
{
	const char *known[OPTIONS_MAX + 1], *nearest;
	size_t n = 0;
	char *asked;

	for (; n < OPTIONS_MAX && a->options[n].name != NULL; n++)
		known[n] = a->options[n].name;
	known[n] = NULL;
	asked = span_dup(name);
	nearest = option_nearest(asked, known);
	if (nearest != NULL)
		args_refuse(a, "there is no option --%s; did you mean --%s?", asked, nearest);
	else
		args_refuse(a, "there is no option --%s; postern help %s lists them", asked, a->argv[0]);
	free(asked);
	return ARGS_BAD;
}

/* text: behind the two dashes. */
static int
take_option(struct args *a, const char *text)
{
	struct span rest = span_of(text), name = SPAN("");
	const struct args_option *o;
	const char *equals = strchr(text, '=');

	span_cut(&rest, '=', &name);
	for (o = a->options; o->name != NULL && !span_eq(name, span_of(o->name)); o++)
		;
	if (o->name == NULL)
		return unknown(a, name);
	if (o->value == NULL && equals != NULL) {
		args_refuse(a, "--%s takes no value", o->name);
		return ARGS_BAD;
	}
	if (o->value != NULL && equals == NULL && a->at + 1 >= a->argc) {
		args_refuse(a, "--%s wants a value: --%s %s", o->name, o->name, o->value);
		return ARGS_BAD;
	}
	if (o->value != NULL)
		a->value = equals != NULL ? equals + 1 : a->argv[++a->at];
	return (int)(o - a->options);
}

static int
next(struct args *a)
{
	const char *word;

	if (++a->at >= a->argc)
		return ARGS_END;
	word = a->argv[a->at];
	if (!a->words && strcmp(word, "--") == 0) {
		a->words = true;
		return next(a);
	}
	a->value = word;
	if (a->words || word[0] != '-' || word[1] == '\0')
		return ARGS_WORD;
	if (word[1] == '-')
		return take_option(a, word + 2);
	args_refuse(a, "there is no option %s; postern help %s lists them", word, a->argv[0]);
	return ARGS_BAD;
}

int
args_next(struct args *a)
{
	return a->found = next(a);
}

bool
args_none(int argc, char **argv)
{
	static const struct args_option none[] = { { NULL, NULL, NULL } };
	struct args a = { .argc = argc, .argv = argv, .options = none };
	int i = args_next(&a);

	if (i == ARGS_WORD)
		args_refuse(&a, "\"%s\" is a word too many; usage: postern %s", a.value, argv[0]);
	return i == ARGS_END;
}
