/* test_conn.c - the stream without TLS; test_conn_tls.c is the other half. */
#include <sys/socket.h>

#include <check.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "unit/ends.h"

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

Suite *suite_conn(void);

static const struct {
	const char *bytes;
	const char *lines;      /* as end records them, when all comes at once */
} rows[] = {
	{ "a\r\n", "a," },
	{ "a\r\nb\r\n", "a+,b," },
	{ "a\nb\r\nc\n", "a+,b+,c," },
	{ "\r\n\n", "+,," },
	{ "x\ry\r\n", "x\ry," },
	{ "x\r\r\n", "x\r," },
	{ "220 go\r\n250", "220 go+," },
	{ HUNDRED "\r\n" HUNDRED "\n", HUNDRED "+," HUNDRED "," },
	{ "partial", "" },
};

START_TEST(lines_at_once)
{
	ends_open(UNIX_PAIR);
	say(&b, rows[_i].bytes);
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), rows[_i].lines);
}
END_TEST

/* The same bytes one by one: the same lines, and nothing is ever behind one. */
START_TEST(lines_dripping)
{
	const char *p;
	struct buf want;

	ends_open(UNIX_PAIR);
	for (p = rows[_i].bytes; *p != '\0'; p++) {
		conn_write(b.conn, (struct span){ p, 1 });
		conn_flush(b.conn);
		ends_turn("a byte");
	}
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	buf_init(&want, 1024);
	for (p = rows[_i].lines; *p != '\0'; p++)
		if (*p != '+')
			buf_char(&want, *p);
	ck_assert_str_eq(buf_cstr(&a.lines), buf_cstr(&want));
	buf_done(&want);
}
END_TEST

static const struct {
	const char *bytes;
	const char *why;
	bool        clean;
	unsigned    nline;
} endings[] = {
	{ "a\r\n", "connection closed", true, 1 },
	{ "", "connection closed", true, 0 },
	{ "a\r\nb", "connection closed inside a line", false, 1 },
	{ "a\r\n" HUNDRED "!\r\nc\r\n", "line too long", false, 1 },
	{ HUNDRED "!\n", "line too long", false, 0 },
	{ HUNDRED "!!", "line too long", false, 0 },
	{ HUNDRED "\r", "connection closed inside a line", false, 0 },
};

START_TEST(ends)
{
	ends_open(UNIX_PAIR);
	say(&b, endings[_i].bytes);
	conn_stop(b.conn);
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, endings[_i].why);
	ck_assert_int_eq(a.clean, endings[_i].clean);
	ck_assert(!a.tls);
	ck_assert_uint_eq(a.nline, endings[_i].nline);
	ck_assert_uint_le(ends_turns_in_ms(30), 3);
}
END_TEST

START_TEST(long_line_ends_without_its_end)
{
	ends_open(UNIX_PAIR);
	say(&b, HUNDRED TEN);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, "line too long");
}
END_TEST

START_TEST(reset)
{
	struct linger hard = { 1, 0 };

	ends_open(TCP_PAIR);
	ck_assert_int_eq(setsockopt(b.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)), 0);
	conn_stop(b.conn);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, "Connection reset by peer");
	ck_assert(!a.clean && !a.tls);
}
END_TEST

/* The peer says why, and closes; we, still writing, must hear it. */
START_TEST(last_words)
{
	ends_open(UNIX_PAIR);
	say(&b, "421 busy\r\n");
	conn_stop(b.conn);
	say(&a, "EHLO a\r\n");
	say(&a, "NOOP\r\n");
	ck_assert_uint_eq(a.ngone, 0);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "421 busy,");
	ck_assert_str_eq(a.why, "Broken pipe");
	ck_assert(!a.clean);
}
END_TEST

START_TEST(half_closed_peer_is_answered)
{
	char got[64];
	int fd[2];
	ssize_t n;

	ends_pair(UNIX_PAIR, fd);
	end_open(&a, fd[0]);
	put(fd[1], "QUIT\r\n", 6);
	shutdown(fd[1], SHUT_WR);
	UNTIL(a.nline == 1);
	UNTIL(a.ngone == 1);
	conn_stop(a.conn);
	n = read(fd[1], got, sizeof(got));
	ck_assert_int_eq(n, 0);

	ends_pair(UNIX_PAIR, (close(fd[1]), fd));
	end_open(&a, fd[0]);
	conn_write(a.conn, SPAN("221 bye\r\n"));
	put(fd[1], "QUIT\r\n", 6);
	shutdown(fd[1], SHUT_WR);
	UNTIL(a.ngone == 1);
	n = read(fd[1], got, sizeof(got));
	ck_assert_int_eq(n, 9);
	close(fd[1]);
}
END_TEST

/* Written and not flushed: the loop's turn sends it, and the call does not. */
START_TEST(forgotten_flush)
{
	char got[64];
	int fd[2];

	ends_pair(UNIX_PAIR, fd);
	end_open(&a, fd[0]);
	conn_write(a.conn, SPAN("one "));
	buf_str(conn_out(a.conn), "two");
	ck_assert_int_eq(recv(fd[1], got, sizeof(got), MSG_DONTWAIT), -1);
	ck_assert_uint_eq(conn_queued(a.conn), 7);
	UNTIL(conn_queued(a.conn) == 0);
	ck_assert_int_eq(recv(fd[1], got, sizeof(got), MSG_DONTWAIT), 7);
	buf_str(conn_out(a.conn), "three");
	UNTIL(conn_queued(a.conn) == 0);
	ck_assert_int_eq(recv(fd[1], got, sizeof(got), MSG_DONTWAIT), 5);
	conn_write(a.conn, SPAN("last"));
	conn_stop(a.conn);
	ck_assert_int_eq(recv(fd[1], got, sizeof(got), 0), 4);
	ck_assert_int_eq(recv(fd[1], got, sizeof(got), 0), 0);
	close(fd[1]);
}
END_TEST

START_TEST(room_comes_once_below_low)
{
	char chunk[4096] = "";

	ends_open(UNIX_PAIR);
	conn_reading(b.conn, false);
	conn_set_low(a.conn, 64 * 1024);
	say(&a, "small\r\n");
	ends_turns_in_ms(20);
	ck_assert_uint_eq(a.nroom, 0);

	memset(chunk, '\n', sizeof(chunk));
	while (conn_queued(a.conn) < 128 * 1024) {
		conn_write(a.conn, (struct span){ chunk, sizeof(chunk) });
		conn_flush(a.conn);
	}
	ck_assert_uint_le(ends_turns_in_ms(20), 4);
	ck_assert_uint_eq(a.nroom, 0);
	b.quiet = true;
	conn_reading(b.conn, true);
	UNTIL(a.nroom == 1);
	ck_assert_uint_lt(conn_queued(a.conn), 64 * 1024);
	UNTIL(conn_queued(a.conn) == 0);
	ends_turns_in_ms(20);
	ck_assert_uint_eq(a.nroom, 1);

	conn_set_low(a.conn, 0);
	say(&a, "small\r\n");
	ck_assert_uint_eq(a.nroom, 1);
	UNTIL(a.nroom == 2);
}
END_TEST

START_TEST(pause_holds_lines_and_the_end)
{
	ends_open(UNIX_PAIR);
	conn_reading(a.conn, false);
	say(&b, "one\r\ntwo\r\n");
	conn_stop(b.conn);
	ck_assert_uint_le(ends_turns_in_ms(20), 2);
	ck_assert_uint_eq(a.nline + a.ngone, 0);
	conn_reading(a.conn, true);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "one+,two,");
	ck_assert(a.clean);
}
END_TEST

static void
pause_now(struct end *e, struct span line, bool more)
{
	(void)line, (void)more;
	conn_reading(e->conn, false);
}

/* Paused after each line, by the line itself. */
START_TEST(pause_between_lines)
{
	ends_open(UNIX_PAIR);
	a.on_line = pause_now;
	say(&b, "one\r\ntwo\r\nthr");
	UNTIL(a.nline == 1);
	say(&b, "ee\r\n");
	conn_stop(b.conn);
	ck_assert_uint_le(ends_turns_in_ms(20), 3);
	ck_assert_uint_eq(a.nline, 1);
	conn_reading(a.conn, true);
	UNTIL(a.nline == 2);
	conn_reading(a.conn, true);
	UNTIL(a.nline == 3);
	ends_turns_in_ms(20);
	ck_assert_uint_eq(a.ngone, 0);
	conn_reading(a.conn, true);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(buf_cstr(&a.lines), "one+,two+,three,");
	ck_assert(a.clean);
}
END_TEST

/* Who is paused and cannot be written to is gone all the same. */
START_TEST(paused_and_broken)
{
	ends_open(UNIX_PAIR);
	conn_reading(a.conn, false);
	conn_stop(b.conn);
	say(&a, "hello\r\n");
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, "Broken pipe");
}
END_TEST

/* ---- octets instead of lines ---- */

static struct {
	struct buf got;
	size_t     most;                /* taken of one piece */
	unsigned   calls, ngone;
	bool       clean;
} taker;

static size_t
take_bytes(void *arg, struct span bytes)
{
	size_t n = bytes.n < taker.most ? bytes.n : taker.most;

	(void)arg;
	taker.calls++;
	buf_add(&taker.got, bytes.p, n);
	return n;
}

static void
taker_gone(void *arg, const char *why, bool tls, bool clean)
{
	(void)arg, (void)why, (void)tls;
	taker.ngone++;
	taker.clean = clean;
}

static const struct conn_ops taker_ops = { .bytes = take_bytes, .gone = taker_gone };

/* A taker of 4 octets a time pauses by itself; what it left comes again, before the end does. */
START_TEST(bytes_left_wait)
{
	memset(&taker, 0, sizeof(taker));
	buf_init(&taker.got, 1000);
	taker.most = 4;
	ends_open(UNIX_PAIR);
	conn_give(a.conn, &taker_ops, NULL);
	say(&b, "one\r\ntwo\r\nthree");
	conn_stop(b.conn);
	for (unsigned i = 1; i <= 3; i++) {
		UNTIL(taker.calls == i);
		ck_assert_uint_le(ends_turns_in_ms(10), 3);
		ck_assert_uint_eq(taker.calls, i);
		ck_assert_uint_eq(taker.ngone, 0);
		conn_reading(a.conn, true);
	}
	UNTIL(taker.ngone == 1);
	ck_assert_uint_eq(taker.calls, 4);
	ck_assert(taker.clean);
	ck_assert_str_eq(buf_cstr(&taker.got), "one\r\ntwo\r\nthree");
	buf_done(&taker.got);
}
END_TEST

START_TEST(too_much_queued)
{
	static char chunk[1024 * 1024];

	ends_open(UNIX_PAIR);
	conn_reading(b.conn, false);
	for (int i = 0; i < CONN_OUT_MAX_BYTES / (int)sizeof(chunk) + 1; i++)
		conn_write(a.conn, (struct span){ chunk, sizeof(chunk) });
	ck_assert_uint_eq(a.ngone, 0);
	UNTIL(a.ngone == 1);
	ck_assert_str_eq(a.why, "too much output queued");
}
END_TEST

/* What a callback may do to its own connection. */

enum deed { STOP, STOP_TWICE, FREE, STOP_AND_WRITE, DEEDS };

static int deed;

static void
act(struct end *e)
{
	struct conn *c = e->conn;

	e->over = true;
	if (deed == FREE) {
		e->conn = NULL;
		conn_free(c);
		return;
	}
	conn_stop(c);
	if (deed == STOP_TWICE)
		conn_stop(c);
	if (deed == STOP_AND_WRITE) {
		conn_write(c, SPAN("more\r\n"));
		buf_str(conn_out(c), "more");
		conn_flush(c);
		conn_reading(c, false);
		conn_reading(c, true);
	}
}

static void
act_on_line(struct end *e, struct span line, bool more)
{
	(void)more;
	act(e);
	/* Lent until the callback returns, whatever it does. */
	ck_assert(span_eq(line, SPAN("one")));
}

START_TEST(acts_in_callbacks)
{
	deed = _i % DEEDS;
	ends_open(UNIX_PAIR);
	b.quiet = true;
	switch (_i / DEEDS) {
	case 0:
		a.on_line = act_on_line;
		say(&b, "one\r\ntwo\r\n");
		break;
	case 1:                         /* the line stands in conn's own buffer */
		a.on_line = act_on_line;
		say(&b, "on");
		ends_turn("half a line");
		say(&b, "e\r\ntwo\r\n");
		break;
	case 2:
		a.on_room = act;
		say(&a, "x\r\n");
		break;
	case 3:
		a.on_gone = act;
		conn_stop(b.conn);
		break;
	}
	UNTIL(a.over);
	ck_assert_uint_le(ends_turns_in_ms(20), 4);
	ck_assert_uint_le(a.nline, 1);
}
END_TEST

START_TEST(freed_outside)
{
	ends_open(UNIX_PAIR);
	conn_free(NULL);
	say(&b, "one\r\n");
	conn_write(a.conn, SPAN("x"));
	conn_free(a.conn);
	a.conn = NULL;
	a.over = true;
	ends_turns_in_ms(10);
	ck_assert_uint_eq(b.ngone, 1);
}
END_TEST

/* Both at once, more than any buffer holds: neither may wait for the other. */

static char block[64 * 1024];

static void
pour(struct end *e)
{
	while (e->left > 0 && conn_queued(e->conn) < sizeof(block)) {
		size_t n = e->left < sizeof(block) ? e->left : sizeof(block);

		conn_write(e->conn, (struct span){ block, n });
		e->left -= n;
	}
	conn_flush(e->conn);
}

static void
make_block(void)
{
	memset(block, 'x', sizeof(block));
	for (size_t i = 63; i < sizeof(block); i += 64)
		block[i] = '\n';
}

START_TEST(fifty_megabytes_each_way)
{
	const size_t total = 50 * 1024 * 1024;
	struct end *both[] = { &a, &b };

	make_block();
	ends_open(_i == 0 ? UNIX_PAIR : TCP_PAIR);
	for (int i = 0; i < 2; i++) {
		both[i]->quiet = true;
		both[i]->left = total;
		both[i]->on_room = pour;
		conn_set_low(both[i]->conn, sizeof(block) / 2);
		pour(both[i]);
	}
	UNTIL(a.nline == total / 64 && b.nline == total / 64);
	ck_assert_uint_eq(a.bytes, total / 64 * 63);
	ck_assert_uint_eq(b.bytes, total / 64 * 63);
	ck_assert_uint_eq(a.ngone + b.ngone, 0);
}
END_TEST

static void
echo(struct end *e, struct span line, bool more)
{
	(void)more;
	conn_write(e->conn, line);
	conn_write(e->conn, SPAN("\n"));
}

/* A pair that pours does not keep one that talks from its turns. */
START_TEST(fair)
{
	struct end c = { .fd = -1 }, d = { .fd = -1 };
	int fd[2];

	make_block();
	ends_open(UNIX_PAIR);
	ends_pair(UNIX_PAIR, fd);
	end_open(&c, fd[0]);
	end_open(&d, fd[1]);
	b.quiet = true;
	a.left = 50 * 1024 * 1024;
	a.on_room = pour;
	c.quiet = d.quiet = true;
	c.on_line = d.on_line = echo;
	pour(&a);
	say(&c, "ping\n");
	UNTIL(a.left == 0 && conn_queued(a.conn) == 0);
	/* 800 rounds of the one at 64 KiB each; the other has one in each. */
	ck_assert_uint_ge(d.nline, 200);
	end_close(&c);
	end_close(&d);
}
END_TEST

Suite *
suite_conn(void)
{
	Suite *s = suite_create("conn");
	TCase *tc = tcase_create("plain");

	tcase_add_checked_fixture(tc, ends_setup, ends_teardown);
	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, lines_at_once, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, lines_dripping, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, ends, 0, sizeof(endings) / sizeof(endings[0]));
	tcase_add_test(tc, long_line_ends_without_its_end);
	tcase_add_test(tc, reset);
	tcase_add_test(tc, last_words);
	tcase_add_test(tc, half_closed_peer_is_answered);
	tcase_add_test(tc, forgotten_flush);
	tcase_add_test(tc, room_comes_once_below_low);
	tcase_add_test(tc, pause_holds_lines_and_the_end);
	tcase_add_test(tc, pause_between_lines);
	tcase_add_test(tc, paused_and_broken);
	tcase_add_test(tc, bytes_left_wait);
	tcase_add_test(tc, too_much_queued);
	tcase_add_loop_test(tc, acts_in_callbacks, 0, 4 * DEEDS);
	tcase_add_test(tc, freed_outside);
	tcase_add_loop_test(tc, fifty_megabytes_each_way, 0, 2);
	tcase_add_test(tc, fair);
	suite_add_tcase(s, tc);
	return s;
}
