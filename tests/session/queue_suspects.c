/* queue_suspects.c - messages refused at MAIL: their fault, or the account's? */
#include "queue_rig.h"

#include <stdio.h>
#include <string.h>

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
	r.relay[0].lines = "\tconnections = 1\n\tpipeline-depth = 1";
}

static bool
rests(void)
{
	return upstream_well(rig_up(&r, 0)) == RESTING;
}

static void
refuse(unsigned turn, const char *sender, const char *say)
{
	r.relay[0].turn[turn] = (struct turn){ .when = sender, .say = say };
}

static void
check_no_report(void)
{
	ck_assert_msg(rig_logged(&r, "status=bounced") == 0, "%s", rig_tail(&r));
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD), 0);
}

static unsigned
mails(void)
{
	return script_count(r.relay[0].script, "MAIL FROM:");
}

/* A suspended account, on one connection in lock step, in a pipeline, and on several connections. */
START_TEST(the_account)
{
	static const char *const lines[] = {
		"\tconnections = 1\n\tpipeline-depth = 1", "\tconnections = 1\n\tpipeline-depth = 8",
		"\tconnections = 4\n\tpipeline-depth = 8",
	};

	r.relay[0].lines = lines[_i];
	rig_start(&r);
	rig_submit_each(&r, 40);                /* it works, and its sessions are up */
	UNTIL(&r, rig_is_empty(&r), 20);
	refuse(0, "MAIL FROM:", "550 5.7.1 account is suspended");
	rig_submit_each(&r, 40);
	UNTIL(&r, rests(), 20);
	ck_assert_int_eq(upstream_trouble(rig_up(&r, 0))->verdict, VERDICT_CONFIG);
	ck_assert_ptr_nonnull(strstr(upstream_trouble(rig_up(&r, 0))->text, "said: 550 5.7.1 account is suspended"));
	ck_assert_uint_eq(rig_logged(&r, "status=needs-attention"), 1);
	rig_pass(&r, 2 * 3600);
	ck_assert(rests());
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 40);
	check_no_report();
	/* A look at it now and then, by a message that goes behind the others. */
	ck_assert_uint_le(mails(), 40 + 40 + 2 * 3600 / 300);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 80, 400);
	check_no_report();
	rig_end(&r);
}
END_TEST

/* Somebody corrected it: a reload looks at once. */
START_TEST(the_account_is_corrected)
{
	refuse(0, "MAIL FROM:", "550 5.7.1 account is suspended");
	rig_start(&r);
	rig_submit_each(&r, 3);
	UNTIL(&r, rests(), 20);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 3);
	r.relay[0].turn[0] = (struct turn){ 0 };
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 3, 5);
	check_no_report();
	rig_end(&r);
}
END_TEST

START_TEST(one_among_good_ones)
{
	static const char *const lines[] = {
		"\tconnections = 1\n\tpipeline-depth = 1", "\tconnections = 4\n\tpipeline-depth = 8",
	};

	r.relay[0].lines = lines[_i];
	refuse(0, "MAIL FROM:<bad@", "550 5.7.1 not this one");
	rig_submit(&r, "bad@example.org", "bob@example.net");
	rig_submit_each(&r, 10);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, "bad@example.org") == 1, 10);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 11);
	ck_assert_uint_eq(rig_logged(&r, "status=suspect"), 1);
	rig_end(&r);
}
END_TEST

/* Three from a bad sender: the relay rests, until one of somebody else's shows that it need not. */
START_TEST(three_that_are_bad)
{
	refuse(0, "MAIL FROM:<bad@", "550 5.7.1 not this one");
	rig_start(&r);
	for (int i = 0; i < 3; i++)
		rig_submit(&r, "bad@example.org", "bob@example.net");
	UNTIL(&r, rests(), 20);
	rig_submit_each(&r, 5);
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 5, 4 * 360);
	UNTIL(&r, rig_got(&r, 0, "bad@example.org") == 3, 1200);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

/* Nothing else to compare it with, but the notice of its delay. */
START_TEST(one_alone)
{
	refuse(0, "MAIL FROM:<bad@", "550 5.7.1 not this one");
	rig_start(&r);
	rig_submit(&r, "bad@example.org", "bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 5);
	ck_assert_uint_eq(mails(), 2);
	rig_pass(&r, 3 * 3600);
	ck_assert(!rests());
	check_no_report();
	ck_assert_uint_le(mails(), 2 + 8);
	UNTIL(&r, rig_got(&r, 0, "bad@example.org") == 1, 3 * 3600);    /* it is late … */
	UNTIL(&r, rig_got(&r, 0, "bad@example.org") == 2, 2 * 3600);    /* … and it is refused */
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

/* And when it was the account, the notice waits as well. */
START_TEST(one_alone_and_the_account)
{
	refuse(0, "MAIL FROM:", "550 5.7.1 account is suspended");
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_pass(&r, 5 * 3600);
	check_no_report();
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 2 * 3600);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	check_no_report();
	rig_end(&r);
}
END_TEST

START_TEST(in_other_words)
{
	refuse(0, "MAIL FROM:<sender1@", "550 5.7.1 no");
	refuse(1, "MAIL FROM:<sender2@", "550 5.1.8 no");
	refuse(2, "MAIL FROM:<sender3@", "553 5.7.1 no");
	refuse(3, "MAIL FROM:<sender4@", "550 5.7.1 no");
	rig_start(&r);
	rig_submit_each(&r, 4);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 4, 20);
	ck_assert(!rests());
	check_no_report();
	rig_submit(&r, "good@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 1200);
	ck_assert_uint_eq(rig_logged(&r, "status=needs-attention"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1 + 4);
	rig_end(&r);
}
END_TEST

/* Who wrote the rule knew the words; and a code that speaks of the message alone. */
START_TEST(for_certain)
{
	static const char *const says[] = { "550 5.7.1 the sender is malformed", "501 5.1.7 bad sender" };

	r.relay[0].lines = "\tconnections = 1\n\trule {\n\t\twhen = { \"mail\" }\n"
	    "\t\tcontains = { \"is malformed\" }\n\t\tverdict = \"reject\"\n\t}";
	refuse(0, "MAIL FROM:<bad@", says[_i]);
	for (int i = 0; i < 3; i++)
		rig_submit(&r, "bad@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, "bad@example.org") == 3, 10);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(mails(), 3 + 3);
	ck_assert_uint_eq(rig_logged(&r, "status=suspect"), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_suspects_case(void)
{
	TCase *t = tcase_create("suspects");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, the_account, 0, 3);
	tcase_add_test(t, the_account_is_corrected);
	tcase_add_loop_test(t, one_among_good_ones, 0, 2);
	tcase_add_test(t, three_that_are_bad);
	tcase_add_test(t, one_alone);
	tcase_add_test(t, one_alone_and_the_account);
	tcase_add_test(t, in_other_words);
	tcase_add_loop_test(t, for_certain, 0, 2);
	return t;
}
