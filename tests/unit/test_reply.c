/* test_reply.c - lines into replies: what servers say, and what somebody playing says. */
#include <check.h>
#include <string.h>

#include "smtp/limits.h"
#include "smtp/reply.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

static struct reply r;

static void
setup(void)
{
	reply_init(&r);
}

static void
teardown(void)
{
	reply_done(&r);
}

/* Good ones: every line but the last is MORE. */
static const struct {
	const char *line[5];
	int         code;
	const char *dsn, *text, *lines;
} good[] = {
	{ { "250 2.1.0 OK x - gsmtp" }, 250, "2.1.0", "OK x - gsmtp", "2.1.0 OK x - gsmtp\n" },
	{ { "250" }, 250, "", "", "\n" },
	{ { "250 " }, 250, "", "", "\n" },
	{ { "250-", "250" }, 250, "", "", "\n\n" },
	{ { "354  Go ahead" }, 354, "", "Go ahead", " Go ahead\n" },
	{ { "250 ok\r" }, 250, "", "ok", "ok\n" },
	{ { "535-5.7.8 Username and Password not accepted. For more information, go to",
	    "535 5.7.8  https://support.google.com/mail/?p=BadCredentials q - gsmtp" },
	  535, "5.7.8", "Username and Password not accepted. For more information, go to "
	  "https://support.google.com/mail/?p=BadCredentials q - gsmtp",
	  "5.7.8 Username and Password not accepted. For more information, go to\n"
	  "5.7.8  https://support.google.com/mail/?p=BadCredentials q - gsmtp\n" },
	{ { "534-5.7.14 <https://a?plt=x", "534-5.7.14 y> Please log",
	    "534-5.7.14 in via your web browser", "534 5.7.14  z" },
	  534, "5.7.14", "<https://a?plt=x y> Please log in via your web browser z",
	  "5.7.14 <https://a?plt=x\n5.7.14 y> Please log\n5.7.14 in via your web browser\n"
	  "5.7.14  z\n" },
	/* The enhanced code: first one counts, later ones go, wherever they begin. */
	{ { "550-no code here", "550 5.1.1 gone" }, 550, "5.1.1", "no code here gone",
	  "no code here\n5.1.1 gone\n" },
	{ { "550-5.1.1 a", "550 5.2.2 b" }, 550, "5.1.1", "a b", "5.1.1 a\n5.2.2 b\n" },
	{ { "550 5.1.1" }, 550, "5.1.1", "", "5.1.1\n" },
	{ { "550   5.1.1\t x" }, 550, "5.1.1", "x", "  5.1.1\t x\n" },
	{ { "550 5.999.999 x" }, 550, "5.999.999", "x", "5.999.999 x\n" },
	/* Not an enhanced code of this reply: stays in the text. */
	{ { "454 5.5.1 STARTTLS may not be repeated" }, 454, "",
	  "5.5.1 STARTTLS may not be repeated", "5.5.1 STARTTLS may not be repeated\n" },
	{ { "354 3.0.0 x" }, 354, "", "3.0.0 x", "3.0.0 x\n" },
	{ { "550 5.1 x" }, 550, "", "5.1 x", "5.1 x\n" },
	{ { "550 5.1.x" }, 550, "", "5.1.x", "5.1.x\n" },
	{ { "550 5.1.1x" }, 550, "", "5.1.1x", "5.1.1x\n" },
	{ { "550 5.1.1.1 x" }, 550, "", "5.1.1.1 x", "5.1.1.1 x\n" },
	{ { "550 5.1.1234 x" }, 550, "", "5.1.1234 x", "5.1.1234 x\n" },
	{ { "550 5.1234.1 x" }, 550, "", "5.1234.1 x", "5.1234.1 x\n" },
	{ { "550 5..1 x" }, 550, "", "5..1 x", "5..1 x\n" },
	{ { "550 5.1." }, 550, "", "5.1.", "5.1.\n" },
	{ { "550 5." }, 550, "", "5.", "5.\n" },
	{ { "550 5" }, 550, "", "5", "5\n" },
	/* White space and what is not printable. */
	{ { "550-a  \t b ", "550  \v\f c" }, 550, "", "a b c", "a  \t b \n \v\f c\n" },
	{ { "550 a\x1b[2Jb\xc3\xbc\x7f" }, 550, "", "a?[2Jb???", "a\x1b[2Jb\xc3\xbc\x7f\n" },
	/* Codes nobody has heard of: the first digit is enough (RFC 5321 §4.2). */
	{ { "299 x" }, 299, "", "x", "x\n" },
	{ { "599 x" }, 599, "", "x", "x\n" },
	{ { "200 x" }, 200, "", "x", "x\n" },
};

START_TEST(reads)
{
	const char *why = "untouched";
	unsigned n = 0;

	while (n < 5 && good[_i].line[n] != NULL) {
		bool last = n == 4 || good[_i].line[n + 1] == NULL;

		ck_assert_msg(reply_line(&r, span_of(good[_i].line[n]), &why) ==
		    (last ? REPLY_DONE : REPLY_MORE), "%s: %s", good[_i].line[n], why);
		n++;
	}
	ck_assert_str_eq(why, "untouched");
	ck_assert_int_eq(r.code, good[_i].code);
	ck_assert_uint_eq(r.nlines, n);
	ck_assert_str_eq(r.dsn, good[_i].dsn);
	ck_assert_str_eq(buf_cstr(&r.text), good[_i].text);
	ck_assert_str_eq(buf_cstr(&r.lines), good[_i].lines);
}
END_TEST

static const struct {
	struct span line;
	const char *why;
} bad[] = {
	{ S(""), "not an SMTP reply" },
	{ S("2"), "not an SMTP reply" },
	{ S("25"), "not an SMTP reply" },
	{ S("\r"), "not an SMTP reply" },
	{ S("25 ok"), "not an SMTP reply" },
	{ S("2500 ok"), "not an SMTP reply" },
	{ S("250\tok"), "not an SMTP reply" },
	{ S("250_ok"), "not an SMTP reply" },
	{ S("250\0ok"), "not an SMTP reply" },
	{ S(" 250 ok"), "not an SMTP reply" },
	{ S("150 ok"), "not an SMTP reply" },
	{ S("199 ok"), "not an SMTP reply" },
	{ S("600 ok"), "not an SMTP reply" },
	{ S("000 ok"), "not an SMTP reply" },
	{ S("2x0 ok"), "not an SMTP reply" },
	{ S("25x ok"), "not an SMTP reply" },
	{ S("-50 ok"), "not an SMTP reply" },
	{ S("+50 ok"), "not an SMTP reply" },
	{ S("SSH-2.0-OpenSSH_9.2"), "not an SMTP reply" },
	{ S("HTTP/1.1 400 Bad Request"), "not an SMTP reply" },
	{ S("\x16\x03\x01\x02\x00"), "not an SMTP reply" },
	{ S("250 ok\n250 more"), "line break inside a reply line" },
};

START_TEST(refuses)
{
	const char *why = NULL;

	ck_assert_int_eq(reply_line(&r, bad[_i].line, &why), REPLY_BAD);
	ck_assert_str_eq(why, bad[_i].why);
}
END_TEST

START_TEST(a_code_does_not_change)
{
	const char *why = NULL;

	ck_assert_int_eq(reply_line(&r, SPAN("250-a"), &why), REPLY_MORE);
	ck_assert_int_eq(reply_line(&r, SPAN("251 b"), &why), REPLY_BAD);
	ck_assert_str_eq(why, "reply changes its code between lines");
}
END_TEST

START_TEST(clear_begins_anew)
{
	const char *why = NULL;

	ck_assert_int_eq(reply_line(&r, SPAN("550 5.1.1 a"), &why), REPLY_DONE);
	reply_clear(&r);
	ck_assert_int_eq(r.code, 0);
	ck_assert_uint_eq(r.nlines, 0);
	ck_assert_str_eq(buf_cstr(&r.text), "");
	ck_assert_int_eq(reply_line(&r, SPAN("250 b"), &why), REPLY_DONE);
	ck_assert_int_eq(r.code, 250);
	ck_assert_str_eq(r.dsn, "");
	ck_assert_str_eq(buf_cstr(&r.text), "b");
	ck_assert_str_eq(buf_cstr(&r.lines), "b\n");
}
END_TEST

/* The longest line passes, one octet more does not. */
START_TEST(line_limit)
{
	char line[LIMIT_REPLY_LINE + 1];
	const char *why = NULL;

	memset(line, 'x', sizeof(line));
	memcpy(line, "250 ", 4);
	ck_assert_int_eq(reply_line(&r, (struct span){ line, LIMIT_REPLY_LINE }, &why), REPLY_DONE);
	ck_assert_uint_eq(r.text.n, LIMIT_REPLY_LINE - 4);
	reply_clear(&r);
	ck_assert_int_eq(reply_line(&r, (struct span){ line, sizeof(line) }, &why), REPLY_BAD);
	ck_assert_str_eq(why, "reply line too long");
}
END_TEST

START_TEST(lines_limit)
{
	const char *why = NULL;
	int i;

	for (i = 0; i < LIMIT_REPLY_LINES - 1; i++)
		ck_assert_int_eq(reply_line(&r, SPAN("250-x"), &why), REPLY_MORE);
	ck_assert_int_eq(reply_line(&r, SPAN("250-x"), &why), REPLY_MORE);
	ck_assert_int_eq(reply_line(&r, SPAN("250 x"), &why), REPLY_BAD);
	ck_assert_str_eq(why, "reply of too many lines");
}
END_TEST

/* Once as words, once as blanks that leave no text. */
START_TEST(bytes_limit)
{
	char line[LIMIT_REPLY_LINE];
	const char *why = NULL;
	size_t n = 0;

	memset(line, "x "[_i], sizeof(line));
	memcpy(line, "250-", 4);
	while (reply_line(&r, (struct span){ line, sizeof(line) }, &why) == REPLY_MORE)
		n += sizeof(line) - 4;
	ck_assert_str_eq(why, "reply too long");
	ck_assert_uint_le(n, LIMIT_REPLY_BYTES);
	ck_assert_uint_gt(n, LIMIT_REPLY_BYTES - 2 * sizeof(line));
	/* And it can be used again. */
	reply_clear(&r);
	ck_assert_int_eq(reply_line(&r, SPAN("250 x"), &why), REPLY_DONE);
}
END_TEST

/* Every octet in every one of the first places: only a code and a separator get through. */
START_TEST(no_octet_slips_through)
{
	const char *why;
	size_t at;
	int c;

	for (at = 0; at < 4; at++) {
		for (c = 0; c < 256; c++) {
			char line[] = "250 ok";
			struct span span = { line, 6 };
			bool fine = at == 0 ? c >= '2' && c <= '5' :
			    at < 3 ? c >= '0' && c <= '9' : c == ' ' || c == '-';

			line[at] = (char)c;
			ck_assert_int_eq(reply_line(&r, span, &why) != REPLY_BAD, fine);
			reply_clear(&r);
		}
	}
	/* In the text: whatever comes, what is kept is printable. */
	for (c = 0; c < 256; c++) {
		char line[] = "250 o_k";
		size_t i;

		line[5] = (char)c;
		if (reply_line(&r, (struct span){ line, 7 }, &why) == REPLY_DONE)
			for (i = 0; i < r.text.n; i++)
				ck_assert(r.text.p[i] >= ' ' && r.text.p[i] <= '~');
		else
			ck_assert_int_eq(c, '\n');
		reply_clear(&r);
	}
}
END_TEST

Suite *suite_reply(void);

Suite *
suite_reply(void)
{
	Suite *s = suite_create("reply");
	TCase *t = tcase_create("reply");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, reads, 0, ROWS(good));
	tcase_add_loop_test(t, refuses, 0, ROWS(bad));
	tcase_add_test(t, a_code_does_not_change);
	tcase_add_test(t, clear_begins_anew);
	tcase_add_test(t, line_limit);
	tcase_add_test(t, lines_limit);
	tcase_add_loop_test(t, bytes_limit, 0, 2);
	tcase_add_test(t, no_octet_slips_through);
	suite_add_tcase(s, t);
	return s;
}
