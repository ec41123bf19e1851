/* help.c - see help.h. */
#include "postern/help.h"

#include <string.h>

void
help_all(FILE *f, const struct command *c, size_t n)
{
	fputs("usage: postern COMMAND [ARGUMENT...]\n\n", f);
	for (size_t i = 0; i < n; i++) {
		if (c[i].begins != NULL)
			fprintf(f, "%s%s:\n", i > 0 ? "\n" : "", c[i].begins);
		fprintf(f, "  %-10s %s\n", c[i].name, c[i].does);
	}
	fputs("\n  postern help COMMAND   what it takes\n  --version, --help\n", f);
}

static int
put_option(FILE *f, const struct args_option *o)
{
	return fprintf(f, "  --%s%s%s", o->name, o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
}

/* As wide as the widest, with what they do in one column. */
static int
options_width(const struct args_option *o)
{
	size_t widest = 20;

	for (; o != NULL && o->name != NULL; o++) {
		size_t n = strlen("  --") + strlen(o->name) + (o->value != NULL ? 1 + strlen(o->value) : 0);

		widest = n > widest ? n : widest;
	}
	return (int)widest;
}

void
help_one(const struct command *c)
{
	int width = options_width(c->options);

	printf("usage: postern %s%s%s\n\n%s\n", c->name, c->takes[0] != '\0' ? " " : "", c->takes, c->does);
	if (c->options != NULL)
		putchar('\n');
	for (const struct args_option *o = c->options; o != NULL && o->name != NULL; o++) {
		int n = put_option(stdout, o);

		printf("%*s  %s\n", width - n, "", o->does);
	}
}

void
help_words(const struct command *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fputs(c[i].name, stdout);
		for (const struct args_option *o = c[i].options; o != NULL && o->name != NULL; o++)
			printf(" --%s", o->name);
		putchar('\n');
	}
}
