/* help.c - see help.h. */
#include "postern/help.h"

void
help_all(FILE *f, const struct command *c, size_t n)
{
	fputs("usage: postern COMMAND [ARGUMENT...]\n\n", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "  %-10s %s\n", c[i].name, c[i].does);
	fputs("\n  postern help COMMAND   what it takes\n  --version, --help\n", f);
}

void
help_one(const struct command *c)
{
	printf("usage: postern %s%s%s\n\n%s\n", c->name, c->takes[0] != '\0' ? " " : "", c->takes, c->does);
	if (c->options != NULL)
		putchar('\n');
	for (const struct args_option *o = c->options; o != NULL && o->name != NULL; o++) {
		int n = printf("  --%s%s%s", o->name, o->value != NULL ? " " : "", o->value != NULL ? o->value : "");

		printf("%*s %s\n", n < 22 ? 22 - n : 0, "", o->does);
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
