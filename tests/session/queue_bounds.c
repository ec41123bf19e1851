/* queue_bounds.c - what one message, or a queue full of them, may cost. */
#include "queue_rig.h"

#include <sys/resource.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "spool/draft.h"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

/* ---- memory ---- */

#define MANY   400
#define HEADER (512u << 10)

static long
peak_kb(void)
{
	struct rusage u;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

/* A header of half a megabyte in each of 400 transactions: not all of them at once. */
START_TEST(header_times_transactions)
{
	const struct draft_limits none = { 0, 0 };
	struct envelope e;
	struct draft   *d;
	struct buf      text;
	char            name[ID_LEN + 1];
	bool            maybe;
	long            before;

	envelope_init(&e);
	e.time_us = clock_wall_us();
	e.host = xstrdup("web1.example.com");
	e.sender = addr_parse(SPAN("alice@example.org"), NULL);
	for (unsigned i = 0; i < MANY; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_int_eq(envelope_add(&e, addr_parse(span_of(to), NULL)), 0);
	}
	buf_init(&text, 2 * HEADER);
	while (text.n < HEADER)
		buf_str(&text, "X-Filler: some seventy octets of a header that nobody wants to read, ever\n");
	buf_str(&text, "Subject: large\n\nHello.\n");
	ck_assert_int_eq(draft_begin(r.spool.fd, &e, &none, &d), 0);
	ck_assert_int_eq(draft_write(d, buf_view(&text)), 0);
	ck_assert_int_eq(draft_commit(d, name, &maybe), 0);
	envelope_done(&e);
	buf_done(&text);

	r.relay[0].lines = "\trecipients-per-message = 1\n\tconnections = 1\n\tpipeline-depth = 1\n";
	before = peak_kb();
	rig_start(&r);
	UNTIL(&r, script_count(r.relay[0].script, "MAIL") >= 2, 20);
	ck_assert_msg(peak_kb() - before < 40000, "%ld KB", peak_kb() - before);
	queue_stop(r.q);
	rig_end(&r);
}
END_TEST

/* ---- no recipient without a verdict ---- */

/* Nobody can be told of the one, so what is left of the message must be seen, though the other got it. */
START_TEST(one_of_two_unreturnable)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<bob", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "", "eve@example.net bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 1000);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(script_count(r.relay[0].script, "RCPT TO:<eve"), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD), 1);
	rig_end(&r);
}
END_TEST

/* It died between the journal's line and the move to dead/. */
START_TEST(unreturnable_after_a_crash)
{
	msgid id = rig_submit(&r, "", "eve@example.net");

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "550 5.1.1 no such user" };
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 10);
	rig_halt(&r);
	rig_move(&r, id, PLACE_DEAD, PLACE_CUR);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD), 1);
	ck_assert_uint_eq(script_count(r.relay[0].script, "RCPT TO:"), 1);
	rig_end(&r);
}
END_TEST

/* ---- what a submitter may say ---- */

static const struct {
	size_t      envid;              /* characters of it */
	const char *orcpt;
} said[] = {
	{ 100, "rfc822;bob@example.net" }, { 101, NULL }, { 300, NULL },
	{ 0, "rfc822;bob smith" }, { 0, "rfc822;\303\244" }, { 0, "" },
};

/* A parameter that is none ends the sessions of everybody's mail if it is taken for a reason to give up. */
START_TEST(parameters_that_cannot_be_said)
{
	const struct draft_limits none = { 0, 0 };
	struct envelope e;
	struct draft   *d;
	char            name[ID_LEN + 1];
	bool            maybe;

	r.relay[0].server.offers |= OFFER_DSN;
	for (int i = 0; i < 3; i++)
		rig_submit(&r, "alice@example.org", "bob@example.net");
	envelope_init(&e);
	e.time_us = clock_wall_us();
	e.host = xstrdup("web1.example.com");
	e.sender = addr_parse(SPAN("eve@example.org"), NULL);
	if (said[_i].envid > 0) {
		e.envid = xcalloc(said[_i].envid + 1, 1);
		memset(e.envid, 'a', said[_i].envid);
	}
	ck_assert_int_eq(envelope_add(&e, addr_parse(SPAN("bob@example.net"), NULL)), 0);
	e.rcpts[0].orcpt = said[_i].orcpt != NULL ? xstrdup(said[_i].orcpt) : NULL;
	ck_assert_int_eq(draft_begin(r.spool.fd, &e, &none, &d), 0);
	ck_assert_int_eq(draft_write(d, SPAN("Subject: x\n\nx\n")), 0);
	ck_assert_int_eq(draft_commit(d, name, &maybe), 0);
	envelope_done(&e);
	for (int i = 0; i < 3; i++)
		rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 20);
	ck_assert_uint_eq(rig_got_from(&r, 0, "alice@example.org"), 6);
	ck_assert_uint_eq(rig_got_from(&r, 0, "eve@example.org") + rig_files(&r, PLACE_BAD), 1);
	ck_assert_uint_eq(script_connections(r.relay[0].script), 1);
	rig_end(&r);
}
END_TEST

/* ---- trouble that is no message's ---- */

START_TEST(no_descriptor_is_no_messages_trouble)
{
	r.open_error = _i == 0 ? EMFILE : ENFILE;
	rig_submit_each(&r, 200);
	rig_start(&r);
	rig_pass(&r, 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	ck_assert_msg(rig_logged(&r, "cannot be read") < 30, "%u lines", rig_logged(&r, "cannot be read"));
	r.open_error = 0;
	UNTIL(&r, rig_got(&r, 0, NULL) == 200, 80);
	rig_end(&r);
}
END_TEST

/* ---- turns ---- */

#define ODD 150

/* Messages that come to an end without a server.  The daemon is deaf while they do, so not all in one turn. */
START_TEST(ends_of_their_own_in_turns)
{
	size_t most = 0, now = 0, before = 0;
	char   name[ID_LEN + 1];

	for (unsigned i = 0; i < ODD; i++) {
		msgid_format(UINT64_C(0x0006456789ABC000) + i, name);
		scratch_write(&r.spool, "new", name, SPAN("no message"));
	}
	rig_start(&r);
	rig_within(&r, 20);
	while (now < ODD && rig_turn(&r)) {
		now = rig_files(&r, PLACE_BAD);
		most = now - before > most ? now - before : most;
		before = now;
	}
	ck_assert_uint_eq(now, ODD);
	ck_assert_msg(most <= 40, "%zu in one turn", most);
	rig_end(&r);
}
END_TEST

/* ---- what the helper thread met ---- */

static int
failing_fsync(int fd)
{
	(void)fd;
	errno = EIO;
	return -1;
}

/* The thread's second is a real one, ours are not: many looks go by in it. */
START_TEST(a_sync_that_fails_is_said)
{
	rig_submit(&r, "alice@example.org", "bob@example.net");
	fs.fsync = failing_fsync;
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	for (int i = 0; i < 5000 && rig_logged(&r, "cur/: cannot be synced") == 0; i++)
		rig_pass(&r, 20);
	ck_assert_uint_eq(rig_logged(&r, "cur/: cannot be synced"), 1);
	rig_end(&r);
}
END_TEST

TCase *
queue_bounds_case(void)
{
	TCase *tc = tcase_create("bounds");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, header_times_transactions);
	tcase_add_test(tc, one_of_two_unreturnable);
	tcase_add_test(tc, unreturnable_after_a_crash);
	tcase_add_loop_test(tc, parameters_that_cannot_be_said, 0, sizeof(said) / sizeof(said[0]));
	tcase_add_loop_test(tc, no_descriptor_is_no_messages_trouble, 0, 2);
	tcase_add_test(tc, ends_of_their_own_in_turns);
	tcase_add_test(tc, a_sync_that_fails_is_said);
	return tc;
}
