/* mimetree.c - random messages, and an independent reader of them. */
#include "mimetree.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* ---- the maker ---- */

struct maker {
	uint64_t    seed;
	bool        compliant;
	unsigned    boundaries;
	struct buf *said;
};

static unsigned
roll(struct maker *k, unsigned sides)
{
	k->seed ^= k->seed << 13;
	k->seed ^= k->seed >> 7;
	k->seed ^= k->seed << 17;
	return (unsigned)(k->seed >> 11) % sides;
}

static void
say_leaf(struct buf *said, struct span content)
{
	buf_printf(said, "leaf %zu ", content.n);
	buf_span(said, content);
	buf_char(said, '\n');
}

/* One line of text, of a kind that some encoder could get wrong. */
static void
put_line(struct maker *k, struct buf *out)
{
	static const char *const bits[] = {
		"a", "=", " ", "\t", ".", "--", "\xc3\xa4", "\xe2\x82\xac", "\xe4", "=3D", "word ", "\x01", "\x7f",
	};
	unsigned kind = roll(k, 8), n = kind < 5 ? roll(k, 60) : kind == 5 ? 0 : kind == 6 ? 400 : 3000;

	if (k->compliant && n > 100)
		n = 100;
	for (unsigned i = 0; i < n; i++) {
		unsigned bit = roll(k, kind < 2 ? 6 : sizeof(bits) / sizeof(bits[0]));

		if (k->compliant && (unsigned char)bits[bit][0] > 127)
			bit = 0;
		buf_str(out, bits[bit]);
	}
	if (kind == 4 && !k->compliant)
		for (n = roll(k, 300); n > 0; n--) {
			unsigned octet = 1 + roll(k, 255);

			buf_char(out, (char)(octet == '\n' || octet == '\r' ? 'x' : octet));
		}
}

static void
put_text(struct maker *k, struct buf *out)
{
	for (unsigned n = roll(k, 6); n > 0; n--) {
		put_line(k, out);
		if (n > 1 || roll(k, 4) == 0)
			buf_str(out, "\r\n");
	}
}

/* Encoded by the simplest code there is: an escape for every octet, lines of one group. */
static void
put_encoded(struct maker *k, struct span text, bool qp, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned          width = roll(k, 3) == 0 && !k->compliant ? 2000 : 40;

	for (size_t i = 0, column = 0; i < text.n; i += qp ? 1 : 3) {
		unsigned char a = (unsigned char)text.p[i], b = 0, c = 0;

		if (column > width) {
			buf_str(out, qp ? "=\r\n" : "\r\n");
			column = 0;
		}
		if (qp) {
			buf_printf(out, "=%02X", a);
			column += 3;
			continue;
		}
		b = i + 1 < text.n ? (unsigned char)text.p[i + 1] : 0;
		c = i + 2 < text.n ? (unsigned char)text.p[i + 2] : 0;
		buf_printf(out, "%c%c%c%c", digits[a >> 2], digits[(a & 3) << 4 | b >> 4],
		    i + 1 < text.n ? digits[(b & 15) << 2 | c >> 6] : '=', i + 2 < text.n ? digits[c & 63] : '=');
		column += 4;
	}
}

static void put_entity(struct maker *k, unsigned depth, bool typed, struct buf *out);

static void
put_leaf(struct maker *k, bool typed, struct buf *out)
{
	static const char *const types[] = {
		"text/plain", "text/plain; charset=utf-8", "TEXT/HTML (x);\r\n charset=\"iso-8859-1\"",
		"application/octet-stream; name=\"a b\"", "message/global", "nonsense",
	};
	static const char *const encodings[] = { "7bit", "8bit", "BINARY", "quoted-printable", "base64" };
	unsigned                 encoding = roll(k, 8);
	struct buf               text;

	buf_init(&text, 1 << 20);
	put_text(k, &text);
	if (typed || roll(k, 2) == 0)
		buf_printf(out, "Content-Type: %s\r\n", types[roll(k, sizeof(types) / sizeof(types[0]))]);
	if (encoding < 5)
		buf_printf(out, "Content-Transfer-Encoding: %s\r\n", encodings[encoding]);
	buf_str(out, "\r\n");
	say_leaf(k->said, buf_view(&text));
	if (encoding == 3 || encoding == 4)
		put_encoded(k, buf_view(&text), encoding == 3, out);
	else
		buf_span(out, buf_view(&text));
	buf_done(&text);
}

static void
put_multipart(struct maker *k, unsigned depth, struct buf *out)
{
	static const char *const forms[] = { "=_%u", "b%u", "x y%u", "--%u", "'()+_,-./:=?%u" };
	static const char *const kinds[] = { "mixed", "Alternative", "digest" };
	const char              *kind = kinds[roll(k, 3)], *form = forms[roll(k, 5)];
	char                     boundary[64];
	unsigned                 parts = 1 + roll(k, 3);

	snprintf(boundary, sizeof(boundary), form, ++k->boundaries);
	buf_printf(out, "Content-Type: multipart/%s; boundary=\"%s\"\r\n", kind, boundary);
	if (roll(k, 3) == 0)
		buf_printf(out, "Content-Transfer-Encoding: %s\r\n", k->compliant ? "7bit" : "8bit");
	buf_printf(k->said, "multipart %u\n", parts);
	buf_str(out, roll(k, 3) == 0 ? "\r\nnot shown\r\n" : "\r\n");
	for (; parts > 0; parts--) {
		buf_printf(out, "--%s%s\r\n", boundary, roll(k, 5) == 0 ? " \t" : "");
		put_entity(k, depth - 1, strcmp(kind, "digest") == 0, out);
		buf_str(out, "\r\n");
	}
	buf_printf(out, "--%s--%s", boundary, roll(k, 3) == 0 ? "\r\nnot shown --either" : "");
}

static void
put_subject(struct maker *k, struct buf *out)
{
	static const char *const words[] = {
		"plain", "gr\xc3\xbc\xc3\x9f", "l\xe4tin", "=?utf-8?q?a=C3=A4?=", "=20", "\xe2\x82\xac",
	};

	buf_str(out, "Subject:");
	for (unsigned n = 1 + roll(k, 12); n > 0; n--)
		buf_printf(out, "%s%s", roll(k, 6) == 0 ? "\r\n  " : " ", words[k->compliant ? 0 : roll(k, 6)]);
	buf_str(out, "\r\n");
}

static void
put_message(struct maker *k, unsigned depth, struct buf *out)
{
	size_t from = out->n;

	put_subject(k, out);
	buf_str(k->said, "message ");
	tree_decode_words((struct span){ out->p + from + 8, out->n - from - 8 }, k->said);
	buf_char(k->said, '\n');
	put_entity(k, depth, false, out);
}

static void
put_entity(struct maker *k, unsigned depth, bool typed, struct buf *out)
{
	unsigned kind = depth == 0 ? 0 : roll(k, 6);

	if (kind < 3)
		put_leaf(k, typed, out);
	else if (kind < 5)
		put_multipart(k, depth, out);
	else {
		buf_str(out, "Content-Type: message/rfc822\r\n\r\n");
		put_message(k, depth - 1, out);
	}
}

void
tree_make(const struct tree_options *o, struct buf *message, struct buf *said)
{
	struct maker k = { .seed = o->seed * 2654435761u + 88172645463325252u, .compliant = o->compliant, .said = said };

	put_message(&k, 3, message);
}

/* ---- the reader ---- */

bool
tree_decode_qp(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		uint64_t octet;

		if (s.p[i] != '=') {
			buf_char(out, s.p[i]);
			continue;
		}
		if (i + 1 == s.n)
			return true;            /* the line end behind it is a delimiter's */
		if (i + 2 >= s.n)
			return false;
		if (memcmp(s.p + i + 1, "\r\n", 2) != 0) {
			if (text_hex((struct span){ s.p + i + 1, 2 }, &octet) < 0)
				return false;
			buf_char(out, (char)octet);
		}
		i += 2;
	}
	return true;
}

bool
tree_decode_base64(struct span s, struct buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned          bits = 0, n = 0, pads = 0;

	for (size_t i = 0; i < s.n; i++) {
		const char *digit = s.p[i] == '\0' ? NULL : strchr(digits, s.p[i]);

		if (s.p[i] == '\r' || s.p[i] == '\n')
			continue;
		if (s.p[i] == '=') {
			pads++;
			continue;
		}
		if (digit == NULL || pads > 0)
			return false;
		bits = bits << 6 | (unsigned)(digit - digits);
		if (++n % 4 != 1)
			buf_char(out, (char)(bits >> (6 - 2 * ((n - 1) % 4))));
	}
	return (n + pads) % 4 == 0 && pads < 3;
}

/* True: the whole of it is an encoded word, and its text was appended. */
static bool
decode_word(struct span s, struct buf *out)
{
	const char *text, *end = s.p + s.n - 2;
	struct buf  b;

	if (s.n < 8 || !span_starts(s, SPAN("=?")) || memcmp(end, "?=", 2) != 0 ||
	    (text = memmem(s.p, s.n, "?q?", 3)) == NULL)
		return false;
	buf_init(&b, 1 << 16);
	for (text += 3; text < end; text++)
		buf_char(&b, *text == '_' ? ' ' : *text);
	tree_decode_qp(buf_view(&b), out);
	buf_done(&b);
	return true;
}

static size_t
span_of_set(struct span s, const char *set, bool in)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] != '\0' && strchr(set, s.p[n]) != NULL) == in)
		n++;
	return n;
}

/* Blanks between two encoded words are nothing; other runs of them count, folds in them do not. */
void
tree_decode_words(struct span s, struct buf *out)
{
	bool       before = false;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (s = span_trim(s); s.n > 0;) {
		struct span blanks = { s.p, span_of_set(s, " \t\r\n", true) };
		struct span word = { s.p + blanks.n, 0 };
		bool        encoded;

		s = (struct span){ word.p, s.n - blanks.n };
		word.n = span_of_set(s, " \t\r\n", false);
		buf_clear(&text);
		encoded = decode_word(word, &text);
		for (size_t i = 0; i < blanks.n && !(before && encoded); i++)
			if (blanks.p[i] == ' ' || blanks.p[i] == '\t')
				buf_char(out, blanks.p[i]);
		buf_span(out, encoded ? buf_view(&text) : word);
		before = encoded;
		s = (struct span){ s.p + word.n, s.n - word.n };
	}
	buf_done(&text);
}

/* The value of a field in a header block, folds and all; empty: none. */
static struct span
value_of(struct span head, const char *name)
{
	struct span line, value = { head.p, 0 };
	size_t      n = strlen(name);

	while (span_cut(&head, '\n', &line)) {
		if (value.n > 0 && line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t')) {
			value.n = (size_t)(line.p + line.n - value.p);
			continue;
		}
		if (value.n > 0)
			break;
		if (span_istarts(line, span_of(name)) && line.n > n && line.p[n] == ':')
			value = (struct span){ line.p + n + 1, line.n - n - 1 };
	}
	return span_trim(value);
}

static bool read_entity(struct span s, bool in_digest, struct buf *said);

static bool
read_leaf(struct span encoding, struct span body, struct buf *said)
{
	struct buf content;
	bool       well = true;

	buf_init(&content, 1 << 22);
	if (span_ieq(encoding, SPAN("quoted-printable")))
		well = tree_decode_qp(body, &content);
	else if (span_ieq(encoding, SPAN("base64")))
		well = tree_decode_base64(body, &content);
	else
		buf_span(&content, body);
	say_leaf(said, buf_view(&content));
	buf_done(&content);
	return well;
}

/* 0: no delimiter; 1: one; 2: the last. */
static int
delimits(struct span line, struct span boundary)
{
	line = span_trim(line);
	if (line.n < boundary.n + 2 || memcmp(line.p, "--", 2) != 0 ||
	    memcmp(line.p + 2, boundary.p, boundary.n) != 0)
		return 0;
	line = (struct span){ line.p + 2 + boundary.n, line.n - 2 - boundary.n };
	return line.n == 0 ? 1 : span_eq(line, SPAN("--")) ? 2 : 0;
}

static bool
read_multipart(struct span type, struct span body, struct buf *said)
{
	const char *from = memmem(type.p, type.n, "boundary=\"", 10), *part = NULL;
	bool        digest = span_istarts(type, SPAN("multipart/digest")), well = true;
	struct span boundary, line;
	struct buf  parts;
	unsigned    n = 0;

	if (from == NULL)
		return false;
	boundary = (struct span){ from + 10, (size_t)(strchr(from + 10, '"') - from) - 10 };
	buf_init(&parts, 1 << 23);
	while (well && span_cut(&body, '\n', &line)) {
		int what = delimits(line, boundary);

		if (what == 0)
			continue;
		/* The line end before a delimiter is its own. */
		if (part != NULL) {
			n++;
			well = read_entity((struct span){ part, part + 2 > line.p ? 0 :
			    (size_t)(line.p - 2 - part) }, digest, &parts);
		}
		part = line.p + line.n + 1;
		if (what == 2)
			break;
	}
	buf_printf(said, "multipart %u\n", n);
	buf_span(said, buf_view(&parts));
	buf_done(&parts);
	return well;
}

static bool
read_message(struct span s, struct buf *said)
{
	buf_str(said, "message ");
	tree_decode_words(value_of(s, "Subject"), said);
	buf_char(said, '\n');
	return read_entity(s, false, said);
}

static bool
read_entity(struct span s, bool in_digest, struct buf *said)
{
	const char *blank = span_starts(s, SPAN("\r\n")) ? s.p : memmem(s.p, s.n, "\r\n\r\n", 4);
	struct span head, body, type;

	if (blank == NULL)
		return false;
	head = (struct span){ s.p, (size_t)(blank - s.p) };
	blank += blank == s.p ? 2 : 4;
	body = (struct span){ blank, (size_t)(s.p + s.n - blank) };
	type = value_of(head, "Content-Type");
	if (span_istarts(type, SPAN("multipart/")))
		return read_multipart(type, body, said);
	if (span_ieq(type, SPAN("message/rfc822")) || (in_digest && type.n == 0))
		return read_message(body, said);
	return read_leaf(value_of(head, "Content-Transfer-Encoding"), body, said);
}

bool
tree_read(struct span message, struct buf *said)
{
	return read_message(message, said);
}
