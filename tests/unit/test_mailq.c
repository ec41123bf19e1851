/* test_mailq.c - what mailq prints, byte for byte, and how it is read by those who parse it. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "postern/client.h"
#include "postern/idlist.h"
#include "postern/listing.h"

#define NOW 1764000000          /* Mon Nov 24 16:00:00 2025 UTC */

static char *text;
static size_t text_n;
static FILE *out;
static struct listing l;

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
	out = open_memstream(&text, &text_n);
	ck_assert_ptr_nonnull(out);
	listing_begin(&l, out, NOW);
}

static void
teardown(void)
{
	fclose(out);
	free(text);
}

static void
on_message(void *arg, struct queued *q)
{
	listing_queued(arg, q);
}

static void
on_record(void *arg, struct span line)
{
	listing_relay(arg, line);
}

static void
feed(const char *lines)
{
	struct queued_reader reader = { .message = on_message, .record = on_record, .arg = &l };
	struct span rest = span_of(lines), line;

	while (span_cut(&rest, '\n', &line))
		queued_read(&reader, line);
	queued_read_end(&reader);
	listing_end(&l);
	fflush(out);
}

#define HEAD "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
#define PAD  "                                         "

static const struct {
	const char *records;
	const char *want;
} rows[] = {
	{ "", "Mail queue is empty\n" },
	{ "relay name=gmail state=up sessions=1 since=1\nrelay name=b state=idle\n",
	    "Mail queue is empty\n" },
	{ "message id=0123456789ABCDEF size=1234 time=1763971200 state=active uid=0 "
	    "sender=a%40b.example\n"
	  "recipient addr=bob%40example.com state=waiting\n",
	  HEAD "0123456789ABCDEF*     1234 Mon Nov 24 08:00:00  a@b.example\n"
	  PAD "bob@example.com\n"
	  "\n\t\tTotal requests: 1\n-- 2 Kbytes in 1 Request.\n" },
	/* the null path; a reason shared; one already sent is not shown */
	{ "message id=0123456789ABCDEF size=1024 time=1763971200 state=later uid=0 sender= "
	    "next=1764000270\n"
	  "recipient addr=a@x state=deferred time=1 code=451 dsn=4.7.1 relay=gmail "
	      "text=4.7.1%20later\n"
	  "recipient addr=b@x state=deferred code=451 text=4.7.1%20later\n"
	  "recipient addr=c@x state=sent text=250%20ok\n"
	  "recipient addr=d@x state=failed text=550%20no\n"
	  "message id=0123456789ABCDF0 size=1 time=1763971200 state=hold uid=0 sender=s\n"
	  "recipient addr=e@x state=waiting\n",
	  HEAD "0123456789ABCDEF      1024 Mon Nov 24 08:00:00  MAILER-DAEMON\n"
	  "(next attempt in 4m30s)\n"
	  "(451 4.7.1 later)\n" PAD "a@x\n" PAD "b@x\n" "(550 no)\n" PAD "d@x\n"
	  "\n0123456789ABCDF0!        1 Mon Nov 24 08:00:00  s\n(held)\n" PAD "e@x\n"
	  "\n\t\tTotal requests: 2\n-- 2 Kbytes in 2 Requests.\n" },
	{ "message id=0123456789ABCDEF size=5 time=1763971200 state=bad uid=0\n"
	  "message id=0123456789ABCDF0 size=5 time=1763971200 state=dead uid=0 sender=\n",
	  HEAD "0123456789ABCDEF         5 Mon Nov 24 08:00:00  ?\n(not readable as a message; "
	      "kept in bad/)\n"
	  "\n0123456789ABCDF0         5 Mon Nov 24 08:00:00  MAILER-DAEMON\n"
	  "(neither deliverable nor returnable; kept in dead/)\n"
	  "\n\t\tTotal requests: 2\n-- 1 Kbytes in 2 Requests.\n" },
	/* a relay's trouble */
	{ "relay name=gmail state=resting sessions=0 since=1 verdict=credential until=1764003600 "
	  "text=Username%20and%20Password%20not%20accepted hint=make%20an%20app%20password\n",
	  "relay gmail rests: Username and Password not accepted (make an app password); "
	      "next attempt in 1h00m\n"
	  "Mail queue is empty\n" },
	{ "relay name=isp state=offline text=no%20route\n", "relay isp has no network: no "
	    "route\nMail queue is empty\n" },
	{ "relay name=isp state=paused text=paused%20by%20root until=5\n", "relay isp is paused: paused by root\n"
	    "Mail queue is empty\n" },
	{ "relay name=isp state=probing text=x until=5\n", "relay isp rests: x\nMail queue "
	    "is empty\n" },
	/* a newer daemon, a broken one, a hostile upstream */
	{ "weather sun=1\n\nmessage\nmessage id=\nrecipient state=waiting\nrelay\n",
	    "Mail queue is empty\n" },
	{ "relay name=%ZZ text=a\nrelay name=a text=%\n", "Mail queue is empty\n" },
	{ "message mood=good id=0123456789ABCDEF size=x time=-1 state=? "
	    "sender=%1B[2J%C2%9B%0A%C3%BC\n"
	  "recipient addr=a%FF@x state=waiting text=%0A%09Total%20requests:%200\n",
	  HEAD "0123456789ABCDEF         0 Thu Jan  1 00:00:00  ?[2J??\xc3\xbc\n"
	  "(? Total requests: 0)\n" PAD "a?@x\n"
	  "\n\t\tTotal requests: 1\n-- 0 Kbytes in 1 Request.\n" },
};

START_TEST(prints)
{
	feed(rows[_i].records);
	ck_assert_str_eq(text, rows[_i].want);
}
END_TEST

static bool
matches(const char *pattern, const char *s, char *ret, size_t n)
{
	regex_t re;
	regmatch_t m[2];
	bool ok;

	ck_assert_int_eq(regcomp(&re, pattern, REG_EXTENDED | REG_NEWLINE), 0);
	ok = regexec(&re, s, 2, m, 0) == 0;
	if (ok && m[1].rm_so >= 0)
		snprintf(ret, n, "%.*s", (int)(m[1].rm_eo - m[1].rm_so), s + m[1].rm_so);
	regfree(&re);
	return ok;
}

/* check_mailq's sendmail and postfix branches, and the habits of scripts. */
START_TEST(monitors_read_it)
{
	char got[32];
	const char *last;
	struct span rest, line;
	int heads = 0;

	feed("relay name=g state=resting text=quota\n"
	    "message id=00AAAAAAAAAAAAAA size=2048 time=1 state=ready sender=a\nrecipient "
	    "addr=b state=waiting\n"
	    "message id=00BBBBBBBBBBBBBB size=2048 time=1 state=ready sender=a\nrecipient "
	    "addr=b state=waiting\n");
	ck_assert(matches("^[[:space:]]+Total requests: ([0-9]+)$", text, got, sizeof(got)));
	ck_assert_str_eq(got, "2");
	ck_assert_ptr_null(strstr(text, "mqueue"));
	text[text_n - 1] = '\0';
	last = strrchr(text, '\n') + 1;
	ck_assert(matches("Kbytes in ([0-9]+)", last, got, sizeof(got)));
	ck_assert_str_eq(got, "2");
	ck_assert_str_eq(last, "-- 4 Kbytes in 2 Requests.");
	rest = span_of(text);
	while (span_cut(&rest, '\n', &line))
		if (line.n > 0 && strchr("ABCDEF0123456789", line.p[0]) != NULL)
			heads++;
	ck_assert_int_eq(heads, 2);
}
END_TEST

/* ---- the socket ---- */

static char dir[] = "/tmp/postern-mailq-XXXXXX";
static char path[64];

static void
socket_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/control", dir);
}

static void
socket_teardown(void)
{
	unlink(path);
	rmdir(dir);
}

/* A daemon of one answer; the child ends with 0 when it was asked for what it should be. */
static pid_t
serve(const char *answer)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
	char got[64];
	ssize_t n;
	pid_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		peer = accept(fd, NULL, NULL);
		n = read(peer, got, sizeof(got));
		for (; *answer != '\0'; answer++)
			if (write(peer, answer, 1) != 1)
				_exit(2);
		_exit(n == 6 && memcmp(got, "mailq\n", 6) == 0 ? 0 : 1);
	}
	close(fd);
	return pid;
}

static void
collect(void *arg, struct span line)
{
	struct buf *b = arg;

	buf_span(b, line);
	buf_char(b, '|');
}

static const struct {
	const char *answer;
	int         rc;
	const char *lines;
	const char *why;
} answers[] = {
	{ "a\nb c\nend\n", 0, "a|b c|", "" },
	{ "end\n", 0, "", "" },
	{ "a\nend\nlater\n", 0, "a|", "" },
	{ "a\n", EX_TEMPFAIL, "a|", "the daemon's answer was cut off; the list is not whole" },
	{ "a\nend", EX_TEMPFAIL, "a|", "the daemon's answer was cut off; the list is not whole" },
	{ "", EX_TEMPFAIL, "", "the daemon's answer was cut off; the list is not whole" },
	{ "error no such command\n", EX_TEMPFAIL, "", "the daemon says: no such command" },
	{ "error denied text=only%20root%20may\n", EX_NOPERM, "", "the daemon says: only root may" },
	{ "error notfound text=no%20relay\n", EX_DATAERR, "", "the daemon says: no relay" },
	{ "error usage text=x\n", EX_USAGE, "", "the daemon says: x" },
	{ "a\nerror failed text=x\n", EX_TEMPFAIL, "a|", "the daemon says: x" },
	{ "error unknown text=x\n", EX_PROTOCOL, "", "the daemon does not know this command; it is of another "
	  "version than this program: systemctl restart postern" },
};

START_TEST(asks)
{
	struct buf lines, why;
	pid_t pid;
	int st;

	buf_init(&lines, 4096);
	buf_init(&why, 4096);
	pid = serve(answers[_i].answer);
	ck_assert_int_eq(client_ask(path, "mailq", NULL, collect, &lines, &why), answers[_i].rc);
	ck_assert_str_eq(buf_cstr(&lines), answers[_i].lines);
	ck_assert_str_eq(buf_cstr(&why), answers[_i].why);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	if (strstr(answers[_i].answer, "later") == NULL)
		ck_assert_int_eq(st, 0);
	buf_done(&lines);
	buf_done(&why);
}
END_TEST

/* The list goes out while the answer comes in; a daemon that ends early is still heard. */
START_TEST(asks_with_a_list)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer, st;
	struct buf list, lines, why;
	char got[4096];
	size_t total = 0;
	ssize_t n;
	pid_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	buf_init(&list, 4u << 20);
	buf_init(&lines, 4u << 20);
	buf_init(&why, 4096);
	for (int i = 0; i < 60000; i++)
		buf_printf(&list, "%016X\n", i);
	pid = fork();
	if (pid == 0) {
		peer = accept(fd, NULL, NULL);
		/* More than two sockets hold, said before a word of the list was taken. */
		for (int i = 0; _i == 0 && i < 20000; i++)
			if (write(peer, "refused id=0123456789ABCDEF\n", 28) != 28)
				_exit(2);
		while (_i == 0 && (n = read(peer, got, sizeof(got))) > 0) {
			total += (size_t)n;
			if (got[n - 1] == '\n' && total >= sizeof("delete\n.\n") - 1 + 60000 * 17)
				break;
		}
		n = _i == 0 ? write(peer, "end\n", 4) : write(peer, "error usage text=no\n", 20);
		_exit(n > 0 && (_i == 1 || total == sizeof("delete\n.\n") - 1 + 60000 * 17) ? 0 : 1);
	}
	close(fd);
	ck_assert_int_eq(client_ask(path, "delete", &(struct span){ list.p, list.n }, collect, &lines, &why),
	    _i == 0 ? 0 : EX_USAGE);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	ck_assert_uint_eq(lines.n, _i == 0 ? 20000 * 28 : 0);
	buf_done(&list);
	buf_done(&lines);
	buf_done(&why);
}
END_TEST

/* How many IDs came on this connection before the dot; each but "retry" and the dot is one. */
static size_t
take_list(int peer)
{
	FILE *f = fdopen(dup(peer), "r");
	char line[64];
	size_t n = 0;

	if (fgets(line, sizeof(line), f) == NULL || strcmp(line, "retry\n") != 0)
		_exit(3);
	while (fgets(line, sizeof(line), f) != NULL && strcmp(line, ".\n") != 0)
		n += strlen(line) == 17;
	fclose(f);
	return n;
}

/* A list longer than the daemon takes goes there in several; what it says adds up. */
START_TEST(batches)
{
	static const size_t want[] = { IDLIST_BATCH, IDLIST_BATCH, 7 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), st;
	struct idlist_result r;
	struct idlist list;
	struct buf why;
	char id[24];
	pid_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < 3; i++) {
			int peer = accept(fd, NULL, NULL);

			if (take_list(peer) != want[i] || dprintf(peer, "refused id=A text=on%%20its%%20way\n"
			    "result done=%zu gone=1 denied=2 refused=1\nend\n", want[i] - 4) < 0)
				_exit(2);
			close(peer);
		}
		_exit(0);
	}
	close(fd);
	setenv("POSTERN_RUN", dir, 1);
	idlist_init(&list);
	idlist_result_init(&r);
	buf_init(&why, 4096);
	for (int i = 0; i < 2 * IDLIST_BATCH + 7; i++) {
		snprintf(id, sizeof(id), "%016X", i);
		idlist_add(&list, id);
	}
	ck_assert_int_eq(idlist_send(&list, "retry", &r, &why), 0);
	ck_assert_int_eq(waitpid(pid, &st, 0), pid);
	ck_assert_int_eq(st, 0);
	ck_assert_uint_eq(r.done, 2 * IDLIST_BATCH + 7 - 12);
	ck_assert_uint_eq(r.gone + r.denied + r.refused, 3 + 6 + 3);
	ck_assert_str_eq(buf_cstr(&r.why), "A: on its way\nA: on its way\nA: on its way\n");
	idlist_done(&list);
	idlist_result_done(&r);
	buf_done(&why);
}
END_TEST

START_TEST(nobody_listens)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct buf why;
	char want[256];
	int fd;

	buf_init(&why, 4096);
	snprintf(want, sizeof(want),
	    "posternd is not running (%s: No such file or directory); start it: systemctl start postern", path);
	ck_assert_int_eq(client_ask(path, "mailq", NULL, collect, NULL, &why), EX_UNAVAILABLE);
	ck_assert_str_eq(buf_cstr(&why), want);

	/* a dead daemon's socket */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	close(fd);
	buf_clear(&why);
	snprintf(want, sizeof(want),
	    "posternd is not running (%s: Connection refused); start it: systemctl start postern", path);
	ck_assert_int_eq(client_ask(path, "mailq", NULL, collect, NULL, &why), EX_UNAVAILABLE);
	ck_assert_str_eq(buf_cstr(&why), want);
	buf_done(&why);
}
END_TEST

START_TEST(path_too_long)
{
	char longer[200];
	struct buf why;

	buf_init(&why, 4096);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(client_ask(longer, "mailq", NULL, collect, NULL, &why), EX_UNAVAILABLE);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "path of a socket is longer than 107 bytes"));
	buf_done(&why);
}
END_TEST

Suite *suite_mailq(void);

Suite *
suite_mailq(void)
{
	Suite *s = suite_create("mailq");
	TCase *text_case = tcase_create("text");
	TCase *socket_case = tcase_create("socket");

	tcase_add_checked_fixture(text_case, setup, teardown);
	tcase_add_loop_test(text_case, prints, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(text_case, monitors_read_it);
	suite_add_tcase(s, text_case);
	tcase_add_checked_fixture(socket_case, socket_setup, socket_teardown);
	tcase_add_loop_test(socket_case, asks, 0, sizeof(answers) / sizeof(answers[0]));
	tcase_add_loop_test(socket_case, asks_with_a_list, 0, 2);
	tcase_add_test(socket_case, batches);
	tcase_add_test(socket_case, nobody_listens);
	tcase_add_test(socket_case, path_too_long);
	suite_add_tcase(s, socket_case);
	return s;
}
