/* test_command.c - the one mouth: what it says, and what it will not say. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/command.h"
#include "smtp/limits.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static struct buf b;

static void
setup(void)
{
	buf_init(&b, 65536);
	buf_str(&b, "before\r\n");
}

static void
teardown(void)
{
	buf_done(&b);
}

/* What was said behind "before"; then forgotten. */
static void
expect(int rc, int want_rc, const char *want)
{
	ck_assert_int_eq(rc, want_rc);
	ck_assert(!b.over);
	ck_assert_int_eq(strncmp(buf_cstr(&b), "before\r\n", 8), 0);
	ck_assert_str_eq(buf_cstr(&b) + 8, want);
	buf_cut(&b, 8);
}

/* An address no maker would make. */
static struct addr *
forged(const char *text, size_t n)
{
	struct addr *a = xcalloc(1, sizeof(*a) + n + 1);

	memcpy(a->text, text, n);
	a->n = (unsigned short)n;
	a->local_n = (unsigned short)(n > 0);
	return a;
}

static struct addr *
address(const char *text)
{
	struct addr *a = addr_parse(span_of(text), NULL);

	ck_assert_ptr_nonnull(a);
	return a;
}

START_TEST(plain_ones)
{
	expect(command_starttls(&b), 0, "STARTTLS\r\n");
	expect(command_data(&b), 0, "DATA\r\n");
	expect(command_rset(&b), 0, "RSET\r\n");
	expect(command_quit(&b), 0, "QUIT\r\n");
	expect(command_bdat(&b, 0, true), 0, "BDAT 0 LAST\r\n");
	expect(command_bdat(&b, 86, false), 0, "BDAT 86\r\n");
	expect(command_bdat(&b, UINT64_MAX, true), 0, "BDAT 18446744073709551615 LAST\r\n");
	expect(command_ehlo(&b, "web1.example.com"), 0, "EHLO web1.example.com\r\n");
	expect(command_ehlo(&b, "[192.0.2.1]"), 0, "EHLO [192.0.2.1]\r\n");
	expect(command_helo(&b, "[IPv6:2001:db8::1]"), 0, "HELO [IPv6:2001:db8::1]\r\n");
}
END_TEST

START_TEST(auth)
{
	expect(command_auth(&b, "LOGIN", NULL), 0, "AUTH LOGIN\r\n");
	expect(command_auth(&b, "PLAIN", "AHRpbQB0YQ=="), 0, "AUTH PLAIN AHRpbQB0YQ==\r\n");
	expect(command_auth(&b, "EXTERNAL", "="), 0, "AUTH EXTERNAL =\r\n");
	expect(command_auth(&b, "SCRAM-SHA-256-PLUS", NULL), 0, "AUTH SCRAM-SHA-256-PLUS\r\n");
	expect(command_auth(&b, "PLAIN", ""), -EINVAL, "");
	expect(command_auth(&b, "PLAIN", "*"), -EINVAL, "");
	expect(command_auth_line(&b, "dGlt"), 0, "dGlt\r\n");
	expect(command_auth_line(&b, ""), 0, "\r\n");
	expect(command_auth_line(&b, "*"), 0, "*\r\n");
	expect(command_auth_line(&b, "**"), -EINVAL, "");
	expect(command_auth_line(&b, NULL), -EINVAL, "");
	expect(command_auth_line(&b, "a b"), -EINVAL, "");
}
END_TEST

static const struct {
	const char         *from;       /* NULL: the null path */
	struct mail_params  p;
	int                 rc;
	const char         *line;
} mails[] = {
	{ "a@b", { .size = 0 }, 0, "MAIL FROM:<a@b>\r\n" },
	{ NULL, { .size = 0 }, 0, "MAIL FROM:<>\r\n" },
	{ "root", { .size = 1 }, 0, "MAIL FROM:<root> SIZE=1\r\n" },
	{ "\"a b\"@c", { .size = 0 }, 0, "MAIL FROM:<\"a b\"@c>\r\n" },
	{ "a@b", { 35882577, "8BITMIME", true, "FULL", "x+2By" }, 0,
	  "MAIL FROM:<a@b> SIZE=35882577 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=x+2By\r\n" },
	{ "a@b", { .body = "7BIT" }, 0, "MAIL FROM:<a@b> BODY=7BIT\r\n" },
	{ "a@b", { .ret = "HDRS" }, 0, "MAIL FROM:<a@b> RET=HDRS\r\n" },
	{ "\xc3\xbc@b", { .smtputf8 = true }, 0, "MAIL FROM:<\xc3\xbc@b> SMTPUTF8\r\n" },
	{ "a@b", { .size = UINT64_MAX }, 0, "MAIL FROM:<a@b> SIZE=18446744073709551615\r\n" },
	{ "a@b", { .envid = "" }, -EINVAL, "" },
	{ "a@b", { .envid = "x y" }, -EINVAL, "" },
	{ "a@b", { .envid = "x\r\nRSET" }, -EINVAL, "" },
	{ "a@b", { .ret = "FULL\n" }, -EINVAL, "" },
	{ "a@b", { .body = "8BIT MIME" }, -EINVAL, "" },
	{ "a@b", { .body = "" }, -EINVAL, "" },
};

START_TEST(mail)
{
	struct addr *from = mails[_i].from == NULL ? addr_null() : address(mails[_i].from);

	expect(command_mail(&b, from, &mails[_i].p), mails[_i].rc, mails[_i].line);
	ck_assert_int_eq(command_mail(&b, from, NULL), 0);
	addr_free(from);
}
END_TEST

static const struct {
	const char        *to;
	struct rcpt_params p;
	int                rc;
	const char        *line;
} rcpts[] = {
	{ "a@b", { NULL, NULL }, 0, "RCPT TO:<a@b>\r\n" },
	{ "postmaster", { NULL, NULL }, 0, "RCPT TO:<postmaster>\r\n" },
	{ "a@b", { "NEVER", NULL }, 0, "RCPT TO:<a@b> NOTIFY=NEVER\r\n" },
	{ "a@b", { "SUCCESS,FAILURE,DELAY", "rfc822;c+2Bd@e" }, 0,
	  "RCPT TO:<a@b> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;c+2Bd@e\r\n" },
	{ "a@b", { "", NULL }, -EINVAL, "" },
	{ "a@b", { "NEVER RSET", NULL }, -EINVAL, "" },
	{ "a@b", { NULL, "rfc822;a\r\nb" }, -EINVAL, "" },
	{ "a@b", { NULL, "rfc822;\xc3\xbc" }, -EINVAL, "" },
};

START_TEST(rcpt)
{
	struct addr *to = address(rcpts[_i].to);

	expect(command_rcpt(&b, to, &rcpts[_i].p), rcpts[_i].rc, rcpts[_i].line);
	addr_free(to);
}
END_TEST

START_TEST(no_recipient_is_null)
{
	struct addr *a = addr_null();

	expect(command_rcpt(&b, a, NULL), -EINVAL, "");
	addr_free(a);
}
END_TEST

/* CR, LF and NUL in a path: refused even from a forged address. */
static const struct {
	const char *text;
	size_t      n;
} paths[] = {
	{ "a@b\r", 4 }, { "a@b\n", 4 }, { "a@b\0", 4 }, { "\n", 1 },
	{ "a\r\nRCPT TO:<x@y>\r\n", 18 },
};

START_TEST(no_forged_path)
{
	struct addr *a = forged(paths[_i].text, paths[_i].n);

	expect(command_mail(&b, a, NULL), -EINVAL, "");
	expect(command_rcpt(&b, a, NULL), -EINVAL, "");
	addr_free(a);
}
END_TEST

/* Every octet that is no printable ASCII, in every argument but a path. */
START_TEST(no_octet_slips_through)
{
	struct addr *a = address("a@b");
	int c;

	for (c = 1; c < 256; c++) {
		char s[] = "x_y";
		struct mail_params m[3] = { { .envid = s }, { .ret = s }, { .body = s } };
		struct rcpt_params r[2] = { { .notify = s }, { .orcpt = s } };
		int want = c > ' ' && c <= '~' ? 0 : -EINVAL, i;

		s[1] = (char)c;
		ck_assert_int_eq(command_ehlo(&b, s), want);
		ck_assert_int_eq(command_helo(&b, s), want);
		ck_assert_int_eq(command_auth(&b, s, NULL), want);
		for (i = 0; i < 3; i++)
			ck_assert_int_eq(command_mail(&b, a, &m[i]), want);
		for (i = 0; i < 2; i++)
			ck_assert_int_eq(command_rcpt(&b, a, &r[i]), want);
		want = c < 128 && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		    "0123456789+/=", c) != NULL ? 0 : -EINVAL;
		ck_assert_int_eq(command_auth(&b, "PLAIN", s), want);
		ck_assert_int_eq(command_auth_line(&b, s), want);
	}
	addr_free(a);
}
END_TEST

static char *
many(char c, size_t n)
{
	char *s = malloc(n + 1);

	memset(s, c, n);
	s[n] = '\0';
	return s;
}

static int
say_ehlo(const char *s)
{
	return command_ehlo(&b, s);
}

static int
say_mech(const char *s)
{
	return command_auth(&b, s, NULL);
}

static int
say_initial(const char *s)
{
	return command_auth(&b, "PLAIN", s);
}

static int
say_answer(const char *s)
{
	return command_auth_line(&b, s);
}

static int
say_envid(const char *s)
{
	struct mail_params p = { .envid = s };
	struct addr *a = address("a@b");
	int rc = command_mail(&b, a, &p);

	addr_free(a);
	return rc;
}

static int
say_orcpt(const char *s)
{
	struct rcpt_params p = { .orcpt = s };
	struct addr *a = address("a@b");
	int rc = command_rcpt(&b, a, &p);

	addr_free(a);
	return rc;
}

static int
say_notify(const char *s)
{
	struct rcpt_params p = { .notify = s };
	struct addr *a = address("a@b");
	int rc = command_rcpt(&b, a, &p);

	addr_free(a);
	return rc;
}

static const struct {
	int  (*say)(const char *);
	size_t max;             /* octets of the argument that still fit */
} limits[] = {
	{ say_ehlo, LIMIT_HELO_NAME },
	{ say_mech, LIMIT_MECHANISM },
	{ say_initial, LIMIT_AUTH_LINE - sizeof("AUTH PLAIN \r\n") + 1 },
	{ say_answer, LIMIT_AUTH_LINE - 2 },
	{ say_envid, LIMIT_ENVID },
	{ say_orcpt, LIMIT_ORCPT },
	{ say_notify, LIMIT_COMMAND - sizeof("RCPT TO:<a@b> NOTIFY=\r\n") + 1 },
};

START_TEST(overlength)
{
	char *fits = many('x', limits[_i].max), *too_long = many('x', limits[_i].max + 1);

	ck_assert_int_eq(limits[_i].say(fits), 0);
	buf_cut(&b, 8);
	expect(limits[_i].say(too_long), -EMSGSIZE, "");
	free(fits);
	free(too_long);
}
END_TEST

START_TEST(a_path_too_long)
{
	char *text = many('x', LIMIT_COMMAND - sizeof("MAIL FROM:<>\r\n") + 2);
	struct addr *fits = forged(text, strlen(text) - 1), *too_long = forged(text, strlen(text));

	ck_assert_int_eq(command_mail(&b, fits, NULL), 0);
	ck_assert_uint_eq(b.n, 8 + LIMIT_COMMAND);
	buf_cut(&b, 8);
	expect(command_mail(&b, too_long, NULL), -EMSGSIZE, "");
	addr_free(fits);
	addr_free(too_long);
	free(text);
}
END_TEST

/* A full buffer is not an overflowing one: the caller may drain it and say it again. */
START_TEST(no_room)
{
	struct buf small;

	buf_init(&small, 13);
	buf_str(&small, "1234567");
	ck_assert_int_eq(command_quit(&small), 0);
	ck_assert_int_eq(command_quit(&small), -EMSGSIZE);
	ck_assert(!small.over);
	ck_assert_str_eq(buf_cstr(&small), "1234567QUIT\r\n");
	buf_drop(&small, 5);
	ck_assert_int_eq(command_rset(&small), -EMSGSIZE);
	buf_drop(&small, 1);
	ck_assert_int_eq(command_rset(&small), 0);
	ck_assert_str_eq(buf_cstr(&small), "7QUIT\r\nRSET\r\n");
	buf_done(&small);
}
END_TEST

Suite *suite_command(void);

Suite *
suite_command(void)
{
	Suite *s = suite_create("command");
	TCase *t = tcase_create("command");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, plain_ones);
	tcase_add_test(t, auth);
	tcase_add_loop_test(t, mail, 0, ROWS(mails));
	tcase_add_loop_test(t, rcpt, 0, ROWS(rcpts));
	tcase_add_test(t, no_recipient_is_null);
	tcase_add_loop_test(t, no_forged_path, 0, ROWS(paths));
	tcase_add_test(t, no_octet_slips_through);
	tcase_add_loop_test(t, overlength, 0, ROWS(limits));
	tcase_add_test(t, a_path_too_long);
	tcase_add_test(t, no_room);
	suite_add_tcase(s, t);
	return s;
}
