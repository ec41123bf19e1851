/* queue_network.c - no network: no attempts, no log, nothing expires; and what is back is used at once. */
#include "queue_rig.h"

#include "net/loop.h"
#include "vclock.h"

#define HOUR 3600
#define DAY  86400

/* Where connect(2) finds this machine, though it is no loopback address. */
#define ELSEWHERE "0.0.0.0"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
	r.relay[0].host = ELSEWHERE;
	r.relay[0].lines = "\tinsecure = yes\n";
}

static void
setup_two(void)
{
	rig_make(&r, 2);
	r.relay[0].host = ELSEWHERE;
	r.relay[0].lines = "\tinsecure = yes\n";
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

static unsigned
connections(size_t relay)
{
	return script_connections(r.relay[relay].script);
}

static unsigned
lines(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < r.log.n; i++)
		n += r.log.p[i] == '\n';
	return n;
}

START_TEST(nothing_is_tried)
{
	unsigned before;

	rig_start(&r);
	queue_set_reach(r.q, REACH_NONE);
	before = lines();
	rig_submit_each(&r, 20);
	rig_pass(&r, 20);
	leap(6 * HOUR);
	ck_assert_uint_eq(connections(0), 0);
	ck_assert(upstream_is_offline(rig_up(&r, 0)));
	ck_assert_int_eq(upstream_well(rig_up(&r, 0)), RESTING);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 20);
	ck_assert_uint_eq(lines() - before, 1);
	ck_assert_uint_eq(rig_logged(&r, "network: away"), 1);

	queue_flush(r.q);
	rig_submit(&r, "more@example.org", "bob@example.net");
	leap(HOUR);
	ck_assert_uint_eq(connections(0), 0);

	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 21);
	ck_assert_uint_eq(rig_logged(&r, "network: back after 7h"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=deferred"), 0);
	rig_end(&r);
}
END_TEST

/* It had failed before anybody knew why: the breaker's wait ends with the reason for it. */
START_TEST(drains_at_once)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 5);
	rig_pass(&r, 300);
	queue_set_reach(r.q, REACH_NONE);
	leap(HOUR);
	script_listen(r.relay[0].script, true);
	queue_set_reach(r.q, REACH_NEAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	rig_end(&r);
}
END_TEST

/* The link is there before the way out is. */
START_TEST(more_of_it_is_news)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 5);
	queue_set_reach(r.q, REACH_NONE);
	leap(HOUR);
	queue_set_reach(r.q, REACH_NEAR);
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 10);
	script_listen(r.relay[0].script, true);
	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	rig_end(&r);
}
END_TEST

/* A refused login is the server's word; a network that comes back says nothing about it. */
START_TEST(person_is_still_needed)
{
	r.relay[0].secret = "wrong";
	rig_start(&r);
	rig_submit_each(&r, 2);
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 10);
	queue_set_reach(r.q, REACH_NONE);
	rig_pass(&r, 60);
	queue_set_reach(r.q, REACH_FAR);
	rig_pass(&r, 60);
	ck_assert_uint_eq(connections(0), 1);
	rig_end(&r);
}
END_TEST

/* A flap of the link costs nobody his connection, and no line. */
START_TEST(short_absence)
{
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 1 };
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, script_count(r.relay[0].script, "MAIL FROM:") == 1, 5);
	queue_set_reach(r.q, REACH_NONE);
	rig_pass(&r, 3);
	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(connections(0), 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_logged(&r, "network:"), 0);
	rig_end(&r);
}
END_TEST

/* What hangs in the void is given back, and counts as no attempt; nobody rests for it. */
START_TEST(long_absence_cuts)
{
	r.relay[0].lines = "\tinsecure = yes\n\tconnections = 1\n";
	r.relay[0].server.offers &= ~(unsigned)OFFER_PIPELINING;
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .act = ACT_STALL, .nth = 1 };
	rig_start(&r);
	rig_submit_each(&r, 3);
	UNTIL(&r, script_count(r.relay[0].script, "MAIL FROM:") == 1, 5);
	queue_set_reach(r.q, REACH_NONE);
	rig_pass(&r, 30);
	ck_assert_uint_eq(upstream_sessions(rig_up(&r, 0)), 0);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 0);
	rig_end(&r);
}
END_TEST

/* A week's absence is nothing of which a sender must be told: what is back is delivered. */
START_TEST(nothing_expires)
{
	rig_start(&r);
	queue_set_reach(r.q, REACH_NONE);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	leap(7 * DAY);
	ck_assert_uint_eq(rig_logged(&r, "report to"), 0);
	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_logged(&r, "report to"), 0);
	rig_end(&r);
}
END_TEST

START_TEST(away_at_the_start_and_through_a_reload)
{
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_listen(&r);
	rig_start(&r);
	queue_set_reach(r.q, REACH_NONE);
	rig_pass(&r, 60);
	ck_assert(rig_reload(&r));
	leap(HOUR);
	ck_assert_uint_eq(connections(0), 0);
	queue_set_reach(r.q, REACH_FAR);
	UNTIL(&r, rig_is_empty(&r), 1);
	rig_end(&r);
}
END_TEST

START_TEST(ends_while_it_is_away)
{
	rig_start(&r);
	queue_set_reach(r.q, REACH_NONE);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_pass(&r, 2);
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 5);
	rig_end(&r);
}
END_TEST

/* A relay on this machine needs no network. */
START_TEST(loopback_goes_on)
{
	rig_start(&r);
	queue_set_reach(r.q, REACH_NONE);
	rig_submit_each(&r, 3);
	UNTIL(&r, rig_is_empty(&r), 1);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 3);
	ck_assert_uint_eq(connections(0), 0);
	ck_assert(!upstream_is_offline(rig_up(&r, 1)));
	rig_end(&r);
}
END_TEST

/* ---- names ---- */

/* No resolver: seconds while it may come, and then the breaker's minute. */
START_TEST(unresolved_is_asked_soon)
{
	unsigned soon;

	r.relay[0].host = "relay.example.net";
	rig_start(&r);
	queue_set_reach(r.q, REACH_FAR);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_pass(&r, 110);
	soon = rig_logged(&r, "resolve relay.example.net");
	ck_assert_uint_ge(soon, 2);             /* the first, each tenth: twenty tries */
	rig_pass(&r, 600);
	ck_assert_uint_le(rig_logged(&r, "resolve relay.example.net"), soon + 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_network_case(void)
{
	TCase *t = tcase_create("network");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nothing_is_tried);
	tcase_add_test(t, drains_at_once);
	tcase_add_test(t, more_of_it_is_news);
	tcase_add_test(t, person_is_still_needed);
	tcase_add_test(t, short_absence);
	tcase_add_test(t, long_absence_cuts);
	tcase_add_test(t, nothing_expires);
	tcase_add_test(t, away_at_the_start_and_through_a_reload);
	tcase_add_test(t, ends_while_it_is_away);
	tcase_add_test(t, unresolved_is_asked_soon);
	return t;
}

TCase *
queue_network_two_case(void)
{
	TCase *t = tcase_create("networktwo");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_two, NULL);
	tcase_add_test(t, loopback_goes_on);
	return t;
}
