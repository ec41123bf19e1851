/*
 * mime_code.c - quoted-printable and base64 as streams; see mime_code.h.
 * One state for all of them: `column` of the output line, and in `rest` the
 * octets that cannot be written before the next one is known: the blank that
 * may end a line, two thirds of a base64 group, the start of an "=XX".
 */
#include "mail/mime_code.h"

#include <string.h>

#include "mail/eol.h"

#define QP_LINE     76          /* RFC 2045 §6.7 (5), with the '=' at its end */
#define BASE64_LINE 76          /* RFC 2045 §6.8 */

static const char hex[] = "0123456789ABCDEF";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
mime_code_begin(struct mime_coder *c, enum mime_coding coding)
{
	memset(c, 0, sizeof(*c));
	c->coding = coding;
}

/* ---- quoted-printable ---- */

static bool
is_plain(unsigned char c)
{
	return c > 32 && c < 127 && c != '=';
}

static bool
is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

size_t
mime_code_escapes(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += !is_plain((unsigned char)s.p[i]) && !is_blank((unsigned char)s.p[i]);
	return n;
}

static void
soft_break(struct mime_coder *c, struct buf *out)
{
	buf_char(out, '=');
	eol_put(out);
	c->column = 0;
	c->soft = true;
}

/*
 * Octets that must stay on one line.  The first of a line that we began is
 * never '-': the text had no delimiter where it was, and must not get one by
 * being wrapped.
 */
static void
put_atom(struct mime_coder *c, const char *p, size_t n, struct buf *out)
{
	if (c->column + n > QP_LINE - 1)
		soft_break(c, out);
	if (c->soft && c->column == 0 && p[0] == '-') {
		p = "=2D";
		n = 3;
	}
	buf_add(out, p, n);
	c->column += n;
}

static void
put_escaped(struct mime_coder *c, unsigned char octet, struct buf *out)
{
	char atom[3] = { '=', hex[octet >> 4], hex[octet & 15] };

	put_atom(c, atom, sizeof(atom), out);
}

static void
flush_blank(struct mime_coder *c, bool ends_line, struct buf *out)
{
	if (c->rest_n == 0)
		return;
	if (ends_line)
		put_escaped(c, c->rest[0], out);
	else
		put_atom(c, (const char *)c->rest, 1, out);
	c->rest_n = 0;
}

/* How many of the octets fit the line as they are. */
static size_t
plain_run(const struct mime_coder *c, const unsigned char *p, size_t n)
{
	size_t room = c->column < QP_LINE - 1 ? QP_LINE - 1 - c->column : 0;
	size_t i = 0;

	if (c->column == 0 && c->soft)
		return 0;
	while (i < n && i < room && is_plain(p[i]))
		i++;
	return i;
}

static void
qp_text(struct mime_coder *c, const unsigned char *p, size_t n, struct buf *out)
{
	size_t run;

	for (size_t i = 0; i < n; i += run) {
		flush_blank(c, false, out);
		run = plain_run(c, p + i, n - i);
		if (run > 0) {
			buf_add(out, p + i, run);
			c->column += run;
			continue;
		}
		run = 1;
		if (is_blank(p[i]))
			c->rest[c->rest_n++] = p[i];
		else if (is_plain(p[i]))
			put_atom(c, (const char *)p + i, 1, out);
		else
			put_escaped(c, p[i], out);
	}
}

/* An LF alone is content that no line break of QP can stand for. */
static void
qp_eol(struct mime_coder *c, struct span eol, struct buf *out)
{
	if (eol.n == 1) {
		flush_blank(c, false, out);
		put_escaped(c, '\n', out);
		return;
	}
	flush_blank(c, true, out);
	buf_span(out, eol);
	c->column = 0;
	c->soft = false;
}

/* ---- quoted-printable, mended ---- */

static bool
is_hex(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static void mend_qp_octet(struct mime_coder *c, unsigned char octet, struct buf *out);

/* The '=' in rest begins no escape: it stands for itself, as decoders take it (RFC 2045 §6.7). */
static void
mend_qp_give_up(struct mime_coder *c, struct buf *out)
{
	unsigned char next = c->rest[1];
	bool          has_next = c->rest_n > 1;
	size_t        blanks = c->blanks;

	c->rest_n = c->blanks = 0;
	put_escaped(c, '=', out);
	for (; blanks > 0; blanks--)
		put_atom(c, " ", 1, out);
	if (has_next)
		mend_qp_octet(c, next, out);
}

static void
mend_qp_octet(struct mime_coder *c, unsigned char octet, struct buf *out)
{
	if (c->rest_n == 1 && is_blank(octet)) {
		c->blanks++;
		return;
	}
	if (c->rest_n > 0 && c->blanks == 0 && is_hex(octet)) {
		c->rest[c->rest_n++] = octet;
		if (c->rest_n == 3) {
			c->rest_n = 0;
			put_atom(c, (const char *)c->rest, 3, out);
		}
		return;
	}
	if (c->rest_n > 0)
		mend_qp_give_up(c, out);
	if (octet == '=')
		c->rest[c->rest_n++] = octet;
	else if (is_plain(octet) || is_blank(octet))
		put_atom(c, (const char *)&octet, 1, out);
	else
		put_escaped(c, octet, out);
}

static void
mend_qp_eol(struct mime_coder *c, struct span eol, struct buf *out)
{
	if (c->rest_n == 1) {                   /* a soft line break, blanks behind it or not */
		buf_char(out, '=');
		c->rest_n = c->blanks = 0;
	} else if (c->rest_n > 0)
		mend_qp_give_up(c, out);
	buf_span(out, eol);
	c->column = 0;
	c->soft = false;
}

/* ---- base64 ---- */

/* Begins a new line before it writes, not behind: the last one's end is a delimiter's. */
static void
put_base64(struct mime_coder *c, const char *p, size_t n, struct buf *out)
{
	if (c->column == BASE64_LINE) {
		eol_put(out);
		c->column = 0;
	}
	buf_add(out, p, n);
	c->column += n;
}

static void
put_group(struct mime_coder *c, const unsigned char *p, size_t n, struct buf *out)
{
	unsigned bits = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0u);
	char     group[4] = {
		base64[bits >> 18], base64[bits >> 12 & 63],
		n > 1 ? base64[bits >> 6 & 63] : '=', n > 2 ? base64[bits & 63] : '=',
	};

	put_base64(c, group, sizeof(group), out);
}

static void
base64_octets(struct mime_coder *c, const unsigned char *p, size_t n, struct buf *out)
{
	for (; n > 0 && c->rest_n > 0 && c->rest_n < 3; p++, n--)
		c->rest[c->rest_n++] = *p;
	if (c->rest_n == 3) {
		put_group(c, c->rest, 3, out);
		c->rest_n = 0;
	}
	for (; n >= 3; p += 3, n -= 3)
		put_group(c, p, 3, out);
	for (; n > 0; p++, n--)
		c->rest[c->rest_n++] = *p;
}

static bool
is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
	    c == '=';
}

/*
 * What is not of the alphabet is nothing to a decoder (RFC 2045 §6.8).  It is
 * passed over at once however much of it there is, so that must be quick.
 */
static void
mend_base64(struct mime_coder *c, struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_base64(s.p[i]))
			put_base64(c, s.p + i, 1, out);
}

/* ---- masked ---- */

static void
mask(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, (unsigned char)s.p[i] > 127 ? '?' : s.p[i]);
}

/* ---- all of them ---- */

void
mime_code_text(struct mime_coder *c, struct span s, struct buf *out)
{
	const unsigned char *p = (const unsigned char *)s.p;

	switch (c->coding) {
	case MIME_CODE_COPY:
		buf_span(out, s);
		break;
	case MIME_CODE_QP:
		qp_text(c, p, s.n, out);
		break;
	case MIME_CODE_BASE64:
		base64_octets(c, p, s.n, out);
		break;
	case MIME_CODE_MEND_QP:
		for (size_t i = 0; i < s.n; i++)
			mend_qp_octet(c, p[i], out);
		break;
	case MIME_CODE_MEND_BASE64:
		mend_base64(c, s, out);
		break;
	case MIME_CODE_MASK:
		mask(s, out);
		break;
	}
}

void
mime_code_eol(struct mime_coder *c, struct span eol, struct buf *out)
{
	switch (c->coding) {
	case MIME_CODE_COPY:
	case MIME_CODE_MASK:
		buf_span(out, eol);
		break;
	case MIME_CODE_QP:
		qp_eol(c, eol, out);
		break;
	case MIME_CODE_BASE64:
		base64_octets(c, (const unsigned char *)eol.p, eol.n, out);
		break;
	case MIME_CODE_MEND_QP:
		mend_qp_eol(c, eol, out);
		break;
	case MIME_CODE_MEND_BASE64:
		break;
	}
}

void
mime_code_end(struct mime_coder *c, bool last, struct buf *out)
{
	switch (c->coding) {
	case MIME_CODE_QP:
		flush_blank(c, true, out);
		break;
	case MIME_CODE_MEND_QP:
		if (c->rest_n == 1)
			buf_char(out, '=');     /* its line end is the delimiter's */
		else if (c->rest_n > 0)
			mend_qp_give_up(c, out);
		break;
	case MIME_CODE_BASE64:
		if (c->rest_n > 0)
			put_group(c, c->rest, c->rest_n, out);
		break;
	case MIME_CODE_COPY:
	case MIME_CODE_MEND_BASE64:
	case MIME_CODE_MASK:
		break;
	}
	c->rest_n = c->blanks = 0;
	if (last && c->column > 0 && (c->coding == MIME_CODE_BASE64 || c->coding == MIME_CODE_MEND_BASE64))
		eol_put(out);
}
