/*
 * queue_day.c - a day and a half with an account at Gmail, in some seconds:
 * the real provider file, several users, and everything that goes wrong with
 * such an account, one after the other.  In the end every message has one
 * outcome, nobody was told that his message failed because the account was
 * in trouble, and the log can be read.
 *
 * What the daemon wrote by itself is read by Python's email package, if there
 * is a python3.
 */
#include "queue_rig.h"

#include <sys/stat.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/actions.h"
#include "vclock.h"

#define ACCOUNT "ops@example.com"
#define OF_A_DAY   500                  /* what the account may send */
#define RUNAWAY    130                  /* of these … */
#define HELD       30                   /* … so many are more than 100 an hour */
#define MAX_LETTER 2000

/* The turns of the far end, by what is wrong. */
enum { LOGIN, QUOTA, EXPIRED, BUSY, FULL, NOBODY, GONE };

#define NEVER "-"

static struct rig r;
static unsigned   nletters;             /* to m0001@example.net, … */
static bool       next_day;             /* the account has sent nothing yet */

/* ---- the day ---- */

/* The account's own counter: what it says at DATA depends on it. */
static void
account_counts(void *arg, unsigned n)
{
	struct rig *rig = arg;

	(void)n;
	rig->relay[0].turn[QUOTA].when = !next_day && rig_got(rig, 0, NULL) >= OF_A_DAY ? "DATA" : NEVER;
}

static void
setup(void)
{
	struct rig_relay *u;

	rig_make(&r, 1);
	nletters = 0;
	next_day = false;
	r.providers = "etc/providers";
	r.owners = true;
	r.top = "flood { per-user = 100  per = 1h }\n";
	u = &r.relay[0];
	u->user = u->server.user = ACCOUNT;
	u->host = "0.0.0.0";            /* this machine, and yet no loopback address: it needs a network */
	/* The admin believes that it is a Workspace account. */
	u->lines = "\tprovider = \"gmail\"\n\tinsecure = yes\n\tmessages-per-day = 2000\n";
	u->server.offers &= ~(unsigned)OFFER_CHUNKING;
	u->turn[LOGIN] = u->turn[QUOTA] = u->turn[EXPIRED] = u->turn[BUSY] = (struct turn){ .when = NEVER };
	u->moment = account_counts;
	u->turn[QUOTA].say = "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\n"
	    "550-5.4.5 sending limits go to\n550 5.4.5  https://support.google.com/a/answer/166852 x - gsmtp";
	u->turn[FULL] = (struct turn){ .when = "RCPT TO:<full@",
	    .say = "452-4.2.2 The recipient's inbox is out of storage space. Please direct the\n"
	           "452 4.2.2 recipient to x - gsmtp" };
	u->turn[NOBODY] = (struct turn){ .when = "RCPT TO:<nobody@",
	    .say = "550-5.1.1 The email account that you tried to reach does not exist.\n550 5.1.1  x - gsmtp" };
	u->turn[GONE] = (struct turn){ .when = "RCPT TO:<gone@",
	    .say = "550 5.2.1 The email account that you tried to reach is disabled. x - gsmtp" };
}

static size_t
carried(void)
{
	struct queue_counts c;

	queue_count(r.q, &c);
	return c.carried;
}

/* Five minutes at a time, and what is due then comes to its end before the next. */
static void
hours(unsigned n)
{
	for (unsigned i = 0; i < n * 12; i++) {
		vclock_jump_ms(295 * 1000);
		rig_pass(&r, 5);
		UNTIL(&r, carried() == 0, 600);
	}
}

static void
sends(const char *from, const char *more)
{
	char to[80];

	snprintf(to, sizeof(to), "m%04u@example.net%s", ++nletters, more);
	rig_submit(&r, from, to);
}

/* In this ring a message's size says whose it is: names of four lengths. */
static void
users_send(unsigned each)
{
	while (each-- > 0) {
		sends("ann@example.org", "");
		sends("bert@example.org", "");
		sends("carol@example.org", "");
		sends("dominic@example.org", "");
	}
}

static unsigned
tried(const char *command)
{
	return script_count(r.relay[0].script, command);
}

static unsigned
got(void)
{
	return rig_got(&r, 0, NULL);
}

static void
login_is_refused(void)
{
	struct turn *t = &r.relay[0].turn[LOGIN];

	*t = (struct turn){ .when = "AUTH",
	    .say = "535-5.7.8 Username and Password not accepted. For more information, go to\n"
	           "535 5.7.8  https://support.google.com/mail/?p=BadCredentials x - gsmtp" };
	users_send(10);
	UNTIL(&r, upstream_trouble(rig_up(&r, 0))->verdict == VERDICT_CREDENTIAL, 60);
	hours(2);
	ck_assert_uint_le(tried("AUTH"), 3);
	ck_assert_uint_eq(got(), 0);
	t->when = NEVER;
	ck_assert(rig_reload(&r));
	UNTIL(&r, rig_is_empty(&r), 10);
	ck_assert_uint_eq(got(), nletters);
}

static void
too_many_logins(void)
{
	struct turn *t = &r.relay[0].turn[LOGIN];
	unsigned     before = got(), logins;

	rig_pass(&r, 200);              /* the connections of before are over */
	logins = tried("AUTH");
	*t = (struct turn){ .when = "AUTH",
	    .say = "454-4.7.0 Too many login attempts, please try again later. For more\n454-4.7.0 information, go to\n"
	           "454 4.7.0  https://support.google.com/mail/answer/7126229 x - gsmtp" };
	users_send(10);
	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING, 60);
	rig_pass(&r, 780);
	users_send(1);                  /* which brings nothing forward */
	rig_pass(&r, 60);
	ck_assert_uint_eq(tried("AUTH"), logins + 1);
	ck_assert_uint_eq(got(), before);
	t->when = NEVER;
	UNTIL(&r, rig_is_empty(&r), 1800);
	ck_assert_uint_eq(got(), nletters);
}

/* Two that do not exist, one that is full, one who floods; and the server hangs up twice. */
static void
busy_morning(void)
{
	r.relay[0].turn[EXPIRED] = (struct turn){ .when = "MAIL FROM:", .act = ACT_CLOSE, .nth = 10,
	    .say = "421 4.7.0 Connection expired, try reconnecting x - gsmtp" };
	r.relay[0].turn[BUSY] = (struct turn){ .when = "end", .act = ACT_CLOSE, .nth = 20,
	    .say = "421-4.3.0 Temporary System Problem.  Try again later\n421 4.3.0  (WS) x - gsmtp" };
	sends("ann@example.org", " nobody@example.net");
	sends("bert@example.org", " gone@example.net");
	sends("carol@example.org", " full@example.net");
	users_send(5);
	for (unsigned i = 0; i < RUNAWAY; i++)
		sends("a.program.gone.wild@example.org", "");
	UNTIL(&r, rig_files(&r, PLACE_HOLD) == HELD && rig_files(&r, PLACE_CUR) == 0 && rig_files(&r, PLACE_NEW) == 0, 300);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 1);
	hours(1);
	ck_assert_uint_eq(rig_got(&r, 0, "root@example.com"), 1);
}

static msgid
first_held(void)
{
	char  name[256];
	msgid id;

	ck_assert_int_gt(scratch_count(&r.spool, "hold", name), 0);
	ck_assert(msgid_parse(name, &id));
	return id;
}

/* As the digest says. */
static void
admin_releases(void)
{
	static const struct action_order order = { .action = ACTION_RELEASE, .user = "root", .all = true };

	while (rig_files(&r, PLACE_HOLD) > 0) {
		struct idset    ids = { 0 };
		struct actions *a;

		(void)idset_add(&ids, first_held());
		a = actions_new(r.q, &order, &ids, &(struct action_ear){ 0 });
		while (actions_turn(a))
			;
		ck_assert_uint_eq(actions_counts(a)->done, 1);
		actions_free(a);
	}
	UNTIL(&r, rig_files(&r, PLACE_CUR) == 0, 60);
	rig_pass(&r, 60);
}

static void
network_is_away(void)
{
	unsigned before = got(), connections = script_connections(r.relay[0].script);

	queue_set_reach(r.q, REACH_NONE);
	for (unsigned i = 0; i < 6; i++) {
		users_send(12);
		hours(1);
	}
	ck_assert_uint_eq(script_connections(r.relay[0].script), connections);
	ck_assert_uint_eq(got(), before);
	queue_set_reach(r.q, REACH_FAR);
}

/* It takes what is left of the day, and then looks in once an hour. */
static void
day_is_used_up(void)
{
	unsigned tries, taken;

	UNTIL(&r, upstream_well(rig_up(&r, 0)) == RESTING && carried() == 0, 60);
	tries = tried("DATA");
	taken = got();
	ck_assert_uint_ge(taken, OF_A_DAY);
	ck_assert_uint_lt(taken, OF_A_DAY + 3);         /* so many connections */
	hours(12);
	ck_assert_uint_eq(got(), taken);
	ck_assert_uint_ge(tried("DATA"), tries + 11);
	/* The full mailbox is a probe that goes well now and then, and some try behind it. */
	ck_assert_uint_le(tried("DATA"), tries + 20);
	next_day = true;
	hours(2);
	ck_assert_uint_eq(rig_files(&r, PLACE_CUR), 0);
	ck_assert_uint_eq(rig_files(&r, PLACE_LATER), 1);
	r.relay[0].turn[FULL].when = NEVER;
	hours(2);
}

/* ---- what is left of it ---- */

static void
each_once(void)
{
	static unsigned char times[MAX_LETTER];

	ck_assert_uint_lt(nletters, MAX_LETTER);
	memset(times, 0, sizeof(times));
	for (const struct accepted *a = rig_last(&r, 0); a != NULL; a = a->next) {
		for (size_t i = 0; i < a->nrcpt; i++) {
			unsigned n;

			if (sscanf(a->rcpt[i], "m%4u@", &n) == 1 && n < MAX_LETTER)
				times[n]++;
		}
	}
	for (unsigned i = 1; i <= nletters; i++)
		ck_assert_msg(times[i] == 1, "m%04u arrived %u times", i, times[i]);
	ck_assert_uint_eq(rig_got(&r, 0, "full@example.net"), 1);
	ck_assert_uint_eq(rig_got(&r, 0, "nobody@example.net") + rig_got(&r, 0, "gone@example.net"), 0);
}

static unsigned
lines(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < r.log.n; i++)
		n += r.log.p[i] == '\n';
	return n;
}

static unsigned
recipients_got(void)
{
	unsigned n = 0;

	for (const struct accepted *a = rig_last(&r, 0); a != NULL; a = a->next)
		n += (unsigned)a->nrcpt;
	return n;
}

/* Each thing that happened has its line, once; and all that has none of its own is few. */
static void
log_tells(void)
{
	static const struct {
		const char *text;
		unsigned    least, most;
	} story[] = {
		{ "alert relay=one, status=needs-attention, next=3600s", 1, 1 },
		{ "Gmail wants an app password of 16 letters", 1, 1 },
		{ "status=resting, next=900s, reason=0.0.0.0[0.0.0.0]:", 1, 1 },
		{ "454 4.7.0 Too many login attempts", 1, 1 },
		{ "421 4.3.0 Temporary System Problem", 1, 1 },
		{ "sent more than 100 messages in 1h00m: further ones are held", 1, 1 },
		{ ", held (flood: ", HELD, HELD },
		{ "flood: 30 messages stand in hold/, and ", 1, 1 },
		{ ": released by root", HELD, HELD },
		{ "network: away", 1, 1 },
		{ "network: back after 6h00m", 1, 1 },
		{ "550 5.4.5 Daily user sending limit exceeded", 1, 6 },
		{ "to=<nobody@example.net>, ", 1, 1 },
		{ "to=<gone@example.net>, ", 1, 1 },
		{ "status=bounced", 2, 2 },
		{ ": report to <", 2, 2 },
		{ ": notice to <carol@example.org>", 1, 1 },
		{ "status=deferred (452 4.2.2 ", 5, 20 },
		{ "status=deferred", 5, 20 },
		{ "status=resting", 3, 10 },
	};
	unsigned other = lines();

	for (size_t i = 0; i < sizeof(story) / sizeof(story[0]); i++) {
		unsigned n = rig_logged(&r, story[i].text);

		ck_assert_msg(n >= story[i].least && n <= story[i].most, "%u lines with '%s'", n, story[i].text);
	}
	ck_assert_uint_eq(rig_logged(&r, "status=sent"), recipients_got());
	other -= recipients_got() + rig_logged(&r, ", nrcpt=") + 2 * HELD;
	ck_assert_msg(other <= 60, "%u lines of anything else", other);
}

/* ---- what it wrote by itself ---- */

#define MAIL "mail"                     /* a folder of the scratch */

/* As tests/upstream/keep.h has them: the script that reads them is the system ring's. */
static void
write_out(void)
{
	unsigned   n = 0;
	struct buf text;

	ck_assert_int_eq(mkdirat(r.spool.fd, MAIL, 0700), 0);
	for (const struct accepted *a = rig_last(&r, 0); a != NULL; a = a->next) {
		char name[20];

		snprintf(name, sizeof(name), "%04u", ++n);
		buf_init(&text, a->content.n + 400);
		buf_printf(&text, "MAIL FROM:<%s>\n\n", a->from);
		buf_span(&text, buf_view(&a->content));
		scratch_write(&r.spool, MAIL, name, buf_view(&text));
		buf_done(&text);
	}
}

/* What the script prints about them, and that it finds no fault. */
static void
script_says(const char *script, const char *want)
{
	char   command[300], got_text[4000];
	size_t n;
	FILE  *f;

	snprintf(command, sizeof(command), "python3 %s %s/" MAIL " " ACCOUNT, script, r.spool.path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	n = fread(got_text, 1, sizeof(got_text) - 1, f);
	got_text[n] = '\0';
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_str_eq(got_text, want);
}

static void
others_can_read_it(void)
{
	char told[400];

	if (system("command -v python3 > /dev/null") != 0) {
		fprintf(stderr, "day: no python3 here: reports and digest are read by nobody else\n");
		return;
	}
	write_out();
	script_says("tests/system/reports.py",
	    "delayed 4.2.2 full@example.net text/rfc822-headers carol@example.org\n"
	    "failed 5.1.1 nobody@example.net message/rfc822 ann@example.org\n"
	    "failed 5.2.1 gone@example.net message/rfc822 bert@example.org\n");
	/* A file of this ring is its runner's. */
	snprintf(told, sizeof(told),
	    "ann@example.org: Undelivered mail returned to sender (auto-replied, multipart/report)\n"
	    "bert@example.org: Undelivered mail returned to sender (auto-replied, multipart/report)\n"
	    "carol@example.org: Mail delivery is delayed (auto-replied, multipart/report)\n"
	    "root@example.com: 30 messages are held: %s sends too much (auto-generated, text/plain)\n",
	    getpwuid(getuid())->pw_name);
	script_says("tests/session/told.py", told);
}

START_TEST(of_gmail)
{
	rig_start(&r);
	login_is_refused();
	too_many_logins();
	busy_morning();
	admin_releases();
	network_is_away();
	day_is_used_up();
	UNTIL(&r, rig_is_empty(&r), 60);
	each_once();
	log_tells();
	others_can_read_it();
	rig_end(&r);
}
END_TEST

TCase *
queue_day_case(void)
{
	TCase *t = tcase_create("day");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, of_gmail);
	return t;
}
