/* test_ledger.c - a used-up day outlives restarts, boots and clocks that somebody sets. */
#include <check.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "lib/scratch.h"
#include "net/loop.h"
#include "relay/ledger.h"

#define T0    INT64_C(1764000000)
#define HOUR  3600
#define DAY   86400
#define LATER (10 * DAY)                /* since boot, at first */

static struct scratch s;
static struct event_base *base;
static struct ledger *l;
static struct buf said;
static struct relay_conf gmail = { .name = "gmail", .user = "ops@example.com" };

static void
setup(void)
{
	scratch_make(&s);
	clock_set(T0 * 1000000, LATER * INT64_C(1000));
	base = loop_new();
	buf_init(&said, 65536);
	log_capture(&said);
	l = ledger_open(base, s.fd);
}

static void
teardown(void)
{
	ledger_close(l);
	log_capture(NULL);
	buf_done(&said);
	loop_free(base);
	clock_release();
	scratch_remove(&s);
}

static void
add(struct relay_conf *r, uint32_t messages, uint32_t recipients)
{
	struct account *a = ledger_account(l, r);

	ledger_add(l, a, messages, recipients);
	ledger_leave(l, a);
}

static uint64_t
used(struct relay_conf *r, enum quota_kind k)
{
	struct account *a = ledger_account(l, r);
	uint64_t n = quota_used(&a->quota, k, ledger_now_s(l));

	ledger_leave(l, a);
	return n;
}

/* The daemon ends; so much time passes by each clock; it starts again. */
static void
restart(int64_t wall_s, int64_t boot_s)
{
	int64_t wall = clock_wall_s() + wall_s, boot = clock_boot_s() + boot_s;

	ledger_close(l);
	clock_set(wall * 1000000, boot * 1000);
	l = ledger_open(base, s.fd);
}

/* As restart(); by another boot's number. */
static void
reboot(int64_t wall_s)
{
	int64_t wall = clock_wall_s() + wall_s;
	char   *text, *id;
	size_t  n;

	ledger_close(l);
	text = scratch_read(&s, "state", "quota", &n);
	ck_assert_ptr_nonnull(text);
	id = strstr(text, " boot=");
	ck_assert_ptr_nonnull(id);
	id[6] = id[6] == 'x' ? 'y' : 'x';
	scratch_write(&s, "state", "quota", (struct span){ text, n });
	free(text);
	clock_set(wall * 1000000, 20 * 1000);
	l = ledger_open(base, s.fd);
}

START_TEST(survives_a_restart)
{
	add(&gmail, 400, 900);
	restart(HOUR, HOUR);
	ck_assert_uint_eq(used(&gmail, QUOTA_MINUTE), 0);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 400);
	ck_assert_uint_eq(used(&gmail, QUOTA_RECIPIENTS), 900);
	restart(DAY, DAY);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 0);
	ck_assert_str_eq(buf_cstr(&said), "");
}
END_TEST

START_TEST(by_relay_and_user)
{
	struct relay_conf other = { .name = "gmail", .user = "dev@example.com" };
	struct relay_conf nobody = { .name = "gmail" };
	struct relay_conf odd = { .name = "gmail", .user = "a b=c%\n@example.com" };

	add(&gmail, 1, 1);
	add(&other, 2, 2);
	add(&nobody, 3, 3);
	add(&odd, 4, 4);
	restart(1, 1);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 1);
	ck_assert_uint_eq(used(&other, QUOTA_DAY), 2);
	ck_assert_uint_eq(used(&nobody, QUOTA_DAY), 3);
	ck_assert_uint_eq(used(&odd, QUOTA_DAY), 4);
}
END_TEST

/* Somebody sets the clock by a month, either way, while the daemon runs or while it does not. */
START_TEST(wall_clock_is_set)
{
	int64_t by = _i % 2 == 0 ? 30 * DAY : -30 * DAY;

	add(&gmail, 500, 500);
	if (_i < 2) {
		clock_set((T0 + by) * 1000000, LATER * INT64_C(1000));
		ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 500);
		restart(HOUR, HOUR);
	} else {
		restart(by, HOUR);
	}
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 500);
	clock_move_ms((DAY - HOUR + 900) * INT64_C(1000));
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 0);
}
END_TEST

/* A boot ends the one clock that nobody sets: the other counts, and never backwards. */
START_TEST(machine_boots)
{
	add(&gmail, 500, 500);
	reboot(HOUR);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 500);
	ck_assert_uint_eq(used(&gmail, QUOTA_MINUTE), 0);
	reboot(-30 * DAY);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 500);
	clock_move_ms((DAY - HOUR + 900) * INT64_C(1000));
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 0);
}
END_TEST

START_TEST(forgets_who_left)
{
	char *text;

	add(&gmail, 1, 1);
	restart(2 * DAY, 2 * DAY);
	add(&(struct relay_conf){ .name = "ses" }, 1, 1);
	restart(0, 0);
	text = scratch_read(&s, "state", "quota", NULL);
	ck_assert_ptr_null(strstr(text, "gmail"));
	ck_assert_ptr_nonnull(strstr(text, "relay=ses"));
	free(text);
}
END_TEST

static const char clock_line[] = "postern-quota 1\nclock now=1764000000 wall=1764000000 since-boot=864000 boot=\n";

static const struct {
	const char *rest;
	const char *said;
} broken[] = {
	{ NULL, "state/quota:1" },
	{ "account relay=gmail\n", "state/quota:3" },
	{ "account relay=gmail user= day=x\n", "state/quota:3" },
	{ "account user= relay=gmail\n", "state/quota:3" },
	{ "account relay=gmail user= day=1960000:9\nnonsense\n", "state/quota:4" },
};

START_TEST(does_not_parse)
{
	struct buf text;

	buf_init(&text, 65536);
	if (broken[_i].rest != NULL)
		buf_printf(&text, "%s%s", clock_line, broken[_i].rest);
	else
		buf_str(&text, "something else\n");
	ledger_close(l);
	scratch_write(&s, "state", "quota", buf_view(&text));
	l = ledger_open(base, s.fd);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&said), broken[_i].said));
	ck_assert_uint_eq(used(&(struct relay_conf){ .name = "gmail" }, QUOTA_DAY), 0);
	add(&gmail, 1, 1);
	restart(0, 0);
	ck_assert_uint_eq(used(&gmail, QUOTA_DAY), 1);
	buf_done(&text);
}
END_TEST

Suite *suite_ledger(void);

Suite *
suite_ledger(void)
{
	Suite *suite = suite_create("ledger");
	TCase *t = tcase_create("ledger");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, survives_a_restart);
	tcase_add_test(t, by_relay_and_user);
	tcase_add_loop_test(t, wall_clock_is_set, 0, 4);
	tcase_add_test(t, machine_boots);
	tcase_add_test(t, forgets_who_left);
	tcase_add_loop_test(t, does_not_parse, 0, (int)(sizeof(broken) / sizeof(broken[0])));
	suite_add_tcase(suite, t);
	return suite;
}
