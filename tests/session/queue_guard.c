/* queue_guard.c - the flood guard, and reports that wait for their turn. */
#include "queue_rig.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "script.h"
#include "vclock.h"

#define FIVE "flood { per-user = 5  per = 1h }\n"

static struct rig r;

/* Hours at once: to look every 15 s of them takes real time. */
static void
pass(int64_t seconds)
{
	vclock_jump_ms((seconds - 20) * 1000);
	rig_pass(&r, 20);
}

static void
setup(void)
{
	rig_make(&r, 1);
	r.owners = true;
	r.top = FIVE;
}

/* Of users of this machine: in the rig whoever sends messages of the same size is the same. */
static void
alice_sends(unsigned n)
{
	while (n-- > 0)
		rig_submit(&r, "alice@example.org", "bob@example.net");
}

static void
carol_sends(unsigned n)
{
	while (n-- > 0)
		rig_submit(&r, "carol.with.a.longer.name@example.org", "bob@example.net");
}

static unsigned
got_of_alice(void)
{
	return rig_got_from(&r, 0, "alice@example.org");
}

static unsigned
digests(void)
{
	return rig_got(&r, 0, "root@example.com");
}

static bool
nothing_moves(void)
{
	struct queue_counts c;

	queue_count(r.q, &c);
	return c.ready + c.carried == 0 && rig_files(&r, PLACE_NEW) == 0;
}

START_TEST(the_excess_is_held)
{
	rig_start(&r);
	alice_sends(12);
	carol_sends(5);
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 7 && nothing_moves(), 10);
	ck_assert_uint_eq(got_of_alice(), 5);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 10);
	ck_assert_uint_eq(rig_logged(&r, "warning flood: "), 1);
	ck_assert_uint_eq(rig_logged(&r, "held (flood: "), 7);
	rig_end(&r);
}
END_TEST

/* What is held counts: whoever goes on stays held; whoever stops may go on an hour later. */
START_TEST(goes_on_flooding)
{
	rig_start(&r);
	for (int i = 0; i < 60; i++) {
		alice_sends(1);
		pass(120);
	}
	ck_assert_uint_eq(got_of_alice(), 5);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 55);
	pass(2 * 3600);
	alice_sends(5);
	UNTIL(&r, got_of_alice() == 10, 10);
	rig_end(&r);
}
END_TEST

/* Four an hour are no flood, however long it goes on. */
START_TEST(no_flood)
{
	rig_start(&r);
	for (int i = 0; i < 60; i++) {
		alice_sends(1);
		pass(900);
	}
	ck_assert_uint_eq(got_of_alice(), 60);
	ck_assert_uint_eq(digests(), 0);
	rig_end(&r);
}
END_TEST

START_TEST(exempt)
{
	const struct passwd *me = getpwuid(getuid());
	char                 top[200];

	ck_assert_ptr_nonnull(me);
	snprintf(top, sizeof(top), "flood { per-user = 5  exempt = { \"192.0.2.0/24\", \"%s\" } }\n", me->pw_name);
	r.top = top;
	rig_start(&r);
	alice_sends(20);
	UNTIL(&r, got_of_alice() == 20, 10);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 0);
	r.top = FIVE;
	ck_assert(rig_reload(&r));
	alice_sends(1);
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 1, 10);  /* they were counted all the same */
	rig_end(&r);
}
END_TEST

START_TEST(no_guard)
{
	r.top = "";
	rig_start(&r);
	alice_sends(300);
	UNTIL(&r, got_of_alice() == 300, 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 0);
	rig_end(&r);
}
END_TEST

/* ---- restarts ---- */

/* They passed once, or an admin has let them. */
START_TEST(what_is_queued_is_not_held)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 3 };
	for (unsigned i = 0; i < 100; i++)
		rig_move(&r, rig_submit(&r, "alice@example.org", "bob@example.net"), PLACE_NEW, i % 2 ? PLACE_CUR : PLACE_LATER);
	rig_start(&r);
	UNTIL(&r, got_of_alice() == 100, 4000);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 0);
	ck_assert_uint_eq(rig_logged(&r, "flood"), 0);
	rig_end(&r);
}
END_TEST

/* What gathered while no daemon ran: by the hours it was submitted in. */
START_TEST(gathered_slowly)
{
	for (int i = 0; i < 40; i++) {
		alice_sends(1);
		vclock_jump_ms(20 * 60 * 1000);
	}
	rig_start(&r);
	UNTIL(&r, got_of_alice() == 40, 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 0);
	rig_end(&r);
}
END_TEST

START_TEST(gathered_at_once)
{
	alice_sends(40);
	vclock_jump_ms(INT64_C(8) * 3600 * 1000);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 35 && nothing_moves(), 60);
	ck_assert_uint_eq(got_of_alice(), 5);
	rig_end(&r);
}
END_TEST

/* What was sent and held when the daemon ends. */
static const struct {
	unsigned sent, held;
} restarts[] = { { 4, 0 }, { 5, 0 }, { 5, 6 } };

START_TEST(a_restart_lets_no_flood_pass)
{
	unsigned before = restarts[_i].sent + restarts[_i].held;

	rig_start(&r);
	alice_sends(before);
	UNTIL(&r, got_of_alice() == restarts[_i].sent && rig_files(&r, PLACE_HOLD) == restarts[_i].held, 10);
	UNTIL(&r, nothing_moves(), 10);
	rig_halt(&r);
	ck_assert_int_eq(faccessat(r.spool.fd, "state/flood", F_OK, 0), 0);
	rig_start(&r);
	ck_assert_int_ne(faccessat(r.spool.fd, "state/flood", F_OK, 0), 0);
	alice_sends(5);
	UNTIL(&r, got_of_alice() + rig_files(&r, PLACE_HOLD) == before + 5, 10);
	ck_assert_uint_eq(got_of_alice(), 5);
	UNTIL(&r, digests() == 1, 60);
	rig_end(&r);
}
END_TEST

static void
spoil(void)
{
	int fd = openat(r.spool.fd, "state/flood", O_WRONLY | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "told wrong\n\0\377", 13), 13);
	close(fd);
}

/* Without its last words, or with words that nobody understands: what stands in the spool says it. */
START_TEST(a_crash_lets_no_flood_pass)
{
	rig_listen(&r);
	script_listen(r.relay[0].script, false);
	rig_start(&r);
	alice_sends(11);
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 6 && rig_files(&r, PLACE_NEW) == 0, 10);
	rig_halt(&r);
	if (_i == 0)
		ck_assert_int_eq(unlinkat(r.spool.fd, "state/flood", 0), 0);
	else
		spoil();
	rig_start(&r);
	ck_assert_uint_eq(rig_logged(&r, "state/flood cannot be read"), (unsigned)_i);
	alice_sends(3);
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 9, 10);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, got_of_alice() == 5 && digests() == 1, 200);
	rig_end(&r);
}
END_TEST

/* ---- the digest ---- */

static bool
last_says(const char *text)
{
	const struct accepted *a = rig_last(&r, 0);

	return memmem(a->content.p, a->content.n, text, strlen(text)) != NULL;
}

START_TEST(one_digest_a_period)
{
	const char *user;
	char        command[200];

	rig_start(&r);
	alice_sends(25);
	UNTIL(&r, digests() == 1, 60);
	user = getpwuid(getuid())->pw_name;
	ck_assert_str_eq(rig_last(&r, 0)->from, "");
	ck_assert(last_says("\r\nAuto-Submitted: auto-generated\r\n"));
	ck_assert(last_says("Subject: 20 messages are held: "));
	ck_assert(last_says("     20  alice@example.org\r\n"));
	ck_assert(last_says("     20  from alice@example.org\r\n"));
	snprintf(command, sizeof(command), "\r\n    postern release --user %s --state hold --reason flood\r\n"
	    "    postern delete --user %s --state hold --reason flood\r\n", user, user);
	ck_assert(last_says(command));
	for (int i = 0; i < 5; i++) {
		pass(600);
		alice_sends(2);
	}
	ck_assert_uint_eq(digests(), 1);
	UNTIL(&r, digests() == 2, 3600);
	ck_assert(last_says("Subject: 30 messages are held: "));
	pass(5 * 3600);                         /* nothing more is held, nothing more is said */
	ck_assert_uint_eq(digests(), 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_HOLD), 30);
	rig_end(&r);
}
END_TEST

/* It was released, or deleted, before there was a word about it. */
START_TEST(nothing_left_to_tell)
{
	msgid id;

	rig_start(&r);
	alice_sends(5);
	UNTIL(&r, got_of_alice() == 5, 10);
	id = rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == 1, 10);
	rig_move(&r, id, PLACE_HOLD, PLACE_DEAD);
	pass(3 * 3600);
	ck_assert_uint_eq(digests(), 0);
	rig_end(&r);
}
END_TEST

/* ---- reports ---- */

static void
setup_reports(void)
{
	rig_make(&r, 1);
	r.top = "queue { reports-per-hour = 3 }\n" FIVE;
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<nobody", .say = "550 5.1.1 no such user" };
}

static unsigned
reports(void)
{
	return rig_got(&r, 0, "alice@example.org");
}

START_TEST(reports_wait)
{
	unsigned was = 0;

	rig_start(&r);
	for (unsigned i = 0; i < 10; i++)
		rig_submit(&r, "alice@example.org", "nobody@example.net");
	UNTIL(&r, rig_logged(&r, "report to <alice@example.org>") == 10 && nothing_moves(), 60);
	/* The failed ones are done with: what waits is reports, and each says why. */
	ck_assert_uint_eq(reports(), 3);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 7);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 0);
	queue_flush(r.q);
	rig_pass(&r, 60);
	ck_assert_uint_eq(reports(), 3);                /* an impatient admin changes nothing */
	for (int hour = 1; hour <= 3; hour++) {
		pass(3600 + 300);
		ck_assert_msg(reports() - was <= 2 * 3 && reports() > was, "%u after %u", reports(), was);
		was = reports();
	}
	UNTIL(&r, reports() == 10, 3600);
	UNTIL(&r, rig_is_empty(&r), 60);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 10);
	ck_assert_uint_eq(rig_logged(&r, "status=bounced"), 10);        /* nobody was refused twice */
	rig_end(&r);
}
END_TEST

START_TEST(reports_wait_through_a_restart)
{
	rig_start(&r);
	for (unsigned i = 0; i < 8; i++)
		rig_submit(&r, "alice@example.org", "nobody@example.net");
	UNTIL(&r, reports() == 3 && rig_files(&r, PLACE_LATER) == 5 && nothing_moves(), 60);
	rig_halt(&r);
	rig_start(&r);
	pass(1800);
	ck_assert_uint_eq(reports(), 3);
	UNTIL(&r, reports() == 8, 3 * 3600);
	UNTIL(&r, rig_is_empty(&r), 60);
	rig_end(&r);
}
END_TEST

/* In hours nothing is lost, and mail that is no report does not wait for them. */
START_TEST(others_pass_waiting_reports)
{
	rig_start(&r);
	for (unsigned i = 0; i < 8; i++)
		rig_submit(&r, "alice@example.org", "nobody@example.net");
	UNTIL(&r, reports() == 3 && rig_files(&r, PLACE_LATER) == 5, 60);
	rig_submit(&r, "", "bob@example.net");          /* null sender, but no report */
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 2, 10);
	rig_end(&r);
}
END_TEST

TCase *
queue_guard_case(void)
{
	TCase *t = tcase_create("guard");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, the_excess_is_held);
	tcase_add_test(t, goes_on_flooding);
	tcase_add_test(t, no_flood);
	tcase_add_test(t, exempt);
	tcase_add_test(t, no_guard);
	tcase_add_test(t, what_is_queued_is_not_held);
	tcase_add_test(t, gathered_slowly);
	tcase_add_test(t, gathered_at_once);
	tcase_add_loop_test(t, a_restart_lets_no_flood_pass, 0, sizeof(restarts) / sizeof(restarts[0]));
	tcase_add_loop_test(t, a_crash_lets_no_flood_pass, 0, 2);
	tcase_add_test(t, one_digest_a_period);
	tcase_add_test(t, nothing_left_to_tell);
	return t;
}

TCase *
queue_reports_case(void)
{
	TCase *t = tcase_create("reports");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup_reports, NULL);
	tcase_add_test(t, reports_wait);
	tcase_add_test(t, reports_wait_through_a_restart);
	tcase_add_test(t, others_pass_waiting_reports);
	return t;
}
