/* test_words.c - header fields within RFC 5322: encoded words, parameters, folds. */
#include <check.h>
#include <string.h>

#include "mail/words.h"
#include "mimetree.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

#define B10  "bbbbbbbbb "
#define B50  B10 B10 B10 B10 B10
#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X500 X50 X50 X50 X50 X50 X50 X50 X50 X50 X50

static void
put(struct span in, struct buf *out)
{
	struct span  rest = in;
	struct field f;

	buf_init(out, 1 << 20);
	ck_assert(header_next(&rest, &f));
	words_put_field(out, &f);
	ck_assert(!out->over);
}

static const struct {
	struct span in;
	const char *out;
} rows[] = {
	/* text */
	{ S("Subject: gr\xc3\xbc\xc3\x9f\r\n"), "Subject: =?utf-8?q?gr=C3=BC=C3=9F?=\r\n" },
	{ S("Subject:\xc3\xa4\r\n"), "Subject: =?utf-8?q?=C3=A4?=\r\n" },
	{ S("subject : a \xe4 b\r\n"), "subject : a =?unknown-8bit?q?=E4?= b\r\n" },
	{ S("X-Any: a_=? (\xc3\xa4)\r\n"), "X-Any: a_=? =?utf-8?q?=28=C3=A4=29?=\r\n" },
	/* blanks between words that are encoded are within; those around are not */
	{ S("Subject: a  \xc3\xa4 \t\xc3\xb6  b\r\n"), "Subject: a  =?utf-8?q?=C3=A4_=09=C3=B6?=  b\r\n" },
	{ S("Subject: \xc3\xa4\r\n  \xc3\xb6\r\n"), "Subject: =?utf-8?q?=C3=A4__=C3=B6?=\r\n" },
	{ S("Subject: =?utf-8?q?a?= \xc3\xa4 =?utf-8?q?b?=\r\n"),
	  "Subject: =?utf-8?q?a?= =?utf-8?q?_=C3=A4_?= =?utf-8?q?b?=\r\n" },
	/* no character straddles two words, no line passes 76 */
	{ S("Subject: \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\r\n"),
	  "Subject: =?utf-8?q?=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC=E2=82=AC?=\r\n =?utf-8?q?=E2=82=AC?=\r\n" },
	{ S("Subject: " B50 "bbbb \xc3\xa4\r\n"), "Subject: " B50 "bbbb\r\n =?utf-8?q?=C3=A4?=\r\n" },

	/* addresses: phrases, quoted strings, comments, groups */
	{ S("To: J\xc3\xb6rg M <j@b.c>\r\n"), "To: =?utf-8?q?J=C3=B6rg?= M <j@b.c>\r\n" },
	{ S("To: \"J\xc3\xb6rg \\\"M\\\", Dr.\" <j@b.c>, \"d, e\" <f@g>\r\n"),
	  "To: =?utf-8?q?J=C3=B6rg_=22M=22=2C_Dr=2E?= <j@b.c>, \"d, e\" <f@g>\r\n" },
	{ S("To: \"\xc3\xb6\"<j@b.c>,\xc3\xa4<d@e>\r\n"),
	  "To: =?utf-8?q?=C3=B6?= <j@b.c>, =?utf-8?q?=C3=A4?= <d@e>\r\n" },
	{ S("From: j@b.c (J\xc3\xb6rg (M\\\xc3\xbcller) x)\r\n"),
	  "From: j@b.c (=?utf-8?q?J=C3=B6rg?= (=?utf-8?q?M=C3=BCller?=) x)\r\n" },
	{ S("To: \xc3\xa4 \xc3\xb6: a@b, \xc3\xbc <c@d>;\r\n"),
	  "To: =?utf-8?q?=C3=A4_=C3=B6?= : a@b, =?utf-8?q?=C3=BC?= <c@d>;\r\n" },
	{ S("Resent-Cc: \xc3\xa4 <c@d>\r\n"), "Resent-Cc: =?utf-8?q?=C3=A4?= <c@d>\r\n" },
	{ S("Keywords: a, \xc3\xa4, b\r\n"), "Keywords: a, =?utf-8?q?=C3=A4?= , b\r\n" },
	/* where there is no other form it stays, and the rest of the field does not */
	{ S("To: \xc3\xa4 <\xc3\xb6@c.d>\r\n"), "To: =?utf-8?q?=C3=A4?= <\xc3\xb6@c.d>\r\n" },
	{ S("To: \xc3\xa4@b, \xc3\xa4 <c@d>\r\n"), "To: \xc3\xa4@b, =?utf-8?q?=C3=A4?= <c@d>\r\n" },
	{ S("To: \"\xc3\xa4\"@b\r\n"), "To: \"\xc3\xa4\"@b\r\n" },
	{ S("Message-ID: <\xc3\xa4@b>\r\n"), "Message-ID: <\xc3\xa4@b>\r\n" },
	{ S("Received: from x (\xc3\xa4 x) by y\r\n"), "Received: from x (=?utf-8?q?=C3=A4?= x) by y\r\n" },
	/* torn ones */
	{ S("To: \"\xc3\xa4 <a@b>\r\n"), "To: \"\xc3\xa4 <a@b>\r\n" },
	{ S("To: (\xc3\xa4 <a@b>\r\n"), "To: (=?utf-8?q?=C3=A4?= <a@b>\r\n" },
	{ S("To: \xc3\xa4 <a@b\r\n"), "To: =?utf-8?q?=C3=A4?= <a@b\r\n" },
	{ S("To: \\\r\n \xc3\xa4 <a@b>\r\n"), "To: \\ =?utf-8?q?=C3=A4?= <a@b>\r\n" },

	/* parameters */
	{ S("Content-Type: text/plain; charset=utf-8; name=\"gr\xc3\xbc\xc3\x9f e.txt\"\r\n"),
	  "Content-Type: text/plain; charset=utf-8; name*=utf-8''gr%C3%BC%C3%9F%20e.txt\r\n" },
	{ S("Content-Disposition: attachment;filename=\xe4;\r\n size=1\r\n"),
	  "Content-Disposition: attachment; filename*=unknown-8bit''%E4; size=1\r\n" },
	{ S("Content-Disposition: attachment; filename=\"\xc3\xa4\"; filename*=utf-8''%C3%A4\r\n"),
	  "Content-Disposition: attachment; filename*=utf-8''%C3%A4\r\n" },
	{ S("Content-Disposition: attachment; filename*0=\"\xc3\xa4\"; filename*1=b\r\n"),
	  "Content-Disposition: attachment; filename*0*=utf-8''%C3%A4; filename*1=b\r\n" },
	{ S("Content-Disposition: attachment; filename*=utf-8''a%20\xc3\xa4\r\n"),
	  "Content-Disposition: attachment; filename*=utf-8''a%20%C3%A4\r\n" },

	{ S("Content-Type: \1; a=\"\1 \2\"; b=\xc3\xa4\1\r\n"), "Content-Type: \1; a=\"\1 \2\"; b*=utf-8''%C3%A4%01\r\n" },

	/* folds: at blanks, behind commas and between identifiers; never in a pair, never a blank line */
	{ S("X: " B50 B50 "\r\n"), "X: " B50 "bbbbbbbbb bbbbbbbbb\r\n bbbbbbbbb bbbbbbbbb bbbbbbbbb\r\n" },
	{ S("To: " X50 "@b," X50 "@b\r\n"), "To: " X50 "@b,\r\n " X50 "@b\r\n" },
	{ S("References: <" X50 "@b><" X50 "@b>\r\n"), "References: <" X50 "@b>\r\n <" X50 "@b>\r\n" },
	{ S("To: \"" X50 " " X50 "\\ " X50 "\" <a@b>\r\n"),
	  "To: \"" X50 "\r\n " X50 "\\ " X50 "\"\r\n <a@b>\r\n" },
	{ S("X: " X500 X500 "\r\n"), "X: " X500 X500 "\r\n" },
	{ S("X: a " X500 X500 " b\r\n"), "X: a\r\n " X500 X500 "\r\n b\r\n" },
};

START_TEST(fields)
{
	struct buf out;

	put(rows[_i].in, &out);
	ck_assert_str_eq(buf_cstr(&out), rows[_i].out);
	buf_done(&out);
}
END_TEST

/* What only people read is encoded rather than left overlong: it reads the same. */
START_TEST(long_subject)
{
	static const char in[] = "Subject: a " X500 X500 " b\r\n";
	struct span       rest, line;
	struct buf        out, said;

	put(span_of(in), &out);
	for (rest = buf_view(&out); span_cut(&rest, '\n', &line);)
		ck_assert_uint_le(line.n, 77);
	buf_init(&said, 1 << 20);
	tree_decode_words((struct span){ out.p + 8, out.n - 8 }, &said);
	ck_assert_str_eq(buf_cstr(&said), "a " X500 X500 " b");
	buf_done(&said);
	buf_done(&out);
}
END_TEST

static uint64_t seed = 88172645463325252u;

static unsigned
roll(unsigned sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % sides;
}

/* Any text reads the same behind it, is ASCII, in short lines none of which is blank. */
START_TEST(any_text)
{
	static const char *const bits[] = {
		" ", "  ", "\t", "\r\n ", "a", "word", "=", "?", "_", "\xc3\xa4", "\xe2\x82\xac", "\xe4", "\xf0\x9f\x98\x80",
		" =?utf-8?q?=C3=A4?= ", "\\", "\"", "(", ")", "<", ",",
	};

	for (unsigned i = 0; i < 3000; i++) {
		struct buf  in, out, before, after;
		struct span rest, line;
		size_t      longest = 0, blank = 0;

		buf_init(&in, 1 << 20);
		buf_str(&in, "Subject: x");
		for (unsigned n = roll(60); n > 0; n--)
			buf_str(&in, bits[roll(sizeof(bits) / sizeof(bits[0]))]);
		buf_str(&in, "x\r\n");
		put(buf_view(&in), &out);
		for (rest = buf_view(&out); span_cut(&rest, '\n', &line);) {
			longest = line.n > longest ? line.n : longest;
			blank += span_trim(line).n == 0;
		}
		buf_init(&before, 1 << 20);
		buf_init(&after, 1 << 20);
		tree_decode_words((struct span){ in.p + 8, in.n - 8 }, &before);
		tree_decode_words((struct span){ out.p + 8, out.n - 8 }, &after);
		ck_assert_msg(span_eq(buf_view(&before), buf_view(&after)), "%s\n%s", in.p, out.p);
		for (size_t k = 0; k < out.n; k++)
			blank += (unsigned char)out.p[k] > 127;
		ck_assert_uint_eq(blank, 0);
		ck_assert_msg(longest < 400, "%s", out.p);
		buf_done(&in);
		buf_done(&out);
		buf_done(&before);
		buf_done(&after);
	}
}
END_TEST

/* A megabyte of anything is read once: in well under the time a quadratic scan would need. */
START_TEST(linear)
{
	static const char *const bits[] = { ">", "(", ",(", "<", "\"", ":", "\\", "\xe4 ", ",\xe4", " \xe4\"", "a@b,", ");" };
	static const char *const names[] = { "To: ", "Subject: ", "References: ", "Content-Type: ", "Keywords: " };
	struct buf               in, out;
	struct span              rest;
	struct field             f;

	for (size_t name = 0; name < 5; name++) {
		buf_init(&in, 1 << 21);
		buf_str(&in, names[name]);
		while (in.n < 1 << 19)
			buf_str(&in, bits[_i]);
		buf_str(&in, "x\r\n");
		rest = buf_view(&in);
		buf_init(&out, 16 << 20);
		ck_assert(header_next(&rest, &f));
		words_put_field(&out, &f);
		ck_assert(!out.over);
		buf_done(&in);
		buf_done(&out);
	}
}
END_TEST

Suite *suite_words(void);

Suite *
suite_words(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	tcase_add_loop_test(t, fields, 0, ROWS(rows));
	tcase_add_test(t, long_subject);
	tcase_add_test(t, any_text);
	tcase_add_loop_test(t, linear, 0, 12);
	suite_add_tcase(s, t);
	return s;
}
