/* queue_deliver.c - what becomes of a message: sent, refused, deferred, expired, split. */
#include "queue_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "relay/retry.h"
#include "vclock.h"

#define DAY_S 86400

static struct rig r;

static void
setup(void)
{
	rig_make(&r, 1);
}

static unsigned
commands(const char *verb)
{
	return script_count(r.relay[0].script, verb);
}

static void
check_nothing_left(void)
{
	static const enum place all[] = { PLACE_TMP, PLACE_NEW, PLACE_CUR, PLACE_LATER, PLACE_DEAD, PLACE_BAD };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_msg(rig_files(&r, all[i]) == 0, "something is left in %s/", place_name(all[i]));
}

static void
check_content(const char *text)
{
	struct span content = buf_view(&rig_last(&r, 0)->content);

	ck_assert_msg(span_icontains(content, span_of(text)), "no \"%s\" in\n%.*s", text, (int)content.n, content.p);
}

static unsigned
times_in(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text++;
	}
	return n;
}

/* ---- one message ---- */

START_TEST(sent_is_gone)
{
	rig_submit(&r, "alice@example.org", "bob@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got_from(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(rig_logged(&r, "to=<bob@example.net>, relay=127.0.0.1[127.0.0.1]"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=sent (250 2.0.0 queued)"), 1);
	check_nothing_left();
	/* And while it runs: the FIFO tells of the next. */
	rig_submit(&r, "alice@example.org", "bob@example.net");
	UNTIL(&r, rig_got(&r, 0, NULL) == 2, 1);
	UNTIL(&r, rig_is_empty(&r), 1);
	ck_assert_uint_eq(script_connections(r.relay[0].script), 1);
	rig_end(&r);
}
END_TEST

START_TEST(refused_is_reported)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "550 5.1.1 no such user" };
	rig_submit(&r, "alice@example.org", "bob@example.net eve@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "eve@example.net"), 0);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_str_eq(rig_last(&r, 0)->from, "");
	check_content("Content-Type: multipart/report; report-type=delivery-status");
	check_content("Final-Recipient: rfc822; eve@example.net\r\n");
	check_content("Action: failed\r\n");
	check_content("Status: 5.1.1\r\n");
	check_content("550 5.1.1 no such user");
	check_content("Remote-MTA: dns; 127.0.0.1\r\n");
	ck_assert_uint_eq(times_in(buf_cstr(&rig_last(&r, 0)->content), "Final-Recipient:"), 1);
	ck_assert_uint_eq(rig_logged(&r, "status=bounced (550 5.1.1 no such user)"), 1);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

/* The report is refused too: nobody can be told, so it must be seen. */
START_TEST(refused_report_is_dead)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "550 5.1.1 no such user" };
	rig_submit(&r, "alice@example.org", "eve@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 10);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD), 1);
	ck_assert_uint_eq(commands("RCPT TO:"), 2);
	rig_end(&r);
}
END_TEST

START_TEST(refused_null_sender_is_dead)
{
	msgid id = rig_submit(&r, "", "eve@example.net");
	char *file;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "550 5.1.1 no such user" };
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 1, 10);
	ck_assert(rig_is_empty(&r));
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	ck_assert_uint_eq(rig_logged(&r, "moved to dead/"), 1);
	file = rig_file(&r, PLACE_DEAD, id);
	ck_assert_ptr_nonnull(strstr(file,
	    " fail rcpt=1 code=550 dsn=5.1.1 relay=one text=5.1.1%20no%20such%20user\n"));
	free(file);
	ck_assert_int_eq(rig_shown(&r, id).state, SHOWN_DEAD);
	rig_end(&r);
}
END_TEST

START_TEST(refused_notify_never_is_gone)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "550 5.1.1 no such user" };
	rig_submit_notify(&r, "alice@example.org", "eve@example.net", NOTIFY_NEVER);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	rig_pass(&r, 20);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

START_TEST(deferred_is_tried_again_when_due)
{
	msgid        id = rig_submit(&r, "alice@example.org", "bob@example.net");
	struct shown s;
	char        *file;
	int64_t      now_s;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:", .say = "450 4.2.1 come back", .nth = 1 };
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	now_s = clock_wall_s();
	s = rig_shown(&r, id);
	ck_assert_int_eq(s.state, SHOWN_LATER);
	/* The queue's clock and the file's may stand a second apart. */
	ck_assert(s.due_s == retry_at(msgid_time_us(id) / 1000000, now_s, id) ||
	    s.due_s == retry_at(msgid_time_us(id) / 1000000, now_s - 1, id));
	file = rig_file(&r, PLACE_LATER, id);
	ck_assert_ptr_nonnull(strstr(file, " defer rcpt=1 code=450 dsn=4.2.1 relay=one text=4.2.1%20come%20back\n"));
	ck_assert_uint_eq(times_in(file, "rcpt=1"), 1);
	free(file);
	ck_assert_uint_eq(rig_logged(&r, "status=deferred (450 4.2.1 come back)"), 1);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_int_ge(clock_wall_s(), s.due_s);
	ck_assert_int_le(clock_wall_s(), s.due_s + 16);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

/* Jump, and let what is due then happen. */
static void
after(int64_t s)
{
	vclock_jump_ms(s * 1000);
	rig_pass(&r, 5);
}

START_TEST(expires_after_five_days)
{
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<eve", .say = "450 4.2.1 come back" };
	rig_submit(&r, "alice@example.org", "bob@example.net eve@example.net");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	after(5 * DAY_S - 3000);
	ck_assert_uint_eq(commands("RCPT TO:<eve"), 2);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 1);
	/* Told once that it is delayed, long before. */
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	check_content("Action: delayed\r\n");
	after(2900);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	after(1100);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(commands("RCPT TO:<eve"), 3);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 2);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	check_content("Tried for 5 days");
	check_content("Action: failed\r\n");
	check_content("Final-Recipient: rfc822; eve@example.net\r\n");
	check_content("450 4.2.1 come back");
	check_nothing_left();
	rig_end(&r);
}
END_TEST

static bool
rests(void)
{
	return upstream_well(rig_up(&r, 0)) == RESTING;
}

/* Nobody ever refused these: the relay's trouble is the reason. */
START_TEST(expires_while_the_relay_rests)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit(&r, "alice@example.org", "bob@example.net eve@example.net");
	rig_submit(&r, "", "carol@example.net");
	rig_submit_notify(&r, "alice@example.org", "dave@example.net", NOTIFY_NEVER);
	UNTIL(&r, rests(), 10);
	after(5 * DAY_S - 60);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 3);
	rig_submit(&r, "zoe@example.org", "fresh@example.net");
	rig_pass(&r, 120);
	ck_assert_uint_eq(rig_files(&r, PLACE_DEAD), 1);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 2);         /* the report and the fresh one */
	script_listen(r.relay[0].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 2);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "fresh@example.net"), 1);
	check_content("Connection refused");
	check_content("the relay one could not be used");
	check_content("Final-Recipient: rfc822; bob@example.net\r\n");
	check_content("Final-Recipient: rfc822; eve@example.net\r\n");
	rig_end(&r);
}
END_TEST

/* More than one look takes: the rest follows at once, and nobody waits for a quarter of a minute each. */
START_TEST(expires_in_crowds)
{
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	for (unsigned i = 0; i < 200; i++)
		rig_submit(&r, "", "bob@example.net");
	UNTIL(&r, rests() && rig_files(&r, PLACE_CUR) == 200, 10);
	vclock_jump_ms(5 * DAY_S * INT64_C(1000));
	rig_pass(&r, 1);
	UNTIL(&r, rig_files(&r, PLACE_DEAD) == 200, 20);
	ck_assert(rig_is_empty(&r));
	rig_end(&r);
}
END_TEST

/* Looking for what expired must not change who is next, whoever else looks. */
START_TEST(looking_keeps_the_order)
{
	unsigned n = 7;
	char     from[32];

	r.owners = _i == 1;
	rig_start(&r);
	script_listen(r.relay[0].script, false);
	rig_submit(&r, "somebody@example.com", "else@example.net");
	rig_submit_each(&r, 7);
	UNTIL(&r, rests(), 10);
	rig_pass(&r, 100);
	script_listen(r.relay[0].script, true);
	UNTIL(&r, rig_is_empty(&r), 100);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 8);
	ck_assert_uint_eq(rig_got(&r, 0, "else@example.net"), 1);
	for (const struct accepted *a = rig_last(&r, 0); a != NULL; a = a->next) {
		if (strcmp(a->rcpt[0], "else@example.net") == 0)
			continue;
		snprintf(from, sizeof(from), "sender%u@example.org", n--);
		ck_assert_str_eq(a->from, from);
	}
	rig_end(&r);
}
END_TEST

/* ---- many recipients ---- */

START_TEST(many_recipients_in_several_transactions)
{
	rig_submit_many(&r, "alice@example.org", 250);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 3);
	ck_assert_uint_eq(rig_last(&r, 0)->nrcpt, 50);
	ck_assert_uint_eq(commands("RCPT TO:"), 250);
	for (unsigned i = 1; i <= 250; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to), 1);
	}
	check_nothing_left();
	rig_end(&r);
}
END_TEST

/* Who was sent is on stable storage before the next thing, and a restart knows it. */
START_TEST(restart_sends_to_the_deferred_alone)
{
	msgid id = rig_submit_many(&r, "alice@example.org", 250);
	char *file;

	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<r120@", .say = "450 4.2.1 come back", .nth = 1 };
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(r.syncs, 3);                  /* one a transaction, not one a recipient */
	file = rig_file(&r, PLACE_LATER, id);
	ck_assert_uint_eq(times_in(file, " sent rcpt="), 249);
	ck_assert_uint_eq(times_in(file, " defer rcpt=120 "), 1);
	free(file);
	rig_halt(&r);
	rig_start(&r);
	ck_assert_int_eq(rig_shown(&r, id).state, SHOWN_LATER);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 4);
	ck_assert_uint_eq(rig_last(&r, 0)->nrcpt, 1);
	ck_assert_str_eq(rig_last(&r, 0)->rcpt[0], "r120@example.net");
	check_nothing_left();
	rig_end(&r);
}
END_TEST

START_TEST(split_at_rcpt)
{
	r.relay[0].server.rcpt_max = 50;
	rig_submit_many(&r, "alice@example.org", 120);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	for (unsigned i = 1; i <= 120; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to), 1);
	}
	ck_assert_uint_le(commands("MAIL FROM:"), 5);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

/* Fifty are taken, the others are "too many", and then the fifty are deferred: no progress, round after round. */
START_TEST(split_without_progress_waits)
{
	r.relay[0].server.rcpt_max = 50;
	r.relay[0].turn[0] = (struct turn){ .when = "end", .say = "450 4.3.0 not now" };
	rig_submit_many(&r, "alice@example.org", 120);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 60);
	ck_assert_uint_le(commands("MAIL FROM:"), 10);
	r.relay[0].turn[0] = (struct turn){ 0 };
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "r120@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "r1@example.net"), 1);
	rig_end(&r);
}
END_TEST

/* A whole message that is too much for the server, however small. */
START_TEST(split_of_the_whole_is_bounded)
{
	r.relay[0].lines = "\trule {\n\t\twhen = { \"mail\" }\n\t\tcode = { \"452\" }\n\t\tverdict = \"split\"\n\t}";
	r.relay[0].turn[0] = (struct turn){ .when = "MAIL FROM:", .say = "452 4.5.3 too many" };
	rig_submit_many(&r, "alice@example.org", 64);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 60);
	ck_assert_uint_le(commands("MAIL FROM:"), 64 + 8);
	rig_pass(&r, 200);
	ck_assert_uint_le(commands("MAIL FROM:"), 64 + 8);
	rig_end(&r);
}
END_TEST

/* Some are refused, some deferred, some sent, in several transactions: each has its own end. */
START_TEST(mixed_outcomes)
{
	r.relay[0].lines = "\trecipients-per-message = 2";
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<r1@", .say = "550 5.1.1 no such user" };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<r3@", .say = "450 4.2.1 come back", .nth = 1 };
	r.relay[0].turn[2] = (struct turn){ .when = "RCPT TO:<r6@", .say = "553 5.1.3 no such user" };
	rig_submit_many(&r, "alice@example.org", 6);
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1 && rig_got(&r, 0, "alice@example.org") == 1, 30);
	check_content("Final-Recipient: rfc822; r1@example.net\r\n");
	check_content("Final-Recipient: rfc822; r6@example.net\r\n");
	ck_assert_uint_eq(times_in(buf_cstr(&rig_last(&r, 0)->content), "Final-Recipient:"), 2);
	UNTIL(&r, rig_is_empty(&r), 400);
	for (unsigned i = 1; i <= 6; i++) {
		char to[40];

		snprintf(to, sizeof(to), "r%u@example.net", i);
		ck_assert_uint_eq(rig_got(&r, 0, to), i != 1 && i != 6);
	}
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

/* ---- local names ---- */

START_TEST(local_names_share_one_copy)
{
	r.top = "local-mail = \"ops@example.net\"";
	rig_submit(&r, "root", "root www-data ops@example.net");
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(commands("RCPT TO:"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "ops@example.net"), 1);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

START_TEST(local_names_share_their_fate)
{
	r.top = "local-mail = \"ops@example.net\"";
	r.relay[0].turn[0] = (struct turn){ .when = "RCPT TO:<ops", .say = "450 4.2.1 come back", .nth = 1 };
	r.relay[0].turn[1] = (struct turn){ .when = "RCPT TO:<ops", .say = "550 5.2.1 gone", .nth = 1 };
	rig_submit(&r, "alice@example.org", "bob@example.net root www-data");
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(commands("RCPT TO:<ops"), 2);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	check_content("<root> (sent on to <ops@example.net>)");
	check_content("<www-data> (sent on to <ops@example.net>)");
	check_nothing_left();
	rig_end(&r);
}
END_TEST

static char *
large_header(size_t bytes)
{
	struct buf b;

	buf_init(&b, 8u << 20);
	while (b.n < bytes)
		buf_str(&b, "X-Filler: seventy characters of no use to anybody but the one who counts them\n");
	buf_str(&b, "\nHello.\n");
	return (char *)buf_steal(&b).p;
}

/* Cut into a transaction each, and none of them can be made: no name may be left without a verdict. */
START_TEST(local_names_of_a_message_that_cannot_leave)
{
	char *text = large_header(2u << 20);

	r.top = "local-mail = \"ops@example.net\"";
	if (_i == 1)
		r.relay[0].lines = "\trecipients-per-message = 1";
	rig_submit_text(&r, "alice@example.org", "root www-data bob@example.net backup", text);
	free(text);
	rig_start(&r);
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "alice@example.org"), 1);
	ck_assert_uint_eq(times_in(buf_cstr(&rig_last(&r, 0)->content), "Final-Recipient:"), 4);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

START_TEST(local_names_of_a_message_that_cannot_be_read)
{
	char *text = large_header(256u << 10);

	r.top = "local-mail = \"ops@example.net\"";
	if (_i == 1)
		r.relay[0].lines = "\trecipients-per-message = 1";
	rig_submit_text(&r, "alice@example.org", "root www-data bob@example.net backup", text);
	free(text);
	r.read_error = EIO;
	rig_start(&r);
	UNTIL(&r, rig_files(&r, PLACE_LATER) == 1, 10);
	ck_assert_uint_eq(rig_got(&r, 0, NULL), 0);
	r.read_error = 0;
	UNTIL(&r, rig_is_empty(&r), 400);
	ck_assert_uint_eq(rig_got(&r, 0, "bob@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "ops@example.net"), 1);
	check_nothing_left();
	rig_end(&r);
}
END_TEST

TCase *
queue_deliver_case(void)
{
	TCase *t = tcase_create("deliver");

	tcase_set_timeout(t, 20);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, sent_is_gone);
	tcase_add_test(t, refused_is_reported);
	tcase_add_test(t, refused_report_is_dead);
	tcase_add_test(t, refused_null_sender_is_dead);
	tcase_add_test(t, refused_notify_never_is_gone);
	tcase_add_test(t, deferred_is_tried_again_when_due);
	tcase_add_test(t, expires_after_five_days);
	tcase_add_test(t, expires_while_the_relay_rests);
	tcase_add_test(t, expires_in_crowds);
	tcase_add_loop_test(t, looking_keeps_the_order, 0, 2);
	tcase_add_test(t, many_recipients_in_several_transactions);
	tcase_add_test(t, restart_sends_to_the_deferred_alone);
	tcase_add_test(t, split_at_rcpt);
	tcase_add_test(t, split_without_progress_waits);
	tcase_add_test(t, split_of_the_whole_is_bounded);
	tcase_add_test(t, mixed_outcomes);
	tcase_add_test(t, local_names_share_one_copy);
	tcase_add_test(t, local_names_share_their_fate);
	tcase_add_loop_test(t, local_names_of_a_message_that_cannot_leave, 0, 2);
	tcase_add_loop_test(t, local_names_of_a_message_that_cannot_be_read, 0, 2);
	return t;
}
