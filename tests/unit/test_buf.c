/* test_buf.c - spans and growing, limited buffers. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"

static const struct {
	const char *a, *b;
	bool eq, ieq, starts, istarts, icontains;       /* a against b */
} pairs[] = {
	{ "", "", true, true, true, true, true },
	{ "a", "", false, false, true, true, true },
	{ "", "a", false, false, false, false, false },
	{ "abc", "abc", true, true, true, true, true },
	{ "abc", "ABC", false, true, false, true, true },
	{ "abcd", "abc", false, false, true, true, true },
	{ "Abcd", "abC", false, false, false, true, true },
	{ "xxabc", "ABC", false, false, false, false, true },
	{ "ab", "abc", false, false, false, false, false },
	{ "aab", "ab", false, false, false, false, true },
	{ "[", "{", false, false, false, false, false },        /* 0x20 apart, no letters */
	{ "@", "`", false, false, false, false, false },
	{ "\xc9", "\xe9", false, false, false, false, false },  /* Latin-1 letters are bytes */
};

START_TEST(compares)
{
	struct span a = span_of(pairs[_i].a);
	struct span b = span_of(pairs[_i].b);

	ck_assert(span_eq(a, b) == pairs[_i].eq);
	ck_assert(span_ieq(a, b) == pairs[_i].ieq);
	ck_assert(span_starts(a, b) == pairs[_i].starts);
	ck_assert(span_istarts(a, b) == pairs[_i].istarts);
	ck_assert(span_icontains(a, b) == pairs[_i].icontains);
}
END_TEST

START_TEST(compares_bytes_not_strings)
{
	ck_assert(!span_eq(SPAN("a\0b"), SPAN("a\0c")));
	ck_assert(span_eq(SPAN("a\0b"), SPAN("a\0b")));
	ck_assert(span_icontains(SPAN("x\0HEY"), SPAN("\0hey")));
	ck_assert(span_eq(span_of(NULL), SPAN("")));
}
END_TEST

static const struct {
	const char *in, *want;
} trims[] = {
	{ "", "" }, { " ", "" }, { "a", "a" }, { " \t\r\na b\n\r\t ", "a b" }, { "\va", "\va" },
};

START_TEST(trims_blanks)
{
	ck_assert(span_eq(span_trim(span_of(trims[_i].in)), span_of(trims[_i].want)));
}
END_TEST

static const struct {
	const char *in;
	size_t count;
	const char *want[4];
} cuts[] = {
	{ "", 0, { NULL } },
	{ "a", 1, { "a" } },
	{ "a,b", 2, { "a", "b" } },
	{ "a,", 1, { "a" } },
	{ ",a", 2, { "", "a" } },
	{ ",", 1, { "" } },
	{ "a,,b", 3, { "a", "", "b" } },
};

START_TEST(cuts_parts)
{
	struct span rest = span_of(cuts[_i].in);
	struct span part = SPAN("of before");
	size_t n = 0;

	while (span_cut(&rest, ',', &part)) {
		ck_assert_uint_lt(n, cuts[_i].count);
		ck_assert(span_eq(part, span_of(cuts[_i].want[n])));
		n++;
	}
	ck_assert_uint_eq(n, cuts[_i].count);
	ck_assert_uint_eq(part.n, 0);           /* nothing left is an empty part, and not the one before */
}
END_TEST

START_TEST(dup_ends_in_nul)
{
	char *p = span_dup((struct span){ "abcdef", 3 });

	ck_assert_str_eq(p, "abc");
	free(p);
	p = span_dup(span_of(NULL));
	ck_assert_str_eq(p, "");
	free(p);
}
END_TEST

START_TEST(grows_and_ends_in_nul)
{
	struct buf b;

	buf_init(&b, 100000);
	ck_assert_str_eq(buf_cstr(&b), "");
	for (int i = 0; i < 1000; i++) {
		buf_printf(&b, "%03d", i);
		ck_assert(b.p[b.n] == '\0');
	}
	ck_assert_uint_eq(b.n, 3000);
	ck_assert(memcmp(b.p + 2997, "999", 4) == 0);
	ck_assert(!b.over);
	buf_done(&b);
	ck_assert(b.p == NULL && b.n == 0);
	buf_str(&b, "again");
	ck_assert_str_eq(buf_cstr(&b), "again");
	buf_done(&b);
}
END_TEST

START_TEST(max_is_exact_and_sticky)
{
	struct buf b;

	buf_init(&b, 5);
	buf_str(&b, "12345");
	ck_assert(!b.over);
	ck_assert_uint_le(b.cap, 6);
	buf_cut(&b, 3);
	buf_str(&b, "abc");                     /* would be 6 */
	ck_assert(b.over);
	ck_assert_str_eq(buf_cstr(&b), "123");
	buf_char(&b, 'x');                      /* would fit, comes too late */
	ck_assert_str_eq(buf_cstr(&b), "123");
	ck_assert(buf_room(&b, 1) == NULL);
	buf_clear(&b);
	ck_assert(!b.over);
	buf_printf(&b, "%s", "toolong");
	ck_assert(b.over);
	ck_assert_uint_eq(b.n, 0);
	buf_done(&b);
}
END_TEST

START_TEST(max_of_nothing)
{
	struct buf b;

	buf_init(&b, 0);
	buf_str(&b, "");
	ck_assert(!b.over);
	buf_char(&b, 'x');
	ck_assert(b.over);
	buf_done(&b);
	buf_init(&b, 10);
	ck_assert(buf_room(&b, (size_t)-1) == NULL);
	ck_assert(b.over);
	buf_done(&b);
}
END_TEST

START_TEST(drops_and_cuts)
{
	struct buf b;

	buf_init(&b, 100);
	buf_drop(&b, 0);                        /* nothing allocated yet */
	buf_cut(&b, 0);
	buf_str(&b, "hello world");
	buf_drop(&b, 6);
	ck_assert_str_eq(buf_cstr(&b), "world");
	buf_cut(&b, 2);
	ck_assert_str_eq(buf_cstr(&b), "wo");
	buf_drop(&b, 2);
	ck_assert_str_eq(buf_cstr(&b), "");
	ck_assert(span_eq(buf_view(&b), SPAN("")));
	buf_done(&b);
}
END_TEST

START_TEST(room_is_written_by_the_caller)
{
	struct buf b;
	char *to;

	buf_init(&b, 10);
	buf_str(&b, "ab");
	to = buf_room(&b, 8);
	ck_assert_ptr_nonnull(to);
	memcpy(to, "cdefXXXX", 8);
	buf_took(&b, 4);
	ck_assert_str_eq(buf_cstr(&b), "abcdef");
	ck_assert(buf_room(&b, 5) == NULL);
	buf_done(&b);
}
END_TEST

START_TEST(steals)
{
	struct buf b;
	struct span s;

	buf_init(&b, 10);
	buf_str(&b, "abc");
	s = buf_steal(&b);
	ck_assert_uint_eq(s.n, 3);
	ck_assert_str_eq(s.p, "abc");
	ck_assert_uint_eq(b.n, 0);
	ck_assert_uint_eq(b.max, 10);
	free((char *)s.p);
	s = buf_steal(&b);
	ck_assert_str_eq(s.p, "");
	free((char *)s.p);
}
END_TEST

START_TEST(took_more_than_room)
{
	struct buf b;

	buf_init(&b, 10);
	buf_room(&b, 2);
	buf_took(&b, 1000);
}
END_TEST

START_TEST(no_memory_ends_the_process)
{
	struct rlimit small = { 64 << 20, 64 << 20 };
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(STDERR_FILENO);
		setrlimit(RLIMIT_AS, &small);
		free(xcalloc(1 << 20, 1 << 10));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), EX_TEMPFAIL);
}
END_TEST

START_TEST(allocates_nothing_as_something)
{
	void *p = xcalloc(0, 10);

	ck_assert_ptr_nonnull(p);
	p = xrealloc(p, 0);
	ck_assert_ptr_nonnull(p);
	free(p);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

Suite *suite_buf(void);

Suite *
suite_buf(void)
{
	Suite *s = suite_create("buf");
	TCase *span = tcase_create("span");
	TCase *buf = tcase_create("buf");

	tcase_add_loop_test(span, compares, 0, COUNT(pairs));
	tcase_add_test(span, compares_bytes_not_strings);
	tcase_add_loop_test(span, trims_blanks, 0, COUNT(trims));
	tcase_add_loop_test(span, cuts_parts, 0, COUNT(cuts));
	tcase_add_test(span, dup_ends_in_nul);
	suite_add_tcase(s, span);
	tcase_add_test(buf, grows_and_ends_in_nul);
	tcase_add_test(buf, max_is_exact_and_sticky);
	tcase_add_test(buf, max_of_nothing);
	tcase_add_test(buf, drops_and_cuts);
	tcase_add_test(buf, room_is_written_by_the_caller);
	tcase_add_test(buf, steals);
	tcase_add_test_raise_signal(buf, took_more_than_room, SIGABRT);
#ifndef __SANITIZE_ADDRESS__            /* its shadow does not fit under the limit */
	tcase_add_test(buf, no_memory_ends_the_process);
#else
	(void)no_memory_ends_the_process;
#endif
	tcase_add_test(buf, allocates_nothing_as_something);
	suite_add_tcase(s, buf);
	return s;
}
