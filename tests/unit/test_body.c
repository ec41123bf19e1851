/* test_body.c - content as it goes out, against a reference that thinks octet by octet. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/body.h"
#include "smtp/limits.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

/* A file in memory that gives at most `most` octets a read, and may fail. */
struct file {
	struct span bytes;
	size_t      most;
	uint64_t    fail_at;    /* a read that begins here or later fails */
	int         error;      /* with this; 0: end of file */
	unsigned    reads;
};

static ssize_t
file_read(void *arg, uint64_t at, void *p, size_t n)
{
	struct file *f = arg;

	f->reads++;
	if (at >= f->fail_at)
		return f->error;
	ck_assert_uint_le(at + n, f->bytes.n);
	if (n > f->most)
		n = f->most;
	if (n > f->fail_at - at)
		n = (size_t)(f->fail_at - at);
	memcpy(p, f->bytes.p + at, n);
	return (ssize_t)n;
}

static struct file
file_of(struct span bytes)
{
	return (struct file){ .bytes = bytes, .most = SIZE_MAX, .fail_at = UINT64_MAX };
}

/* RFC 5321 §4.5.2, the slow way. */
static void
reference(struct span content, bool dots, struct buf *ret)
{
	char last = '\n', before = '\r';
	size_t i;

	for (i = 0; i < content.n; i++) {
		if (dots && last == '\n' && content.p[i] == '.')
			buf_char(ret, '.');
		buf_char(ret, content.p[i]);
		before = last;
		last = content.p[i];
	}
	if (dots && (before != '\r' || last != '\n') && content.n > 0)
		buf_str(ret, "\r\n");
	if (dots)
		buf_str(ret, ".\r\n");
}

/* Everything body_fill() gives, in portions of at most max. */
static int
fill_all(const struct body_source *src, bool dots, size_t max, struct buf *ret)
{
	struct body body;
	size_t before;
	int rc;

	body_start(&body, src, dots);
	do {
		before = ret->n;
		rc = body_fill(&body, max, ret);
		ck_assert_uint_le(ret->n - before, max + max / 2 + 6);
		ck_assert(rc <= 0 || ret->n > before);
	} while (rc == 1);
	before = ret->n;
	if (rc == 0) {
		ck_assert_int_eq(body_fill(&body, max, ret), 0);
		ck_assert_uint_eq(ret->n, before);
	}
	return rc;
}

static const struct {
	struct span head, rest;
	const char *data;
} contents[] = {
	{ S(""), S(""), ".\r\n" },
	{ S("A: b\r\n\r\n"), S(""), "A: b\r\n\r\n.\r\n" },
	{ S("A: b\r\n\r\n"), S("hello\r\n"), "A: b\r\n\r\nhello\r\n.\r\n" },
	{ S("A: b\r\n\r\n"), S(".\r\n"), "A: b\r\n\r\n..\r\n.\r\n" },
	{ S("\r\n"), S(".\r\n.\r\n"), "\r\n..\r\n..\r\n.\r\n" },
	{ S("\r\n"), S("..\r\n...x\r\n"), "\r\n...\r\n....x\r\n.\r\n" },
	{ S("\r\n"), S("a.b.\r\nc.\r\n"), "\r\na.b.\r\nc.\r\n.\r\n" },
	{ S(".A: b\r\n\r\n"), S("x\r\n"), "..A: b\r\n\r\nx\r\n.\r\n" },
	{ S(""), S(".x\r\n"), "..x\r\n.\r\n" },
	/* The spool holds whole lines.  Were it not so: */
	{ S("\r\n"), S("x"), "\r\nx\r\n.\r\n" },
	{ S("\r\n"), S("x\n"), "\r\nx\n\r\n.\r\n" },
	{ S("\r\n"), S("x\r"), "\r\nx\r\r\n.\r\n" },
	{ S("\r\n"), S("\n"), "\r\n\n\r\n.\r\n" },
	{ S("\r\n"), S("."), "\r\n..\r\n.\r\n" },
	{ S("\r\n"), S("x\n.\r\n"), "\r\nx\n..\r\n.\r\n" },
	{ S("x\r"), S("\n.\r\n"), "x\r\n..\r\n.\r\n" },
	{ S("x"), S(".\r\n"), "x.\r\n.\r\n" },
	{ S("\r\n"), S(".\r\nMAIL FROM:<x@y>\r\n"), "\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n" },
};

START_TEST(frames)
{
	struct file f = file_of(contents[_i].rest);
	struct body_source src = { contents[_i].head, file_read, &f, 0, contents[_i].rest.n };
	struct buf raw, out;
	size_t max;

	buf_init(&raw, 4096);
	buf_span(&raw, contents[_i].head);
	buf_span(&raw, contents[_i].rest);
	ck_assert_uint_eq(body_size(&src), raw.n);
	for (max = 1; max < 40; max++) {
		buf_init(&out, 4096);
		ck_assert_int_eq(fill_all(&src, true, max, &out), 0);
		ck_assert_str_eq(buf_cstr(&out), contents[_i].data);
		buf_clear(&out);
		ck_assert_int_eq(fill_all(&src, false, max, &out), 0);
		ck_assert_str_eq(buf_cstr(&out), buf_cstr(&raw));
		buf_done(&out);
	}
	buf_done(&raw);
}
END_TEST

static uint64_t seed = 88172645463325252u;

static uint64_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Content of little else than what matters: dots and line ends; head and file cut anywhere. */
START_TEST(like_the_reference)
{
	static const char *const alphabet = "..\r\n\nx";
	int round;

	for (round = 0; round < 4000; round++) {
		char content[300];
		size_t n = next_random() % sizeof(content), head = n > 0 ? next_random() % n : 0, i;
		struct file f = file_of((struct span){ content, n });
		struct body_source src = { { content, head }, file_read, &f, head, n - head };
		bool dots = round % 4 != 0;
		struct buf want, got;

		for (i = 0; i < n; i++)
			content[i] = alphabet[next_random() % 6];
		f.most = 1 + next_random() % 64;
		buf_init(&want, 4096);
		buf_init(&got, 4096);
		reference((struct span){ content, n }, dots, &want);
		ck_assert_int_eq(fill_all(&src, dots, 1 + next_random() % 100, &got), 0);
		ck_assert(span_eq(buf_view(&want), buf_view(&got)));
		buf_done(&want);
		buf_done(&got);
	}
}
END_TEST

/* Larger than a chunk, by octet counts around its edge, a dot line across it. */
START_TEST(across_chunks)
{
	size_t n = 3 * LIMIT_BODY_CHUNK + 20, at, i;
	char *content = malloc(n);
	struct buf want, got;

	for (i = 0; i < n; i++)
		content[i] = "0123456789abc\r\n"[i % 15];
	content[n - 2] = '\r';
	content[n - 1] = '\n';
	for (at = LIMIT_BODY_CHUNK - 3; at <= LIMIT_BODY_CHUNK + 1; at++) {
		struct file f = file_of((struct span){ content, n });
		struct body_source src = { { "", 0 }, file_read, &f, 0, n };
		char keep[3];

		memcpy(keep, content + at, 3);
		memcpy(content + at, "\r\n.", 3);
		buf_init(&want, 4 * LIMIT_BODY_CHUNK);
		buf_init(&got, 4 * LIMIT_BODY_CHUNK);
		reference((struct span){ content, n }, true, &want);
		ck_assert_int_eq(fill_all(&src, true, LIMIT_BODY_CHUNK, &got), 0);
		ck_assert(span_eq(buf_view(&want), buf_view(&got)));
		/* No more reads than the chunks there are, and one for what dots made of them. */
		ck_assert_uint_le(f.reads, 5);
		memcpy(content + at, keep, 3);
		buf_done(&want);
		buf_done(&got);
	}
	free(content);
}
END_TEST

/* Nothing but dot lines: grows by half, in time that grows with it. */
START_TEST(all_dots)
{
	size_t n = 3 << 20, i;
	char *content = malloc(n);
	struct file f = file_of((struct span){ content, n });
	struct body_source src = { { "", 0 }, file_read, &f, 0, n };
	struct buf want, got;

	for (i = 0; i < n; i++)
		content[i] = ".\r\n"[i % 3];
	buf_init(&want, 2 * n);
	buf_init(&got, 2 * n);
	reference((struct span){ content, n }, true, &want);
	ck_assert_int_eq(fill_all(&src, true, LIMIT_BODY_CHUNK, &got), 0);
	ck_assert_uint_eq(got.n, n + n / 3 + 3);
	ck_assert(span_eq(buf_view(&want), buf_view(&got)));
	buf_done(&want);
	buf_done(&got);
	free(content);
}
END_TEST

static const struct {
	uint64_t fail_at;
	int      error, want;
} failures[] = {
	{ 0, 0, -EIO }, { 0, -EACCES, -EACCES }, { 5, 0, -EIO }, { 5, -EIO, -EIO }, { 9, 0, -EIO },
};

START_TEST(a_file_that_fails)
{
	static const char text[] = "hello\r\n.\r\n";
	struct file f = { { text, 10 }, 3, failures[_i].fail_at, failures[_i].error, 0 };
	struct body_source src = { SPAN("A: b\r\n\r\n"), file_read, &f, 0, 10 };
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_eq(fill_all(&src, true, 1000, &out), failures[_i].want);
	/* Whatever went out, no end of data did. */
	ck_assert_ptr_null(strstr(buf_cstr(&out), "\n.\r\n"));
	buf_clear(&out);
	ck_assert_int_eq(fill_all(&src, false, 1000, &out), failures[_i].want);
	buf_done(&out);
}
END_TEST

static ssize_t
greedy_read(void *arg, uint64_t at, void *p, size_t n)
{
	(void)arg, (void)at, (void)p;
	return (ssize_t)n + 1;
}

START_TEST(a_source_that_lies)
{
	struct body_source src = { { "", 0 }, greedy_read, NULL, 0, 10 };
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_eq(fill_all(&src, true, 5, &out), -EIO);
	buf_done(&out);
}
END_TEST

START_TEST(no_room)
{
	struct file f = file_of(SPAN(".\r\n.\r\n"));
	struct body_source src = { SPAN("\r\n"), file_read, &f, 0, 6 };
	struct body body;
	struct buf out;
	size_t max;

	/* 13 octets in all: with one less it is always said, never passed over. */
	for (max = 0; max < 13; max++) {
		buf_init(&out, max);
		body_start(&body, &src, true);
		ck_assert_int_eq(body_fill(&body, 100, &out), -EMSGSIZE);
		buf_done(&out);
	}
	buf_init(&out, 13);
	body_start(&body, &src, true);
	ck_assert_int_eq(body_fill(&body, 100, &out), 0);
	ck_assert_uint_eq(out.n, 13);
	buf_done(&out);
}
END_TEST

Suite *suite_body(void);

Suite *
suite_body(void)
{
	Suite *s = suite_create("body");
	TCase *t = tcase_create("body");

	tcase_add_loop_test(t, frames, 0, ROWS(contents));
	tcase_add_test(t, like_the_reference);
	tcase_add_test(t, across_chunks);
	tcase_add_test(t, all_dots);
	tcase_add_loop_test(t, a_file_that_fails, 0, ROWS(failures));
	tcase_add_test(t, a_source_that_lies);
	tcase_add_test(t, no_room);
	suite_add_tcase(s, t);
	return s;
}
