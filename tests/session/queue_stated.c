/* queue_stated.c - what a rule says beyond its verdict: how a pause grows, what comes when nothing helps, whom it means. */
#include "queue_rig.h"

#include "vclock.h"

#define HOUR_S 3600

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static enum well
well(void)
{
	return upstream_well(rig_up(&r, 0));
}

static unsigned
connections(void)
{
	return script_connections(r.relay[0].script);
}

/* From one rest's begin to its end. */
static int64_t
rest_ms(void)
{
	int64_t began;

	UNTIL(&r, well() == RESTING, 10);
	began = vclock_ms();
	UNTIL(&r, well() != RESTING, 5 * HOUR_S);
	return vclock_ms() - began;
}

/* Services prolong a block for those who insist; a message that goes ends the count. */
START_TEST(a_pause_grows)
{
	static const int want_min[] = { 10, 20, 40, 60, 60 };

	r.relay[0].lines = "\trule {\n\t\tcode = 454\n\t\tverdict = \"pause\"\n"
	    "\t\tpause = \"10m\"\n\t\tpause-max = \"1h\"\n\t}\n";
	rig_start(&r);
	for (int round = 0; round < 2; round++) {
		r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = "454 4.7.0 too many" };
		rig_submit(&r, "alice@example.org", "bob@example.net");
		for (size_t i = 0; i < sizeof(want_min) / sizeof(want_min[0]); i++) {
			int64_t took = rest_ms();

			/* Virtual time may jump a little too far. */
			ck_assert_int_ge(took, want_min[i] * 60000 - 100);
			ck_assert_int_le(took, want_min[i] * 60000 + 3000);
		}
		r.relay[0].turn[0] = (struct turn){ 0 };
		UNTIL(&r, rig_is_empty(&r), 2 * HOUR_S);
	}
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	rig_end(&r);
}
END_TEST

/*
 * A server that wants a login after the login, or says of each recipient that
 * it does not relay: one more login may cure it, a login a minute does not.
 */
START_TEST(a_second_login_is_enough)
{
	static const struct {
		const char  *lines, *when, *say;
		enum verdict verdict;
		unsigned     hours;
	} rows[] = {
		{ NULL, "MAIL FROM:", "530 5.7.0 authentication required", VERDICT_CREDENTIAL, 1 },
		{ "\trule {\n\t\twhen = \"rcpt\"\n\t\tcontains = \"relay access denied\"\n\t\tverdict = \"reconnect\"\n"
		  "\t\tthen = \"config\"\n\t\tpause = \"2h\"\n\t\thint = \"log in\"\n\t}\n",
		  "RCPT TO:", "554 5.7.1 <bob@example.net>: Relay access denied", VERDICT_CONFIG, 2 },
	};

	r.relay[0].lines = rows[_i].lines;
	r.relay[0].turn[0] = (struct turn){ .when = rows[_i].when, .say = rows[_i].say };
	rig_start(&r);
	rig_submit_each(&r, 20);
	UNTIL(&r, well() == RESTING, 10);
	ck_assert_int_eq(upstream_trouble(rig_up(&r, 0))->verdict, rows[_i].verdict);
	ck_assert_ptr_nonnull(upstream_trouble(rig_up(&r, 0))->hint);
	ck_assert_uint_eq(connections(), 2);
	ck_assert_uint_eq(rig_logged(&r, "status=needs-attention"), 1);
	rig_pass(&r, (int64_t)rows[_i].hours * HOUR_S - 60);
	ck_assert_uint_eq(connections(), 2);
	/* The slow look, and no second login for it. */
	rig_pass(&r, 120);
	ck_assert_uint_eq(connections(), 3);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 20);
	ck_assert_uint_eq(rig_logged(&r, "status=deferred"), 0);
	r.relay[0].turn[0] = (struct turn){ 0 };
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	rig_end(&r);
}
END_TEST

/* It was lost, and the next connection has it again: nobody's trouble. */
START_TEST(a_second_login_helps)
{
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = "530 5.7.0 log in", .conn = 1 };
	r.relay[0].turn[1] = (struct turn){ .when = "MAIL FROM:", .say = "530 5.7.0 log in", .conn = 2, .nth = 3 };
	rig_start(&r);
	rig_submit_each(&r, 20);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	ck_assert_uint_eq(rig_logged(&r, "status=resting") + rig_logged(&r, "status=needs-attention"), 0);
	rig_end(&r);
}
END_TEST

/* "Too many recipients" of one recipient is the account's day, not the message's number. */
START_TEST(split_no_further)
{
	static const char *const whens[] = { "RCPT TO:", "DATA" };

	r.relay[0].lines = "\tchunking = false\n\trule {\n\t\twhen = { \"rcpt\", \"data\" }\n\t\tcode = 550\n\t\tdsn = \"5.5.3\"\n"
	    "\t\tverdict = \"split\"\n\t\tthen = \"pause\"\n\t\tpause = \"1h\"\n\t}\n";
	r.relay[0].turn[0] = (struct turn){ .when = whens[_i], .say = "550 5.5.3 too many recipients for this sender" };
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_submit(&r, "alice@example.org", "eve@example.net");
	UNTIL(&r, well() == RESTING, 10);
	ck_assert_int_eq(upstream_trouble(rig_up(&r, 0))->verdict, VERDICT_PAUSE);
	rig_pass(&r, HOUR_S - 60);
	ck_assert_uint_eq(connections(), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 2);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 120);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	rig_end(&r);
}
END_TEST

#define UNVERIFIED "554 Message rejected: not verified. The following identities failed the check: "

/* One recipient is named: he alone is refused.  The sender is: it is the relay's trouble. */
START_TEST(whom_a_refusal_names)
{
	r.relay[0].lines =
	    "\trule {\n\t\twhen = \"end\"\n\t\tcontains = \"not verified\"\n\t\tnames = \"recipient\"\n\t\tverdict = \"reject\"\n\t}\n"
	    "\trule {\n\t\twhen = \"end\"\n\t\tcontains = \"not verified\"\n\t\tverdict = \"config\"\n\t}\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .say = UNVERIFIED "EVE@example.net.", .nth = 1 };
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net eve@example.net joe@example.net");
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "joe@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);      /* the report */
	ck_assert_uint_eq(rig_logged(&r, "status=bounced"), 1);
	ck_assert_int_eq(well(), WELL);

	r.relay[0].turn[1] = (struct turn){ .when = "end", .say = UNVERIFIED "alice@example.org, eve@example.net", .nth = 1 };
	rig_submit(&r, "alice@example.org", "eve@example.net");
	UNTIL(&r, well() == RESTING, 30);
	ck_assert_int_eq(upstream_trouble(rig_up(&r, 0))->verdict, VERDICT_CONFIG);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 1);
	/* An address is a word: another one that ends in it is not meant. */
	r.relay[0].turn[2] = (struct turn){ .when = "end", .say = UNVERIFIED "not-eve@example.net", .nth = 1 };
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_logged(&r, "not-eve") == 1, 30);
	ck_assert_uint_eq(rig_logged(&r, "status=bounced"), 1);
	rig_end(&r);
}
END_TEST

TCase *
queue_stated_case(void)
{
	TCase *t = tcase_create("stated");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_pause_grows);
	tcase_add_loop_test(t, a_second_login_is_enough, 0, 2);
	tcase_add_test(t, a_second_login_helps);
	tcase_add_loop_test(t, split_no_further, 0, 2);
	tcase_add_test(t, whom_a_refusal_names);
	return t;
}
