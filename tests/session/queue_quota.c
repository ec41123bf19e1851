/* queue_quota.c - an account with limits: who carries on, when room comes free, what a restart knows. */
#include "queue_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/loop.h"
#include "vclock.h"

#define HOUR 3600
#define DAY  86400

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static void
setup_two(void)
{
	rig_make(&r, 2);
}

static uint64_t
used(size_t relay, enum quota_kind k)
{
	struct allowed a;

	ck_assert(allowance_show(upstream_allowance(rig_up(&r, relay)), k, &a));
	return a.used;
}

static bool
is_full(size_t relay)
{
	return upstream_is_full(rig_up(&r, relay));
}

/* Hours at once: what the loop would do in them it does each five minutes. */
static void
leap(int64_t seconds)
{
	for (; seconds > 0; seconds -= 300) {
		vclock_jump_ms(300 * 1000);
		for (int i = 0; i < 20; i++)
			loop_turn(r.base);
	}
	rig_pass(&r, 2);
}

/* ---- who carries on ---- */

START_TEST(next_relay_takes_over)
{
	r.relay[0].lines = "\tmessages-per-hour = 5\n";
	rig_submit_each(&r, 8);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 5);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 3);
	ck_assert(is_full(0));
	ck_assert_int_eq(upstream_well(rig_up(&r, 0)), RESTING);
	ck_assert_str_eq(upstream_trouble(rig_up(&r, 0))->text, "5 of 5 messages an hour are used");
	ck_assert_int_ge(upstream_until_s(rig_up(&r, 0)), clock_wall_s() + HOUR - 60);
	ck_assert_uint_eq(rig_logged(&r, "status=quota"), 1);

	leap(HOUR + 120);
	ck_assert(!is_full(0));
	rig_submit(&r, "again@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got_from(&r, 0, "again@example.org"), 1);
	ck_assert_uint_eq(rig_logged(&r, "there is room again"), 1);
	rig_end(&r);
}
END_TEST

/* Without another it waits, as ready as before: no attempt is counted, nothing is told to anybody. */
START_TEST(room_comes_with_the_minute)
{
	r.relay[0].lines = "\tmessages-per-minute = 5\n\tconnections = 4\n";
	rig_submit_each(&r, 12);
	rig_start(&r);
	rig_pass(&r, 55);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 5);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 7);
	rig_pass(&r, 60);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 10);
	UNTIL(&r, rig_is_empty(&r), 70);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 12);
	ck_assert_uint_eq(rig_logged(&r, "status=quota"), 1);
	rig_end(&r);
}
END_TEST

/* What is on its way counts: many at once do not pass the limit together. */
START_TEST(many_at_once)
{
	r.relay[0].lines = "\tmessages-per-hour = 21\n\tconnections = 8\n\tpipeline-depth = 8\n";
	rig_submit_each(&r, 100);
	rig_start(&r);
	rig_pass(&r, 600);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 21);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 79);
	rig_end(&r);
}
END_TEST

/* Refused is not sent: at RCPT, at the end of data, or by the service's own word about the day. */
START_TEST(what_counts)
{
	r.relay[0].lines = "\tmessages-per-hour = 2\n\tconnections = 1\n\tpipeline-depth = 1\n"
	    "\trule { contains = { \"daily user sending\" }  verdict = \"pause\"  pause = \"10m\" }\n";
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "550 5.1.1 who?", .nth = 1 };
	r.relay[0].turn[1] = (struct turn){ .when = "end", .say = "554 5.6.0 malformed", .nth = 1 };
	r.relay[0].turn[2] = (struct turn){ .when = "end", .say = "550 5.4.5 Daily user sending limit exceeded", .nth = 1 };
	rig_submit_each(&r, 3);
	rig_start(&r);
	UNTIL(&r, rig_logged(&r, "Daily user sending") > 0, 60);
	ck_assert_uint_eq(used(0, QUOTA_HOUR), 0);
	rig_end(&r);
}
END_TEST

/* Nobody knows what became of it: it may have been taken. */
START_TEST(unknown_counts)
{
	r.relay[0].lines = "\tmessages-per-hour = 9\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_RESET, .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(used(0, QUOTA_HOUR), 1);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(used(0, QUOTA_HOUR), 2);
	rig_end(&r);
}
END_TEST

/* ---- recipients ---- */

/* A message of 30 waits until there is room for all 30 of them; it is not its turn alone that is lost. */
START_TEST(recipients_of_a_day)
{
	r.relay[0].lines = "\trecipients-per-day = 40\n\tconnections = 1\n";
	rig_start(&r);
	rig_submit_many(&r, "first@example.org", 30);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(used(0, QUOTA_RECIPIENTS), 30);
	rig_submit_many(&r, "second@example.org", 30);
	leap(23 * HOUR);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert(is_full(0));
	ck_assert_uint_eq(rig_logged(&r, "status=quota"), 1);
	leap(2 * HOUR);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got_from(&r, 0, "second@example.org"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=deferred"), 0);
	rig_end(&r);
}
END_TEST

/* More than a day ever holds goes in several transactions, a day apart. */
START_TEST(more_recipients_than_a_day)
{
	r.relay[0].lines = "\trecipients-per-day = 10\n";
	rig_submit_many(&r, "alice@example.org", 25);
	rig_start(&r);
	leap(HOUR);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	leap(3 * DAY);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
	for (unsigned i = 1; i <= 25; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to), 1);
	}
	rig_end(&r);
}
END_TEST

/* ---- the reserve ---- */

/* In this ring a message is his who sends messages of its size. */
static void
root_sends(void)
{
	msgid id = rig_submit(&r, "root@web1.example.org", "bob@example.net");
	char *text = rig_file(&r, PLACE_NEW, id);

	r.owners = true;
	r.root_size = (off_t)strlen(text);
	free(text);
}

static unsigned
got_of_root(void)
{
	return rig_got_from(&r, 0, "root@web1.example.org");
}

static void
user_sends(unsigned n)
{
	r.owners = true;
	while (n-- > 0)
		rig_submit(&r, "user@example.org", "bob@example.net");
}

/* Of a day of 40 the last two are for those who tell people of trouble, and they are first of all. */
START_TEST(root_goes_first)
{
	r.relay[0].lines = "\tmessages-per-day = 40\n";
	user_sends(50);
	rig_start(&r);
	UNTIL(&r, is_full(0), 20);
	rig_pass(&r, 60);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 38);
	ck_assert_uint_eq(rig_logged(&r, "38 of 40 messages a day are used, and the rest is kept for reports"), 1);
	root_sends();
	UNTIL(&r, got_of_root() == 1, 5);
	root_sends();
	root_sends();
	rig_pass(&r, 60);
	ck_assert_uint_eq(got_of_root(), 2);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 40);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 13);
	/* The next day goes to them before the others, too. */
	leap(DAY + 1800);
	ck_assert_uint_eq(got_of_root(), 3);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 53);
	rig_end(&r);
}
END_TEST

/* The breaker has its say about what is urgent, too. */
START_TEST(root_and_a_relay_in_trouble)
{
	r.relay[0].lines = "\tmessages-per-day = 40\n\tidle = \"10s\"\n";
	user_sends(39);
	rig_start(&r);
	UNTIL(&r, is_full(0), 20);
	rig_pass(&r, 60);
	script_listen(r.relay[0].script, false);
	root_sends();
	UNTIL(&r, rig_logged(&r, "status=resting") == 1, 20);
	rig_pass(&r, 900);
	ck_assert_uint_le(rig_logged(&r, "status=resting"), 3);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, got_of_root() == 1, 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 39);
	rig_end(&r);
}
END_TEST

/* ---- what lasts ---- */

START_TEST(restart_in_the_middle)
{
	r.relay[0].lines = "\tmessages-per-day = 10\n";
	rig_submit_each(&r, 6);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_halt(&r);
	rig_submit_each(&r, 6);
	rig_start(&r);
	leap(12 * HOUR);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 10);
	/* Somebody sets the clock by days, and the daemon starts anew: the day is not over for that. */
	rig_halt(&r);
	vclock_set_wall_ms(3 * DAY * INT64_C(1000));
	rig_start(&r);
	leap(11 * HOUR);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 10);
	leap(2 * HOUR);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 12);
	rig_end(&r);
}
END_TEST

/* A crash loses seconds, not a day: the file is there some seconds after. */
START_TEST(written_within_seconds)
{
	char *text;

	r.relay[0].lines = "\tmessages-per-day = 10\n";
	rig_submit_each(&r, 3);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_pass(&r, 6);
	text = scratch_read(&r.spool, "state", "quota", NULL);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "account relay=one user=alice"));
	ck_assert_ptr_nonnull(strstr(text, ":3"));
	free(text);
	rig_end(&r);
}
END_TEST

/* What was sent stays sent, whatever the limit is now; and another account is another account. */
START_TEST(reload)
{
	r.relay[0].lines = "\tmessages-per-day = 4\n";
	rig_submit_each(&r, 9);
	rig_start(&r);
	rig_pass(&r, 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 4);
	r.relay[0].lines = "\tmessages-per-day = 6\n";
	ck_assert(rig_reload(&r));
	rig_pass(&r, 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 6);
	ck_assert(is_full(0));
	r.relay[0].lines = "";
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

/* A used-up day is no reason to bounce; five days of it are, as with any relay that cannot be used. */
START_TEST(expires_by_its_age_alone)
{
	r.relay[0].lines = "\tmessages-per-day = 1\n";
	rig_submit_each(&r, 8);
	rig_start(&r);
	leap(5 * DAY - HOUR);
	ck_assert_uint_eq(rig_logged(&r, "report to"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 5);
	leap(2 * HOUR);
	UNTIL(&r, rig_logged(&r, "report to") == 3, 60);
	rig_end(&r);
}
END_TEST

/* The relay breaks down while it is full: that is seen when there is room, and the breaker has its say. */
START_TEST(trouble_after_a_full_hour)
{
	r.relay[0].lines = "\tmessages-per-hour = 2\n\tidle = \"10s\"\n";
	rig_submit_each(&r, 4);
	rig_start(&r);
	rig_pass(&r, 300);
	script_listen(r.relay[0].script, false);
	leap(HOUR);
	ck_assert(!is_full(0));
	ck_assert_uint_ge(rig_logged(&r, "status=resting"), 1);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 4);
	rig_end(&r);
}
END_TEST

TCase *
queue_quota_case(void)
{
	TCase *t = tcase_create("quota");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, room_comes_with_the_minute);
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, what_counts);
	tcase_add_test(t, unknown_counts);
	tcase_add_test(t, recipients_of_a_day);
	tcase_add_test(t, more_recipients_than_a_day);
	tcase_add_test(t, root_goes_first);
	tcase_add_test(t, root_and_a_relay_in_trouble);
	tcase_add_test(t, restart_in_the_middle);
	tcase_add_test(t, written_within_seconds);
	tcase_add_test(t, reload);
	tcase_add_test(t, expires_by_its_age_alone);
	tcase_add_test(t, trouble_after_a_full_hour);
	return t;
}

TCase *
queue_quota_two_case(void)
{
	TCase *t = tcase_create("quotatwo");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_two, NULL);
	tcase_add_test(t, next_relay_takes_over);
	return t;
}
