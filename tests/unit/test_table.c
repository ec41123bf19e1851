/* test_table.c - columns within a width, and what strangers wrote in them. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern/plain.h"
#include "postern/rows.h"

#define NOW 1764000000
#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *text, *plain;
} plains[] = {
	{ "", "" },
	{ "a b", "a b" },
	{ "a\tb\nc", "a b?c" },
	{ "\033[31mred", "?[31mred" },
	{ "\x9b" "31m", "?31m" },                               /* no UTF-8: ASCII alone */
	{ "\xc2\x9b" "31m", "?31m" },                           /* CSI as U+009B */
	{ "Gr\xc3\xbc\xc3\x9f" "e", "Gr\xc3\xbc\xc3\x9f" "e" },
	{ "a\xe2\x80\xae" "b", "a?b" },                         /* what follows would be read backwards */
	{ "a\xe2\x81\xa6" "b\xe2\x80\xa9", "a?b?" },
	{ "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7" },
	{ "\x7f\x01", "??" },
};

START_TEST(plain)
{
	struct buf b;

	buf_init(&b, 1000);
	plain_put(&b, span_of(plains[_i].text));
	ck_assert_str_eq(buf_cstr(&b), plains[_i].plain);
	buf_done(&b);
}
END_TEST

static const struct {
	const char *text;
	unsigned    width, used;
	const char *cut;
} cuts[] = {
	{ "abc", 3, 3, "abc" },
	{ "abcd", 3, 3, "ab~" },
	{ "abcd", 1, 1, "~" },
	{ "abcd", 0, 0, "" },
	{ "", 3, 0, "" },
	{ "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 3, 3, "\xc3\xbc\xc3\xbc~" },
};

START_TEST(cut)
{
	struct buf b;

	buf_init(&b, 1000);
	ck_assert_uint_eq(plain_put_cut(&b, span_of(cuts[_i].text), cuts[_i].width, "~"), cuts[_i].used);
	ck_assert_str_eq(buf_cstr(&b), cuts[_i].cut);
	buf_done(&b);
}
END_TEST

/* What a test before this one may have taken from the environment. */
static void
setup(void)
{
	setlocale(LC_ALL, "C");
}

static const struct column columns[] = {
	{ "ID", 4, 0, false }, { "N", 5, 0, true }, { "WHO", 10, 1, false }, { "WHY", 10, 3, false },
};

static const struct {
	unsigned    width;
	const char *want;
} widths[] = {
	{ 0, "ID        N  WHO         WHY\nx        12  somebody@example.org  because of this and that\n" },
	{ 35, "ID        N  WHO         WHY\nx        12  somebody@~  because o~\n" },
	{ 43, "ID        N  WHO           WHY\nx        12  somebody@ex~  because of this~\n" },
	{ 30, "ID        N  WHO       WHY\nx        12  somebod~  becau~\n" },
	{ 10, "ID        N  WHO   WHY\nx        12  som~  bec~\n" },
};

static void
row(struct table *t, const char *who, const char *why)
{
	table_row(t, (const struct cell[]){
		{ SPAN("x"), PAINT_NONE }, { SPAN("12"), PAINT_BAD },
		{ span_of(who), PAINT_NONE }, { span_of(why), PAINT_NONE },
	});
}

START_TEST(fits)
{
	struct term term = { .width = widths[_i].width };
	struct table t;
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	table_begin(&t, out, &term, columns, ROWS(columns));
	row(&t, "somebody@example.org", "because of this and that");
	fclose(out);
	ck_assert_str_eq(text, widths[_i].want);
	free(text);
}
END_TEST

START_TEST(colours)
{
	struct term term = { .colour = true };
	struct table t = { .term = &term, .columns = columns, .n = ROWS(columns), .width = { 4, 5, 10, 10 } };
	char *text;
	size_t n;

	t.out = open_memstream(&text, &n);
	row(&t, "\033[2J", "");
	fclose(t.out);
	ck_assert_str_eq(text, "x        \033[31m12\033[0m  ?[2J\n");
	free(text);
}
END_TEST

static const struct {
	const char *no_color, *kind;
	unsigned    width;
} terms[] = {
	{ NULL, "xterm", 77 }, { "1", "xterm", 77 }, { NULL, "dumb", 77 },
};

/* A file is none, whatever the environment says; what it says of the width is taken. */
START_TEST(not_a_terminal)
{
	struct term t;
	FILE *f = tmpfile();

	setenv("TERM", terms[_i].kind, 1);
	setenv("COLUMNS", "77", 1);
	if (terms[_i].no_color != NULL)
		setenv("NO_COLOR", terms[_i].no_color, 1);
	term_of(fileno(f), &t);
	ck_assert(!t.tty && !t.colour);
	ck_assert_uint_eq(t.width, terms[_i].width);
	ck_assert_str_eq(term_paint(&t, PAINT_BAD), "");
	fclose(f);
}
END_TEST

static const struct {
	uint64_t    bytes;
	const char *text;
} sizes[] = {
	{ 0, "0" }, { 1023, "1023" }, { 1024, "1.0k" }, { 10239, "9.9k" }, { 10240, "10k" }, { 1048575, "1023k" },
	{ 1048576, "1.0M" }, { 36700160, "35M" }, { UINT64_MAX, "16777215T" },
};

START_TEST(size)
{
	struct buf b;

	buf_init(&b, 100);
	rows_put_size(&b, sizes[_i].bytes);
	ck_assert_str_eq(buf_cstr(&b), sizes[_i].text);
	buf_done(&b);
}
END_TEST

static struct rows shown;

static void
on_message(void *arg, struct queued *q)
{
	(void)arg;
	rows_put(&shown, q);
}

/* A row a message; nothing of what is in one gets out of its line. */
START_TEST(messages)
{
	static const char *const records[] = {
		"message id=0123456789ABCDEF size=2048 time=1763999910 state=later uid=0 user=root sender= next=1764000270",
		"recipient addr=a%40x state=sent text=ok",
		"recipient addr=b%40x state=waiting",
		"recipient addr=c%40x state=deferred code=451 text=4.7.1%20%1B]0;later%07",
		"message id=0123456789ABCDF0 size=7 time=1764000001 state=frozen sender=%1B[2J%0A",
		"message id=0123\033[2J size=7 state=ready",             /* no ID: not a message */
		"message id=0123456789ABCDF1 size=7 time=1763913600 state=bad uid=33 reason=head%20is%20torn",
	};
	struct queued_reader r = { .message = on_message };
	struct term term = { .width = 100 };
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	rows_begin(&shown, out, &term, NOW);
	for (int i = 0; i < ROWS(records); i++)
		queued_read(&r, span_of(records[i]));
	queued_read_end(&r);
	fclose(out);
	ck_assert_str_eq(text,
	    "ID                STATE       AGE   SIZE  SENDER            RECIPIENT           REASON\n"
	    "0123456789ABCDEF  later     1m30s   2.0k  <>                c@x +1              451 4.7.1 ?]0;lat~\n"
	    "0123456789ABCDF0  frozen       0s      7  ?[2J?\n"
	    "0123456789ABCDF1  bad       1d00h      7  ?                                     head is torn\n");
	free(text);
}
END_TEST

Suite *suite_table(void);

Suite *
suite_table(void)
{
	Suite *s = suite_create("table");
	TCase *t = tcase_create("table");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, plain, 0, ROWS(plains));
	tcase_add_loop_test(t, cut, 0, ROWS(cuts));
	tcase_add_loop_test(t, fits, 0, ROWS(widths));
	tcase_add_test(t, colours);
	tcase_add_loop_test(t, not_a_terminal, 0, ROWS(terms));
	tcase_add_loop_test(t, size, 0, ROWS(sizes));
	tcase_add_test(t, messages);
	suite_add_tcase(s, t);
	return s;
}
