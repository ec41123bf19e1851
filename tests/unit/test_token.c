/* test_token.c - a relay's token from a program that says what a test wants: kept, renewed, refused, missing. */
#include <sys/stat.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "lib/scratch.h"
#include "net/helper.h"
#include "net/loop.h"
#include "relay/token.h"

Suite *suite_token(void);

static struct scratch     spool;
static struct event_base *base;
static struct token      *token;
static struct oauth_conf  oauth;
static struct relay_conf  relay;
static struct status      why;
static struct buf         logged;
static unsigned           ncame, nfailed;
static char               program[200], token_path[200];

static void
on_came(void *arg)
{
	ck_assert_ptr_eq(arg, &relay);
	ncame++;
}

static void
on_failed(void *arg, const struct status *st)
{
	(void)arg;
	why = *st;
	nfailed++;
}

static const struct token_ops ops = { .came = on_came, .failed = on_failed };

/* The helper: keeps what it was asked in state/asked, says what is in state/answer. */
static void
answer(const char *text)
{
	scratch_write(&spool, "state", "answer", span_of(text));
}

static void
setup(void)
{
	static char client[] = "client", scope[] = "mail x", url[] = "https://id.example.com/t", name[] = "r";
	char script[600];

	scratch_make(&spool);
	snprintf(program, sizeof(program), "%s/state/helper", spool.path);
	snprintf(token_path, sizeof(token_path), "%s/state/token", spool.path);
	snprintf(script, sizeof(script), "#!/bin/sh\ncat > %s/state/asked\ncat %s/state/answer\n", spool.path, spool.path);
	scratch_write(&spool, "state", "helper", span_of(script));
	ck_assert_int_eq(chmod(program, 0700), 0);
	buf_init(&logged, 65536);
	log_capture(&logged);
	base = loop_new();
	ncame = nfailed = 0;
	oauth = (struct oauth_conf){ .flow = FLOW_BROWSER, .client_id = client, .scope = scope, .token_endpoint = url,
		.token_file = token_path };
	relay = (struct relay_conf){ .name = name, .oauth = &oauth };
	token_set_helper(program);
	token = token_new(base, &relay, &ops, &relay);
}

static void
teardown(void)
{
	token_free(token);
	for (unsigned i = 0; helper_lingering() > 0 && i < 4000; i++) {
		loop_turn(base);
		usleep(2000);
	}
	loop_free(base);
	log_capture(NULL);
	buf_done(&logged);
	scratch_remove(&spool);
}

#define UNTIL(condition) do { \
	for (unsigned turns = 0; !(condition); turns++) { \
		ck_assert_msg(turns < 4000, "never: %s", #condition); \
		loop_turn(base); \
		usleep(2000); \
	} } while (0)

#define GOOD "token ya29\nserial 7\nexpires 3600\ndue 3300\ngranted 1764000000\n"

static void
get(void)
{
	struct span got;

	answer(GOOD);
	ck_assert(!token_ask(token, &got));
	ck_assert_uint_eq(ncame, 0);
	UNTIL(ncame == 1);
	ck_assert(token_ask(token, &got));
	ck_assert(span_eq(got, SPAN("ya29")));
}

START_TEST(comes)
{
	char *asked;

	get();
	asked = scratch_read(&spool, "state", "asked", NULL);
	ck_assert_ptr_nonnull(strstr(asked, "ask token\nflow refresh\ntoken-file /"));
	ck_assert_msg(strstr(asked, "\nscope mail%20x\nclient-id client\n") != NULL, "%s", asked);
	ck_assert_ptr_null(strstr(asked, "not-serial"));
	free(asked);
	ck_assert_int_gt(token_expires_s(token), 1764000000);
	ck_assert_uint_eq(logged.n, 0);
}
END_TEST

static void
get_until(const char *ends)
{
	char text[200];
	struct span got;

	snprintf(text, sizeof(text), "token ya29\nserial 7\nexpires 3600\ndue 3300\n%s", ends);
	answer(text);
	ck_assert(!token_ask(token, &got));
	UNTIL(ncame == 1);
}

/* The earliest of what the provider said and what is known of it; told three days before. */
START_TEST(ends)
{
	int64_t now = clock_wall_s();
	char text[120];

	oauth.grant_s = 7 * 86400;
	oauth.unused_s = 90 * 86400;
	snprintf(text, sizeof(text), "granted %lld\nissued %lld\nends 0\nscope mail%%20x\n", (long long)now - 3600,
	    (long long)now);
	get_until(text);
	ck_assert_int_eq(token_ends_s(token), now - 3600 + 7 * 86400);
	ck_assert_str_eq(token_scope(token), "mail x");
	ck_assert_msg(logged.n == 0, "%s", buf_cstr(&logged));
	oauth.grant_s = 0;
	ck_assert_int_eq(token_ends_s(token), now + 90 * 86400);
}
END_TEST

START_TEST(ends_soon)
{
	int64_t now = clock_wall_s();
	char text[120];

	snprintf(text, sizeof(text), "granted %lld\nissued %lld\nends %lld\n", (long long)now - 3600, (long long)now,
	    (long long)now + 100000);
	get_until(text);
	ck_assert_int_eq(token_ends_s(token), now + 100000);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&logged), "relay=r, status=consent-ends, left=1d03h; agree again before: "
	    "postern login r"));
}
END_TEST

START_TEST(nobody_had_to_agree)
{
	oauth.unused_s = 1;
	get_until("granted 0\nissued 1764000000\n");
	ck_assert_int_eq(token_ends_s(token), 0);
}
END_TEST

/* Refused: another, once; the second refusal is not the token's. */
START_TEST(refused)
{
	struct span got;
	char *asked;

	get();
	answer("token second\nserial 8\nexpires 3600\ndue 3300\n");
	ck_assert(token_refused(token));
	ck_assert(token_refused(token));                /* by another connection, which had the same */
	ck_assert(!token_ask(token, &got));
	UNTIL(ncame == 2);
	asked = scratch_read(&spool, "state", "asked", NULL);
	ck_assert_ptr_nonnull(strstr(asked, "not-serial 7\n"));
	free(asked);
	ck_assert(token_ask(token, &got) && span_eq(got, SPAN("second")));
	ck_assert(!token_refused(token));
	token_worked(token);
	ck_assert(token_refused(token));
}
END_TEST

static const struct {
	const char  *answer;
	enum verdict verdict;
	int          pause_s;
	const char  *text, *hint;
} troubles[] = {
	{ "error person text=invalid_grant:%20revoked hint=postern%20login\n", VERDICT_CREDENTIAL, 0,
	  "no OAuth token: invalid_grant: revoked", "postern login" },
	{ "error config text=invalid_client\n", VERDICT_CONFIG, 0, "no OAuth token: invalid_client", NULL },
	{ "error wait text=HTTP%20503 retry-after=120\n", VERDICT_PAUSE, 120, "HTTP 503", NULL },
	{ "error wait text=x retry-after=999999999\n", VERDICT_PAUSE, 6 * 3600, "x", NULL },
	{ "error wait text=x retry-after=x\n", VERDICT_PAUSE, 0, "x", NULL },
	{ "error nonsense\n", VERDICT_PAUSE, 0, "no OAuth token", NULL },
	{ "", VERDICT_PAUSE, 0, "gave none", NULL },
	{ "token t\nexpires 0\n", VERDICT_PAUSE, 0, "gave none", NULL },
	{ "expires 3600\n", VERDICT_PAUSE, 0, "gave none", NULL },
};

START_TEST(trouble)
{
	struct span got;

	answer(troubles[_i].answer);
	ck_assert(!token_ask(token, &got));
	UNTIL(nfailed == 1);
	ck_assert_int_eq(why.verdict, troubles[_i].verdict);
	ck_assert_int_eq(why.pause_s, troubles[_i].pause_s);
	ck_assert_msg(strstr(why.text, troubles[_i].text) != NULL, "%s", why.text);
	ck_assert_int_eq(why.hint != NULL, troubles[_i].hint != NULL);
	if (why.hint != NULL)
		ck_assert_str_eq(why.hint, troubles[_i].hint);
	ck_assert_uint_eq(ncame, 0);
}
END_TEST

/* One that is due is used while another is asked for, and while none is to be had. */
START_TEST(due)
{
	struct span got;

	answer("token first\nserial 1\nexpires 3600\ndue 0\n");
	ck_assert(!token_ask(token, &got));
	UNTIL(ncame == 1);
	answer("error person text=revoked\n");
	ck_assert(token_ask(token, &got) && span_eq(got, SPAN("first")));
	UNTIL(strstr(buf_cstr(&logged), "the present token is good for") != NULL);
	ck_assert_uint_eq(nfailed, 0);
	ck_assert(token_ask(token, &got) && span_eq(got, SPAN("first")));
	ck_assert_ptr_null(strstr(buf_cstr(&logged), "first"));
}
END_TEST

/* Freed in the middle of a renewal: no callback, and the renewal ends by itself. */
START_TEST(left)
{
	struct span got;

	answer(GOOD);
	ck_assert(!token_ask(token, &got));
	loop_turn(base);
	token_free(token);
	token = NULL;
	UNTIL(helper_lingering() == 0);
	ck_assert_uint_eq(ncame + nfailed, 0);
}
END_TEST

Suite *
suite_token(void)
{
	Suite *s = suite_create("token");
	TCase *t = tcase_create("token");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 20);
	tcase_add_test(t, comes);
	tcase_add_test(t, ends);
	tcase_add_test(t, ends_soon);
	tcase_add_test(t, nobody_had_to_agree);
	tcase_add_test(t, refused);
	tcase_add_loop_test(t, trouble, 0, sizeof(troubles) / sizeof(troubles[0]));
	tcase_add_test(t, due);
	tcase_add_test(t, left);
	suite_add_tcase(s, t);
	return s;
}
