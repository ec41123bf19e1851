/* queue_life.c - start, reload, quit, stop: nothing lost, nothing twice. */
#include "queue_rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* Each of rig_submit_each()'s, once; or, where answers were cut off, at least once. */
static void
check_each(unsigned n, unsigned most)
{
	for (unsigned i = 1; i <= n; i++) {
		char     from[40];
		unsigned got = 0;

		snprintf(from, sizeof(from), "sender%u@example.org", i);
		for (size_t k = 0; k < r.nrelays; k++)
			got += rig_got_from(&r, k, from);
		if (got < 1 || got > most)
			ck_abort_msg("%u from %s\n%s", got, from, rig_tail(&r));
	}
}

/* ---- reload ---- */

/* At each moment of the conversation. */
START_TEST(reload_in_the_middle)
{
	rig_submit_each(&r, 20);
	rig_start(&r);
	r.relay[0].lines = "\tpipeline-depth = 4\n";
	UNTIL(&r, script_moments(r.relay[0].script) >= 3 * (unsigned)_i + 1 || rig_is_empty(&r), 30);
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 30);
	check_each(20, 1);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 20);
	ck_assert_uint_eq(queue_conf(r.q)->relays[0].pipeline_depth, 4);
	rig_end(&r);
}
END_TEST

/* The old one's last message takes its time; the new one works meanwhile. */
START_TEST(reload_while_a_message_drips)
{
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 5 };
	rig_submit_each(&r, 40);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 5, 30);
	for (int i = 0; i < 3; i++)
		ck_assert(rig_reload(&r));
	rig_pass(&r, 2);
	ck_assert_uint_ge(rig_got(&r, 0, NULL), 30);
	UNTIL(&r, rig_is_empty(&r), 60);
	check_each(40, 1);
	rig_end(&r);
}
END_TEST

START_TEST(reload_that_fails)
{
	rig_submit_each(&r, 20);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 3, 30);
	/* A certificate file that is none is found when the relay is set up, behind the configuration. */
	scratch_write(&r.spool, ".", "ca.pem", SPAN("no certificate\n"));
	{
		static char lines[200];

		snprintf(lines, sizeof(lines),
		    "}\nrelay tls {\n\thost = \"127.0.0.1\"\n\tca-file = \"%s/ca.pem\"\n", r.spool.path);
		r.relay[0].lines = lines;
	}
	ck_assert(!rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 30);
	check_each(20, 1);
	ck_assert_uint_eq(queue_relays(r.q), 1);
	rig_end(&r);
}
END_TEST

/* A message with transactions still to be pulled, cut for the old configuration. */
START_TEST(reload_in_a_message)
{
	r.relay[0].lines = "\trecipients-per-message = 10\n\tpipeline-depth = 1\n";
	rig_submit_many(&r, "alice@example.org", 100);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) == (unsigned)_i, 30);
	r.relay[0].lines = "\trecipients-per-message = 7\n\tpipeline-depth = 1\n";
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 30);
	for (unsigned i = 1; i <= 100; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		if (rig_got(&r, 0, to) != 1)
			ck_abort_msg("%u to %s", rig_got(&r, 0, to), to);
	}
	rig_end(&r);
}
END_TEST

START_TEST(reload_to_other_relays)
{
	rig_submit_each(&r, 30);
	r.nrelays = 2;
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 5, 30);
	r.top = "relays = { \"two\" }";
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 30);
	check_each(30, 1);
	ck_assert_uint_ge(rig_got(&r, 1, NULL), 5);
	ck_assert_uint_eq(queue_relays(r.q), 1);
	rig_end(&r);
}
END_TEST

/* ---- quit, stop ---- */

static void
on_idle(void *arg)
{
	struct rig *x = arg;

	x->idle++;
}

START_TEST(quit_finishes_what_is_in_flight)
{
	unsigned sent;

	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 10 };
	rig_submit_each(&r, 40);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 10, 30);
	queue_quit(r.q, on_idle, &r);
	ck_assert_uint_eq(r.idle, 0);           /* from the loop, if at all */
	rig_submit(&r, "late@example.org", "bob@example.net");
	UNTIL(&r, r.idle > 0, 60);
	sent = rig_got(&r, 0, NULL);
	ck_assert_uint_ge(sent, 10);
	ck_assert_uint_lt(sent, 40);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 40 - sent);
	ck_assert_uint_eq(rig_files(&r, PLACE_NEW), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 30);
	check_each(40, 1);
	ck_assert_uint_eq(rig_got_from(&r, 0, "late@example.org"), 1);
	rig_end(&r);
}
END_TEST

/* The server has fallen silent at this point: quitting does not end, stopping does, and all is still there. */
static const char *const silences[] = { "accept", "greeting", "EHLO", "AUTH", "MAIL FROM:", "RCPT TO:", "end" };

START_TEST(stop_gives_all_back)
{
	r.relay[0].turn[0] = (struct turn){ .when = silences[_i], .act = ACT_STALL };
	r.lies = true;                          /* what it does not answer it may have taken */
	rig_submit_each(&r, 40);
	rig_start(&r);
	rig_pass(&r, 2);
	queue_quit(r.q, on_idle, &r);
	rig_pass(&r, 10);
	ck_assert_uint_eq(r.idle, _i < 4 ? 1 : 0);      /* nothing was in flight before MAIL */
	queue_stop(r.q);
	queue_stop(r.q);
	UNTIL(&r, r.idle > 0, 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR) + rig_files(&r, PLACE_LATER), 40);
	ck_assert_uint_le(rig_files(&r, PLACE_LATER), 1);
	rig_halt(&r);
	r.relay[0].turn[0] = (struct turn){ 0 };
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 400);
	check_each(40, 2);
	rig_end(&r);
}
END_TEST

START_TEST(quit_with_nothing_to_do)
{
	rig_start(&r);
	if (_i == 1)
		rig_pass(&r, 30);
	queue_quit(r.q, on_idle, &r);
	ck_assert_uint_eq(r.idle, 0);
	UNTIL(&r, r.idle > 0, 1);
	rig_pass(&r, 100);
	queue_stop(r.q);
	rig_pass(&r, 10);
	ck_assert_uint_eq(r.idle, 1);
	rig_end(&r);
}
END_TEST

START_TEST(quit_while_it_rests)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit_each(&r, 3);
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 10);
	queue_quit(r.q, on_idle, &r);
	UNTIL(&r, r.idle > 0, 1);
	rig_pass(&r, 200);
	ck_assert_uint_eq(r.idle, 1);
	ck_assert_uint_eq(script_connections(r.relay[0].script), 0);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 3);
	rig_end(&r);
}
END_TEST

/* An idle connection is told QUIT. */
START_TEST(quit_with_an_idle_connection)
{
	rig_submit_each(&r, 3);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	queue_quit(r.q, on_idle, &r);
	UNTIL(&r, r.idle > 0, 2);
	ck_assert_uint_eq(script_count(r.relay[0].script, "QUIT"), 1);
	rig_end(&r);
}
END_TEST

/* Of an earlier configuration too. */
START_TEST(quit_behind_a_reload)
{
	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_DRIP, .nth = 3 };
	rig_submit_each(&r, 10);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 3, 30);
	ck_assert(rig_reload(&r));
	queue_quit(r.q, on_idle, &r);
	rig_pass(&r, 5);
	ck_assert_uint_eq(r.idle, 0);
	UNTIL(&r, r.idle > 0, 60);
	ck_assert_uint_ge(rig_got(&r, 0, NULL), 3);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 10 - rig_got(&r, 0, NULL));
	rig_end(&r);
}
END_TEST

/* ---- start ---- */

#define MANY 1000

static int
by_name(const void *a, const void *b)
{
	const msgid x = *(const msgid *)a, y = *(const msgid *)b;

	return x < y ? -1 : x > y;
}

static void
fill(enum place p, const char *from)
{
	for (unsigned i = 0; i < MANY; i++)
		rig_move(&r, rig_submit(&r, from, "bob@example.net"), PLACE_NEW, p);
}

static void
list(enum place p, msgid *ids)
{
	int            fd = openat(r.spool.fd, place_name(p), O_RDONLY | O_DIRECTORY);
	DIR           *d = fdopendir(fd);
	struct dirent *e;
	size_t         n = 0;

	while ((e = readdir(d)) != NULL)
		if (msgid_parse(e->d_name, &ids[n < MANY ? n : 0]))
			n++;
	ck_assert_uint_eq(n, MANY);
	(void)closedir(d);
	qsort(ids, MANY, sizeof(*ids), by_name);
}

START_TEST(restart_with_thousands)
{
	static msgid  cur[MANY], later[MANY];
	struct roll  *roll;
	struct shown  s;
	unsigned      at = MANY;

	fill(PLACE_LATER, "later@example.org");
	fill(PLACE_CUR, "now@example.org");
	list(PLACE_CUR, cur);
	list(PLACE_LATER, later);
	r.relay[0].lines = "\tconnections = 1\n";
	rig_start(&r);
	roll = queue_roll(r.q);
	while (roll_turn(roll))
		;
	ck_assert_uint_eq(roll_count(roll), 2 * MANY);
	for (size_t i = 0; roll_next(roll, &s); i++) {
		bool waits = i < MANY;

		if (s.id != (waits ? later[i] : cur[i - MANY]) || s.state != (waits ? SHOWN_LATER : SHOWN_READY))
			ck_abort_msg("entry %zu", i);
	}
	roll_free(roll);
	UNTIL(&r, rig_got(&r, 0, NULL) == MANY, 20);
	rig_pass(&r, 30);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), MANY);
	/* In the order of arrival: the newest is on top of the far end's list. */
	for (const struct accepted *a = rig_last(&r, 0); a != NULL; a = a->next) {
		char id[ID_LEN + 1];

		msgid_format(cur[--at], id);
		if (strcmp(a->from, "now@example.org") != 0 || !span_icontains(buf_view(&a->content), span_of(id)))
			ck_abort_msg("number %u is not %s", at, id);
	}
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got_from(&r, 0, "later@example.org"), MANY);
	rig_end(&r);
}
END_TEST

/* What one user has in thousands delays another's one by one. */
START_TEST(one_user_does_not_delay_another)
{
	unsigned before;

	r.owners = true;
	r.relay[0].lines = "\tconnections = 1\n\tpipeline-depth = 1\n";
	for (unsigned i = 0; i < 500; i++)
		rig_submit(&r, "busy@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) >= 20, 30);
	before = rig_got(&r, 0, NULL);
	rig_submit(&r, "somebody.else@example.org", "carol@example.net");
	UNTIL(&r, rig_got(&r, 0, "carol@example.net") == 1, 30);
	/* One is on its way, one may be next, and new/ is looked at between two turns of the loop. */
	ck_assert_uint_le(rig_got(&r, 0, NULL) - before, 8);
	UNTIL(&r, rig_is_empty(&r), 30);
	rig_end(&r);
}
END_TEST

/* Due while nobody was there. */
START_TEST(restart_after_a_long_time)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	rig_halt(&r);
	vclock_jump_ms(86400 * 1000);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 2);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	rig_end(&r);
}
END_TEST

/* A second daemon on the same spool. */
START_TEST(spool_is_locked)
{
	struct store *second = NULL;
	const char   *what;

	rig_start(&r);
	ck_assert_int_eq(store_open(r.spool.path, true, &second, &what), -EBUSY);
	rig_end(&r);
}
END_TEST

TCase *
queue_life_case(void)
{
	TCase *t = tcase_create("life");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, reload_in_the_middle, 0, 30);
	tcase_add_test(t, reload_while_a_message_drips);
	tcase_add_test(t, reload_that_fails);
	tcase_add_loop_test(t, reload_in_a_message, 0, 10);
	tcase_add_test(t, quit_finishes_what_is_in_flight);
	tcase_add_loop_test(t, stop_gives_all_back, 0, sizeof(silences) / sizeof(silences[0]));
	tcase_add_loop_test(t, quit_with_nothing_to_do, 0, 2);
	tcase_add_test(t, quit_while_it_rests);
	tcase_add_test(t, quit_with_an_idle_connection);
	tcase_add_test(t, quit_behind_a_reload);
	tcase_add_test(t, restart_with_thousands);
	tcase_add_test(t, one_user_does_not_delay_another);
	tcase_add_test(t, restart_after_a_long_time);
	tcase_add_test(t, spool_is_locked);
	return t;
}

TCase *
queue_two_case(void)
{
	TCase *t = tcase_create("two");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup_two, NULL);
	tcase_add_test(t, reload_to_other_relays);
	return t;
}
