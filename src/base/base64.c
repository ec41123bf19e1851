/* base64.c - see base64.h. */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
put_group(struct buf *b, const unsigned char *p, size_t n)
{
	uint32_t b1 = n > 1 ? p[1] : 0, b2 = n > 2 ? p[2] : 0;
	uint32_t bits = (uint32_t)p[0] << 16 | b1 << 8 | b2;

	buf_char(b, digits[bits >> 18]);
	buf_char(b, digits[bits >> 12 & 63]);
	buf_char(b, n > 1 ? digits[bits >> 6 & 63] : '=');
	buf_char(b, n > 2 ? digits[bits & 63] : '=');
}

void
base64_put(struct buf *b, struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n; i += 3)
		put_group(b, p + i, s.n - i < 3 ? s.n - i : 3);
}

void
base64_put_url(struct buf *b, struct span s)
{
	size_t start = b->n, i;

	base64_put(b, s);
	while (b->n > start && b->p[b->n - 1] == '=')
		buf_cut(b, b->n - 1);
	for (i = start; i < b->n; i++)
		b->p[i] = b->p[i] == '+' ? '-' : b->p[i] == '/' ? '_' : b->p[i];
}

/* By comparison and not by a table: what is decoded here is a password. */
static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* n digits of a group; what they leave over must be zero. */
static int
get_group(const char *p, size_t n, struct buf *ret)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		int v = i < n ? value(p[i]) : 0;

		if (v < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)v;
	}
	if ((n == 2 && (bits & 0xffff) != 0) || (n == 3 && (bits & 0xff) != 0))
		return -EINVAL;
	buf_char(ret, (char)(bits >> 16));
	if (n > 2)
		buf_char(ret, (char)(bits >> 8));
	if (n > 3)
		buf_char(ret, (char)bits);
	return 0;
}

int
base64_get(struct span s, struct buf *ret)
{
	size_t start = ret->n, pad = 0;

	if (s.n % 4 != 0)
		return -EINVAL;
	while (pad < 2 && pad < s.n && s.p[s.n - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < s.n; i += 4)
		if (get_group(s.p + i, i + 4 < s.n ? 4 : 4 - pad, ret) < 0) {
			buf_cut(ret, start);
			return -EINVAL;
		}
	return 0;
}
