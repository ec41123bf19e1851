/* queue_pieces.c - how many recipients a server takes at once is learnt from it, and remembered. */
#include "queue_rig.h"

#define DAY_S 86400

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static unsigned
commands(const char *verb)
{
	return script_count(r.relay[0].script, verb);
}

/* The first message finds it out, all later ones know, after a reload, too; a day later one finds it out anew. */
START_TEST(at_rcpt)
{
	unsigned mails, rcpts;

	r.relay[0].server.rcpt_max = 50;
	rig_submit_many(&r, "alice@example.org", 100);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_logged(&r, "recipients=50"), 1);
	for (int i = 0; i < 3; i++) {
		mails = commands("MAIL FROM:");
		rcpts = commands("RCPT TO:");
		rig_submit_many(&r, "alice@example.org", 100);
		UNTIL(&r, rig_is_empty(&r), 10);
		ck_assert_uint_eq(commands("MAIL FROM:"), mails + 2);
		ck_assert_uint_eq(commands("RCPT TO:"), rcpts + 100);
		ck_assert(rig_reload(&r));
	}
	rig_pass(&r, DAY_S);
	rcpts = commands("RCPT TO:");
	rig_submit_many(&r, "alice@example.org", 100);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_gt(commands("RCPT TO:"), rcpts + 100);
	ck_assert_uint_eq(rig_logged(&r, "recipients=50"), 2);
	rig_end(&r);
}
END_TEST

/* At the content nobody knows how many; and what is said of one recipient was never about their number. */
START_TEST(at_the_end)
{
	unsigned mails;

	r.relay[0].lines = "\trule {\n\t\twhen = { \"end\" }\n\t\tcode = 552\n\t\tverdict = \"split\"\n\t}";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .say = "552 5.5.3 too many recipients", .nth = 1 };
	rig_submit_many(&r, "alice@example.org", 64);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	mails = commands("MAIL FROM:");
	ck_assert_uint_eq(mails, 1 + 2);
	rig_submit_many(&r, "alice@example.org", 64);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(commands("MAIL FROM:"), mails + 2);

	r.relay[0].turn[0].nth = 0;
	rig_submit_many(&r, "alice@example.org", 8);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 30);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 400);
	mails = commands("MAIL FROM:");
	rig_submit_many(&r, "alice@example.org", 64);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(commands("MAIL FROM:"), mails + 1);
	rig_end(&r);
}
END_TEST

/* It has the code of too many, and teaches nothing. */
START_TEST(a_full_mailbox_is_no_ceiling)
{
	static const char *const says[] = { "452 4.2.2 mailbox full", "452 mailbox full" };
	unsigned mails;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<r60@", .say = says[_i], .nth = 1 };
	rig_submit_many(&r, "alice@example.org", _i == 0 ? 60 : 80);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 400);
	mails = commands("MAIL FROM:");
	rig_submit_many(&r, "alice@example.org", 80);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(commands("MAIL FROM:"), mails + 1);
	ck_assert_uint_eq(rig_logged(&r, "in a transaction"), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_pieces_case(void)
{
	TCase *t = tcase_create("pieces");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, at_rcpt);
	tcase_add_test(t, at_the_end);
	tcase_add_loop_test(t, a_full_mailbox_is_no_ceiling, 0, 2);
	return t;
}
