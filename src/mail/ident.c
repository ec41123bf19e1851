/* ident.c - identifiers that others would replace; see ident.h. */
#include "mail/ident.h"

#include <string.h>

/* RFC 5322 §3.2.3 */
static bool
is_atext(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_dot_atom(struct span s)
{
	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_atext(s.p[i]) && (s.p[i] != '.' || s.p[i - 1] == '.'))
			return false;
	return true;
}

/* no-fold-literal of RFC 5322 §3.6.4, without what may be taken for the end of the identifier. */
static bool
is_literal(struct span s)
{
	if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || strchr("[]\\<>@", s.p[i]) != NULL)
			return false;
	return true;
}

/* At the last '@'; false: there is none, and all of it is left. */
static bool
halve(struct span s, struct span *ret_left, struct span *ret_right)
{
	const char *at = s.n > 0 ? memrchr(s.p, '@', s.n) : NULL;

	*ret_left = at != NULL ? (struct span){ s.p, (size_t)(at - s.p) } : s;
	*ret_right = at != NULL ? (struct span){ at + 1, s.n - ret_left->n - 1 } : SPAN("");
	return at != NULL;
}

bool
ident_is_valid(struct span body)
{
	struct span s = span_trim(body), left, right;

	if (s.n < 5 || s.n > IDENT_MAX || s.p[0] != '<' || s.p[s.n - 1] != '>')
		return false;
	if (!halve((struct span){ s.p + 1, s.n - 2 }, &left, &right))
		return false;
	return is_dot_atom(left) && (is_dot_atom(right) || is_literal(right));
}

/* What the first brackets hold; without a pair of them, all but stray ones. */
static struct span
inside(struct span s)
{
	const char *open = s.n > 0 ? memchr(s.p, '<', s.n) : NULL, *close;

	if (open != NULL) {
		s.n -= (size_t)(open + 1 - s.p);
		s.p = open + 1;
	}
	close = s.n > 0 ? memchr(s.p, '>', s.n) : NULL;
	if (close != NULL)
		s.n = (size_t)(close - s.p);
	return s;
}

/*
 * Blanks come of a fold that broke it, so what they parted belongs together.
 * Hex and not one letter for all: two identifiers that differ must stay two.
 */
static void
put_half(struct buf *b, struct span s)
{
	size_t began = b->n;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (is_atext(s.p[i]))
			buf_char(b, s.p[i]);
		else if (c != '.')
			buf_printf(b, "%02x", c);
		else if (b->n > began && b->p[b->n - 1] != '.')
			buf_char(b, '.');
	}
	if (b->n > began && b->p[b->n - 1] == '.')
		buf_cut(b, b->n - 1);
}

bool
ident_put_repaired(struct buf *b, struct span body, struct span host)
{
	struct span left, right;
	struct buf  own;
	size_t      at;
	bool        ok;

	halve(inside(body), &left, &right);
	buf_init(&own, IDENT_MAX);
	buf_char(&own, '<');
	put_half(&own, left);
	ok = own.n > 1;
	buf_char(&own, '@');
	at = own.n;
	if (is_literal(right))
		buf_span(&own, right);
	else
		put_half(&own, right);
	if (own.n == at)
		put_half(&own, host);
	ok = ok && own.n > at;
	buf_char(&own, '>');
	ok = ok && !own.over;
	if (ok)
		buf_span(b, buf_view(&own));
	buf_done(&own);
	return ok;
}
