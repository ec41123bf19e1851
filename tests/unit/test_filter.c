/* test_filter.c - which messages a filter means, and how its options are refused. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "postern/filter.h"

#define NOW 1764000000
#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct args_option options[] = { FILTER_OPTIONS, { "json", NULL, "" }, { NULL, NULL, NULL } };

/* One message, four hours old, one of its three recipients settled. */
static const char *const records[] = {
	"message id=0123456789ABCDEF size=5 time=1763985600 state=later uid=33 user=www-data sender=shop%40example.com "
	    "next=1764000600 attempts=3",
	"recipient addr=bob%40a.example.net state=deferred code=452 relay=gmail text=4.2.2%20Mailbox%20Full",
	"recipient addr=carol%40example.org state=waiting",
	"recipient addr=dave%40example.org state=sent code=250 relay=ses text=ok",
};

static struct queued got;

static void
on_message(void *arg, struct queued *q)
{
	(void)arg;
	got = *q;
	*q = (struct queued){ .nrcpts = 0 };
}

static void
setup(void)
{
	struct queued_reader r = { .message = on_message };

	for (int i = 0; i < ROWS(records); i++)
		queued_read(&r, span_of(records[i]));
	queued_read_end(&r);
	ck_assert_uint_eq(got.nrcpts, 3);
}

static void
teardown(void)
{
	queued_done(&got);
}

/* All words as options of a command; EX_USAGE, or 0. */
static int
parse(struct filter *f, const char *const *words)
{
	char *argv[10] = { (char *)"queue" };
	struct args a = { .argv = argv, .argc = 1, .options = options };
	int i;

	for (; words[a.argc - 1] != NULL; a.argc++)
		argv[a.argc] = (char *)words[a.argc - 1];
	filter_init(f, 0);
	strcpy(f->host, "web1.here.org");
	while ((i = args_next(&a)) >= 0)
		if (i < FILTER_OPTIONS_N && filter_set(f, &a, i) != 0)
			return EX_USAGE;
	return i == ARGS_END ? 0 : EX_USAGE;
}

static const struct {
	const char *words[8];
	bool        fits;
} rows[] = {
	{ { NULL }, true },
	{ { "--sender", "shop@example.com" }, true },
	{ { "--sender=*@Example.com" }, true },
	{ { "--sender", "*@*.example.com" }, false },
	{ { "--sender", "shop" }, false },              /* only of this host */
	{ { "--sender", "<>" }, false },
	{ { "--recipient", "*@a.example.net" }, true },
	{ { "--recipient", "carol@example.org" }, true },
	{ { "--recipient", "dave@example.org" }, false },       /* he has got it */
	{ { "--user", "www-data" }, true },
	{ { "--user", "www-*" }, true },
	{ { "--user", "www" }, false },
	{ { "--relay", "gmail" }, true },
	{ { "--relay", "ses" }, false },
	{ { "--state", "later" }, true },
	{ { "--state", "hold,later" }, true },
	{ { "--state", "hold", "--state", "later" }, true },
	{ { "--state", "hold,dead" }, false },
	{ { "--older", "3h" }, true },
	{ { "--older", "4h" }, false },
	{ { "--newer", "5h" }, true },
	{ { "--newer", "4h" }, false },
	{ { "--reason", "mailbox full" }, true },
	{ { "--reason", "452*full" }, true },
	{ { "--reason", "full*452" }, false },
	{ { "--reason", "quota" }, false },
	{ { "--sender", "*@example.com", "--state", "later", "--older", "1h", "--json" }, true },
	{ { "--sender", "*@example.com", "--state", "hold" }, false },
};

START_TEST(fitting)
{
	struct filter f;

	ck_assert_int_eq(parse(&f, rows[_i].words), 0);
	ck_assert_int_eq(filter_is_set(&f), rows[_i].words[0] != NULL);
	ck_assert_int_eq(filter_fits(&f, &got, NOW), rows[_i].fits);
}
END_TEST

static const struct {
	const char *sender, *pattern;
	bool        fits;
} senders[] = {
	{ "", "<>", true },
	{ "", "", true },
	{ "", "*@*", false },
	{ "alice", "alice", true },
	{ "alice%40web1.here.org", "alice", true },
	{ "alice", "*@web1.here.org", true },
	{ "alice%40other.org", "alice", false },
	/* A star and no '@': a piece of the whole. */
	{ "web-shop%40other.org", "*shop*", true },
	{ "web-shop%40other.org", "*SHOP@other", false },
	{ "web%40Shop.example", "*shop*", true },
	{ "web%40other.org", "*shop*", false },
	{ "shop", "*shop*", true },
	{ "shop.alice%40other.org", "shop*", true },
	{ "web-shop%40other.org", "shop*", false },
	{ "web%40other.org", "*.ORG", true },
	{ "", "*", false },
	{ "a%0Ab", "*@*", false },              /* no address: none of ours */
};

START_TEST(by_sender)
{
	const char *const words[] = { "--sender", senders[_i].pattern, NULL };
	struct queued_reader r = { .message = on_message };
	struct filter f;
	char line[200];

	queued_done(&got);
	snprintf(line, sizeof(line), "message id=0123456789ABCDEF state=ready sender=%s", senders[_i].sender);
	queued_read(&r, span_of(line));
	queued_read_end(&r);
	ck_assert_int_eq(parse(&f, words), 0);
	ck_assert_int_eq(filter_fits(&f, &got, NOW), senders[_i].fits);
}
END_TEST

/* Nobody can tell who sent a file that cannot be read. */
START_TEST(unreadable)
{
	static const char *const by_any[] = { "--sender", "*@*", NULL }, *const by_null[] = { "--sender", "<>", NULL },
	    *const by_state[] = { "--state", "bad", NULL };
	struct queued_reader r = { .message = on_message };
	struct filter f;

	queued_done(&got);
	queued_read(&r, SPAN("message id=0123456789ABCDEF state=bad uid=7"));
	queued_read_end(&r);
	ck_assert_int_eq(parse(&f, by_any), 0);
	ck_assert(!filter_fits(&f, &got, NOW));
	ck_assert_int_eq(parse(&f, by_null), 0);
	ck_assert(!filter_fits(&f, &got, NOW));
	ck_assert_int_eq(parse(&f, by_state), 0);
	ck_assert(filter_fits(&f, &got, NOW));
}
END_TEST

static const struct {
	const char *words[6];
	const char *said;
} refused[] = {
	{ { "--sendr", "a@b" }, "there is no option --sendr; did you mean --sender?" },
	{ { "--colour" }, "there is no option --colour; postern help queue lists them" },
	{ { "-x" }, "there is no option -x; postern help queue lists them" },
	{ { "--sender" }, "--sender wants a value: --sender PATTERN" },
	{ { "--json=1" }, "--json takes no value" },
	{ { "--sender", "a b" }, "--sender: \"a b\": blank outside quotes; write alice@example.com, *@example.com, *shop* or alice" },
	{ { "--sender", "a@b", "--sender", "c@d" }, "--sender is given twice; use stars, or call twice" },
	{ { "--state", "held" }, "--state: there is no \"held\"; did you mean hold?" },
	{ { "--state", "x" }, "--state: there is no \"x\"; the states are ready, active, later, hold, dead, bad" },
	{ { "--state", "" }, "--state wants some of ready, active, later, hold, dead, bad" },
	{ { "--older", "soon" }, "--older: \"soon\" is no age; write 90s, 30m, 4h, 2d or 1w" },
	{ { "--\033[2J" }, "there is no option --?[2J; postern help queue lists them" },
};

START_TEST(refusing)
{
	struct filter f;
	char said[512], want[512];
	int pipes[2], old = dup(STDERR_FILENO), rc;
	ssize_t n;

	ck_assert_int_eq(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	rc = parse(&f, refused[_i].words);
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(pipes[1]);
	n = read(pipes[0], said, sizeof(said) - 1);
	ck_assert_int_gt(n, 0);
	said[n] = '\0';
	close(pipes[0]);
	close(old);
	snprintf(want, sizeof(want), "postern queue: %s\n", refused[_i].said);
	ck_assert_int_eq(rc, EX_USAGE);
	ck_assert_str_eq(said, want);
}
END_TEST

Suite *suite_filter(void);

Suite *
suite_filter(void)
{
	Suite *s = suite_create("filter");
	TCase *t = tcase_create("filter");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, fitting, 0, ROWS(rows));
	tcase_add_loop_test(t, by_sender, 0, ROWS(senders));
	tcase_add_test(t, unreadable);
	tcase_add_loop_test(t, refusing, 0, ROWS(refused));
	suite_add_tcase(s, t);
	return s;
}
