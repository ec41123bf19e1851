/*
 * test_gist.c - what memory says of a message is what its file says, after
 * each kind of event; and memory has a limit.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "lib/scratch.h"
#include "spool/gist.h"
#include "spool/kept.h"
#include "spool/people.h"

static struct scratch spool;
static struct store  *store;
static unsigned       opened;

static int
counting_openat(int dir, const char *name, int flags, mode_t mode)
{
	opened++;
	return fs_kernel.openat(dir, name, flags, mode);
}

static void
setup(void)
{
	const char *what;

	scratch_make(&spool);
	ck_assert_int_eq(store_open(spool.path, true, &store, &what), 0);
	fs.openat = counting_openat;
}

static void
teardown(void)
{
	store_close(store);
	fs = fs_kernel;
	scratch_remove(&spool);
}

#define ID       0x6614766C7382AFD4u
#define NAME     "6614766C7382AFD4"
#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\nsender s@x.org\nrecipient a@x.org\nrecipient b@x.org\n\n"

static void
make_of(const char *dir, const char *envelope, const char *journal)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_printf(&b, "postern 1 %014zu %014zu\n%s%s%s", strlen(envelope), (size_t)3, envelope, "x\r\n", journal);
	scratch_write(&spool, dir, NAME, buf_view(&b));
	ck_assert_int_eq(fchmodat(spool.fd, "cur/" NAME, 0660, 0), 0);
	buf_done(&b);
}

static void
make(const char *dir, const char *journal)
{
	make_of(dir, ENVELOPE, journal);
}

static struct message *
load(enum place p)
{
	struct message *m;
	const char     *why = "";

	ck_assert_int_eq(store_load(store, p, ID, &m, &why), 0);
	return m;
}

/* ---- a gist as a text ---- */

static void
put(struct buf *b, struct span s)
{
	if (s.p == NULL)
		buf_str(b, "-");
	else
		buf_span(b, s);
	buf_char(b, '|');
}

static void
put_gist(void *arg, const struct gist *g)
{
	struct buf *b = arg;

	buf_printf(b, "%llx %u %llu %u ", (unsigned long long)g->id, (unsigned)g->uid, (unsigned long long)g->size,
	    g->attempts);
	put(b, g->held_by);
	put(b, g->sender);
	for (size_t i = 0; i < g->nrcpts; i++) {
		const struct gist_rcpt *to = &g->rcpts[i];

		put(b, to->addr);
		buf_printf(b, "%d %lld %d ", to->what, (long long)to->time_s, to->code);
		put(b, to->dsn);
		put(b, to->relay);
		put(b, to->text);
	}
}

static void
tell(enum place p, struct buf *b)
{
	const char *why = "";

	buf_init(b, 1 << 20);
	ck_assert_int_eq(store_gist(store, p, ID, put_gist, b, &why), 0);
}

/* From memory, unless it had to be read; and what the file says when it is read now. */
static void
agree(enum place p, bool from_memory)
{
	struct message *m;
	struct buf      said, read;
	struct gist     g;

	opened = 0;
	tell(p, &said);
	ck_assert_msg((opened == 0) == from_memory, "%u files opened", opened);
	m = load(p);
	gist_of(m, &g);
	buf_init(&read, 1 << 20);
	put_gist(&read, &g);
	gist_done(&g);
	message_close(store, m);
	ck_assert_str_eq(buf_cstr(&said), buf_cstr(&read));
	buf_done(&said);
	buf_done(&read);
}

static void
move(enum place from, enum place to)
{
	ck_assert_int_eq(store_move(store, ID, from, to), 0);
}

/* ---- events ---- */

START_TEST(is_read_once)
{
	make("cur", "1764000000 stored longest=1\n");
	agree(PLACE_CUR, false);
	agree(PLACE_CUR, true);
	agree(PLACE_CUR, true);
	move(PLACE_CUR, PLACE_LATER);
	agree(PLACE_LATER, true);
}
END_TEST

static void
defer(struct message *m)
{
	message_note(m, 0, &(struct outcome_note){
		.what = OUTCOME_DEFERRED, .time_s = 1764000009, .code = 452, .dsn = "4.2.2", .relay = "gm ail",
		.text = "mailbox \xc3\xa4 full", .tries = 9,
	}, false);
}

static void
send_one(struct message *m)
{
	message_note(m, 1, &(struct outcome_note){ .what = OUTCOME_SENT, .time_s = 1764000010, .code = 250, .text = "" }, true);
}

static void
refuse(struct message *m)
{
	message_note(m, 0, &(struct outcome_note){ .what = OUTCOME_FAILED, .time_s = 1764000011, .dsn = "5.1.1" }, false);
}

static void
part(struct message *m)
{
	message_note(m, 0, &(struct outcome_note){ .what = OUTCOME_SENT, .time_s = 1764000012, .code = 250, .to = "c@x.org" }, true);
}

static void
defer_long(struct message *m)
{
	char text[2 * NOTE_TEXT_MAX];

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	message_note(m, 1, &(struct outcome_note){ .what = OUTCOME_DEFERRED, .time_s = 1764000013, .text = text }, false);
}

static void
warn(struct message *m)
{
	message_note_warned(m, 1764000014);
}

static void
hold(struct message *m)
{
	message_note_held(m, 1764000015, "owner", "alice");
}

static void
release(struct message *m)
{
	message_note_released(m, 1764000016, "alice");
}

static void
requeue(struct message *m)
{
	message_note_routed(m, 1764000017, "spare", NULL);
}

static void
reopen(struct message *m)
{
	message_note_reopened(m, 1764000018, "root");
}

static void (*const events[])(struct message *m) = {
	defer, send_one, refuse, part, defer_long, warn, hold, release, requeue, reopen,
};

#define NEVENTS (sizeof(events) / sizeof(events[0]))

/* Known before, and then one event behind the other: each is told without another look at the file. */
START_TEST(follows_each_event)
{
	make("cur", "");
	agree(PLACE_CUR, false);
	for (size_t i = 0; i < NEVENTS; i++) {
		struct message *m = load(PLACE_CUR);

		events[(i + (size_t)_i) % NEVENTS](m);
		message_close(store, m);
		agree(PLACE_CUR, true);
	}
}
END_TEST

/* A line that nobody here wrote. */
START_TEST(sees_what_others_write)
{
	int fd;

	make("cur", "");
	agree(PLACE_CUR, false);
	fd = openat(spool.fd, "cur/" NAME, O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "1764000031 defer rcpt=1 code=452\n", 33), 33);
	close(fd);
	agree(PLACE_CUR, false);
	agree(PLACE_CUR, true);
}
END_TEST

static ssize_t
no_space(int fd, const void *p, size_t n)
{
	(void)fd;
	(void)p;
	(void)n;
	errno = ENOSPC;
	return -1;
}

/* What the file could not be told, memory does not say either. */
START_TEST(says_no_more_than_the_file)
{
	struct message *m;

	make("cur", "");
	agree(PLACE_CUR, false);
	m = load(PLACE_CUR);
	fs.write = no_space;
	defer(m);
	message_close(store, m);
	fs.write = fs_kernel.write;
	agree(PLACE_CUR, false);
}
END_TEST

START_TEST(ends_with_the_file)
{
	const char *why = "";
	struct buf  b;

	make("cur", "");
	agree(PLACE_CUR, false);
	ck_assert_int_eq(unlinkat(spool.fd, "cur/" NAME, 0), 0);
	buf_init(&b, 1000);
	ck_assert_int_eq(store_gist(store, PLACE_CUR, ID, put_gist, &b, &why), -ENOENT);
	ck_assert_uint_eq(b.n, 0);
	make("cur", "");
	agree(PLACE_CUR, false);
	ck_assert_int_eq(message_remove(store, PLACE_CUR, load(PLACE_CUR)), 0);
	scratch_write(&spool, "cur", NAME, SPAN("no message"));
	ck_assert_int_eq(store_gist(store, PLACE_CUR, ID, put_gist, &b, &why), -EBADMSG);
	buf_done(&b);
}
END_TEST

static const char *login = "anna";

static int
source(uid_t uid, struct passwd *pw, char *p, size_t n, struct passwd **ret)
{
	snprintf(p, n, "%s", login);
	*pw = (struct passwd){ .pw_name = p, .pw_uid = uid };
	*ret = pw;
	return 0;
}

static bool
sender_is(const char *name)
{
	struct buf b;
	bool is;

	tell(PLACE_CUR, &b);
	is = strstr(buf_cstr(&b), name) != NULL;
	buf_done(&b);
	return is;
}

/* Who did not say his address has the one of his login name, whatever that is now. */
START_TEST(follows_the_login_name)
{
	people_set_source(source);
	clock_set(INT64_C(1764000000000000), 1000000);
	make_of("cur", "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@x.org\n\n", "");
	ck_assert(sender_is("|anna|"));
	agree(PLACE_CUR, true);
	login = "bella";
	clock_move_ms(601000);
	for (int i = 0; i < 1000 && !sender_is("|bella|"); i++)
		usleep(1000);
	ck_assert(sender_is("|bella|"));
	agree(PLACE_CUR, true);
	people_set_source(NULL);
	clock_release();
}
END_TEST

/* Once, and then it is known; what was known before is not read. */
START_TEST(is_read_ahead)
{
	make("cur", "1764000000 stored longest=1\n");
	opened = 0;
	ck_assert(store_gist_ahead(store, PLACE_CUR, ID));
	ck_assert(store_gist_ahead(store, PLACE_CUR, ID));
	ck_assert_uint_eq(opened, 1);
	agree(PLACE_CUR, true);
	/* What is not there, and what is no message, is nobody's trouble yet. */
	ck_assert(store_gist_ahead(store, PLACE_HOLD, ID + 1));
	scratch_write(&spool, "hold", NAME, SPAN("no message"));
	ck_assert(store_gist_ahead(store, PLACE_HOLD, ID));
}
END_TEST

/* ---- the memory ---- */

#define MESSAGES 20000

/* nth: of the message; one in ten has a reply of its own. */
static void
fill(struct gist *g, struct gist_rcpt *to, uint64_t nth, char *own)
{
	snprintf(own, 40, "greylisted, your number is %llu", (unsigned long long)(nth % 10 == 0 ? nth : 0));
	*to = (struct gist_rcpt){
		.addr = SPAN("bob@example.net"), .what = OUTCOME_DEFERRED, .time_s = 1764000000, .code = 450,
		.dsn = SPAN("4.2.0"), .relay = SPAN("isp"), .text = span_of(own),
	};
	*g = (struct gist){ .id = nth + 1, .size = nth, .sender = SPAN("alice@example.com"), .rcpts = to, .nrcpts = 1 };
}

START_TEST(has_a_limit)
{
	struct kept     *k = kept_new(1 << 20);
	struct gist      g;
	struct gist_rcpt to;
	char             own[40];
	size_t           there = 0, all;

	for (uint64_t i = 0; i < MESSAGES; i++) {
		fill(&g, &to, i, own);
		kept_put(k, &g, 5);
		ck_assert_uint_le(kept_bytes(k), 1 << 20);
	}
	for (uint64_t i = 0; i < MESSAGES; i++)
		if (kept_find(k, i + 1, 5, &g)) {
			there++;
			ck_assert_uint_eq(g.size, i);
			fill(&g, &to, i, own);
			ck_assert(kept_find(k, i + 1, 5, &g) && span_eq(g.rcpts[0].text, span_of(own)));
			ck_assert(!kept_find(k, i + 1, 6, &g));
		}
	ck_assert_uint_gt(there, MESSAGES / 4);
	ck_assert_uint_lt(there, MESSAGES);
	all = kept_bytes(k);

	/* Room that was made is taken again, by others. */
	for (uint64_t i = 0; i < MESSAGES; i++)
		kept_drop(k, i + 1);
	ck_assert_uint_eq(kept_bytes(k), 0);
	for (uint64_t i = MESSAGES; i-- > 0;) {
		fill(&g, &to, i, own);
		kept_put(k, &g, 7);
		kept_put(k, &g, 8);
	}
	ck_assert_uint_gt(kept_bytes(k), all - all / 10);
	ck_assert(kept_find(k, MESSAGES, 8, &g));
	kept_free(k);
	kept_free(NULL);
}
END_TEST

/* One sender, one recipient; or each message has its own: what it costs, and that nobody gets another's. */
START_TEST(keeps_an_address_once)
{
	struct kept     *k = kept_new(64 << 20);
	struct gist      g;
	struct gist_rcpt to;
	char             own[40], from[40], rcpt[40];
	size_t           one;

	for (int each = 0; each < 2; each++) {
		for (uint64_t i = 0; i < MESSAGES; i++) {
			fill(&g, &to, 1, own);
			g.id = i + 1;
			if (each == 1) {
				snprintf(from, sizeof(from), "sender-%llu@example.com", (unsigned long long)i);
				snprintf(rcpt, sizeof(rcpt), "rcpt-%llu@example.net", (unsigned long long)i);
				g.sender = span_of(from);
				to.addr = span_of(rcpt);
			}
			kept_put(k, &g, 1);
		}
		for (uint64_t i = 0; i < MESSAGES; i++) {
			ck_assert(kept_find(k, i + 1, 1, &g));
			snprintf(from, sizeof(from), "sender-%llu@example.com", (unsigned long long)i);
			snprintf(rcpt, sizeof(rcpt), "rcpt-%llu@example.net", (unsigned long long)i);
			ck_assert(span_eq(g.sender, each == 1 ? span_of(from) : SPAN("alice@example.com")));
			ck_assert(span_eq(g.rcpts[0].addr, each == 1 ? span_of(rcpt) : SPAN("bob@example.net")));
		}
		if (each == 0)
			one = kept_bytes(k);
		else
			ck_assert_uint_gt(kept_bytes(k), one + 30 * MESSAGES);
		for (uint64_t i = 0; i < MESSAGES; i++)
			kept_drop(k, i + 1);
		ck_assert_uint_eq(kept_bytes(k), 0);
	}
	ck_assert_uint_le(one, 80 * MESSAGES);
	kept_free(k);
}
END_TEST

/* Ten thousand recipients are no gist to be kept, and leave nothing behind. */
START_TEST(leaves_the_long_ones)
{
	struct kept     *k = kept_new(1 << 20);
	struct gist_rcpt to[10000];
	struct gist      g;
	char             own[40];

	for (uint64_t i = 0; i < 10000; i++)
		fill(&g, &to[i], 10 * (i % 7), own);
	g.rcpts = to;
	g.nrcpts = 10000;
	kept_put(k, &g, 1);
	ck_assert(!kept_find(k, g.id, 1, &g));
	ck_assert_uint_eq(kept_bytes(k), 0);
	kept_free(k);
}
END_TEST

Suite *suite_gist(void);

Suite *
suite_gist(void)
{
	Suite *suite = suite_create("gist");
	TCase *tc = tcase_create("gist");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, is_read_once);
	tcase_add_loop_test(tc, follows_each_event, 0, NEVENTS);
	tcase_add_test(tc, sees_what_others_write);
	tcase_add_test(tc, says_no_more_than_the_file);
	tcase_add_test(tc, ends_with_the_file);
	tcase_add_test(tc, follows_the_login_name);
	tcase_add_test(tc, is_read_ahead);
	tcase_add_test(tc, has_a_limit);
	tcase_add_test(tc, keeps_an_address_once);
	tcase_add_test(tc, leaves_the_long_ones);
	suite_add_tcase(suite, tc);
	return suite;
}
