/* queue_lanes.c - mail by different relays: nobody waits for another's, each recipient is tried and settled once. */
#include "queue_rig.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "vclock.h"

#define PAUSE "\trule {\n\t\tcode = 454\n\t\tverdict = \"pause\"\n\t\tpause = \"10m\"\n\t}\n"

/* bob@example.net by one, eve@corp.example.org by two. */
#define CORP "relays = { one }\nroute { recipient = \"*@corp.example.org\"  relays = { two } }\n"
#define BOTH "bob@example.net eve@corp.example.org"
#define BOB  "bob@example.net"
#define EVE  "eve@corp.example.org"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 2);
	r.top = CORP;
}

static void
setup_three(void)
{
	rig_make(&r, 3);
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
rcpts(size_t relay)
{
	return script_count(r.relay[relay].script, "RCPT");
}

static void
refuse(size_t relay, const char *when, const char *say, unsigned nth)
{
	r.relay[relay].turn[0] = (struct turn){ .when = when, .say = say, .nth = nth };
}

/* ---- two lanes ---- */

START_TEST(each_by_its_own)
{
	rig_start(&r);
	rig_submit(&r, "alice@example.org", BOTH);
	rig_submit(&r, "alice@example.org", BOB);
	rig_submit(&r, "alice@example.org", EVE);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 2);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 2);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 0);
	rig_end(&r);
}
END_TEST

/* Nobody connects to find out that there is nothing. */
START_TEST(no_login_for_nothing)
{
	rig_submit(&r, "alice@example.org", BOB);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(connections(1), 0);
	rig_end(&r);
}
END_TEST

/* Either of them: the other's recipients do not wait, and its own leave when it is back, without a wait of an hour. */
START_TEST(one_rests)
{
	size_t down = (size_t)_i, up = 1 - down;

	rig_start(&r);
	script_listen(r.relay[down].script, false);
	for (int i = 0; i < 5; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_got(&r, up, NULL) == 5, 10);
	UNTIL(&r, well(down) == RESTING, 20);
	rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_got(&r, up, NULL) == 6, 5);
	rig_pass(&r, 600);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 6);
	ck_assert_uint_eq(rig_got(&r, down, NULL), 0);
	script_listen(r.relay[down].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, down, NULL), 6);
	ck_assert_uint_eq(rig_got(&r, up, NULL), 6);
	rig_end(&r);
}
END_TEST

/* Both rest, and stand in the first one's line; the second is back first. */
START_TEST(what_waits_moves_over)
{
	size_t first = (size_t)_i, last = 1 - first;

	rig_start(&r);
	script_listen(r.relay[0].script, false);
	script_listen(r.relay[1].script, false);
	for (int i = 0; i < 5; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	rig_submit(&r, "alice@example.org", first == 0 ? BOB : EVE);
	UNTIL(&r, well(0) == RESTING && well(1) == RESTING, 20);
	rig_pass(&r, 100);
	script_listen(r.relay[first].script, true);
	UNTIL(&r, rig_got(&r, first, NULL) == 6, 80);
	rig_pass(&r, 100);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 5);
	script_listen(r.relay[last].script, true);
	UNTIL(&r, rig_is_empty(&r), 80);
	ck_assert_uint_eq(rig_got(&r, 0, NULL) + rig_got(&r, 1, NULL), 11);
	rig_end(&r);
}
END_TEST

/* One recipient refused by his relay: a report, and nothing else. */
START_TEST(one_refused)
{
	refuse((size_t)_i, "RCPT TO:", "550 5.1.1 no such user", 1);
	rig_start(&r);
	rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), _i != 0);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), _i != 1);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(rig_got_from(&r, 0, ""), 1);
	rig_end(&r);
}
END_TEST

/* One deferred: at his own time he alone is tried again. */
START_TEST(one_deferred)
{
	size_t late = (size_t)_i;

	refuse(late, "RCPT TO:", "450 4.2.1 come back", 1);
	rig_start(&r);
	rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 1 - late, NULL), 1);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rcpts(late), 2);
	ck_assert_uint_eq(rcpts(1 - late), 1);
	ck_assert_uint_eq(rig_got(&r, late, NULL), 1);
	rig_end(&r);
}
END_TEST

/* Both deferred: each once in a turn. */
START_TEST(both_deferred)
{
	char *file;
	msgid id;

	refuse(0, "RCPT TO:", "450 4.2.1 come back", 1);
	refuse(1, "RCPT TO:", "450 4.2.1 come back", 1);
	id = rig_submit(&r, "alice@example.org", BOTH);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	file = rig_file(&r, PLACE_LATER, id);
	ck_assert_ptr_nonnull(strstr(file, "defer rcpt=1 code=450 dsn=4.2.1 relay=one"));
	ck_assert_ptr_nonnull(strstr(file, "defer rcpt=2 code=450 dsn=4.2.1 relay=two"));
	free(file);
	ck_assert_uint_eq(rcpts(0), 1);
	ck_assert_uint_eq(rcpts(1), 1);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rcpts(0), 2);
	ck_assert_uint_eq(rcpts(1), 2);
	rig_end(&r);
}
END_TEST

/* Both carry messages of many transactions at the same time, and take none of them from each other. */
START_TEST(both_carry_large_messages)
{
	struct buf to;

	r.relay[0].lines = r.relay[1].lines = "\trecipients-per-message = 5\n\tconnections = 2\n";
	buf_init(&to, 1u << 16);
	for (unsigned i = 0; i < 50; i++)
		buf_printf(&to, "%sr%u@%s", i > 0 ? " " : "", i, i % 2 == 0 ? "example.net" : "corp.example.org");
	for (unsigned i = 0; i < 8; i++)
		rig_submit(&r, "alice@example.org", buf_cstr(&to));
	buf_done(&to);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 40);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 40);
	ck_assert_uint_eq(rcpts(0), 200);
	ck_assert_uint_eq(rcpts(1), 200);
	rig_end(&r);
}
END_TEST

/* Behind a thousand for a relay that does not move, found in the spool at the start. */
START_TEST(behind_a_thousand)
{
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .act = ACT_STALL };
	rig_submit_each(&r, 1000);
	rig_submit(&r, "late@example.org", EVE);
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 1, EVE) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 1000);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1000);
	rig_end(&r);
}
END_TEST

/* A submission for one of two that rest brings that one's probe forward, and not the other's. */
START_TEST(nudges_its_own)
{
	unsigned before;

	rig_start(&r);
	script_listen(r.relay[0].script, false);
	script_listen(r.relay[1].script, false);
	rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, well(0) == RESTING && well(1) == RESTING, 20);
	rig_pass(&r, 300);
	UNTIL(&r, well(0) == RESTING && well(1) == RESTING, 20);
	script_listen(r.relay[0].script, true);
	script_listen(r.relay[1].script, true);
	before = connections(1);
	rig_submit(&r, "alice@example.org", BOB);
	UNTIL(&r, rig_got(&r, 0, NULL) == 2, 1);
	ck_assert_uint_eq(connections(1), before);
	UNTIL(&r, rig_is_empty(&r), 80);
	rig_end(&r);
}
END_TEST

/* ---- lists ---- */

/* The second serves the lane of its own and, while the first rests, the other's: in turn. */
START_TEST(one_relay_serves_two_lanes)
{
	r.top = "relays = { one, two }\nroute { recipient = \"*@corp.example.org\"  relays = { two, one } }\n";
	r.relay[0].lines = r.relay[1].lines = "\tconnections = 1\n";
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit(&r, "first@example.org", BOB);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_submit_each(&r, 24);
	for (int i = 0; i < 3; i++)
		rig_submit(&r, "alice@example.org", EVE);
	UNTIL(&r, rig_got(&r, 1, EVE) == 3, 20);
	ck_assert_uint_lt(rig_got(&r, 1, BOB), 12);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 28);
	script_listen(r.relay[0].script, true);
	rig_pass(&r, 100);
	for (int i = 0; i < 5 && well(0) != WELL; i++) {
		rig_submit(&r, "probe@example.org", BOB);
		UNTIL(&r, rig_is_empty(&r), 10);
	}
	for (int i = 0; i < 2; i++)
		rig_submit(&r, "back@example.org", BOTH);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got_from(&r, 0, "back@example.org"), 2);
	ck_assert_uint_eq(rig_got_from(&r, 1, "back@example.org"), 2);
	rig_end(&r);
}
END_TEST

/* The relay of a route goes over to its second and comes back; the other mail's relay is not asked. */
START_TEST(fails_over_within_its_list)
{
	r.top = "relays = { one }\nroute { recipient = \"*@corp.example.org\"  relays = { two, three } }\n";
	rig_start(&r);
	script_listen(r.relay[1].script, false);
	for (int i = 0; i < 5; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 2, EVE), 5);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 5);
	script_listen(r.relay[1].script, true);
	rig_pass(&r, 100);
	for (int i = 0; i < 5; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_ge(rig_got(&r, 1, EVE), 4);
	ck_assert_uint_eq(rig_got(&r, 1, EVE) + rig_got(&r, 2, EVE), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 10);
	rig_end(&r);
}
END_TEST

/* A local name that is one address of each lane: one of them refused, one deferred, and a restart in between. */
START_TEST(alias_of_both_lanes)
{
	scratch_write(&r.spool, ".", "aliases", SPAN("team: bob@example.net, eve@corp.example.org, eve2@corp.example.org\n"));
	refuse(1, "RCPT TO:<eve@", "450 4.2.1 come back", 1);
	r.relay[1].turn[1] = (struct turn){ .when = "RCPT TO:<eve2", .say = "550 5.1.1 no such user" };
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "team");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	rig_halt(&r);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 1);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), 1);
	ck_assert_uint_eq(rig_got_from(&r, 0, ""), 1);
	ck_assert_uint_eq(rcpts(1), 3);
	rig_end(&r);
}
END_TEST

/* A name that cannot be looked up now beside others of both lanes: noted once a turn, and no lane's own. */
START_TEST(alias_that_cannot_be_followed)
{
	msgid id = rig_submit(&r, "alice@example.org", "team " BOTH);
	const char *at;
	unsigned n = 0;
	char *file;

	scratch_write(&r.spool, ".", "aliases", SPAN("team: :include:/nonexistent/list\n"));
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	file = rig_file(&r, PLACE_LATER, id);
	for (at = file; (at = strstr(at, "defer rcpt=1 ")) != NULL; at++)
		n++;
	ck_assert_uint_eq(n, 1);
	free(file);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 1);
	scratch_write(&r.spool, ".", "aliases", SPAN("team: eve2@corp.example.org\n"));
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 2);
	rig_end(&r);
}
END_TEST

/* ---- expiry ---- */

START_TEST(expires_while_its_lane_rests)
{
	const char *top[] = { CORP, "relays = { one }\nroute { recipient = \"*@corp.example.org\"  relays = { three, two } }\n" };
	const char *said[] = { "the relay two could not be used", "none of the relays three, two could be used" };

	r.top = top[_i];
	rig_start(&r);
	script_listen(r.relay[1].script, false);
	script_listen(r.relay[2].script, false);
	rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, rig_got(&r, 0, BOB) == 1, 10);
	for (int h = 0; h < 5 * 24 * 4; h++) {
		vclock_jump_ms(15 * 60 * 1000);
		rig_pass(&r, 20);
	}
	UNTIL(&r, rig_is_empty(&r), 3600);
	ck_assert_uint_eq(rig_got_from(&r, 0, ""), 1);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 1);
	ck_assert(span_icontains(buf_view(&rig_last(&r, 0)->content), span_of(said[_i])));
	rig_end(&r);
}
END_TEST

/* ---- another configuration ---- */

START_TEST(routes_come_and_go)
{
	static const char *const tops[] = { "relays = { one, two }\n", CORP,
		"relays = { two }\nroute { recipient = \"*@example.net\"  relays = { one, two } }\n",
		"route { user = nobody  relays = { two } }\n" };

	r.relay[0].lines = PAUSE;
	refuse(0, "MAIL FROM:", "454 4.7.0 quota used up", 0);
	rig_start(&r);
	for (int i = 0; i < 5; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	UNTIL(&r, well(0) == RESTING && rig_got(&r, 1, NULL) == 5, 20);
	r.relay[0].turn[0] = (struct turn){ 0 };
	r.top = tops[_i];
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_uint_eq(rig_got(&r, 0, BOB) + rig_got(&r, 1, BOB), 5);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), 5);
	rig_end(&r);
}
END_TEST

/* At each moment of a run: a reload, or a restart. */
START_TEST(reload_at_any_moment)
{
	unsigned at = (unsigned)_i / 2;

	for (int i = 0; i < 6; i++)
		rig_submit(&r, "alice@example.org", BOTH);
	rig_start(&r);
	UNTIL(&r, script_moments(r.relay[0].script) + script_moments(r.relay[1].script) >= 4 * at + 1 || rig_is_empty(&r), 30);
	if (_i % 2 == 0) {
		ck_assert(rig_reload(&r));
	} else {
		rig_halt(&r);
		rig_start(&r);
	}
	UNTIL(&r, rig_is_empty(&r), 30);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 6);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), 6);
	rig_end(&r);
}
END_TEST

/* ---- a relay by name ---- */

/* As an admin's command does it, but by hand, while no daemon runs. */
static void
send_by(msgid id, enum place p, const char *relay)
{
	struct message *m;
	struct store   *store;
	const char     *what;

	ck_assert_int_eq(store_open(r.spool.path, true, &store, &what), 0);
	ck_assert_int_eq(store_load(store, p, id, &m, &what), 0);
	ck_assert_int_eq(message_note_routed(m, clock_wall_s(), relay, NULL), 0);
	message_close(store, m);
	store_close(store);
}

/* With routes and without: all its recipients by the named one, whatever else stands in line. */
START_TEST(by_the_named_relay)
{
	msgid id;

	r.top = _i == 0 ? CORP : "relays = { one, two }\n";
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	script_listen(r.relay[1].script, false);
	id = rig_submit(&r, "alice@example.org", BOTH);
	rig_submit(&r, "other@example.org", BOB);
	UNTIL(&r, well(0) == RESTING && well(1) == RESTING, 20);
	rig_halt(&r);
	send_by(id, PLACE_CUR, "two");
	script_listen(r.relay[0].script, true);
	script_listen(r.relay[1].script, true);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got_from(&r, 0, "other@example.org"), 1);
	ck_assert_uint_eq(rig_got(&r, 1, NULL), 1);
	ck_assert_uint_eq(rig_last(&r, 1)->nrcpt, 2);
	rig_end(&r);
}
END_TEST

/* It waits for that relay, though another is well. */
START_TEST(waits_for_the_named_relay)
{
	msgid id;

	r.top = "relays = { one, two }\n";
	refuse(0, "RCPT TO:", "450 4.2.1 come back", 1);
	rig_start(&r);
	script_listen(r.relay[1].script, false);
	id = rig_submit(&r, "alice@example.org", BOB);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	rig_halt(&r);
	send_by(id, PLACE_LATER, "two");
	rig_start(&r);
	rig_pass(&r, 600);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	rig_submit(&r, "other@example.org", BOB);
	UNTIL(&r, rig_got(&r, 0, NULL) == 1, 5);
	script_listen(r.relay[1].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got_from(&r, 1, "alice@example.org"), 1);
	rig_end(&r);
}
END_TEST

START_TEST(named_relay_is_gone)
{
	msgid id = rig_submit(&r, "alice@example.org", BOTH);

	rig_move(&r, id, PLACE_NEW, PLACE_CUR);
	send_by(id, PLACE_CUR, "seven");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, BOB), 1);
	ck_assert_uint_eq(rig_got(&r, 1, EVE), 1);
	ck_assert_uint_eq(rig_logged(&r, "was to go by relay seven, which is not in use"), 1);
	rig_end(&r);
}
END_TEST

/* ---- all of it ---- */

/* Three lanes, any mixture of recipients, relays that come and go and answer this and that. */
START_TEST(any_order)
{
	static const char *const to[] = { "bob@example.net", "eve@corp.example.org", "joe@shop.example.org" };
	static const char *const says[] = { "450 4.2.1 come back", "454 4.7.0 quota used up", "421 4.3.2 not now" };
	unsigned seed = (unsigned)_i * 7919 + 1, want[3] = { 0 };

	r.top = "relays = { one, three }\nroute { recipient = \"*@corp.example.org\"  relays = { two } }\n"
	    "route { recipient = \"*@shop.example.org\"  relays = { three, two } }\n";
	for (size_t i = 0; i < 3; i++)
		r.relay[i].lines = PAUSE "\tconnections = 2\n";
	rig_start(&r);
	for (int step = 0; step < 60; step++) {
		char rcpts_of[200] = "";
		unsigned set = 1 + (seed = seed * 1103515245 + 12345) / 65536 % 7, n = seed / 256 % 3;
		size_t k = seed / 4096 % 3;

		for (size_t i = 0; i < 3; i++) {
			if ((set >> i & 1) == 0)
				continue;
			want[i]++;
			snprintf(rcpts_of + strlen(rcpts_of), sizeof(rcpts_of) - strlen(rcpts_of), "%s%s",
			    rcpts_of[0] != '\0' ? " " : "", to[i]);
		}
		rig_submit(&r, "alice@example.org", rcpts_of);
		script_listen(r.relay[k].script, seed / 32 % 2 == 0);
		r.relay[k].turn[0] = (struct turn){ .when = seed % 2 ? "RCPT TO:" : "MAIL FROM:", .say = says[n] };
		if (seed / 8 % 3 == 0)
			r.relay[k].turn[0] = (struct turn){ 0 };
		rig_pass(&r, seed / 128 % 40);
		if (step % 20 == 19)
			ck_assert(rig_reload(&r));
	}
	for (size_t k = 0; k < 3; k++) {
		r.relay[k].turn[0] = (struct turn){ 0 };
		script_listen(r.relay[k].script, true);
	}
	UNTIL(&r, rig_is_empty(&r), 3 * 3600);
	for (size_t i = 0; i < 3; i++)
		ck_assert_uint_eq(rig_got(&r, 0, to[i]) + rig_got(&r, 1, to[i]) + rig_got(&r, 2, to[i]), want[i]);
	ck_assert_uint_eq(rig_got(&r, 0, to[1]) + rig_got(&r, 2, to[1]) + rig_got(&r, 0, to[2]) + rig_got(&r, 1, to[0]), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 0);
	rig_end(&r);
}
END_TEST

TCase *
queue_lanes_case(void)
{
	TCase *t = tcase_create("lanes");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, each_by_its_own);
	tcase_add_test(t, no_login_for_nothing);
	tcase_add_loop_test(t, one_rests, 0, 2);
	tcase_add_loop_test(t, what_waits_moves_over, 0, 2);
	tcase_add_loop_test(t, one_refused, 0, 2);
	tcase_add_loop_test(t, one_deferred, 0, 2);
	tcase_add_test(t, both_deferred);
	tcase_add_test(t, both_carry_large_messages);
	tcase_add_test(t, behind_a_thousand);
	tcase_add_test(t, nudges_its_own);
	tcase_add_test(t, one_relay_serves_two_lanes);
	tcase_add_test(t, alias_of_both_lanes);
	tcase_add_test(t, alias_that_cannot_be_followed);
	tcase_add_loop_test(t, routes_come_and_go, 0, 4);
	tcase_add_loop_test(t, reload_at_any_moment, 0, 24);
	tcase_add_loop_test(t, by_the_named_relay, 0, 2);
	tcase_add_test(t, waits_for_the_named_relay);
	tcase_add_test(t, named_relay_is_gone);
	return t;
}

TCase *
queue_lanes_three_case(void)
{
	TCase *t = tcase_create("lanes_three");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup_three, NULL);
	tcase_add_test(t, fails_over_within_its_list);
	tcase_add_loop_test(t, expires_while_its_lane_rests, 0, 2);
	tcase_add_loop_test(t, any_order, 0, 8);
	return t;
}
