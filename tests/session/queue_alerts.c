/* queue_alerts.c - a relay that needs a person: who is told, how often, and when it is over. */
#include "queue_rig.h"

#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "vclock.h"

#define DAY_S 86400

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
	rig_make(&r, 2);
}

static void
break_login(void)
{
	strcpy(r.relay[0].password, "changed");
}

static void
mend_login(void)
{
	strcpy(r.relay[0].password, "right");
}

static void
send_one(void)
{
	rig_submit(&r, "alice@example.org", "bob@example.net");
}

/* By whichever relay. */
static unsigned
told(void)
{
	return rig_got(&r, 0, "root@example.com") + (r.nrelays > 1 ? rig_got(&r, 1, "root@example.com") : 0);
}

static bool
says(const struct accepted *a, const char *text)
{
	return a != NULL && memmem(a->content.p, a->content.n, text, strlen(text)) != NULL;
}

START_TEST(told_by_another_relay)
{
	break_login();
	rig_start(&r);
	send_one();
	UNTIL(&r, rig_got(&r, 1, "root@example.com") == 1 && rig_got(&r, 1, "bob@example.net") == 1, 60);
	ck_assert_str_eq(rig_last(&r, 1)->from, "");
	ck_assert(says(rig_last(&r, 1), "\r\nSubject: Relay one needs attention\r\n"));
	ck_assert(says(rig_last(&r, 1), " said: 535 "));
	ck_assert(says(rig_last(&r, 1), "\r\nWhat to do: "));
	pass(3600);             /* refused every few minutes, told once */
	ck_assert_uint_eq(told(), 1);
	mend_login();
	pass(600);
	send_one();
	UNTIL(&r, told() == 2, 4000);
	rig_end(&r);
}
END_TEST

/* It lasts: once a day. */
START_TEST(told_again_after_a_day)
{
	break_login();
	rig_start(&r);
	send_one();
	UNTIL(&r, told() == 1, 60);
	for (int hour = 0; hour < 23; hour++) {
		pass(3600);
		send_one();
	}
	ck_assert_uint_eq(told(), 1);
	pass(2 * 3600);
	ck_assert_uint_eq(told(), 2);
	ck_assert_uint_eq(rig_got(&r, 1, "bob@example.net"), 24);
	rig_end(&r);
}
END_TEST

/* It comes and goes: one trouble and one end a day. */
START_TEST(flaps)
{
	rig_start(&r);
	for (int i = 0; i < 6; i++) {
		break_login();
		send_one();
		UNTIL(&r, upstream_trouble(rig_up(&r, 0))->verdict == VERDICT_CREDENTIAL, 60);
		mend_login();
		UNTIL(&r, upstream_well(rig_up(&r, 0)) == PROBING, 4000);
		send_one();
		UNTIL(&r, upstream_well(rig_up(&r, 0)) == WELL, 60);
		rig_pass(&r, 60);       /* its connection is idle and closed */
	}
	rig_pass(&r, 60);
	ck_assert_uint_eq(told(), 2);
	rig_end(&r);
}
END_TEST

START_TEST(not_again_after_a_restart)
{
	break_login();
	rig_start(&r);
	send_one();
	UNTIL(&r, told() == 1, 60);
	for (int i = 0; i < 5; i++) {
		rig_halt(&r);
		rig_start(&r);
		send_one();
		UNTIL(&r, upstream_trouble(rig_up(&r, 0))->verdict == VERDICT_CREDENTIAL, 60);
	}
	ck_assert(rig_reload(&r));
	send_one();
	pass(600);
	ck_assert_uint_eq(told(), 1);
	mend_login();
	rig_halt(&r);
	rig_start(&r);
	send_one();
	UNTIL(&r, told() == 2, 60);     /* well again, which the first daemon's trouble was not */
	ck_assert(says(rig_last(&r, 0), "Relay one works again"));
	rig_end(&r);
}
END_TEST

/* With nobody to carry it, it would come when all is over. */
START_TEST(the_only_relay)
{
	r.nrelays = 1;
	break_login();
	rig_start(&r);
	send_one();
	pass(DAY_S);
	mend_login();
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 4000);
	pass(3600);
	ck_assert_uint_eq(told(), 0);
	ck_assert_uint_ge(rig_logged(&r, "alert relay=one, status=needs-attention"), 1);
	rig_end(&r);
}
END_TEST

/* A server that is away is nobody's to mend: no person is called. */
START_TEST(plain_trouble)
{
	rig_listen(&r);
	script_listen(r.relay[0].script, false);
	rig_start(&r);
	send_one();
	UNTIL(&r, rig_got(&r, 1, "bob@example.net") == 1, 60);
	pass(DAY_S);
	ck_assert_uint_eq(told(), 0);
	rig_end(&r);
}
END_TEST

/* ---- the line for a supervisor ---- */

static char     line[400];
static unsigned lines;

static void
on_said(void *arg, const char *text)
{
	ck_assert_ptr_eq(arg, &r);
	ck_assert_uint_lt(strlen(text), sizeof(line));
	strcpy(line, text);
	lines++;
}

START_TEST(one_line)
{
	rig_start(&r);
	queue_listen(r.q, on_said, &r);
	ck_assert_str_eq(line, "all 2 relays are well");
	break_login();
	send_one();
	UNTIL(&r, strncmp(line, "relay one needs attention: ", 27) == 0, 60);
	ck_assert_ptr_nonnull(strstr(line, " said: 535 "));
	pass(3600);
	ck_assert_uint_le(lines, 5);
	mend_login();
	send_one();
	pass(4000);
	send_one();
	UNTIL(&r, strcmp(line, "all 2 relays are well") == 0, 60);
	rig_end(&r);
}
END_TEST

TCase *
queue_alerts_case(void)
{
	TCase *t = tcase_create("alerts");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, told_by_another_relay);
	tcase_add_test(t, told_again_after_a_day);
	tcase_add_test(t, flaps);
	tcase_add_test(t, not_again_after_a_restart);
	tcase_add_test(t, the_only_relay);
	tcase_add_test(t, plain_trouble);
	tcase_add_test(t, one_line);
	return t;
}
