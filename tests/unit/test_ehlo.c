/* test_ehlo.c - what servers offer: real answers, and odd ones. */
#include <check.h>
#include <string.h>

#include "smtp/ehlo.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

#define GMAIL \
	(EXT_SIZE | EXT_8BITMIME | EXT_ENHANCED | EXT_PIPELINING | EXT_CHUNKING | EXT_SMTPUTF8)

/* Texts behind "250-", one a line; the greeting first. */
static void
read_lines(const char *text, struct ehlo *e)
{
	struct span rest = span_of(text), line;
	struct reply r;
	struct buf b;
	const char *why;

	reply_init(&r);
	buf_init(&b, 4096);
	while (span_cut(&rest, '\n', &line)) {
		buf_clear(&b);
		buf_str(&b, rest.n > 0 ? "250-" : "250 ");
		buf_span(&b, line);
		ck_assert_int_ne(reply_line(&r, buf_view(&b), &why), REPLY_BAD);
	}
	memset(e, 0xff, sizeof(*e));
	ehlo_read(e, &r);
	buf_done(&b);
	reply_done(&r);
}

static const struct {
	const char *text;
	unsigned    ext;
	uint64_t    size;
	const char *auth;
	unsigned    mail_max, rcpt_max;
} answers[] = {
	{ "smtp.gmail.com at your service, [192.0.2.1]\nSIZE 35882577\n8BITMIME\nSTARTTLS\n"
	  "ENHANCEDSTATUSCODES\nPIPELINING\nCHUNKING\nSMTPUTF8",
	  GMAIL | EXT_STARTTLS, 35882577, "", 0, 0 },
	{ "smtp.gmail.com at your service, [192.0.2.1]\nSIZE 35882577\n8BITMIME\n"
	  "AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH\n"
	  "ENHANCEDSTATUSCODES\nPIPELINING\nCHUNKING\nSMTPUTF8",
	  GMAIL | EXT_AUTH, 35882577,
	  "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH", 0, 0 },
	{ "SY5P282CA0097.outlook.office365.com Hello [192.0.2.1]\nSIZE 157286400\nPIPELINING\nDSN\n"
	  "ENHANCEDSTATUSCODES\nAUTH LOGIN XOAUTH2\n8BITMIME\nBINARYMIME\nCHUNKING\nSMTPUTF8",
	  GMAIL | EXT_DSN | EXT_AUTH, 157286400, "LOGIN XOAUTH2", 0, 0 },
	/* Postfix for old clients says both. */
	{ "mail\nAUTH PLAIN LOGIN\nAUTH=PLAIN LOGIN CRAM-MD5",
	  EXT_AUTH, 0, "PLAIN LOGIN CRAM-MD5", 0, 0 },
	{ "mail\nAUTH=LOGIN", EXT_AUTH, 0, "LOGIN", 0, 0 },
	{ "mail\nauth plain Login", EXT_AUTH, 0, "PLAIN LOGIN", 0, 0 },
	{ "mail\nAUTH", EXT_AUTH, 0, "", 0, 0 },
	{ "mail\nAUTH  PLAIN \t LOGIN ", EXT_AUTH, 0, "PLAIN LOGIN", 0, 0 },
	{ "mail\nAUTH PLA!N LOGIN X\x7f Y\xc3\xbc -_9", EXT_AUTH, 0, "LOGIN -_9", 0, 0 },
	{ "mail\nAUTH ABCDEFGHIJKLMNOPQRST ABCDEFGHIJKLMNOPQRSTU",
	  EXT_AUTH, 0, "ABCDEFGHIJKLMNOPQRST", 0, 0 },
	/* The greeting is free text. */
	{ "SIZE 1000", 0, 0, "", 0, 0 },
	{ "STARTTLS\nDSN", EXT_DSN, 0, "", 0, 0 },
	{ "", 0, 0, "", 0, 0 },
	{ "\nDSN", EXT_DSN, 0, "", 0, 0 },
	/* SIZE (RFC 1870 §4). */
	{ "mail\nSIZE", EXT_SIZE, 0, "", 0, 0 },
	{ "mail\nSIZE 0", EXT_SIZE, 0, "", 0, 0 },
	{ "mail\nsize  1000 ", EXT_SIZE, 1000, "", 0, 0 },
	{ "mail\nSIZE x", EXT_SIZE, 0, "", 0, 0 },
	{ "mail\nSIZE -1", EXT_SIZE, 0, "", 0, 0 },
	{ "mail\nSIZE 18446744073709551615", EXT_SIZE, UINT64_MAX, "", 0, 0 },
	{ "mail\nSIZE 18446744073709551616", EXT_SIZE, 0, "", 0, 0 },
	{ "mail\nSIZE 5\nSIZE 7", EXT_SIZE, 7, "", 0, 0 },
	/* LIMITS (RFC 9422 §3). */
	{ "mail\nLIMITS MAILMAX=20 RCPTMAX=100 RCPTDOMAINMAX=1", EXT_LIMITS, 0, "", 20, 100 },
	{ "mail\nLIMITS", EXT_LIMITS, 0, "", 0, 0 },
	{ "mail\nlimits rcptmax=5", EXT_LIMITS, 0, "", 0, 5 },
	{ "mail\nLIMITS MAILMAX=0 RCPTMAX=05", EXT_LIMITS, 0, "", 0, 0 },
	{ "mail\nLIMITS MAILMAX= RCPTMAX=x MAILMAX RCPTMAX=7", EXT_LIMITS, 0, "", 0, 7 },
	{ "mail\nLIMITS MAILMAX=999999 RCPTMAX=1000000", EXT_LIMITS, 0, "", 999999, 0 },
	{ "mail\nLIMITS XMAILMAX=3", EXT_LIMITS, 0, "", 0, 0 },
	/* Words that only look like ours. */
	{ "mail\nDSNX\nXDSN\nSIZE=100\nSTART TLS\n 8BITMIME", EXT_8BITMIME, 0, "", 0, 0 },
	{ "mail\nX-ANONYMOUSTLS\nXCLIENT NAME ADDR\nHELP\nETRN\nVRFY\n250\n", 0, 0, "", 0, 0 },
};

START_TEST(reads)
{
	struct ehlo e;

	read_lines(answers[_i].text, &e);
	ck_assert_uint_eq(e.ext, answers[_i].ext);
	ck_assert_uint_eq(e.size, answers[_i].size);
	ck_assert_str_eq(e.auth, answers[_i].auth);
	ck_assert_uint_eq(e.mail_max, answers[_i].mail_max);
	ck_assert_uint_eq(e.rcpt_max, answers[_i].rcpt_max);
}
END_TEST

/* More mechanisms than there is room for: cut between two. */
START_TEST(cut_at_a_word)
{
	struct buf b;
	struct ehlo e;
	int i;

	buf_init(&b, 4096);
	buf_str(&b, "mail\nAUTH");
	for (i = 0; i < 100; i++)
		buf_printf(&b, " MECH%04d", i);
	read_lines(buf_cstr(&b), &e);
	/* 28 of nine octets with their blank are 251; a 29th would need 260. */
	ck_assert_uint_eq(strlen(e.auth), 28 * 9 - 1);
	ck_assert_str_eq(e.auth + strlen(e.auth) - 8, "MECH0027");
	buf_done(&b);
}
END_TEST

/* The array filled to its last octet, and one octet more than fits. */
START_TEST(filled_to_the_end)
{
	struct buf b;
	struct ehlo e;
	int i, last;

	for (last = 3; last <= 4; last++) {
		buf_init(&b, 4096);
		buf_str(&b, "mail\nAUTH");
		for (i = 0; i < 28; i++)
			buf_printf(&b, " MECH%04d", i);
		buf_printf(&b, " %.*s", last, "LAST");
		read_lines(buf_cstr(&b), &e);
		ck_assert_uint_eq(strlen(e.auth), last == 3 ? sizeof(e.auth) - 1 : 28 * 9 - 1);
		buf_done(&b);
	}
}
END_TEST

Suite *suite_ehlo(void);

Suite *
suite_ehlo(void)
{
	Suite *s = suite_create("ehlo");
	TCase *t = tcase_create("ehlo");

	tcase_add_loop_test(t, reads, 0, ROWS(answers));
	tcase_add_test(t, cut_at_a_word);
	tcase_add_test(t, filled_to_the_end);
	suite_add_tcase(s, t);
	return s;
}
