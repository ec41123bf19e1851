#include "smtp/prep.h"

#include <errno.h>
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

static void
wipe(char *s)
{
	explicit_bzero(s, strlen(s));
	free(s);
}

static int
by_library(struct span text, struct buf *ret)
{
	char *in, *out = NULL;
	int   r;

	if (memchr(text.p, '\0', text.n) != NULL)
		return -EINVAL;
	in = span_dup(text);
	r = gsasl_saslprep(in, GSASL_ALLOW_UNASSIGNED, &out, NULL);
	wipe(in);
	if (r != GSASL_OK)
		return r == GSASL_MALLOC_ERROR ? -ENOMEM : -EINVAL;
	buf_str(ret, out);
	wipe(out);
	return 0;
}

int
prep(struct span text, struct buf *ret)
{
	int r = 0;

	if (is_plain(text))
		buf_span(ret, text);
	else
		r = by_library(text, ret);
	return r == 0 && ret->over ? -EINVAL : r;
}
