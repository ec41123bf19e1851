/* queue_failing.c - files that are no messages, disks that fail, messages that break sessions. */
#include "queue_rig.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "spool/draft.h"
#include "vclock.h"

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static bool
rests(void)
{
	return upstream_well(rig_up(&r, 0)) == RESTING;
}

/* ---- what does not parse ---- */

static const char zeros[44];

/* In new/ as a submitter could leave it, and in cur/ as a crash could. */
static const struct {
	const char *name, *text, *why;
	size_t      n;
} bad[] = {
	{ "empty", "", "", 0 },
	{ "no head", "From: me\n\nhello\n", "", 16 },
	{ "a head of zeros", "postern 1 00000000000000 00000000000000\n", "it was never finished", 40 },
	{ "another version", "postern 2 00000000000010 00000000000010\n", "", 40 },
	{ "shorter than it says", "postern 1 00000000000300 00000000000010\n", "shorter", 40 },
	{ "octets of zero", zeros, "", sizeof(zeros) },
};

START_TEST(goes_to_bad)
{
	static const char *const places[] = { "new", "cur" };
	struct span text = { bad[_i / 2].text, bad[_i / 2].n };

	scratch_write(&r.spool, places[_i % 2], "0006456789ABCDEF", text);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_got(&r, 0, NULL) == 1, 10);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_msg(rig_files(&r, PLACE_BAD) == 1, "%s", bad[_i / 2].name);
	ck_assert_uint_eq(rig_logged(&r, "0006456789ABCDEF: moved to bad/: "), 1);
	ck_assert_msg(rig_logged(&r, bad[_i / 2].why) >= 1, "%s", rig_tail(&r));
	ck_assert_uint_eq(rig_logged(&r, "moved to bad/: (null)"), 0);
	rig_end(&r);
}
END_TEST

START_TEST(other_names_are_left_alone)
{
	static const char *const names[] = {
		"README", ".hidden", "0006456789abcdef", "0006456789ABCDE", "0006456789ABCDEF0", "0006456789ABCDEF.swp",
	};
	size_t n = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < n; i++)
		scratch_write(&r.spool, "new", names[i], SPAN("x"));
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_pass(&r, 60);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_NEW), n - 1);     /* without the hidden one */
	ck_assert_uint_eq(rig_files(&r, PLACE_BAD), 0);
	ck_assert_int_eq(faccessat(r.spool.fd, "new/.hidden", F_OK, 0), 0);
	rig_end(&r);
}
END_TEST

/* Whatever somebody puts there under such a name. */
START_TEST(no_regular_file)
{
	ck_assert_int_eq(mkdirat(r.spool.fd, "new/0006456789ABCDE0", 0700), 0);
	ck_assert_int_eq(mkfifoat(r.spool.fd, "new/0006456789ABCDE1", 0600), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", r.spool.fd, "new/0006456789ABCDE2"), 0);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	rig_pass(&r, 200);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_NEW), 0);
	/* None is ever sent; none fills the log. */
	ck_assert_msg(rig_logged(&r, "0006456789ABCDE") <= 3 * 4, "%s", rig_tail(&r));
	rig_end(&r);
}
END_TEST

/* ---- files that go away ---- */

static void
remove_by_hand(enum place p, msgid id)
{
	char name[ID_LEN + 1], path[64];

	msgid_format(id, name);
	snprintf(path, sizeof(path), "%s/%s", place_name(p), name);
	ck_assert_int_eq(unlinkat(r.spool.fd, path, 0), 0);
}

START_TEST(a_file_that_goes_away)
{
	msgid ready, later;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<late", .say = "450 4.2.1 come back" };
	rig_start(&r);
	later = rig_submit(&r, "alice@example.org", "late@example.net");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	rig_pass(&r, 40);               /* its connection is idle and closed */
	script_listen(r.relay[0].script, false);
	ready = rig_submit(&r, "alice@example.org", "gone@example.net");
	UNTIL(&r, rests(), 10);
	remove_by_hand(PLACE_CUR, ready);
	remove_by_hand(PLACE_LATER, later);
	script_listen(r.relay[0].script, true);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 10);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_logged(&r, "err "), 0);
	rig_end(&r);
}
END_TEST

/* ---- disks that fail for a while ---- */

/* It stands in cur/ all the time, so nobody may look for it in later/ and think that it is gone. */
START_TEST(unreadable_for_a_while)
{
	static const int errors[] = { EIO, EMFILE, EACCES, EROFS };

	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	r.open_error = errors[_i];
	UNTIL(&r, rig_logged(&r, "cannot be read") == 1, 10);
	rig_pass(&r, 100);
	ck_assert_uint_le(rig_logged(&r, "cannot be read"), 3);
	ck_assert_int_eq(queue_shortage(r.q), errors[_i] == EMFILE || errors[_i] == EROFS ? -errors[_i] : 0);
	r.open_error = 0;
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 100);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

/* Deferred, but it cannot be moved to later/: it waits in cur/ and is tried when it is due. */
START_TEST(unmovable_to_later)
{
	rig_start(&r);
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_CUR) == 1, 5);
	r.rename_error = EIO;
	UNTIL(&r, rig_logged(&r, "cannot be moved to later/") == 1, 10);
	r.rename_error = 0;
	rig_pass(&r, 200);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 300);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

/* Due, but it cannot be moved back. */
START_TEST(unmovable_from_later)
{
	rig_start(&r);
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	r.rename_error = EIO;
	rig_pass(&r, 500);
	ck_assert_uint_le(rig_logged(&r, "cannot be moved to cur/"), 5);
	ck_assert_uint_ge(rig_logged(&r, "cannot be moved to cur/"), 2);
	r.rename_error = 0;
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 100);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

START_TEST(unmovable_from_new)
{
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net");
	r.rename_error = EIO;
	rig_pass(&r, 100);
	ck_assert_uint_eq(rig_files(&r, PLACE_NEW), 1);
	r.rename_error = 0;
	UNTIL(&r, rig_got(&r, 0, "bob@example.net") == 1, 16);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_end(&r);
}
END_TEST

static size_t
unremoved(void)
{
	struct queue_counts n;

	queue_count(r.q, &n);
	return n.unremoved;
}

/* Sent and returned, and nobody gets it again: not while this daemon lives, and not from the next. */
START_TEST(unremovable)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	r.unlink_error = EIO;
	rig_start(&r);
	rig_submit(&r, "alice@example.org", "bob@example.net eve@example.net");
	UNTIL(&r, unremoved() == 2, 10);        /* it, and the report */
	rig_submit(&r, "carol@example.org", "dave@example.net");
	UNTIL(&r, unremoved() == 3, 10);
	rig_pass(&r, 100);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
		ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
		ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 3);
		rig_halt(&r);
		rig_start(&r);
		UNTIL(&r, unremoved() == 3, 10);
	}
	ck_assert_uint_eq(rig_logged(&r, "neither be removed nor"), 0);
	r.unlink_error = 0;
	UNTIL(&r, rig_files(&r, PLACE_CUR) == 0, 16);
	ck_assert_uint_eq(unremoved(), 0);
	ck_assert_uint_eq(rig_logged(&r, "removed at last"), 3);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
	rig_end(&r);
}
END_TEST

/* What a restart would send again is one message and no more. */
START_TEST(unremovable_and_unmarkable)
{
	r.relay[0].lines = "\tconnections = 1\n\tpipeline-depth = 1";
	rig_submit_each(&r, 5);
	r.unlink_error = r.write_error = EROFS;
	rig_start(&r);
	UNTIL(&r, unremoved() == 1, 10);
	rig_pass(&r, 50);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_logged(&r, "neither be removed nor"), 1);
	ck_assert_int_eq(queue_shortage(r.q), -EROFS);
	r.unlink_error = r.write_error = 0;
	UNTIL(&r, rig_got(&r, 0, NULL) == 5, 100);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 0);
	rig_end(&r);
}
END_TEST

/* After the clock was set back a name may be taken in cur/. */
START_TEST(a_name_that_is_taken)
{
	msgid id;
	char  name[ID_LEN + 1], path[64];
	char *text;
	size_t n;

	rig_start(&r);
	script_listen(r.relay[0].script, false);
	id = rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rests(), 10);
	msgid_format(id, name);
	text = scratch_read(&r.spool, "cur", name, &n);
	snprintf(path, sizeof(path), "new/%s", name);
	scratch_write(&r.spool, "new", name, (struct span){ text, n });
	free(text);
	rig_pass(&r, 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_NEW), 0);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 2);
	rig_end(&r);
}
END_TEST

/* ---- poison ---- */

/* A message that makes the server drop the link each time, in these ways. */
static const struct turn drops[] = {
	{ .when = "end", .act = ACT_CLOSE, .of = "poison@" },
	{ .when = "end", .act = ACT_RESET, .of = "poison@" },
	{ .when = "content", .at = 20, .act = ACT_CLOSE, .of = "poison@" },
	{ .when = "content", .at = 20, .act = ACT_RESET, .of = "poison@" },
	{ .when = "RCPT TO:", .act = ACT_CLOSE, .of = "poison@" },
	{ .when = "RCPT TO:", .act = ACT_RESET, .of = "poison@" },
	{ .when = "MAIL FROM:<poison", .act = ACT_CLOSE },
	{ .when = "MAIL FROM:<poison", .act = ACT_RESET },
	{ .when = "MAIL FROM:<poison", .say = "421 4.3.0 go away", .act = ACT_CLOSE },
	{ .when = "end", .say = "421 4.3.0 go away", .act = ACT_CLOSE, .of = "poison@" },
	{ .when = "end", .act = ACT_STALL, .of = "poison@" },
};

START_TEST(poison_goes_alone)
{
	/* A stall takes its time: the first poison would be due again before the third is through. */
	size_t poisons = drops[_i].act == ACT_STALL ? 1 : 3;

	r.relay[0].turn[0] = drops[_i];
	r.relay[0].lines = "\tconnections = 1";
	rig_submit(&r, "poison@example.org", "bob@example.net");
	rig_submit_each(&r, 10);
	if (poisons > 1) {
		rig_submit(&r, "poison@example.org", "bob@example.net");
		rig_submit(&r, "poison@example.org", "bob@example.net");
	}
	rig_submit(&r, "last@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == poisons && rig_got_from(&r, 0, "last@example.org") == 1, 2400);
	UNTIL(&r, rig_files(&r, PLACE_CUR) == 0, 10);
	/* A reset may take an answer with it, so somebody else's message may be taken twice, never lost. */
	for (unsigned i = 1; i <= 10; i++) {
		char     from[40];
		unsigned got;

		snprintf(from, sizeof(from), "sender%u@example.org", i);
		got = rig_got_from(&r, 0, from);
		ck_assert_msg(got >= 1 && got <= (drops[_i].act == ACT_RESET ? 2 : 1), "%u copies from %s", got, from);
	}
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD) + rig_files(&r, PLACE_BAD), 0);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 800);
	ck_assert_uint_ge(rig_got_from(&r, 0, "poison@example.org"), poisons);
	rig_end(&r);
}
END_TEST

/* The others do not wait for a message that stalls: at most its own deadlines. */
START_TEST(poison_delays_little)
{
	int64_t began_ms = vclock_ms();

	r.relay[0].turn[0] = (struct turn){ .when = "end", .act = ACT_CLOSE, .of = "poison@" };
	r.relay[0].lines = "\tconnections = 1";
	rig_submit(&r, "poison@example.org", "bob@example.net");
	rig_submit_each(&r, 20);
	rig_start(&r);
	UNTIL(&r, rig_got_from(&r, 0, "sender20@example.org") == 1, 60);
	ck_assert_int_le(vclock_ms() - began_ms, 5000);
	ck_assert_uint_eq(rig_logged(&r, "may be duplicated"), 1);
	rig_end(&r);
}
END_TEST

/* A connection that ends with several messages on their way, in ways that leave the later answers unread. */
static const struct turn ends[] = {
	{ .when = "end", .act = ACT_CLOSE, .nth = 8 },
	{ .when = "end", .act = ACT_RESET, .nth = 8, .say = "*" },
	{ .when = "RSET", .say = "500 5.5.1 what is that?", .nth = 6 },
	{ .when = "RCPT TO:", .say = "503 5.5.1 not now", .nth = 8 },
};

static bool
logged_may_be_duplicated(msgid id)
{
	struct span rest = buf_view(&r.log), line;
	char        name[ID_LEN + 1];
	bool        found = false;

	msgid_format(id, name);
	while (span_cut(&rest, '\n', &line))
		found = found || (memmem(line.p, line.n, name, ID_LEN) != NULL &&
		    span_icontains(line, SPAN("may be duplicated")));
	return found;
}

/* Whose content was out, and whose answer nobody read: the log says of each that it may come twice. */
START_TEST(twice_is_told)
{
	msgid id[24];

	r.relay[0].turn[0] = ends[_i];
	r.relay[0].lines = "\tconnections = 1";
	for (unsigned i = 0; i < 24; i++) {
		char from[40];

		snprintf(from, sizeof(from), "sender%u@example.org", i);
		id[i] = rig_submit(&r, from, "bob@example.net");
	}
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 1200);
	for (unsigned i = 0; i < 24; i++) {
		char     from[40];
		unsigned got;

		snprintf(from, sizeof(from), "sender%u@example.org", i);
		got = rig_got_from(&r, 0, from);
		ck_assert_msg(got == 1 || (got == 2 && logged_may_be_duplicated(id[i])), "%u copies from %s\n%s", got, from,
		    rig_tail(&r));
	}
	/* The one it broke at, and those behind it. */
	ck_assert_uint_ge(rig_logged(&r, "may be duplicated"), 2);
	rig_end(&r);
}
END_TEST

TCase *
queue_failing_case(void)
{
	TCase *t = tcase_create("failing");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, goes_to_bad, 0, 2 * sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(t, other_names_are_left_alone);
	tcase_add_test(t, no_regular_file);
	tcase_add_test(t, a_file_that_goes_away);
	tcase_add_loop_test(t, unreadable_for_a_while, 0, 4);
	tcase_add_test(t, unmovable_to_later);
	tcase_add_test(t, unmovable_from_later);
	tcase_add_test(t, unmovable_from_new);
	tcase_add_test(t, unremovable);
	tcase_add_test(t, unremovable_and_unmarkable);
	tcase_add_test(t, a_name_that_is_taken);
	tcase_add_loop_test(t, poison_goes_alone, 0, sizeof(drops) / sizeof(drops[0]));
	tcase_add_test(t, poison_delays_little);
	tcase_add_loop_test(t, twice_is_told, 0, sizeof(ends) / sizeof(ends[0]));
	return t;
}
