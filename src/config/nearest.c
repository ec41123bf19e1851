/* nearest.c - guess what a misspelt name was meant to be. */
#include <string.h>

#include "config/options.h"

#define LONGEST 48

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* '_' and '-' are one, and case says nothing: both are habits of other files. */
static char
fold(char c)
{
	if (c == '_')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Edits from a to b, two neighbours exchanged counting as one. */
static size_t
distance(const char *a, const char *b)
{
	size_t d[LONGEST + 1][LONGEST + 1];
	size_t i, j, an = strlen(a), bn = strlen(b);

	if (an > LONGEST || bn > LONGEST)
		return LONGEST;
	for (i = 0; i <= an; i++)
		d[i][0] = i;
	for (j = 0; j <= bn; j++)
		d[0][j] = j;
	for (i = 1; i <= an; i++) {
		for (j = 1; j <= bn; j++) {
			char x = fold(a[i - 1]), y = fold(b[j - 1]);

			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1,
			    d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == fold(b[j - 2]) && y == fold(a[i - 2]))
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1, LONGEST);
		}
	}
	return d[an][bn];
}

/*
 * A third of the letters may be wrong and no more: a far-fetched guess
 * costs the reader more than none.
 */
const char *
option_nearest(const char *name, const char *const *known)
{
	const char *best = NULL;
	size_t best_d = strlen(name) / 3 + 1;

	for (; *known != NULL; known++) {
		size_t d = distance(name, *known);

		if (d < best_d) {
			best_d = d;
			best = *known;
		}
	}
	return best;
}
