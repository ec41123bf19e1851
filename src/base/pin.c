#include "base/pin.h"

#include <string.h>

#include "base/base64.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_hex(struct span s, struct pin *ret)
{
	bool   colons = s.n == 3 * PIN_BYTES - 1;
	size_t step = colons ? 3 : 2;

	if (!colons && s.n != 2 * PIN_BYTES)
		return false;
	for (size_t i = 0; i < PIN_BYTES; i++) {
		int high = hex_digit(s.p[i * step]), low = hex_digit(s.p[i * step + 1]);

		if (high < 0 || low < 0 || (colons && i > 0 && s.p[i * step - 1] != ':'))
			return false;
		ret->sha256[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool
parse_base64(struct span s, struct pin *ret)
{
	struct buf b;
	bool       good;

	buf_init(&b, 64);
	good = s.n < 64 && base64_get(s, &b) == 0 && b.n == PIN_BYTES;
	if (good)
		memcpy(ret->sha256, b.p, PIN_BYTES);
	buf_done(&b);
	return good;
}

bool
pin_parse(struct span s, struct pin *ret)
{
	if (span_istarts(s, SPAN("sha256:")))
		s = (struct span){ s.p + 7, s.n - 7 };
	else if (span_starts(s, SPAN("sha256//")))
		s = (struct span){ s.p + 8, s.n - 8 };
	return parse_hex(s, ret) || parse_base64(s, ret);
}

void
pin_put(struct buf *b, const struct pin *p)
{
	buf_str(b, "sha256:");
	base64_put(b, (struct span){ (const char *)p->sha256, PIN_BYTES });
}
