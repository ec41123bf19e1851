/* test_diff.c - unified diffs, and that patch(1)'s way of reading one gives the new text. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/diff.h"

static const struct {
	const char *from, *to, *diff;   /* without the two names */
} rows[] = {
	{ "", "", "" },
	{ "a\n", "a\n", "" },
	{ "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n" },
	{ "a\n", "", "@@ -1 +0,0 @@\n-a\n" },
	{ "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n" },
	{ "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n" },
	{ "x\na\n", "y\na", "@@ -1,2 +1,2 @@\n-x\n-a\n+y\n+a\n\\ No newline at end of file\n" },
	/* Context is three lines, and what is nearer than twice that is one hunk. */
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\nN\n", "@@ -6,4 +6,4 @@\n 6\n 7\n 8\n-9\n+N\n" },
	{ "A\n1\n2\n3\n4\n5\n6\nB\n", "a\n1\n2\n3\n4\n5\n6\nb\n",
	    "@@ -1,8 +1,8 @@\n-A\n+a\n 1\n 2\n 3\n 4\n 5\n 6\n-B\n+b\n" },
	{ "A\n1\n2\n3\n4\n5\n6\n7\nB\n", "a\n1\n2\n3\n4\n5\n6\n7\nb\n",
	    "@@ -1,4 +1,4 @@\n-A\n+a\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-B\n+b\n" },
	{ "a\nb\nc\n", "b\nc\nd\n", "@@ -1,3 +1,3 @@\n-a\n b\n c\n+d\n" },
};

START_TEST(row)
{
	struct buf got, want;

	buf_init(&got, 65536);
	buf_init(&want, 65536);
	diff_unified(span_of(rows[_i].from), "old", span_of(rows[_i].to), "new", &got);
	if (rows[_i].diff[0] != '\0')
		buf_printf(&want, "--- old\n+++ new\n%s", rows[_i].diff);
	ck_assert_str_eq(buf_cstr(&got), buf_cstr(&want));
	buf_done(&got);
	buf_done(&want);
}
END_TEST

/* Apply a diff to `from`, as patch does without looking for the place. */
static void
apply(struct span from, struct span diff, struct buf *ret)
{
	struct span line, old;
	unsigned at = 0, begin = 0;

	span_cut(&diff, '\n', &line);
	span_cut(&diff, '\n', &line);
	while (span_cut(&diff, '\n', &line)) {
		char text[64];

		if (line.p[0] == '@') {
			snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
			ck_assert_int_eq(sscanf(text, "@@ -%u", &begin), 1);
			for (; at + 1 < begin && span_cut(&from, '\n', &old); at++) {
				buf_span(ret, old);
				buf_char(ret, '\n');
			}
			continue;
		}
		if (line.p[0] != '+') {
			ck_assert(span_cut(&from, '\n', &old));
			ck_assert(span_eq(old, (struct span){ line.p + 1, line.n - 1 }));
			at++;
		}
		if (line.p[0] != '-') {
			buf_add(ret, line.p + 1, line.n - 1);
			buf_char(ret, '\n');
		}
	}
	while (span_cut(&from, '\n', &old)) {
		buf_span(ret, old);
		buf_char(ret, '\n');
	}
}

static void
random_text(struct buf *b, unsigned *seed, unsigned lines)
{
	for (unsigned i = 0; i < lines; i++) {
		*seed = *seed * 1103515245u + 12345u;
		buf_printf(b, "%c\n", 'a' + (*seed >> 16) % 5);
	}
}

START_TEST(applied_it_gives_the_new_text)
{
	unsigned seed = (unsigned)_i;
	struct buf a, b, diff, got;

	buf_init(&a, 1u << 20);
	buf_init(&b, 1u << 20);
	buf_init(&diff, 4u << 20);
	buf_init(&got, 1u << 20);
	/* The last ones are too long for the shortest diff. */
	random_text(&a, &seed, _i < 48 ? 3 + (unsigned)_i : 5000);
	random_text(&b, &seed, _i < 48 ? 50 - (unsigned)_i : 5000);
	diff_unified(buf_view(&a), "old", buf_view(&b), "new", &diff);
	ck_assert(!diff.over);
	apply(buf_view(&a), buf_view(&diff), &got);
	ck_assert(span_eq(buf_view(&got), buf_view(&b)));
	buf_done(&a);
	buf_done(&b);
	buf_done(&diff);
	buf_done(&got);
}
END_TEST

Suite *suite_diff(void);

Suite *
suite_diff(void)
{
	Suite *s = suite_create("diff");
	TCase *tc = tcase_create("diff");

	tcase_add_loop_test(tc, row, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, applied_it_gives_the_new_text, 0, 50);
	suite_add_tcase(s, tc);
	return s;
}
