/* test_options.c - the command line of sendmail(8). */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/fs.h"
#include "sendmail/options.h"

#define MAX_ARGS 12

static struct options
parse(const char *const *args, int *ret_code, char *ret_why, size_t size)
{
	char          *argv[MAX_ARGS + 1];
	struct options o;
	struct buf     why;
	int            argc = 0;

	while (args[argc] != NULL) {
		argv[argc] = (char *)args[argc];
		argc++;
	}
	argv[argc] = NULL;
	buf_init(&why, 1000);
	*ret_code = options_parse(argc, argv, &o, &why);
	ck_assert_uint_lt(why.n, size);
	strcpy(ret_why, buf_cstr(&why));
	buf_done(&why);
	return o;
}

#define S "sendmail"

/* What programs really say (the manual of each), and the rest of the table. */
static const struct {
	const char *argv[MAX_ARGS];
	struct options want;            /* args and nargs are in rcpts */
	const char *rcpts[4];
} rows[] = {
	{ { S, "root" }, { .mode = MODE_SUBMIT }, { "root" } },
	{ { S, "-FCronDaemon", "-i", "-B8BITMIME", "-oem", "alice" },
	  { .full_name = "CronDaemon", .dot_is_text = true, .body = BODY_8BITMIME }, { "alice" } },
	{ { S, "-t", "-i" }, { .from_header = true, .dot_is_text = true }, { NULL } },
	{ { S, "-ti" }, { .from_header = true, .dot_is_text = true }, { NULL } },
	{ { S, "-oi", "-fwww@example.com", "-t" },
	  { .from_header = true, .dot_is_text = true, .sender = "www@example.com" }, { NULL } },
	{ { S, "-oem", "-oi", "-f", "a@example.com", "-N", "success,Failure", "-R", "HDRS", "--", "-b@x" },
	  { .dot_is_text = true, .sender = "a@example.com", .ret = RET_HDRS,
	    .notify = NOTIFY_SUCCESS | NOTIFY_FAILURE }, { "-b@x" } },
	{ { S, "-f", "", "a" }, { .sender = "" }, { "a" } },
	{ { S, "-f", "<>", "a" }, { .sender = "<>" }, { "a" } },
	{ { S, "-r", "b", "a" }, { .sender = "b" }, { "a" } },
	{ { S, "a", "-f", "b", "c" }, { .sender = "b" }, { "a", "c" } },
	{ { S, "-Nnever", "-Rfull", "-Vx+2B", "a" },
	  { .notify = NOTIFY_NEVER, .ret = RET_FULL, .envid = "x+2B" }, { "a" } },
	{ { S, "-U", "-v", "-G", "-bm", "a" }, { .smtputf8 = true }, { "a" } },
	{ { S, "-B", "7bit", "a" }, { .body = BODY_7BIT }, { "a" } },
	{ { S, "-O", "IgnoreDots=true", "a" }, { .dot_is_text = true }, { "a" } },
	{ { S, "-o", "i", "a" }, { .dot_is_text = true }, { "a" } },
	{ { S, "-oQ/tmp/q", "-odb", "-odq", "-o7", "a" }, { 0 }, { "a" } },
	{ { S, "-h", "3", "-Ltag", "-C/x", "-Ac", "-X", "/log", "-D/f", "-d0.1", "-Mxy", "a" }, { 0 }, { "a" } },
	{ { S, "-p", "smtp", "-n", "-m", "-e", "m", "-s", "-d", "a" }, { 0 }, { "a" } },
	{ { S, "-bp" }, { .mode = MODE_QUEUE }, { NULL } },
	{ { S, "-b", "p" }, { .mode = MODE_QUEUE }, { NULL } },
	{ { "/usr/bin/mailq" }, { .mode = MODE_QUEUE }, { NULL } },
	{ { "mailq", "-C", "/etc" }, { .mode = MODE_QUEUE }, { NULL } },
	{ { "newaliases" }, { .mode = MODE_ALIASES }, { NULL } },
	{ { S, "-bi" }, { .mode = MODE_ALIASES }, { NULL } },
	{ { S, "-I" }, { .mode = MODE_ALIASES }, { NULL } },
	{ { S, "-bs", "-i" }, { .mode = MODE_STDIO, .dot_is_text = true }, { NULL } },
	{ { S, "-bv", "a", "b" }, { .mode = MODE_VERIFY }, { "a", "b" } },
	{ { S, "-q" }, { .mode = MODE_RUN_QUEUE }, { NULL } },
	{ { S, "-q30m" }, { .mode = MODE_RUN_QUEUE }, { NULL } },
	{ { S, "-qf" }, { .mode = MODE_RUN_QUEUE }, { NULL } },
	{ { S, "-bp", "-qRexample.com" }, { .mode = MODE_QUEUE, .nsubsets = 1, .subset = { { 'R', false, "example.com" } } },
	    { NULL } },
	{ { S, "-qGgroup" }, { .mode = MODE_RUN_QUEUE }, { NULL } },
	{ { S, "-qIABC", "-q!Rb@x", "-qS!c", "-qR-" }, { .mode = MODE_RUN_QUEUE, .nsubsets = 4, .subset = {
	    { 'I', false, "ABC" }, { 'R', true, "b@x" }, { 'S', true, "c" }, { 'R', false, "-" } } }, { NULL } },
	{ { "hoststat" }, { .mode = MODE_NOTHING }, { NULL } },
	{ { S, "-bH" }, { .mode = MODE_NOTHING }, { NULL } },
	{ { S, "--version" }, { .mode = MODE_VERSION }, { NULL } },
	{ { S, "--help" }, { .mode = MODE_HELP }, { NULL } },
	{ { S, "-t", "--" , "--version" }, { .from_header = true }, { "--version" } },
	{ { S, "-" }, { 0 }, { "-" } },
	{ { "" }, { 0 }, { NULL } },
};

static void
same(const char *got, const char *want)
{
	ck_assert_int_eq(got == NULL, want == NULL);
	if (got != NULL)
		ck_assert_str_eq(got, want);
}

START_TEST(understands)
{
	const struct options *want = &rows[_i].want;
	struct options        o;
	char                  why[200];
	size_t                n = 0;
	int                   rc;

	o = parse(rows[_i].argv, &rc, why, sizeof(why));
	ck_assert_msg(rc == 0, "row %d: %s", _i, why);
	ck_assert_int_eq(o.mode, want->mode);
	ck_assert_int_eq(o.from_header, want->from_header);
	ck_assert_int_eq(o.dot_is_text, want->dot_is_text);
	ck_assert_int_eq(o.smtputf8, want->smtputf8);
	ck_assert_int_eq(o.ret, want->ret);
	ck_assert_int_eq(o.body, want->body);
	ck_assert_uint_eq(o.notify, want->notify);
	same(o.sender, want->sender);
	same(o.full_name, want->full_name);
	same(o.envid, want->envid);
	for (; n < 4 && rows[_i].rcpts[n] != NULL; n++) {
		ck_assert_uint_lt(n, o.nargs);
		ck_assert_str_eq(o.args[n], rows[_i].rcpts[n]);
	}
	ck_assert_uint_eq(o.nargs, n);
	ck_assert_uint_eq(o.nsubsets, want->nsubsets);
	for (size_t i = 0; i < o.nsubsets; i++) {
		ck_assert_int_eq(o.subset[i].kind, want->subset[i].kind);
		ck_assert_int_eq(o.subset[i].not, want->subset[i].not);
		ck_assert_str_eq(o.subset[i].text, want->subset[i].text);
	}
	options_done(&o);
}
END_TEST

static const struct {
	const char *argv[MAX_ARGS];
	const char *why;
} refused[] = {
	{ { S, "-Z" }, "unknown option -Z" },
	{ { S, "-iZ", "a" }, "unknown option -iZ" },
	{ { S, "--colour" }, "unknown option --colour" },
	{ { S, "-f" }, "option -f wants a value" },
	{ { S, "a", "-t", "-F" }, "option -F wants a value" },
	{ { S, "-B9BIT" }, "-B wants 7BIT or 8BITMIME: 9BIT" },
	{ { S, "-N", "always" }, "-N wants never, or some of success,failure,delay: always" },
	{ { S, "-R", "half" }, "-R wants full or hdrs: half" },
	{ { S, "-V", "a b" }, "-V wants an envelope id in xtext (RFC 3461): a b" },
	{ { S, "-V", "" }, "-V wants an envelope id in xtext (RFC 3461): " },
	{ { S, "-bd" }, "the daemon is posternd, a program of its own" },
	{ { S, "-bD", "-q30m" }, "the daemon is posternd, a program of its own" },
	{ { S, "-q30m", "-bl" }, "the daemon is posternd, a program of its own" },
	{ { "smtpd" }, "the daemon is posternd, a program of its own" },
	{ { S, "-bt" }, "there is no mode -b: t" },
	{ { S, "-qR" }, "a text is missing behind -q: R" },
	{ { S, "-qS!" }, "a text is missing behind -q: S!" },
	{ { S, "-q!30m" }, "-q! wants I, R or S and a text: !30m" },
};

START_TEST(refuses)
{
	struct options o;
	char           why[200];
	int            rc;

	o = parse(refused[_i].argv, &rc, why, sizeof(why));
	ck_assert_int_eq(rc, EX_USAGE);
	ck_assert_str_eq(why, refused[_i].why);
	options_done(&o);
}
END_TEST

/* A value may stand in the option's word or be the next. */
static const char *const valued[][2] = {
	{ "A", "c" }, { "B", "8bitmime" }, { "C", "/x" }, { "D", "/f" }, { "F", "Alice" }, { "L", "tag" },
	{ "M", "xy" }, { "N", "delay,failure" }, { "O", "IgnoreDots" }, { "R", "hdrs" }, { "V", "q1" },
	{ "X", "/log" }, { "b", "v" }, { "e", "m" }, { "f", "b@x" }, { "h", "3" }, { "o", "i" }, { "o", "em" },
	{ "p", "smtp:x" }, { "r", "b@x" },
};

START_TEST(attached_or_separate)
{
	struct options one, two;
	char           why[200], word[40], letter[4];
	int            rc;

	snprintf(word, sizeof(word), "-%s%s", valued[_i][0], valued[_i][1]);
	snprintf(letter, sizeof(letter), "-%s", valued[_i][0]);
	one = parse((const char *[]){ S, word, "a", NULL }, &rc, why, sizeof(why));
	ck_assert_msg(rc == 0, "%s: %s", word, why);
	two = parse((const char *[]){ S, letter, valued[_i][1], "a", NULL }, &rc, why, sizeof(why));
	ck_assert_msg(rc == 0, "%s %s: %s", letter, valued[_i][1], why);
	ck_assert_int_eq(one.mode, two.mode);
	ck_assert_int_eq(one.dot_is_text, two.dot_is_text);
	ck_assert_int_eq(one.ret, two.ret);
	ck_assert_int_eq(one.body, two.body);
	ck_assert_uint_eq(one.notify, two.notify);
	same(one.sender, two.sender);
	same(one.full_name, two.full_name);
	same(one.envid, two.envid);
	ck_assert_uint_eq(one.nargs, 1);
	ck_assert_uint_eq(two.nargs, 1);
	ck_assert_str_eq(two.args[0], "a");
	options_done(&one);
	options_done(&two);
}
END_TEST

/* Is the letter an option's name in the manual: "Fl X", or in the list of those ignored? */
static bool
is_told(const char *manual, char letter)
{
	const char *ignored = strstr(manual, "\n.Fl A , C"), *end = ignored != NULL ? strchr(ignored + 1, '\n') : NULL;
	char        name[8];

	snprintf(name, sizeof(name), "Fl %c ", letter);
	if (strstr(manual, name) != NULL)
		return true;
	snprintf(name, sizeof(name), "Fl %c\n", letter);
	if (strstr(manual, name) != NULL)
		return true;
	ck_assert_ptr_nonnull(end);
	for (const char *p = ignored + 5; p < end; p++)
		if (*p == letter && p[-1] == ' ')
			return true;
	return false;
}

/* What is understood is in the manual, and nothing else is. */
START_TEST(manual_has_every_letter)
{
	struct buf     manual;
	struct options o;
	char           why[200], word[4];
	int            rc;

	buf_init(&manual, 100000);
	ck_assert_int_eq(fs_slurp(AT_FDCWD, "src/sendmail/sendmail.8", 100000, &manual), 0);
	for (char c = 'A'; c <= 'z'; c++) {
		if (c > 'Z' && c < 'a')
			continue;
		snprintf(word, sizeof(word), "-%c", c);
		o = parse((const char *[]){ S, word, "m", NULL }, &rc, why, sizeof(why));
		ck_assert_msg(is_told(buf_cstr(&manual), c) == (strncmp(why, "unknown option", 14) != 0),
		    "-%c: %s", c, rc == 0 ? "understood" : why);
		options_done(&o);
	}
	buf_done(&manual);
}
END_TEST

Suite *suite_options(void);

Suite *
suite_options(void)
{
	Suite *s = suite_create("options");
	TCase *tc = tcase_create("options");

	tcase_add_loop_test(tc, understands, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_loop_test(tc, attached_or_separate, 0, sizeof(valued) / sizeof(valued[0]));
	tcase_add_test(tc, manual_has_every_letter);
	suite_add_tcase(s, tc);
	return s;
}
