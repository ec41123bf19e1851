/* test_standing.c - what the daemon's answer to status means, and its JSON. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern/document.h"
#include "postern/standing.h"

#define NOW 1764000000
#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *records;
	enum health health;
	const char *why;
} rows[] = {
	{ "", HEALTH_WELL, "" },
	{ "daemon version=1 network=up\nrelay name=g state=up sessions=2\nrelay name=h state=idle\n"
	  "queue ready=3 later=4 oldest=1763999000\n", HEALTH_WELL, "" },
	{ "relay name=g state=resting text=timed%20out until=1764000010\n", HEALTH_DEGRADED, "relay g rests: timed out\n" },
	{ "relay name=g state=probing text=421%20busy\n", HEALTH_DEGRADED, "relay g is being tried again: 421 busy\n" },
	{ "relay name=g state=quota\n", HEALTH_DEGRADED, "relay g has used up its quota\n" },
	{ "relay name=g state=offline\n", HEALTH_DEGRADED, "relay g has no network\n" },
	{ "relay name=g state=paused needs_person=0\n", HEALTH_DEGRADED, "relay g is paused: postern resume g\n" },
	{ "relay name=g state=resting needs_person=1 text=535%20no hint=make%20an%20app%20password\n"
	  "relay name=h state=resting text=x\n", HEALTH_PERSON,
	  "relay g needs a person: 535 no (make an app password)\nrelay h rests: x\n" },
	{ "relay name=g state=resting verdict=credential text=535\n", HEALTH_PERSON, "relay g needs a person: 535\n" },
	{ "relay name=g state=idle auth=oauth grant_expires=1764259201\n", HEALTH_WELL, "" },
	{ "relay name=g state=idle auth=oauth grant_expires=1764172800\n", HEALTH_DEGRADED,
	  "relay g: the consent ends in 2d00h: postern login g\n" },
	{ "relay name=g state=idle auth=oauth grant_expires=1763999999\n", HEALTH_DEGRADED,
	  "relay g: the consent ends in 0s: postern login g\n" },
	{ "relay name=g state=dancing\n", HEALTH_WELL, "" },            /* a newer daemon's */
	{ "queue dead=1\n", HEALTH_PERSON,
	  "1 message could be neither delivered nor returned: postern queue --state dead\n" },
	{ "queue bad=2 hold=3\n", HEALTH_PERSON,
	  "2 messages cannot be read: postern queue --state bad\n3 messages held: postern queue --state hold\n" },
	{ "queue unremoved=0\n", HEALTH_WELL, "" },
	{ "queue unremoved=2\n", HEALTH_PERSON,
	  "2 messages sent or returned, but cannot be removed from the spool: postern log says why; "
	  "is its disk well and writable?\n" },
	{ "queue shortage=Read-only%20file%20system\n", HEALTH_PERSON,
	  "nothing can be taken from the queue: Read-only file system; mail is kept, and tried again each minute\n" },
	{ "queue hold=1\n", HEALTH_DEGRADED, "1 message held: postern queue --state hold\n" },
	{ "daemon network=down\n", HEALTH_DEGRADED, "there is no network\n" },
	{ "daemon network=unknown\n", HEALTH_WELL, "" },
	{ "daemon network=up disk_free=67108864 min_free=67108864\n", HEALTH_WELL, "" },
	{ "daemon network=up disk_free=1048576 min_free=67108864\nqueue hold=1\n", HEALTH_PERSON,
	  "no mail is accepted: the disk of the spool has 1.0M left, and min-free is 64M; make room on it\n"
	  "1 message held: postern queue --state hold\n" },
	{ "queue oldest=1763985600\n", HEALTH_WELL, "" },
	{ "queue oldest=1763985599\n", HEALTH_DEGRADED,
	  "the oldest message waits for 4h00m: postern queue --limit 1\n" },
};

static void
feed(struct standing *s, const char *lines)
{
	struct span rest = span_of(lines), line;

	standing_init(s);
	while (span_cut(&rest, '\n', &line))
		standing_record(s, line);
	standing_judge(s, NOW);
}

START_TEST(judges)
{
	struct standing s;

	feed(&s, rows[_i].records);
	ck_assert_int_eq(s.health, rows[_i].health);
	ck_assert_str_eq(buf_cstr(&s.why), rows[_i].why);
	standing_done(&s);
}
END_TEST

START_TEST(prints)
{
	struct term term = { .width = 80 };
	struct standing s;
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	setenv("TZ", "UTC", 1);
	feed(&s,
	    "daemon version=0.1.0 pid=12 started=1763996400 hostname=web1%1B[2J config=/etc/x network=up\n"
	    "relay name=gmail provider=gmail host=smtp.gmail.com port=465 state=up sessions=2 since=1763999880 "
	    "carried=1530 sent_1m=12 quota_hour=480/500 quota_day=500/2000 room_at=0\n"
	    "relay name=isp host=mail.isp.net port=587 state=resting sessions=0 since=1763999990 verdict=credential "
	    "until=1764003600 text=535%20%1B]0;x%07no hint=say%20friend needs_person=1\n"
	    "queue ready=3 active=1 later=12 hold=0 dead=0 bad=0 new=0 oldest=1763999000\n"
	    "age under=900 n=4\nage under=3600 n=12\nage under=14400 n=0\n"
	    "rate sent_1m=12 sent_1h=300 sent_24h=4500 failed_24h=3 deferred_24h=12\n");
	standing_print(&s, out, &term, NOW);
	fclose(out);
	ck_assert_str_eq(text,
	    "posternd 0.1.0 on web1?[2J, up 1h00m, pid 12, network up\n"
	    "RELAY        STATE       FOR  SESS  PER MIN    CARRIED  SERVER\n"
	    "gmail        up        2m00s     2       12       1530  smtp.gmail.com:465\n"
	    "  quota 480/500 an hour, 500/2000 a day\n"
	    "isp          resting     10s     0        0          0  mail.isp.net:587\n"
	    "  535 ?]0;x?no\n"
	    "  say friend\n"
	    "  next attempt Mon Nov 24 17:00:00, in 1h00m\n"
	    "queue   3 ready, 1 active, 12 later, 0 new, 0 held, 0 dead, 0 bad\n"
	    "age     4 under 15m00s, 12 under 1h00m; the oldest 16m40s\n"
	    "rate    12 sent in a minute, 300 in an hour, 4500 in a day, 3 failed, 12 deferred\n"
	    "needs a person\n"
	    "  relay isp needs a person: 535 ?]0;x?no (say friend)\n");
	free(text);
	standing_done(&s);
}
END_TEST

/* ---- JSON ---- */

static struct queued got;

static void
on_message(void *arg, struct queued *q)
{
	(void)arg;
	got = *q;
	*q = (struct queued){ .nrcpts = 0 };
}

/* All ASCII, whatever came; read back, it says the same. */
START_TEST(document)
{
	struct queued_reader r = { .message = on_message };
	json_t *o;
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	queued_read(&r, SPAN("message id=0123456789ABCDEF size=20 time=1764000000 state=later uid=0 user=root "
	    "sender=%22a%5Cb%22%40x next=5"));
	queued_read(&r, SPAN("recipient addr=j%C3%BCrg%40x state=deferred code=451 text=%1B[2J%C2%9Bx%7F%7Fy%FF%0A%7F"));
	queued_read_end(&r);
	document_print_part(out, document_queued(&got));
	fclose(out);
	queued_done(&got);
	for (size_t i = 0; i < n; i++)
		ck_assert(text[i] >= ' ' && text[i] < 0x7f);
	ck_assert_str_eq(text, "{\"id\":\"0123456789ABCDEF\",\"state\":\"later\",\"size\":20,\"arrival\":1764000000,"
	    "\"sender\":\"\\\"a\\\\b\\\"@x\",\"user\":\"root\",\"uid\":0,\"attempts\":0,\"last\":null,\"next\":5,"
	    "\"reason\":null,\"recipients\":[{\"address\":\"j\\u00FCrg@x\",\"state\":\"deferred\",\"time\":null,"
	    "\"code\":451,\"dsn\":null,\"relay\":null,\"text\":\"\\u001B[2J\\u009Bx\\u007f\\u007fy\\uFFFD\\n\\u007f\"}]}");
	ck_assert_ptr_nonnull(o = json_loads(text, 0, NULL));
	json_decref(o);
	free(text);
}
END_TEST

Suite *suite_standing(void);

Suite *
suite_standing(void)
{
	Suite *s = suite_create("standing");
	TCase *t = tcase_create("standing");

	tcase_add_loop_test(t, judges, 0, ROWS(rows));
	tcase_add_test(t, prints);
	tcase_add_test(t, document);
	suite_add_tcase(s, t);
	return s;
}
