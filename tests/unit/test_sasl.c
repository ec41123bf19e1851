/* test_sasl.c - who is chosen, what is said, and when no more is said. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "smtp/limits.h"
#include "smtp/sasl.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static struct sasl *
start(const char *offered, const char *user, const char *secret)
{
	struct sasl_identity id = { .user = user, .secret = span_of(secret), .tls = true };
	const char *why = "";
	struct sasl *s = NULL;

	ck_assert_msg(sasl_start(offered, &id, &s, &why) == 0, "%s", why);
	return s;
}

static const struct {
	const char *offered, *allowed;
	bool        tls, plain_ok;
	const char *mech;       /* NULL: none, and then */
	const char *why;        /* a piece of what is said */
} choices[] = {
	{ "PLAIN", NULL, true, false, "PLAIN", NULL },
	{ "LOGIN", NULL, true, false, "LOGIN", NULL },
	{ "LOGIN PLAIN", NULL, true, false, "PLAIN", NULL },
	{ "LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH", "", true, false,
	  "PLAIN", NULL },
	{ "LOGIN XOAUTH2", NULL, true, false, "LOGIN", NULL },
	{ "login plain", NULL, true, false, "PLAIN", NULL },
	{ "LOGIN PLAIN", "LOGIN", true, false, "LOGIN", NULL },
	{ "LOGIN PLAIN", "scram-sha-256  login", true, false, "LOGIN", NULL },
	{ "PLAIN", NULL, false, true, "PLAIN", NULL },
	{ "", NULL, true, false, NULL, "offers no authentication" },
	{ "  ", NULL, true, false, NULL, "offers no authentication" },
	{ "XOAUTH2", NULL, true, false, NULL, "offers only XOAUTH2;" },
	{ "PLAIN-CLIENTTOKEN XPLAIN", NULL, true, false, NULL,
	  "offers only PLAIN-CLIENTTOKEN XPLAIN;" },
	{ "PLAIN LOGIN", "xoauth2", true, false, NULL,
	  "offers only PLAIN LOGIN, the configuration allows only xoauth2" },
	{ "PLAIN LOGIN", NULL, false, false, NULL, "never sent without TLS" },
	{ "PLAIN LOGIN", "LOGIN", false, false, NULL, "never sent without TLS" },
	{ "XOAUTH2", NULL, false, false, NULL, "offers only XOAUTH2;" },
	{ "LOGIN PLAIN CRAM-MD5", NULL, true, false, "PLAIN", NULL },
	{ "CRAM-MD5 LOGIN", NULL, true, false, "LOGIN", NULL },
	{ "CRAM-MD5 DIGEST-MD5", NULL, true, false, "CRAM-MD5", NULL },
	{ "LOGIN PLAIN CRAM-MD5", NULL, false, true, "CRAM-MD5", NULL },
	{ "LOGIN PLAIN CRAM-MD5", "CRAM-MD5 LOGIN", true, false, "LOGIN", NULL },
	{ "CRAM-MD5 SCRAM-SHA-1", NULL, false, false, NULL, "never sent without TLS" },
	{ "PLAIN SCRAM-SHA-1 SCRAM-SHA-256 LOGIN", NULL, true, false, "SCRAM-SHA-256", NULL },
	{ "PLAIN SCRAM-SHA-1 SCRAM-SHA-256-PLUS", NULL, true, false, "SCRAM-SHA-1", NULL },
	{ "PLAIN SCRAM-SHA-256", "plain", true, false, "PLAIN", NULL },
	{ "SCRAM-SHA-256-PLUS", NULL, true, false, NULL, "nothing that a login could be bound to" },
	{ "PLAIN EXTERNAL", NULL, true, false, "PLAIN", NULL },
	{ "EXTERNAL", NULL, true, false, NULL, "offers only EXTERNAL;" },
};

START_TEST(chooses)
{
	struct sasl_identity id = { .user = "tim", .secret = SPAN("secret"), .allowed = choices[_i].allowed, .tls = choices[_i].tls,
		.plain_ok = choices[_i].plain_ok };
	const char *why = "untouched";
	struct sasl *s = NULL;
	int rc = sasl_start(choices[_i].offered, &id, &s, &why);

	if (choices[_i].mech == NULL) {
		ck_assert_int_eq(rc, -ENOENT);
		ck_assert_ptr_null(s);
		ck_assert_msg(strstr(why, choices[_i].why) != NULL, "%s", why);
		ck_assert_ptr_null(strstr(why, "secret"));
		return;
	}
	ck_assert_msg(rc == 0, "%s", why);
	ck_assert_str_eq(sasl_mechanism(s), choices[_i].mech);
	sasl_free(s);
}
END_TEST

/* RFC 4616 §4, and what is in no example. */
static const struct {
	const char *user, *secret, *initial;
} plains[] = {
	{ "tim", "tanstaaftanstaaf", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm" },
	{ "someuser@example.com", "abcdefghijklmnop",
	  "AHNvbWV1c2VyQGV4YW1wbGUuY29tAGFiY2RlZmdoaWprbG1ub3A=" },
	{ "a", "\xc3\xbc\r\n \t", "AGEAw7wNCiAJ" },
	{ "a", "", "AGEA" },
};

START_TEST(plain)
{
	struct sasl *s = start("PLAIN", plains[_i].user, plains[_i].secret);

	ck_assert_str_eq(sasl_initial(s), plains[_i].initial);
	/* One message is all there is: a server that asks again is not PLAIN's. */
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	ck_assert(!sasl_is_useless(s));
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	ck_assert_ptr_null(sasl_initial(s));
	sasl_free(s);
}
END_TEST

/* AUTH PLAIN alone, then the empty challenge. */
START_TEST(plain_without_initial)
{
	struct sasl *s = start("PLAIN", "tim", "tanstaaftanstaaf");

	ck_assert_str_eq(sasl_answer(s, SPAN("")), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	ck_assert_ptr_null(sasl_initial(s));
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	sasl_free(s);
}
END_TEST

/* RFC 4954 §4: what would make the AUTH line too long waits for the challenge. */
START_TEST(plain_too_long_for_initial)
{
	char secret[512];
	size_t n;
	bool was_held = false;

	for (n = 300; n < 400; n++) {
		struct sasl *s;
		const char *r;

		memset(secret, 'x', n);
		secret[n] = '\0';
		s = start("PLAIN", "tim", secret);
		r = sasl_initial(s);
		if (r != NULL) {
			ck_assert(!was_held);
			ck_assert_uint_le(strlen("AUTH PLAIN \r\n") + strlen(r), LIMIT_AUTH_INITIAL);
		} else {
			was_held = true;
			r = sasl_answer(s, SPAN(""));
			ck_assert_ptr_nonnull(r);
			ck_assert_uint_gt(strlen("AUTH PLAIN \r\n") + strlen(r), LIMIT_AUTH_INITIAL);
			ck_assert_int_eq(strncmp(r, "AHRpbQB4", 8), 0);
			ck_assert_uint_eq(strlen(r), (5 + n + 2) / 3 * 4);
		}
		ck_assert_ptr_null(sasl_answer(s, SPAN("")));
		sasl_free(s);
	}
	ck_assert(was_held);
}
END_TEST

static const struct {
	struct span first, second;
} prompts[] = {
	{ { "VXNlcm5hbWU6", 12 }, { "UGFzc3dvcmQ6", 12 } },     /* Username:, Password: */
	{ { "UGFzc3dvcmQ6", 12 }, { "VXNlcm5hbWU6", 12 } },     /* the wrong way round */
	{ { "", 0 }, { "", 0 } },
	{ { "Username:", 9 }, { "Password:", 9 } },             /* not even base64 */
	{ { "\0\xff", 2 }, { "===", 3 } },
};

START_TEST(login)
{
	struct sasl *s = start("LOGIN", "tim", "tanstaaftanstaaf");

	ck_assert_ptr_null(sasl_initial(s));
	ck_assert_str_eq(sasl_answer(s, prompts[_i].first), "dGlt");
	ck_assert_str_eq(sasl_answer(s, prompts[_i].second), "dGFuc3RhYWZ0YW5zdGFhZg==");
	ck_assert_ptr_null(sasl_answer(s, prompts[_i].first));
	ck_assert_ptr_null(sasl_answer(s, prompts[_i].second));
	sasl_free(s);
}
END_TEST

/* Behind one that did not work comes the next, but none that is not bound behind one that is. */
static const struct {
	const char *tried, *next;
} falls[] = {
	{ "", "SCRAM-SHA-256-PLUS" },
	{ "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS" },
	{ "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS", NULL },
	{ "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" },
};

START_TEST(falls_to_the_next)
{
	struct sasl_identity id = { .user = "tim", .secret = SPAN("secret"), .tls = true, .binding = SPAN("xyz"),
		.tried = falls[_i].tried };
	const char *why = "";
	struct sasl *s = NULL;
	int rc = sasl_start("PLAIN SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-256", &id, &s, &why);

	ck_assert_int_eq(rc, falls[_i].next != NULL ? 0 : -ENOENT);
	if (rc == 0)
		ck_assert_str_eq(sasl_mechanism(s), falls[_i].next);
	else
		ck_assert_msg(strstr(why, "no way to log in is left") != NULL, "%s", why);
	sasl_free(s);
}
END_TEST

START_TEST(falls_without_binding)
{
	static const char *const order[] = { "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN", "CRAM-MD5" };
	char tried[256] = "";
	struct sasl_identity id = { .user = "tim", .secret = SPAN("secret"), .tls = true, .tried = tried };
	const char *why = "";

	for (int i = 0; i < ROWS(order); i++) {
		struct sasl *s = NULL;

		ck_assert_int_eq(sasl_start("CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS", &id, &s,
		    &why), 0);
		ck_assert_str_eq(sasl_mechanism(s), order[i]);
		strcat(strcat(tried, " "), sasl_mechanism(s));
		sasl_free(s);
	}
}
END_TEST

/* RFC 2195 §2. */
START_TEST(cram_md5)
{
	struct sasl *s = start("CRAM-MD5", "tim", "tanstaaftanstaaf");

	ck_assert_ptr_null(sasl_initial(s));
	ck_assert_str_eq(sasl_answer(s,
	    SPAN("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")),
	    "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
	ck_assert_ptr_null(sasl_answer(s, SPAN("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+")));
	sasl_free(s);
}
END_TEST

/* RFC 2202 §2, test case 2: the key is a password as any, and what is counted over too. */
START_TEST(cram_md5_by_hmac)
{
	struct sasl *s = start("CRAM-MD5", "a b", "Jefe");
	struct buf b;

	buf_init(&b, 256);
	base64_put(&b, SPAN("what do ya want for nothing?"));
	/* "a b 750c783e6ab0b503eaa86e310a5db738" */
	ck_assert_str_eq(sasl_answer(s, buf_view(&b)), "YSBiIDc1MGM3ODNlNmFiMGI1MDNlYWE4NmUzMTBhNWRiNzM4");
	buf_done(&b);
	sasl_free(s);
}
END_TEST

START_TEST(cram_md5_without_a_challenge)
{
	static const struct span none[] = { { "", 0 }, { "<not base64>", 12 }, { "A===", 4 } };
	struct sasl *s = start("CRAM-MD5", "tim", "tanstaaftanstaaf");

	ck_assert_ptr_null(sasl_answer(s, none[_i]));
	ck_assert(sasl_is_useless(s));
	sasl_free(s);
}
END_TEST

/* RFC 4422 appendix A: whom to act as, or nobody but the certificate's. */
static const struct {
	const char *user, *initial;
} externals[] = {
	{ "fred@example.com", "ZnJlZEBleGFtcGxlLmNvbQ==" },
	{ NULL, "=" },
};

START_TEST(external)
{
	struct sasl_identity id = { .user = externals[_i].user, .tls = true, .certificate = true };
	const char *why = "";
	struct sasl *s = NULL;

	ck_assert_msg(sasl_start("PLAIN EXTERNAL", &id, &s, &why) == 0, "%s", why);
	ck_assert_str_eq(sasl_mechanism(s), "EXTERNAL");
	ck_assert_str_eq(sasl_initial(s), externals[_i].initial);
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	ck_assert(sasl_is_proved(s));
	sasl_free(s);
	/* There is no password that PLAIN could have. */
	ck_assert_int_eq(sasl_start("PLAIN", &id, &s, &why), -ENOENT);
	ck_assert_msg(strstr(why, "used with EXTERNAL") != NULL, "%s", why);
}
END_TEST

START_TEST(a_nul_is_refused)
{
	struct sasl_identity id = { .user = "tim", .secret = { "sec\0ret", 7 }, .tls = true };
	const char *why = NULL;
	struct sasl *s = NULL;

	ck_assert_int_eq(sasl_start("PLAIN", &id, &s, &why), -EINVAL);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(why, "NUL"));
}
END_TEST

/* The secret is a span: what stands behind it is not sent. */
START_TEST(a_secret_has_an_end)
{
	struct sasl_identity id = { .user = "tim", .secret = { "tanstaaftanstaaf and more", 16 }, .tls = true };
	const char *why = NULL;
	struct sasl *s = NULL;

	ck_assert_int_eq(sasl_start("PLAIN", &id, &s, &why), 0);
	ck_assert_str_eq(sasl_initial(s), "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	sasl_free(s);
	sasl_free(NULL);
}
END_TEST

Suite *suite_sasl(void);

Suite *
suite_sasl(void)
{
	Suite *s = suite_create("sasl");
	TCase *t = tcase_create("sasl");

	tcase_add_loop_test(t, chooses, 0, ROWS(choices));
	tcase_add_loop_test(t, plain, 0, ROWS(plains));
	tcase_add_test(t, plain_without_initial);
	tcase_add_test(t, plain_too_long_for_initial);
	tcase_add_loop_test(t, login, 0, ROWS(prompts));
	tcase_add_loop_test(t, falls_to_the_next, 0, ROWS(falls));
	tcase_add_test(t, falls_without_binding);
	tcase_add_test(t, cram_md5);
	tcase_add_test(t, cram_md5_by_hmac);
	tcase_add_loop_test(t, cram_md5_without_a_challenge, 0, 3);
	tcase_add_loop_test(t, external, 0, ROWS(externals));
	tcase_add_test(t, a_nul_is_refused);
	tcase_add_test(t, a_secret_has_an_end);
	suite_add_tcase(s, t);
	return s;
}
