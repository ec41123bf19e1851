/* queue_breaker.c - a relay in trouble: how long it rests, what wakes it, who takes its place. */
#include "queue_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vclock.h"

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

static enum well
well(size_t relay)
{
	return upstream_well(rig_up(&r, relay));
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

/* A look at the relay from within the loop: when it began to rest, and how often. */
struct rests {
	enum well was;
	unsigned  n;
	int64_t   began_ms;
	int64_t   took_ms[64];          /* the nth one; of those that ended */
	unsigned  most_sessions;        /* while it was not well */
};

static void
look(struct rests *x)
{
	enum well now = well(0);

	if (now != WELL && upstream_sessions(rig_up(&r, 0)) > x->most_sessions)
		x->most_sessions = upstream_sessions(rig_up(&r, 0));
	if (now == x->was)
		return;
	if (now == RESTING)
		x->began_ms = vclock_ms();
	else if (x->was == RESTING && x->n < 64)
		x->took_ms[x->n++] = vclock_ms() - x->began_ms;
	x->was = now;
}

static void
look_for(struct rests *x, int64_t seconds)
{
	rig_within(&r, seconds);
	while (rig_turn(&r))
		look(x);
}

/* ---- nobody listens ---- */

START_TEST(waits_grow_to_a_minute)
{
	static const int64_t want_s[] = { 2, 4, 8, 16, 32, 60, 60, 60 };
	struct rests x = { .was = WELL };

	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 50);
	look_for(&x, 900);
	ck_assert_uint_ge(x.n, 12);
	for (size_t i = 0; i < sizeof(want_s) / sizeof(want_s[0]); i++) {
		/* Virtual time may jump a little too far. */
		ck_assert_int_ge(x.took_ms[i], want_s[i] * 800 - 100);
		ck_assert_int_le(x.took_ms[i], want_s[i] * 1200 + 300);
	}
	ck_assert_uint_le(x.most_sessions, 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 50);
	/* One line for the trouble, one for each tenth failure; none a message. */
	ck_assert_uint_le(lines(), 1 + x.n / 10 + 1);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 1 + (x.n + 1) / 10);
	ck_assert_uint_ge(rig_logged(&r, "Connection refused"), 1);
	rig_end(&r);
}
END_TEST

START_TEST(recovers_with_one_message_first)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 50);
	UNTIL(&r, well(0) == RESTING, 10);
	rig_pass(&r, 100);
	/* The first answer takes a minute and a half: nothing else may be asked meanwhile. */
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 1 };
	r.relay[0].lines = "";
	script_listen(r.relay[0].script, true);
	UNTIL(&r, connections(0) == 1, 80);
	rig_pass(&r, 10);
	ck_assert_int_eq(well(0), PROBING);
	ck_assert_uint_eq(script_count(r.relay[0].script, "MAIL FROM:"), 1);
	ck_assert_uint_eq(connections(0), 1);
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_int_eq(well(0), WELL);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 50);
	ck_assert_uint_eq(rig_logged(&r, "status=well"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 1);
	rig_end(&r);
}
END_TEST

/* A short outage costs seconds: a submission asks again, but not every one of them. */
START_TEST(submission_nudges)
{
	struct rests x = { .was = WELL };

	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 5);
	look_for(&x, 300);
	UNTIL(&r, well(0) == RESTING, 70);
	x.was = RESTING;
	x.n = 0;
	x.began_ms = vclock_ms();
	for (unsigned s = 0; s < 20; s++) {
		rig_submit(&r, "again@example.org", "bob@example.net");
		look_for(&x, 1);
	}
	ck_assert_uint_ge(x.n, 4);
	ck_assert_uint_le(x.n, 5);
	ck_assert_uint_le(x.most_sessions, 1);
	rig_pass(&r, 10);
	script_listen(r.relay[0].script, true);
	rig_submit(&r, "again@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 3);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 26);
	rig_end(&r);
}
END_TEST

/* ---- a server that says 421 to everybody ---- */

START_TEST(sent_away_at_mail)
{
	unsigned burnt;

	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = "421 4.3.2 not now", .act = ACT_CLOSE };
	rig_start(&r);
	rig_submit_each(&r, 20);
	rig_pass(&r, 600);
	ck_assert_int_ne(well(0), WELL);
	ck_assert_uint_ge(connections(0), 8);
	ck_assert_uint_le(connections(0), 18);
	burnt = rig_logged(&r, "status=deferred");
	ck_assert_uint_le(burnt, connections(0) / 3);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR) + rig_files(&r, PLACE_LATER), 20);
	/* Two lines a message that was deferred; else only the relay's, and nothing again and again. */
	ck_assert_msg(lines() <= 2 * burnt + 4, "%s", rig_tail(&r));
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 2000);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	rig_end(&r);
}
END_TEST

/* As soon as it is logged in, the server hangs up. */
START_TEST(hangs_up_at_mail)
{
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .act = _i == 0 ? ACT_CLOSE : ACT_RESET };
	rig_start(&r);
	rig_submit_each(&r, 20);
	rig_pass(&r, 300);
	ck_assert_int_ne(well(0), WELL);
	ck_assert_uint_le(connections(0), 18);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER) + rig_files(&r, PLACE_CUR), 20);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 2000);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	rig_end(&r);
}
END_TEST

/* In the greeting, at EHLO: nothing was pulled, so nothing is counted. */
START_TEST(sent_away_before_mail)
{
	/* At AUTH a temporary failure has five minutes of its own. */
	static const struct {
		const char *when;
		unsigned    least;
	} rows[] = { { "accept", 8 }, { "greeting", 8 }, { "EHLO", 8 }, { "AUTH", 2 } };

	r.relay[0].turn[0] = (struct turn){
		.when = rows[_i].when, .say = _i == 0 ? NULL : "421 4.3.2 not now", .act = ACT_CLOSE,
	};
	rig_start(&r);
	rig_submit_each(&r, 20);
	rig_pass(&r, 400);
	ck_assert_int_ne(well(0), WELL);
	ck_assert_uint_ge(connections(0), rows[_i].least);
	ck_assert_uint_le(connections(0), 18);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 20);
	ck_assert_uint_le(lines(), 1 + connections(0) / 10);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 310);
	rig_end(&r);
}
END_TEST

/* ---- the login ---- */

static void
wrong_password(void)
{
	r.relay[0].secret = "wrong";
	rig_start(&r);
	rig_submit_each(&r, 20);
	UNTIL(&r, well(0) == RESTING, 10);
}

START_TEST(wrong_password_waits_for_an_hour)
{
	wrong_password();
	ck_assert_int_eq(upstream_trouble(rig_up(&r, 0))->verdict, VERDICT_CREDENTIAL);
	ck_assert_uint_eq(connections(0), 1);
	rig_pass(&r, 5);
	ck_assert_uint_eq(rig_logged(&r, "alert "), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=needs-attention"), 1);
	ck_assert_uint_eq(rig_logged(&r, "535"), 1);
	ck_assert_uint_eq(lines(), 1);
	/* Nothing a local user does brings it forward. */
	for (unsigned i = 0; i < 5; i++) {
		rig_submit(&r, "again@example.org", "bob@example.net");
		rig_pass(&r, 10);
	}
	vclock_jump_ms(3400 * 1000);
	rig_pass(&r, 60);
	ck_assert_uint_eq(connections(0), 1);
	rig_pass(&r, 120);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 25);
	ck_assert_uint_eq(rig_logged(&r, "alert "), 1);
	rig_end(&r);
}
END_TEST

START_TEST(right_password_drains_at_once)
{
	wrong_password();
	rig_pass(&r, 60);
	r.relay[0].secret = "right";
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 2);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	rig_end(&r);
}
END_TEST

/* The password is right again at the server's side: the hourly look finds out. */
START_TEST(wrong_password_is_looked_at_again)
{
	wrong_password();
	strcpy(r.relay[0].password, "wrong");
	vclock_jump_ms(3590 * 1000);
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_uint_eq(rig_logged(&r, "status=well"), 1);
	rig_end(&r);
}
END_TEST

/* Put where the daemon reads it, and what the server takes from now on. */
static void
change_password(const char *to)
{
	scratch_write(&r.spool, ".", "password", span_of(to));
	strcpy(r.relay[0].password, to);
}

/* A session that always has mail would show the old login for hours: it ends, and its mail does not notice. */
START_TEST(busy_session_takes_the_new_password)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/password", r.spool.path);
	r.relay[0].secret = path;
	r.relay[0].lines = "\tconnections = 1";
	/* Others are on their way before it has answered one. */
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP };
	change_password("right");
	rig_start(&r);
	rig_submit_each(&r, 40);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 10, 1000);
	change_password("another");
	UNTIL(&r, rig_is_empty(&r), 4000);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 40);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 0);
	ck_assert_uint_eq(rig_logged(&r, "may be duplicated"), 0);
	rig_end(&r);
}
END_TEST

/* ---- a stated pause ---- */

#define PAUSE "\trule {\n\t\tcode = { \"454\" }\n\t\tverdict = \"pause\"\n\t\tpause = \"10m\"\n\t}\n"

START_TEST(stated_pause_is_kept)
{
	static const char *const whens[] = { "greeting", "AUTH", "MAIL FROM:", "RCPT TO:", "end" };

	r.relay[0].lines = PAUSE;
	r.relay[0].turn[0] = (struct turn){ .when = whens[_i], .say = "454 4.7.0 quota for today used up" };
	rig_start(&r);
	rig_submit_each(&r, 20);
	UNTIL(&r, well(0) == RESTING, 10);
	for (unsigned i = 0; i < 5; i++) {
		rig_submit(&r, "again@example.org", "bob@example.net");
		rig_pass(&r, 20);
	}
	vclock_jump_ms(440 * 1000);
	rig_pass(&r, 10);
	ck_assert_int_eq(well(0), RESTING);
	ck_assert_uint_eq(connections(0), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 25);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 1);
	ck_assert_uint_eq(rig_logged(&r, "quota for today"), 1);
	rig_pass(&r, 80);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 25);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 640);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 25);
	rig_end(&r);
}
END_TEST

/*
 * One connection is told to pause, another still has a message on its way,
 * which is accepted a little later.  That changes nothing about the pause.
 */
START_TEST(pause_outlives_an_old_success)
{
	r.relay[0].lines = PAUSE "\tconnections = 2\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .conn = 1, .nth = 3 };
	r.relay[0].turn[1] = (struct turn){ .when = "MAIL FROM:", .say = "454 4.7.0 quota used up", .conn = 2 };
	rig_start(&r);
	rig_submit_each(&r, 60);
	UNTIL(&r, well(0) == RESTING, 60);
	rig_pass(&r, 60);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_int_eq(well(0), RESTING);
	vclock_jump_ms(430 * 1000);
	rig_pass(&r, 70);
	ck_assert_int_eq(well(0), RESTING);
	ck_assert_uint_eq(connections(0), 2);
	r.relay[0].turn[1] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 60);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=well"), 1);
	rig_end(&r);
}
END_TEST

/* Another connection's success while the relay rests for a lost link: it is well, says so, and no timer spoils it. */
START_TEST(success_elsewhere_ends_a_rest)
{
	r.relay[0].lines = "\tconnections = 2\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .conn = 1, .nth = 3 };
	for (unsigned i = 1; i <= 2; i++)
		r.relay[0].turn[i] = (struct turn){
			.when = "MAIL FROM:", .say = "421 4.3.2 not now", .act = ACT_CLOSE, .conn = i + 1,
		};
	rig_start(&r);
	rig_submit_each(&r, 60);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_int_eq(well(0), WELL);
	rig_pass(&r, 100);
	ck_assert_int_eq(well(0), WELL);
	ck_assert_uint_eq(rig_logged(&r, "status=resting"), rig_logged(&r, "status=well"));
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 60);
	rig_end(&r);
}
END_TEST

/* ---- a limit on connections ---- */

#define CONCURRENT "432 4.3.2 Concurrent connections limit exceeded"
#define FOUR_AT_MOST "\tconnections = 4\n"
#define COUNTED_AT_MAIL \
	"\trule {\n\t\tcontains = \"concurrent\"\n\t\tverdict = \"pause\"\n" \
	"\t\tpause = \"30s\"\n\t\ttoo-many = \"connections\"\n\t}\n"

/* Some services let one log in, and count at MAIL: Microsoft allows a mailbox three. */
static const struct {
	const char *lines;
	struct turn turn;
} crowds[] = {
	{ FOUR_AT_MOST, { .when = "greeting", .say = "421 4.7.0 too many connections", .act = ACT_CLOSE } },
	{ FOUR_AT_MOST COUNTED_AT_MAIL, { .when = "MAIL FROM:", .say = CONCURRENT } },
};

START_TEST(crowded_is_no_trouble)
{
	r.relay[0].lines = crowds[_i].lines;
	for (unsigned i = 0; i < 4; i++) {
		r.relay[0].turn[i] = crowds[_i].turn;
		r.relay[0].turn[i].conn = i + 2;
	}
	r.relay[0].turn[4] = (struct turn){ .when = "end", .act = ACT_DRIP, .conn = 1, .nth = 3 };
	rig_start(&r);
	rig_submit_each(&r, 100);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 100);
	ck_assert_uint_eq(rig_logged(&r, "status=resting") + rig_logged(&r, "status=deferred"), 0);
	ck_assert_uint_eq(rig_logged(&r, "connections=1, reason="), 1);
	rig_end(&r);
}
END_TEST

/* Other programs have them all: it rests, and comes back with one. */
START_TEST(crowded_out)
{
	r.relay[0].lines = FOUR_AT_MOST COUNTED_AT_MAIL;
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = CONCURRENT, .conn = 1 };
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 10);
	rig_submit_each(&r, 100);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(connections(0), 2);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 101);
	rig_end(&r);
}
END_TEST

START_TEST(connections_as_configured)
{
	r.relay[0].lines = "\tconnections = 3\n";
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP };
	rig_start(&r);
	rig_submit_each(&r, 100);
	rig_pass(&r, 60);
	ck_assert_uint_eq(connections(0), 3);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(connections(0), 3);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 100);
	rig_end(&r);
}
END_TEST

/* ---- fail-over ---- */

START_TEST(second_takes_over_and_gives_back)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 5);
	UNTIL(&r, rig_got(&r, 1, NULL) == 5, 10);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	script_listen(r.relay[0].script, true);
	rig_pass(&r, 100);
	rig_submit(&r, "probe@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got_from(&r, 0, "probe@example.org"), 1);
	rig_submit_each(&r, 5);
	UNTIL(&r, rig_is_empty(&r), 5);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 6);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 5);
	rig_end(&r);
}
END_TEST

/* In the middle of a message with many transactions: none of its recipients is lost or gets it twice. */
START_TEST(second_takes_over_in_a_message)
{
	r.relay[0].lines = PAUSE "\trecipients-per-message = 10\n\tconnections = 1\n";
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = "454 4.7.0 quota used up", .nth = 3 };
	rig_submit_many(&r, "alice@example.org", 50);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	for (unsigned i = 1; i <= 50; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to) + rig_got(&r, 1, to), 1);
	}
	rig_end(&r);
}
END_TEST

/* A probe into the void takes a minute.  The second relay does not stand still for that. */
START_TEST(second_works_while_the_first_is_probed)
{
	r.relay[0].silent = true;
	rig_start(&r);
	rig_submit(&r, "first@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 200);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 1);
	for (unsigned i = 0; i < 40; i++) {
		rig_submit(&r, "next@example.org", "bob@example.net");
		rig_submit(&r, "next@example.org", "bob@example.net");
		rig_pass(&r, 5);
		ck_assert_msg(rig_got(&r, 1, NULL) >= 2 * (i + 1), "%u of %u after %u s", rig_got(&r, 1, NULL),
		    2 * (i + 1) + 1, 5 * (i + 1));
	}
	UNTIL(&r, rig_is_empty(&r), 200);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 81);
	rig_end(&r);
}
END_TEST

/* A message that the first relay deferred is no reason to leave it. */
START_TEST(deferred_stays_with_its_relay)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(connections(1), 0);
	rig_end(&r);
}
END_TEST

/* The first needs a person, the second has a plain outage: a submission nudges the second. */
START_TEST(submission_nudges_the_one_that_may)
{
	r.relay[0].secret = "wrong";
	rig_start(&r);
	script_listen(r.relay[1].script, false);
	rig_submit_each(&r, 3);
	UNTIL(&r, well(0) == RESTING && well(1) == RESTING, 20);
	rig_pass(&r, 200);
	UNTIL(&r, well(1) == RESTING, 100);
	script_listen(r.relay[1].script, true);
	rig_submit(&r, "again@example.org", "bob@example.net");
	UNTIL(&r, rig_is_empty(&r), 2);
	ck_assert_uint_eq(rig_got(&r, 1, "bob@example.net"), 4);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 4 + 1);         /* and root hears of the first */
	ck_assert_uint_eq(connections(0), 1);
	rig_end(&r);
}
END_TEST

static void
add_two(TCase *t)
{
	tcase_add_test(t, second_takes_over_and_gives_back);
	tcase_add_test(t, second_takes_over_in_a_message);
	tcase_add_test(t, second_works_while_the_first_is_probed);
	tcase_add_test(t, deferred_stays_with_its_relay);
	tcase_add_test(t, submission_nudges_the_one_that_may);
}

TCase *
queue_failover_case(void)
{
	TCase *t = tcase_create("failover");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup_two, NULL);
	add_two(t);
	return t;
}

TCase *
queue_breaker_case(void)
{
	TCase *t = tcase_create("breaker");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, waits_grow_to_a_minute);
	tcase_add_test(t, recovers_with_one_message_first);
	tcase_add_test(t, submission_nudges);
	tcase_add_test(t, sent_away_at_mail);
	tcase_add_loop_test(t, hangs_up_at_mail, 0, 2);
	tcase_add_loop_test(t, sent_away_before_mail, 0, 4);
	tcase_add_test(t, wrong_password_waits_for_an_hour);
	tcase_add_test(t, right_password_drains_at_once);
	tcase_add_test(t, wrong_password_is_looked_at_again);
	tcase_add_test(t, busy_session_takes_the_new_password);
	tcase_add_loop_test(t, stated_pause_is_kept, 0, 5);
	tcase_add_test(t, pause_outlives_an_old_success);
	tcase_add_test(t, success_elsewhere_ends_a_rest);
	tcase_add_loop_test(t, crowded_is_no_trouble, 0, sizeof(crowds) / sizeof(crowds[0]));
	tcase_add_test(t, crowded_out);
	tcase_add_test(t, connections_as_configured);
	return t;
}
