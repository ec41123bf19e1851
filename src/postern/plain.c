/* plain.c - bytes from strangers to a terminal; see plain.h. */
#include "postern/plain.h"

#include <stdint.h>
#include <wchar.h>

#include "base/text.h"

/* The character at the front of well-formed text, n octets long. */
static uint32_t
decode(struct span s, size_t n)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (unsigned char)s.p[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

static bool
is_harmless(uint32_t c)
{
	return c >= ' ' && (c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029 &&
	    (c < 0x202a || c > 0x202e) && (c < 0x2066 || c > 0x2069);
}

void
plain_put(struct buf *b, struct span s)
{
	size_t run = 0, n;

	if (s.n == 0)
		return;                 /* and then there may be no text to point into */
	/* Most of it, in most messages: as it is. */
	while (run < s.n && s.p[run] >= ' ' && s.p[run] < 0x7f)
		run++;
	if (run < s.n && !text_is_utf8(s)) {
		text_put_printable(b, s);
		return;
	}
	buf_add(b, s.p, run);
	for (s = (struct span){ s.p + run, s.n - run }; s.n > 0; s.p += n, s.n -= n) {
		n = text_utf8_char(s);
		if (is_harmless(decode(s, n)))
			buf_add(b, s.p, n);
		else
			buf_char(b, *s.p == '\t' ? ' ' : '?');
	}
}

static unsigned
char_width(struct span s, size_t n)
{
	int width = n == 1 ? 1 : wcwidth((wchar_t)decode(s, n));

	return width < 0 ? 1 : (unsigned)width;
}

/* Octets of s that need no more than width columns; those in *ret_width. */
static size_t
fitting(struct span s, unsigned width, unsigned *ret_width)
{
	size_t at = 0;

	*ret_width = 0;
	while (at < s.n) {
		struct span rest = { s.p + at, s.n - at };
		size_t n = text_utf8_char(rest);
		unsigned w = n == 0 ? 1 : char_width(rest, n);

		if (*ret_width + w > width)
			break;
		*ret_width += w;
		at += n == 0 ? 1 : n;
	}
	return at;
}

unsigned
plain_put_cut(struct buf *b, struct span plain, unsigned width, const char *mark)
{
	unsigned used;
	size_t n = fitting(plain, width, &used);

	if (n == plain.n || width == 0) {
		buf_add(b, plain.p, n);
		return used;
	}
	n = fitting(plain, width - 1, &used);
	buf_add(b, plain.p, n);
	buf_str(b, mark);
	return used + 1;
}
