/* block.c - the end of a header block; see block.h. */
#include "spool/block.h"

#include <string.h>

#include "mail/header.h"

/* A fold, or a field; a fold with no field before it is body. */
static bool
continues(struct span line, bool first)
{
	if (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
		return !first;
	return header_starts_field(line);
}

bool
block_end(struct span text, bool all, size_t *at)
{
	while (*at < text.n) {
		const char *p = text.p + *at;
		const char *lf = memchr(p, '\n', text.n - *at);
		size_t      n = lf != NULL ? (size_t)(lf - p) : text.n - *at;
		size_t      whole = lf != NULL ? n + 1 : n;

		if (lf == NULL && !all)
			return false;
		if (n > 0 && p[n - 1] == '\r')
			n--;
		if (n > 0 && !continues((struct span){ p, n }, *at == 0))
			return true;
		*at += whole;
		if (n == 0)
			return true;
	}
	return all;
}
