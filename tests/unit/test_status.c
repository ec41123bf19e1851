/* test_status.c - our own findings on one printable line, and the names. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "smtp/status.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

START_TEST(a_finding)
{
	struct status s;

	memset(&s, 0xff, sizeof(s));
	status_local(&s, VERDICT_PAUSE, SCOPE_RELAY, "4.4.1", "connect to %s: %s", "host:25",
	    "refused");
	ck_assert_int_eq(s.verdict, VERDICT_PAUSE);
	ck_assert_int_eq(s.scope, SCOPE_RELAY);
	ck_assert_int_eq(s.code, 0);
	ck_assert_int_eq(s.pause_s, 0);
	ck_assert_ptr_null(s.hint);
	ck_assert_str_eq(s.dsn, "4.4.1");
	ck_assert_str_eq(s.text, "connect to host:25: refused");
}
END_TEST

START_TEST(one_printable_line)
{
	struct status s;

	status_local(&s, VERDICT_DEFER, SCOPE_MESSAGE, NULL, "%s", "a\r\nb\tc\x1b[2J\xc3\xbc\x7f");
	ck_assert_str_eq(s.text, "a??b?c?[2J???");
	ck_assert_str_eq(s.dsn, "");
}
END_TEST

START_TEST(cut_at_the_end)
{
	char long_text[2000];
	struct status s;

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	status_local(&s, VERDICT_DEFER, SCOPE_MESSAGE, long_text, "%s", long_text);
	ck_assert_uint_eq(strlen(s.text), sizeof(s.text) - 1);
	ck_assert_uint_eq(strlen(s.dsn), sizeof(s.dsn) - 1);
}
END_TEST

static const struct {
	enum verdict v;
	const char  *name;
	bool         relay;     /* with scope session */
} verdicts[] = {
	{ VERDICT_NONE,       "none",       false },
	{ VERDICT_SENT,       "sent",       false },
	{ VERDICT_DEFER,      "defer",      false },
	{ VERDICT_REJECT,     "reject",     false },
	{ VERDICT_SPLIT,      "split",      false },
	{ VERDICT_RECONNECT,  "reconnect",  false },
	{ VERDICT_PAUSE,      "pause",      true },
	{ VERDICT_CREDENTIAL, "credential", true },
	{ VERDICT_CONFIG,     "config",     true },
};

START_TEST(verdicts_and_names)
{
	struct status s = { .verdict = verdicts[_i].v, .scope = SCOPE_SESSION };
	enum verdict v = (enum verdict)99;

	ck_assert_str_eq(verdict_name(verdicts[_i].v), verdicts[_i].name);
	ck_assert_int_eq(verdict_parse(verdicts[_i].name, &v), 0);
	ck_assert_int_eq(v, verdicts[_i].v);
	ck_assert_int_eq(status_is_relay(&s), verdicts[_i].relay);
	s.scope = SCOPE_RELAY;
	ck_assert(status_is_relay(&s));
}
END_TEST

static const char *const no_names[] = { "", "Sent", "sent ", "sen", "bounce", "unknown" };

START_TEST(no_such_verdict)
{
	enum verdict v = VERDICT_SPLIT;

	ck_assert_int_eq(verdict_parse(no_names[_i], &v), -EINVAL);
	ck_assert_int_eq(v, VERDICT_SPLIT);
	ck_assert_str_eq(verdict_name((enum verdict)77), "unknown");
}
END_TEST

Suite *suite_status(void);

Suite *
suite_status(void)
{
	Suite *s = suite_create("status");
	TCase *t = tcase_create("status");

	tcase_add_test(t, a_finding);
	tcase_add_test(t, one_printable_line);
	tcase_add_test(t, cut_at_the_end);
	tcase_add_loop_test(t, verdicts_and_names, 0, ROWS(verdicts));
	tcase_add_loop_test(t, no_such_verdict, 0, ROWS(no_names));
	suite_add_tcase(s, t);
	return s;
}
