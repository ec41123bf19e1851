/* test_store.c - the read side: loading, the journal, moving, removing. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "lib/scratch.h"
#include "spool/store.h"

static struct scratch spool;
static struct store  *store;

static void
setup(void)
{
	const char *what;

	scratch_make(&spool);
	ck_assert_int_eq(store_open(spool.path, true, &store, &what), 0);
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
#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@x.org\nrecipient b@x.org\n\n"

static void
set_mode(const char *dir, mode_t mode)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/" NAME, dir);
	ck_assert_int_eq(fchmodat(spool.fd, path, mode, 0), 0);
}

/* A message file of these parts into a folder, as the setgid program leaves it. */
static void
make(const char *dir, const char *envelope, const char *message, const char *journal)
{
	struct buf b;

	buf_init(&b, 10 << 20);
	buf_printf(&b, "postern 1 %014zu %014zu\n%s%s%s", strlen(envelope), strlen(message),
	    envelope, message, journal);
	scratch_write(&spool, dir, NAME, buf_view(&b));
	set_mode(dir, 0660);
	buf_done(&b);
}

static struct message *
load(enum place p)
{
	struct message *m;
	const char     *why = "";
	int             r = store_load(store, p, ID, &m, &why);

	ck_assert_msg(r == 0, "%s: %s", strerror(-r), why);
	return m;
}

START_TEST(loads)
{
	struct message *m;
	char            text[64];

	make("cur", ENVELOPE, "S: x\r\n\r\nbody\r\n", "1764000000 stored 8bit longest=12 dots\n");
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->id, ID);
	ck_assert_uint_eq(m->uid, geteuid());
	ck_assert_uint_eq(m->size, 14);
	ck_assert_uint_eq(m->env.nrcpts, 2);
	ck_assert(m->eightbit && m->dots && !m->warned && !m->torn);
	ck_assert_uint_eq(m->longest, 12);
	ck_assert_uint_eq(m->attempts, 0);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_NONE);
	ck_assert_int_eq(message_read(m, 0, text, sizeof(text)), 14);
	ck_assert_int_eq(memcmp(text, "S: x\r\n\r\nbody\r\n", 14), 0);
	ck_assert_int_eq(message_read(m, 8, text, 4), 4);
	ck_assert_int_eq(memcmp(text, "body", 4), 0);
	ck_assert_int_eq(message_read(m, 14, text, 4), 0);
	ck_assert_int_eq(message_read(m, 1000, text, 4), 0);
	message_close(store, m);
}
END_TEST

/* What the submitter did not say, st_uid says; what he said of himself does not count. */
START_TEST(fills_in_the_user)
{
	struct passwd  *pw = getpwuid(geteuid());
	struct message *m;

	make("cur", "time 1.000000\nhost h\nfrom-user 4242 mallory\nrecipient a\n\n", "", "");
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->env.uid, geteuid());
	ck_assert_str_ne(m->env.user, "mallory");
	if (pw != NULL)
		ck_assert_str_eq(m->env.user, pw->pw_name);
	ck_assert_ptr_nonnull(m->env.sender);
	ck_assert_str_eq(m->env.sender->text, m->env.user);
	message_close(store, m);

	make("cur", "time 1.000000\nhost h\nfrom-user 1\nfull-name F\nsender x@y.org\nrecipient a\n\n", "", "");
	m = load(PLACE_CUR);
	ck_assert_str_eq(m->env.full_name, "F");
	ck_assert_str_eq(m->env.sender->text, "x@y.org");
	message_close(store, m);
}
END_TEST

/*
 * What came through the daemon's socket belongs to the daemon: there its own
 * word counts, told by owner and mode, and both ways of asking agree.
 */
static const struct {
	const char *line;
	mode_t      mode;
	bool        given;      /* another owner */
	uid_t       uid;        /* UINT32_MAX: the file's owner */
} words[] = {
	{ "from-user 4242\n", 0600, false, 4242 },
	{ "from-user 4242 mallory\n", 0600, false, 4242 },
	{ "from-user 3999999999\n", 0600, false, 3999999999 },
	{ "from-user 4242\n", 0660, false, UINT32_MAX },
	{ "from-user 4242\n", 0640, false, UINT32_MAX },
	{ "from-user 4242\n", 0600, true, UINT32_MAX },
};

START_TEST(the_daemons_own_word)
{
	char            text[200];
	struct message *m;
	struct stored   st;
	uid_t           want = words[_i].uid;

	if (words[_i].given && geteuid() != 0)
		return;         /* only root may give a file away */
	snprintf(text, sizeof(text), "time 1.000000\nhost h\n%srecipient a\n\n", words[_i].line);
	make("cur", text, "", "");
	set_mode("cur", words[_i].mode);
	if (words[_i].given)
		ck_assert_int_eq(fchownat(spool.fd, "cur/" NAME, 777, 0, 0), 0);
	if (want == UINT32_MAX)
		want = words[_i].given ? 777 : geteuid();
	ck_assert_int_eq(store_stat(store, PLACE_CUR, ID, &st), 0);
	ck_assert_uint_eq(st.uid, want);
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->uid, want);
	ck_assert_uint_eq(m->env.uid, want);
	message_close(store, m);
}
END_TEST

/* A uid that no user has is its digits. */
START_TEST(a_stranger_is_a_number)
{
	struct message *m;

	if (geteuid() != 0)
		return;         /* only root may give a file away */
	make("cur", "time 1.000000\nhost h\nfrom-user 1\nrecipient a\n\n", "", "");
	ck_assert_int_eq(fchownat(spool.fd, "cur/" NAME, 3999999999, 0, 0), 0);
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->uid, 3999999999);
	ck_assert_str_eq(m->env.user, "3999999999");
	ck_assert_str_eq(m->env.sender->text, "3999999999");
	message_close(store, m);
}
END_TEST

#define GOOD_HEAD "postern 1 00000000000061 00000000000004\n"
#define GOOD_ENV  "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@x.org\n"

static const struct {
	const char *file;
	int         error;
	const char *why;
} bad[] = {
	{ "", -EBADMSG, "shorter than a head" },
	{ "postern 1 00000000000000", -EBADMSG, "shorter than a head" },
	{ "postern 1 00000000000000 00000000000000\n", -EAGAIN, "" },
	{ "postern 2 00000000000061 00000000000004\n" GOOD_ENV "\nabcd", -EBADMSG, "this version" },
	{ "From root Thu Jan  1 00:00:00 1970 padding padding", -EBADMSG, "this version" },
	{ "postern 1 0000000000006x 00000000000004\n", -EBADMSG, "no lengths" },
	{ "postern 1 00000000000061-00000000000004\n", -EBADMSG, "no lengths" },
	{ "postern 1 00000000000061 00000000000004 ", -EBADMSG, "no lengths" },
	{ "postern 1 00000000000000 00000000000004\nabcd", -EBADMSG, "does not end" },
	{ "postern 1 00000000000061 99999999999999\n" GOOD_ENV "\nabcd", -EBADMSG, "shorter than its head" },
	{ "postern 1 00000004194305 00000000000004\n" GOOD_ENV "\nabcd", -EBADMSG, "envelope is too long" },
	{ GOOD_HEAD GOOD_ENV "\nabc", -EBADMSG, "shorter than its head" },
	{ "postern 1 00000000000060 00000000000005\n" GOOD_ENV "\nabcd", -EBADMSG, "does not end" },
	{ "postern 1 00000000000062 00000000000003\n" GOOD_ENV "\nabcd", -EBADMSG, "does not end" },
};

START_TEST(refuses_what_does_not_parse)
{
	struct message *m;
	const char     *why = "";

	scratch_write(&spool, "new", NAME, span_of(bad[_i].file));
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), bad[_i].error);
	ck_assert_msg(strstr(why, bad[_i].why) != NULL, "said '%s', wanted '%s'", why, bad[_i].why);
}
END_TEST

START_TEST(refuses_what_is_no_file)
{
	static const char zeros[100];
	struct message   *m;
	const char       *why = "";

	scratch_write(&spool, "new", NAME, (struct span){ zeros, sizeof(zeros) });
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -EAGAIN);
	ck_assert_int_eq(unlinkat(spool.fd, "new/" NAME, 0), 0);
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -ENOENT);
	ck_assert_int_eq(symlinkat("/etc/passwd", spool.fd, "new/" NAME), 0);
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -EBADMSG);
	ck_assert_int_eq(unlinkat(spool.fd, "new/" NAME, 0), 0);
	ck_assert_int_eq(mkfifoat(spool.fd, "new/" NAME, 0600), 0);
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -EBADMSG);
	ck_assert_str_eq(why, "not a regular file");
	ck_assert_int_eq(unlinkat(spool.fd, "new/" NAME, 0), 0);
	ck_assert_int_eq(mkdirat(spool.fd, "new/" NAME, 0700), 0);
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -EBADMSG);
	ck_assert_int_eq(unlinkat(spool.fd, "new/" NAME, AT_REMOVEDIR), 0);
	ck_assert_int_eq(mknodat(spool.fd, "new/" NAME, S_IFSOCK | 0600, 0), 0);
	ck_assert_int_eq(store_load(store, PLACE_NEW, ID, &m, &why), -EBADMSG);
}
END_TEST

/* Its owner kept it open and made it long: a hole of hours. */
START_TEST(refuses_a_hole)
{
	struct message *m;
	const char     *why = "";
	int             fd;

	make("cur", ENVELOPE, "x\r\n", "1764000000 stored longest=1\n");
	fd = openat(spool.fd, "cur/" NAME, O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 36), 0);
	close(fd);
	ck_assert_int_eq(store_load(store, PLACE_CUR, ID, &m, &why), -EBADMSG);
	ck_assert_msg(strstr(why, "too long for a journal") != NULL, "%s", why);
}
END_TEST

#define STORED "1764000000 stored longest=4\n"

static const struct {
	const char  *journal;
	enum outcome what[2];
	unsigned     attempts;
	bool         warned, torn;
	const char  *text;              /* of the first recipient */
} journals[] = {
	{ STORED, { 0 }, 0, false, false, NULL },
	{ STORED "1764000031 defer rcpt=1 code=452 dsn=4.2.2 relay=gmail text=mailbox%20full\n",
	  { OUTCOME_DEFERRED }, 1, false, false, "mailbox full" },
	{ STORED "1 defer rcpt=1 text=a\n2 defer rcpt=2\n3 defer rcpt=1 text=b\n4 sent rcpt=2 code=250\n",
	  { OUTCOME_DEFERRED, OUTCOME_SENT }, 2, false, false, "b" },
	{ STORED "1 fail rcpt=1 text=no%0Aline\n5 warn\n", { OUTCOME_FAILED }, 1, true, false, "no\nline" },
	{ STORED "1 sent rcpt=1 code=2", { 0 }, 0, false, true, NULL },
	{ STORED "1 sent rcpt=1 torn\n2 sent rcpt=2\n", { OUTCOME_NONE, OUTCOME_SENT }, 1, false, false, NULL },
	{ STORED "1 sent rcpt=0\n1 sent rcpt=3\n1 sent rcpt=x\n1 sent\n", { 0 }, 0, false, false, NULL },
	{ STORED "1 promoted rcpt=1\nwhat\n\n \nx sent rcpt=1\n", { 0 }, 0, false, false, NULL },
	{ STORED "1 defer rcpt=1 colour=red code=99999 dsn=much-too-long-to-be-one text=%zz\n",
	  { OUTCOME_DEFERRED }, 1, false, false, NULL },
	{ "", { 0 }, 0, false, false, NULL },
};

START_TEST(reads_the_journal)
{
	struct message *m;

	make("cur", ENVELOPE, "x\r\n", journals[_i].journal);
	m = load(PLACE_CUR);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(m->notes[i].what, journals[_i].what[i]);
	ck_assert_uint_eq(m->attempts, journals[_i].attempts);
	ck_assert_int_eq(m->warned, journals[_i].warned);
	ck_assert_int_eq(m->torn, journals[_i].torn);
	ck_assert_int_eq(m->notes[0].text == NULL, journals[_i].text == NULL);
	if (journals[_i].text != NULL)
		ck_assert_str_eq(m->notes[0].text, journals[_i].text);
	message_close(store, m);
}
END_TEST

static const struct {
	const char *journal, *relay;
} routed[] = {
	{ STORED, NULL },
	{ STORED "1 route relay=ses\n", "ses" },
	{ STORED "1 route relay=ses\n3 route relay=my%20isp\n", "my isp" },
	{ STORED "1 route relay=ses\n2 route relay=%zz\n", NULL },
	{ STORED "1 route relay=ses\n2 route\n", NULL },
	{ STORED "1 route relay=ses", NULL },
};

/* The last line counts; one written behind it does at once, and when it is read again. */
START_TEST(reads_the_relay)
{
	struct message *m;

	make("cur", ENVELOPE, "x\r\n", routed[_i].journal);
	m = load(PLACE_CUR);
	ck_assert_int_eq(m->relay == NULL, routed[_i].relay == NULL);
	if (m->relay != NULL)
		ck_assert_str_eq(m->relay, routed[_i].relay);
	ck_assert_uint_eq(m->attempts, 0);
	ck_assert_int_eq(message_note_routed(m, 1764000033, "a b", "root"), 0);
	ck_assert_str_eq(m->relay, "a b");
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_str_eq(m->relay, "a b");
	message_close(store, m);
}
END_TEST

/* Of an address of a recipient: not the recipient's outcome, and no round of its own. */
START_TEST(reads_parts)
{
	static const struct part_note want[] = {
		{ 0, OUTCOME_SENT, (char *)"a%b@x.org" }, { 1, OUTCOME_FAILED, (char *)"\"c d\"@x.org" },
		{ 0, OUTCOME_SENT, (char *)"e@x.org" },
	};
	struct message *m;

	make("cur", ENVELOPE, "x\r\n", STORED "1 defer rcpt=1 text=x\n2 sent-part rcpt=1 to=a%25b@x.org code=250\n"
	    "3 fail-part rcpt=2 text=y to=\"c%20d\"@x.org\n4 sent-part rcpt=1 to=e@x.org\n5 sent-part rcpt=1\n"
	    "6 sent-part to=f@x.org\n7 sent-part rcpt=3 to=g@x.org\n8 sent-part rcpt=2 to=%zz\n");
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->nparts, 3);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(m->parts[i].rcpt, want[i].rcpt);
		ck_assert_int_eq(m->parts[i].what, want[i].what);
		ck_assert_str_eq(m->parts[i].to, want[i].to);
	}
	ck_assert_int_eq(m->notes[0].what, OUTCOME_DEFERRED);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_NONE);
	ck_assert_uint_eq(m->attempts, 1);
	message_close(store, m);
}
END_TEST

START_TEST(parts_come_back)
{
	struct outcome_note n = { .what = OUTCOME_SENT, .time_s = 9, .code = 250, .to = "\"a b\"@x.org" };
	struct message     *m;
	char               *file;

	make("cur", ENVELOPE, "x\r\n", STORED);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_note(m, 1, &n, true), 0);
	n.what = OUTCOME_FAILED;
	n.to = "c@x.org";
	ck_assert_int_eq(message_note(m, 0, &n, false), 0);
	ck_assert_uint_eq(m->nparts, 2);
	ck_assert_uint_eq(m->attempts, 0);
	message_close(store, m);
	file = scratch_read(&spool, "cur", NAME, NULL);
	ck_assert_ptr_nonnull(strstr(file, "\n9 sent-part rcpt=2 to=\"a%20b\"@x.org code=250\n"
	    "9 fail-part rcpt=1 to=c@x.org code=250\n"));
	free(file);
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->nparts, 2);
	ck_assert_str_eq(m->parts[0].to, "\"a b\"@x.org");
	ck_assert_uint_eq(m->parts[0].rcpt, 1);
	ck_assert_int_eq(m->parts[1].what, OUTCOME_FAILED);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_NONE);
	message_close(store, m);
}
END_TEST

START_TEST(notes_come_back)
{
	struct outcome_note n = {
		.what = OUTCOME_DEFERRED, .time_s = 1764000031, .code = 452, .dsn = "4.2.2",
		.relay = "my relay", .text = (char *)"box of a%b\r\nis full\303\251",
	};
	struct message *m;

	make("cur", ENVELOPE, "x\r\n", STORED);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_note(m, 1, &n, true), 0);
	ck_assert_int_eq(message_note_warned(m, 1764000032), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(m->notes[0].what, OUTCOME_NONE);
		ck_assert_int_eq(m->notes[1].what, OUTCOME_DEFERRED);
		ck_assert_int_eq(m->notes[1].time_s, 1764000031);
		ck_assert_int_eq(m->notes[1].code, 452);
		ck_assert_str_eq(m->notes[1].dsn, "4.2.2");
		ck_assert_str_eq(m->notes[1].relay, "my relay");
		ck_assert_str_eq(m->notes[1].text, n.text);
		ck_assert_uint_eq(m->notes[1].tries, 1);
		ck_assert_uint_eq(m->attempts, 1);
		ck_assert(m->warned);
		message_close(store, m);
		m = load(PLACE_CUR);
	}
	message_close(store, m);
}
END_TEST

START_TEST(a_note_is_cut_and_not_lost)
{
	struct outcome_note n = { .what = OUTCOME_FAILED, .time_s = 1 };
	struct message     *m;

	n.text = malloc(5000);
	memset(n.text, '%', 4999);
	n.text[4999] = '\0';
	make("cur", ENVELOPE, "x\r\n", STORED);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_note(m, 0, &n, false), 0);
	ck_assert_uint_eq(strlen(m->notes[0].text), NOTE_TEXT_MAX);
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_uint_eq(strlen(m->notes[0].text), NOTE_TEXT_MAX);
	message_close(store, m);
	free(n.text);
}
END_TEST

/* "rcpt=1" torn out of "rcpt=12" must not become somebody else's delivery. */
START_TEST(a_torn_line_stays_ignored)
{
	struct outcome_note n = { .what = OUTCOME_SENT, .time_s = 9, .code = 250 };
	struct message     *m;

	make("cur", ENVELOPE, "x\r\n", STORED "1764 sent rcpt=1");
	m = load(PLACE_CUR);
	ck_assert(m->torn);
	ck_assert_int_eq(message_note(m, 1, &n, false), 0);
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_NONE);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_SENT);
	ck_assert(!m->torn);
	message_close(store, m);
}
END_TEST

static int half;

/* The first write stops half-way, as on a full disk. */
static ssize_t
half_write(int fd, const void *p, size_t n)
{
	if (half++ == 0)
		return write(fd, p, n / 2);
	if (half == 2) {
		errno = ENOSPC;
		return -1;
	}
	return write(fd, p, n);
}

START_TEST(a_half_written_note_spoils_no_other)
{
	struct outcome_note n = { .what = OUTCOME_SENT, .time_s = 9, .code = 250 };
	struct message     *m;

	make("cur", ENVELOPE, "x\r\n", STORED);
	m = load(PLACE_CUR);
	fs.write = half_write;
	ck_assert_int_eq(message_note(m, 0, &n, false), -ENOSPC);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_SENT);
	ck_assert_int_eq(message_note(m, 1, &n, false), 0);
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_NONE);
	ck_assert_int_eq(m->notes[1].what, OUTCOME_SENT);
	message_close(store, m);
}
END_TEST

/* More journal than fits in memory pieces, and a line longer than any of ours. */
START_TEST(reads_a_long_journal)
{
	struct message *m;
	struct buf      b;

	buf_init(&b, 10 << 20);
	buf_str(&b, STORED);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%d defer rcpt=%d code=451 text=try%%20%d\n", i, i % 2 + 1, i);
	buf_str(&b, "9 sent rcpt=1 text=");
	for (int i = 0; i < 100000; i++)
		buf_char(&b, 'x');
	buf_str(&b, "\n9 warn\n");
	make("cur", ENVELOPE, "x\r\n", buf_cstr(&b));
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->attempts, 10000);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_DEFERRED);
	ck_assert_str_eq(m->notes[0].text, "try 19998");
	ck_assert_str_eq(m->notes[1].text, "try 19999");
	ck_assert(m->warned);
	ck_assert(!m->torn);
	message_close(store, m);
	buf_done(&b);
}
END_TEST

static void
append_to(const char *path, struct span bytes)
{
	int fd = openat(spool.fd, path, O_WRONLY | O_APPEND);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fs_write_all(fd, bytes), 0);
	close(fd);
}

/* A crash left more garbage than a line can have: the next note is a line of its own all the same. */
START_TEST(a_long_torn_line)
{
	struct outcome_note sent = { .what = OUTCOME_SENT, .time_s = 1764000031 };
	struct message     *m;
	struct buf          b;

	buf_init(&b, 1 << 20);
	buf_str(&b, STORED);
	for (int i = 0; i < 60000 + _i * 7777; i++)
		buf_char(&b, '\0');
	make("cur", ENVELOPE, "x\r\n", STORED);
	append_to("cur/" NAME, buf_view(&b));
	m = load(PLACE_CUR);
	ck_assert(m->torn);
	ck_assert_int_eq(message_note(m, 0, &sent, false), 0);
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_int_eq(m->notes[0].what, OUTCOME_SENT);
	message_close(store, m);
	buf_done(&b);
}
END_TEST

/* A message larger than the cache: read from the file, at any offset. */
START_TEST(reads_a_large_message)
{
	struct message *m;
	struct span     header;
	char           *big = malloc(200001), *out = malloc(200001);

	for (int i = 0; i < 200000; i++)
		big[i] = (char)('a' + i % 26);
	memcpy(big, "S: x\r\n\r\n", 8);
	big[200000] = '\0';
	make("cur", ENVELOPE, big, STORED);
	m = load(PLACE_CUR);
	ck_assert_uint_lt(m->cache.n, 100000);
	for (uint64_t at = 0; at < 200000; at += 7777) {
		ssize_t n = message_read(m, at, out, 9999);

		ck_assert_int_eq(n, at + 9999 > 200000 ? 200000 - (ssize_t)at : 9999);
		ck_assert_int_eq(memcmp(out, big + at, (size_t)n), 0);
	}
	ck_assert_int_eq(message_header(m, 1000, &header), 0);
	ck_assert(span_eq(header, SPAN("S: x\r\n\r\n")));
	message_close(store, m);
	free(big);
	free(out);
}
END_TEST

/* A header that is longer than the cache. */
START_TEST(finds_a_long_header)
{
	struct message *m;
	struct span     header, again;
	struct buf      b;

	buf_init(&b, 10 << 20);
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "X-%d: %060d\r\n", i, i);
	buf_str(&b, "\r\nbody\r\n");
	make("cur", ENVELOPE, buf_cstr(&b), STORED);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_header(m, 1 << 20, &header), 0);
	ck_assert_uint_eq(header.n, b.n - 6);
	ck_assert_int_eq(memcmp(header.p, b.p, header.n), 0);
	ck_assert_int_eq(message_header(m, 1 << 20, &again), 0);
	ck_assert_ptr_eq(again.p, header.p);
	ck_assert_int_eq(message_header(m, 1000, &again), -EMSGSIZE);
	message_close(store, m);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_header(m, 100000, &header), -EMSGSIZE);
	ck_assert_int_eq(message_header(m, 1 << 20, &header), 0);
	ck_assert_uint_eq(header.n, b.n - 6);
	message_close(store, m);
	buf_done(&b);
}
END_TEST

/* An envelope longer than the cache, too. */
START_TEST(loads_many_recipients)
{
	struct message *m;
	struct buf      b;
	char            text[8];

	buf_init(&b, 10 << 20);
	buf_str(&b, "time 1.000000\nhost h\nfrom-user 7\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(&b, "recipient user%d@example.com\n", i);
	buf_char(&b, '\n');
	make("cur", buf_cstr(&b), "hello\r\n", STORED "1 sent rcpt=3000\n");
	m = load(PLACE_CUR);
	ck_assert_uint_eq(m->env.nrcpts, 3000);
	ck_assert_int_eq(m->notes[2999].what, OUTCOME_SENT);
	ck_assert_int_eq(message_read(m, 0, text, 8), 7);
	ck_assert_int_eq(memcmp(text, "hello\r\n", 7), 0);
	message_close(store, m);
	buf_done(&b);
}
END_TEST

struct seen {
	int           n;
	struct stored last;
};

static int
see(void *arg, const struct stored *m)
{
	struct seen *s = arg;

	s->n++;
	s->last = *m;
	return s->n == 1000 ? 77 : 0;
}

START_TEST(scans)
{
	struct seen s = { 0 };

	ck_assert_int_eq(store_scan(store, PLACE_CUR, true, see, &s), 0);
	ck_assert_int_eq(s.n, 0);
	make("cur", ENVELOPE, "x\r\n", STORED);
	scratch_write(&spool, "cur", "limits", SPAN("x"));
	scratch_write(&spool, "cur", NAME "0", SPAN("x"));
	for (int pass = 0; pass < 2; pass++) {
		s.n = 0;
		ck_assert_int_eq(store_scan(store, PLACE_CUR, pass == 0, see, &s), 0);
		ck_assert_int_eq(s.n, 1);
		ck_assert_uint_eq(s.last.id, ID);
		ck_assert_int_eq(s.last.size > 0, pass == 0);
	}
	for (int i = 0; i < 1500; i++) {
		char name[ID_LEN + 1];

		msgid_format((msgid)i, name);
		scratch_write(&spool, "later", name, SPAN(""));
	}
	s.n = 0;
	ck_assert_int_eq(store_scan(store, PLACE_LATER, false, see, &s), 77);
	ck_assert_int_eq(s.n, 1000);
	ck_assert_int_eq(store_scan(store, PLACE_LATER, false, see, &s), 0);
	ck_assert_int_eq(s.n, 2500);
}
END_TEST

START_TEST(moves_and_takes)
{
	msgid         id;
	struct stored st;

	make("new", ENVELOPE, "x\r\n", STORED);
	ck_assert_int_eq(store_take(store, ID, &id), 0);
	ck_assert_uint_eq(id, ID);
	ck_assert_int_eq(store_stat(store, PLACE_CUR, ID, &st), 0);
	ck_assert_int_eq(store_stat(store, PLACE_NEW, ID, &st), -ENOENT);
	ck_assert_int_eq(store_take(store, ID, &id), -ENOENT);
	ck_assert_int_eq(store_move(store, ID, PLACE_CUR, PLACE_LATER), 0);
	ck_assert_int_eq(store_stat(store, PLACE_LATER, ID, &st), 0);
	ck_assert_int_eq(store_move(store, ID, PLACE_CUR, PLACE_LATER), -ENOENT);

	/* A name that is taken is never written over. */
	make("cur", ENVELOPE, "y\r\n", STORED);
	ck_assert_int_eq(store_move(store, ID, PLACE_CUR, PLACE_LATER), -EEXIST);
	make("new", ENVELOPE, "z\r\n", STORED);
	ck_assert_int_eq(store_take(store, ID, &id), 0);
	ck_assert_uint_ne(id, ID);
	ck_assert_int_eq(scratch_count(&spool, "new", NULL), 0);
	ck_assert_int_eq(scratch_count(&spool, "cur", NULL), 2);
}
END_TEST

START_TEST(reaps_by_age)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	scratch_write(&spool, "tmp", NAME, SPAN("x"));
	scratch_write(&spool, "tmp", "0000000000000001", SPAN("x"));
	scratch_write(&spool, "tmp", "something-else", SPAN("x"));
	ck_assert_int_eq(store_reap(store, DRAFT_ORPHAN_S), 0);
	ck_assert_int_eq(utimensat(spool.fd, "tmp/" NAME, old, 0), 0);
	ck_assert_int_eq(utimensat(spool.fd, "tmp/something-else", old, 0), 0);
	ck_assert_int_eq(store_reap(store, DRAFT_ORPHAN_S), 1);
	ck_assert_int_eq(scratch_count(&spool, "tmp", NULL), 2);
}
END_TEST

/* How many descriptors this process has. */
static int
descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int  n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static _Atomic int synced;

static int
failing_fsync(int fd)
{
	(void)fd;
	synced++;
	errno = EIO;
	return -1;
}

/* Descriptors wait, in bounded number; within a second cur/ is synced, and
   that this failed is told, once. */
START_TEST(removes_and_closes_behind)
{
	int before = descriptors();

	fs.fsync = failing_fsync;
	for (int i = 0; i < 1000; i++) {
		make("cur", ENVELOPE, "x\r\n", STORED);
		ck_assert_int_eq(message_remove(store, PLACE_CUR, load(PLACE_CUR)), 0);
	}
	ck_assert_int_eq(scratch_count(&spool, "cur", NULL), 0);
	ck_assert_int_le(descriptors(), before + 256 + 128);
	ck_assert_int_eq(synced, 0);
	for (int i = 0; i < 300 && (descriptors() > before || synced == 0); i++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	ck_assert_int_eq(descriptors(), before);
	ck_assert_int_eq(synced, 1);
	ck_assert_int_eq(store_trouble(store), -EIO);
	ck_assert_int_eq(store_trouble(store), 0);
}
END_TEST

START_TEST(keeps_what_it_cannot_remove)
{
	struct message *m;

	make("cur", ENVELOPE, "x\r\n", STORED);
	m = load(PLACE_CUR);
	ck_assert_int_eq(message_remove(store, PLACE_LATER, m), -ENOENT);
	ck_assert_int_eq(scratch_count(&spool, "cur", NULL), 1);
	ck_assert_int_eq(message_remove(store, PLACE_CUR, m), 0);
}
END_TEST

START_TEST(lets_one_daemon_in)
{
	struct store *second;
	const char   *what = "";

	ck_assert_int_eq(store_open(spool.path, true, &second, &what), -EBUSY);
	ck_assert_str_eq(what, "state");
	ck_assert_int_eq(store_open(spool.path, false, &second, &what), 0);
	ck_assert_uint_gt(store_free_bytes(second), 0);
	make("cur", ENVELOPE, "x\r\n", STORED);
	store_close(second);
	store_close(store);
	ck_assert_int_eq(store_open(spool.path, true, &store, &what), 0);
}
END_TEST

START_TEST(says_what_is_missing)
{
	struct store *second;
	const char   *what = "";

	ck_assert_int_eq(store_open("/nowhere", false, &second, &what), -ENOENT);
	ck_assert_str_eq(what, "the spool");
	ck_assert_int_eq(unlinkat(spool.fd, "hold", AT_REMOVEDIR), 0);
	ck_assert_int_eq(store_open(spool.path, false, &second, &what), -ENOENT);
	ck_assert_str_eq(what, "hold");
}
END_TEST

Suite *suite_store(void);

Suite *
suite_store(void)
{
	Suite *s = suite_create("store");
	TCase *tc = tcase_create("store");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, loads);
	tcase_add_test(tc, fills_in_the_user);
	tcase_add_test(tc, a_stranger_is_a_number);
	tcase_add_loop_test(tc, the_daemons_own_word, 0, sizeof(words) / sizeof(words[0]));
	tcase_add_loop_test(tc, refuses_what_does_not_parse, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, refuses_what_is_no_file);
	tcase_add_test(tc, refuses_a_hole);
	tcase_add_loop_test(tc, reads_the_relay, 0, sizeof(routed) / sizeof(routed[0]));
	tcase_add_loop_test(tc, reads_the_journal, 0, sizeof(journals) / sizeof(journals[0]));
	tcase_add_test(tc, reads_parts);
	tcase_add_test(tc, parts_come_back);
	tcase_add_test(tc, notes_come_back);
	tcase_add_test(tc, a_note_is_cut_and_not_lost);
	tcase_add_test(tc, a_torn_line_stays_ignored);
	tcase_add_test(tc, a_half_written_note_spoils_no_other);
	tcase_add_test(tc, reads_a_long_journal);
	tcase_add_loop_test(tc, a_long_torn_line, 0, 4);
	tcase_add_test(tc, reads_a_large_message);
	tcase_add_test(tc, finds_a_long_header);
	tcase_add_test(tc, loads_many_recipients);
	tcase_add_test(tc, scans);
	tcase_add_test(tc, moves_and_takes);
	tcase_add_test(tc, reaps_by_age);
	tcase_add_test(tc, removes_and_closes_behind);
	tcase_add_test(tc, keeps_what_it_cannot_remove);
	tcase_add_test(tc, lets_one_daemon_in);
	tcase_add_test(tc, says_what_is_missing);
	suite_add_tcase(s, tc);
	return s;
}
