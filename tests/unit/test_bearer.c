/* test_bearer.c - the messages that carry a token, byte by byte, and what a refusal says. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "smtp/bearer.h"
#include "smtp/limits.h"
#include "smtp/sasl.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *suite_bearer(void);

static const struct {
	const char *mech, *user, *token, *host;
	unsigned    port;
	const char *base64;     /* NULL: cannot be said */
} messages[] = {
	{ "XOAUTH2", "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", "h", 1,
	  "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhk"
	  "SFJoZG1semRHRXVZMjl0Q2cBAQ==" },
	{ "OAUTHBEARER", "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
	  "server.example.com", 587,
	  "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVy"
	  "IHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB" },
	/* "n,a=a=3Db=2Cc,\1host=h\1port=25\1auth=Bearer t\1\1" */
	{ "OAUTHBEARER", "a=b,c", "t", "h", 25,
	  "bixhPWE9M0RiPTJDYywBaG9zdD1oAXBvcnQ9MjUBYXV0aD1CZWFyZXIgdAEB" },
	/* "user=a=b,c\1auth=Bearer t\1\1": XOAUTH2 has no such rule */
	{ "XOAUTH2", "a=b,c", "t", "h", 25, "dXNlcj1hPWIsYwFhdXRoPUJlYXJlciB0AQE=" },
	{ "XOAUTH2", "a\001auth=Bearer x", "t", "h", 1, NULL },
	{ "XOAUTH2", "a", "t\001x", "h", 1, NULL },
	{ "XOAUTH2", "a", "t t", "h", 1, NULL },
	{ "XOAUTH2", "a", "t\r\nRSET", "h", 1, NULL },
	{ "XOAUTH2", "a", "", "h", 1, NULL },
	{ "OAUTHBEARER", "a\n", "t", "h", 1, NULL },
	{ "OAUTHBEARER", "a", "\xc3\xbc", "h", 1, NULL },
};

static int
begin(const char *mech, const char *user, struct span token, const char *host, unsigned port, struct sasl **ret)
{
	struct sasl_identity id = { .user = user, .secret = token, .tls = true, .token = true,
		.host = host, .port = port };
	const char *why = "";

	return sasl_start(mech, &id, ret, &why);
}

START_TEST(message)
{
	struct sasl *s = NULL;
	int rc = begin(messages[_i].mech, messages[_i].user, span_of(messages[_i].token), messages[_i].host,
	    messages[_i].port, &s);

	if (messages[_i].base64 == NULL) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_ptr_null(s);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(sasl_initial(s), messages[_i].base64);
	ck_assert_ptr_null(sasl_initial(s));
	sasl_free(s);
}
END_TEST

/* RFC 4954 §4: a token of 2 kB goes behind the empty challenge, and the refusal is still answered. */
START_TEST(in_two_lines)
{
	struct sasl *s = NULL;
	char token[2048];
	const char *r;

	memset(token, 'x', sizeof(token));
	ck_assert_int_eq(begin("XOAUTH2", "a", (struct span){ token, sizeof(token) }, "h", 1, &s), 0);
	ck_assert_ptr_null(sasl_initial(s));
	r = sasl_answer(s, SPAN(""));
	ck_assert_int_eq(strncmp(r, "dXNlcj1hAWF1dGg9QmVhcmVyIHh4", 28), 0);
	ck_assert_uint_eq(strlen(r), (7 + 12 + sizeof(token) + 2 + 2) / 3 * 4);
	ck_assert_str_eq(sasl_answer(s, SPAN("eyJzdGF0dXMiOiI0MDEifQ==")), "");
	ck_assert_str_eq(sasl_status(s), "401");
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	sasl_free(s);
}
END_TEST

/* One that would not fit the longest line is not begun. */
START_TEST(too_long)
{
	static char token[LIMIT_AUTH_LINE];
	struct sasl *s = NULL;

	memset(token, 'x', sizeof(token));
	ck_assert_int_eq(begin("XOAUTH2", "a", (struct span){ token, sizeof(token) }, "h", 1, &s), -EINVAL);
	ck_assert_int_eq(begin("XOAUTH2", "a", (struct span){ token, 9600 }, "h", 1, &s), -EINVAL);
	ck_assert_int_eq(begin("XOAUTH2", "a", (struct span){ token, 9000 }, "h", 1, &s), 0);
	sasl_free(s);
}
END_TEST

START_TEST(a_refusal_is_answered)
{
	struct sasl *s = NULL;

	ck_assert_int_eq(begin("OAUTHBEARER", "a", SPAN("t"), "h", 1, &s), 0);
	ck_assert_ptr_nonnull(sasl_initial(s));
	ck_assert_ptr_null(sasl_status(s));
	/* {"status":"invalid_token","scope":"x"} */
	ck_assert_str_eq(sasl_answer(s, SPAN("eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJ4In0=")), "AQ==");
	ck_assert_str_eq(sasl_status(s), "invalid_token");
	/* A server that goes on for ever is told "*". */
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	sasl_free(s);
	ck_assert_int_eq(begin("XOAUTH2", "a", SPAN("t"), "h", 1, &s), 0);
	ck_assert_ptr_nonnull(sasl_initial(s));
	ck_assert_str_eq(sasl_answer(s, SPAN("no base64!")), "");
	ck_assert_ptr_null(sasl_status(s));
	sasl_free(s);
}
END_TEST

static const struct {
	const char *json, *status;      /* NULL: none */
} refusals[] = {
	{ "{\"status\":\"401\",\"schemes\":\"bearer mac\",\"scope\":\"https://mail.google.com/\"}", "401" },
	{ "{ \"schemes\" : \"Bearer\",\n\t\"status\" : 400 }", "400" },
	{ "{\"status\":\"a very long one that goes on and on and on and on\"}", "a" },
	{ "{\"status\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
	{ "{\"status\":\"\\u0007\"}", NULL },
	{ "{\"status\":\"\"}", NULL },
	{ "{\"status\"", NULL },
	{ "{\"status\":", NULL },
	{ "{\"stat\":\"401\"}", NULL },
	{ "", NULL },
};

START_TEST(reason)
{
	struct buf got;

	buf_init(&got, 64);
	ck_assert_int_eq(bearer_status(span_of(refusals[_i].json), &got), refusals[_i].status != NULL);
	ck_assert_str_eq(buf_cstr(&got), refusals[_i].status != NULL ? refusals[_i].status : "");
	buf_done(&got);
}
END_TEST

static const struct {
	const char *offered, *allowed;
	bool        tls, token;
	const char *mech;       /* or a piece of why there is none */
	bool        chosen;
} choices[] = {
	{ "LOGIN XOAUTH2", NULL, true, true, "XOAUTH2", true },
	{ "PLAIN OAUTHBEARER", NULL, true, true, "OAUTHBEARER", true },
	{ "OAUTHBEARER XOAUTH2", NULL, true, true, "XOAUTH2", true },
	{ "OAUTHBEARER XOAUTH2", "OAUTHBEARER", true, true, "OAUTHBEARER", true },
	{ "OAUTHBEARER XOAUTH2 PLAIN", NULL, true, false, "PLAIN", true },
	/* The two never mix, whatever else is on offer (and whatever was refused before). */
	{ "PLAIN LOGIN", NULL, true, true, "an OAuth token can be used with XOAUTH2 or OAUTHBEARER", false },
	{ "XOAUTH2", NULL, true, false, "a password can be used with SCRAM-SHA-256, ", false },
	{ "XOAUTH2", NULL, false, true, "a token is never sent without TLS", false },
	{ "XOAUTH2", "PLAIN", true, true, "the configuration allows only PLAIN", false },
};

START_TEST(choice)
{
	struct sasl_identity id = { .user = "a", .secret = SPAN("t"), .allowed = choices[_i].allowed,
		.tls = choices[_i].tls, .token = choices[_i].token, .host = "h", .port = 1 };
	struct sasl *s = NULL;
	const char *why = "";

	if (choices[_i].chosen) {
		ck_assert_int_eq(sasl_start(choices[_i].offered, &id, &s, &why), 0);
		ck_assert_str_eq(sasl_mechanism(s), choices[_i].mech);
		sasl_free(s);
	} else {
		ck_assert_int_eq(sasl_start(choices[_i].offered, &id, &s, &why), -ENOENT);
		ck_assert_msg(strstr(why, choices[_i].mech) != NULL, "%s", why);
	}
}
END_TEST

Suite *
suite_bearer(void)
{
	Suite *s = suite_create("bearer");
	TCase *t = tcase_create("bearer");

	tcase_add_loop_test(t, message, 0, ROWS(messages));
	tcase_add_test(t, in_two_lines);
	tcase_add_test(t, too_long);
	tcase_add_test(t, a_refusal_is_answered);
	tcase_add_loop_test(t, reason, 0, ROWS(refusals));
	tcase_add_loop_test(t, choice, 0, ROWS(choices));
	suite_add_tcase(s, t);
	return s;
}
