/* test_digest.c - whose mail is held, and what root is told of it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/submission.h"
#include "relay/digest.h"
#include "relay/whose.h"

#define T0 SUBMISSION_TIME_S

static struct digest *d;
static struct buf     text;

static void
setup(void)
{
	setenv("TZ", "UTC", 1);
	d = digest_new();
	buf_init(&text, 1 << 20);
}

static void
teardown(void)
{
	digest_free(d);
	buf_done(&text);
}

static void
add(const char *who, const char *sender, const char *subject)
{
	digest_add(d, &(struct digest_item){
		.who = who, .user = who, .sender = sender, .subject = span_of(subject), .arrived_s = T0 + (int64_t)digest_count(d),
	});
}

static void
has(const char *what)
{
	ck_assert_msg(strstr(buf_cstr(&text), what) != NULL, "no \"%s\" in:\n%s", what, buf_cstr(&text));
}

static void
put(void)
{
	buf_clear(&text);
	digest_put_text(d, "web1.example.com", "100 messages in 1h", &text);
}

START_TEST(whole)
{
	for (int i = 0; i < 3; i++)
		add("alice", "alice@example.com", " Cron <alice@web1> loop\r\n");
	add("www-data", "wordpress@example.com", "Re:\r\n\tnew   comment\r\n");
	put();
	ck_assert_str_eq(buf_cstr(&text),
	    "This is Postern, the mail relay of web1.example.com.\n\n"
	    "The flood guard lets 100 messages in 1h of one user pass. What came\n"
	    "beyond that is held here: 4 messages. Nothing of it is lost, and nothing is\n"
	    "sent by itself: release it, or delete it. If it should have passed, name the\n"
	    "user in flood { exempt = { ... } } of the configuration.\n"
	    "\n"
	    "alice: 3 messages, submitted from\n"
	    "    Mon, 24 Nov 2025 16:00:00 +0000 to Mon, 24 Nov 2025 16:00:02 +0000\n"
	    "    senders:\n"
	    "          3  alice@example.com\n"
	    "    subjects:\n"
	    "          3  Cron <alice@web1> loop\n"
	    "\n"
	    "    postern release --user alice --state hold --reason flood\n"
	    "    postern delete --user alice --state hold --reason flood\n"
	    "\n"
	    "www-data: 1 message, submitted from\n"
	    "    Mon, 24 Nov 2025 16:00:03 +0000 to Mon, 24 Nov 2025 16:00:03 +0000\n"
	    "    senders:\n"
	    "          1  wordpress@example.com\n"
	    "    subjects:\n"
	    "          1  Re: new comment\n"
	    "\n"
	    "    postern release --user www-data --state hold --reason flood\n"
	    "    postern delete --user www-data --state hold --reason flood\n"
	    "\n"
	    "All of it is listed by:\n\n"
	    "    postern queue --state hold --reason flood\n");
	buf_clear(&text);
	digest_put_subject(d, &text);
	ck_assert_str_eq(buf_cstr(&text), "4 messages are held: alice, www-data send too much");
}
END_TEST

/* Root pastes these lines. */
static const struct {
	const char *name, *quoted;
} quotes[] = {
	{ "alice", "--user alice " }, { "a b", "--user 'a b' " }, { "$(reboot)", "--user '$(reboot)' " },
	{ "o'hara", "--user 'o'\\''hara' " }, { "-rf", "--user '-rf' " }, { "", "--user '' " }, { "a;b", "--user 'a;b' " },
	{ "CORP\\alice", "--user 'CORP\\alice' " }, { "a`id`", "--user 'a`id`' " }, { "j\xc3\xbc", "--user 'j\xc3\xbc' " },
};

START_TEST(quoted_for_a_shell)
{
	add(quotes[_i].name, "x@example.com", "");
	put();
	has(quotes[_i].quoted);
	has("          1  (no subject)\n");
}
END_TEST

/* A listener's clients have the daemon's user in common: the senders tell them apart. */
START_TEST(clients)
{
	static const char *const senders[] = { "p@example.com", "", "a*@example.com", "o'x@example.com" };

	for (size_t i = 0; i < 4; i++)
		digest_add(d, &(struct digest_item){
			.who = "client 192.0.2.7", .user = "postern", .shared = true, .sender = senders[i],
			.subject = SPAN("scan"), .arrived_s = T0,
		});
	put();
	has("\nclient 192.0.2.7: 4 messages,");
	has("    postern release --user postern --sender p@example.com --state hold --reason flood\n");
	has("          1  <> (reports)\n");
	ck_assert_ptr_null(strstr(buf_cstr(&text), "--sender 'a*"));    /* a filter's star is more than this one */
	has("    postern delete --user postern --sender '<>' --state hold --reason flood\n");
	ck_assert_ptr_null(strstr(buf_cstr(&text), "postern release --user postern --state"));
}
END_TEST

/* A thousand users, senders and subjects: the frequent ones are there, and nothing grows. */
START_TEST(bounded)
{
	char who[40], subject[300];

	memset(subject, 'x', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	for (int i = 0; i < 3000; i++) {
		snprintf(who, sizeof(who), "s%d@example.com", i);
		add("alice", i % 3 == 0 ? "often@example.com" : who, i % 2 == 0 ? "disk full" : who);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(who, sizeof(who), "user%d", i);
		add(who, "x@example.com", subject);
	}
	put();
	has("\nalice: 3000 messages,");
	has("  often@example.com\n");
	has("  disk full\n");
	has("    subjects (about):\n");
	has("             and others\n");
	has("\nother users: 951 messages\n");
	has("xxxxxxxxxxxx...\n");
	ck_assert_uint_lt(text.n, 64 << 10);
	buf_clear(&text);
	digest_put_subject(d, &text);
	has("4000 messages are held: alice, ");
	has(" and others send too much");
}
END_TEST

/* ---- whose ---- */

static char user[] = "scanner", v4[] = "192.0.2.7", v6[] = "IPv6:2001:db8:1:2:3:4:5:6", other[] = "IPv6:2001:db8:1:2::9",
    local[] = "local", helo[] = "printer";

static const struct {
	char       *address, *login;
	const char *key, *name;
	bool        shared;
	const char *exempt;             /* one that fits */
} ways[] = {
	{ NULL, NULL, "uid 1000", "alice", false, "alice" },
	{ local, NULL, "uid 1000", "alice", false, "alice" },
	{ v4, NULL, "from 192.0.2.7", "client 192.0.2.7", true, "192.0.2.0/24" },
	{ v4, user, "login scanner", "listener's user scanner", true, "scanner" },
	{ local, user, "login scanner", "listener's user scanner", true, "scanner" },
	{ v6, NULL, "from 2001:db8:1:2::/64", "client 2001:db8:1:2::/64", true, "2001:db8::/32" },
	{ other, NULL, "from 2001:db8:1:2::/64", "client 2001:db8:1:2::/64", true, "2001:db8:1:2::9" },
};

START_TEST(whose_it_is)
{
	struct message *m = submission_new(SPAN("A: b\r\n\r\n"), "x@example.com");
	char            fits[60], no[] = "bob", nowhere[] = "10.0.0.0/8", daemon[] = "postern";
	char           *exempt[] = { no, nowhere, fits, NULL }, *not_exempt[] = { no, nowhere, daemon, NULL };
	struct whose    w;

	if (ways[_i].address != NULL)
		m->env.via = (struct via){
			.address = xstrdup(ways[_i].address), .helo = xstrdup(helo), .with = xstrdup("ESMTP"),
			.user = ways[_i].login != NULL ? xstrdup(ways[_i].login) : NULL,
		};
	whose(m, &w);
	ck_assert_str_eq(w.key, ways[_i].key);
	ck_assert_str_eq(w.name, ways[_i].name);
	ck_assert_str_eq(w.user, "alice");
	ck_assert(w.shared == ways[_i].shared);
	snprintf(fits, sizeof(fits), "%s", ways[_i].exempt);
	ck_assert(whose_is_exempt(m, exempt));
	ck_assert(!whose_is_exempt(m, not_exempt));
	ck_assert(!whose_is_exempt(m, NULL));
	message_close(NULL, m);
}
END_TEST

Suite *suite_digest(void);

Suite *
suite_digest(void)
{
	Suite *s = suite_create("digest");
	TCase *t = tcase_create("digest");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, whole);
	tcase_add_loop_test(t, quoted_for_a_shell, 0, sizeof(quotes) / sizeof(quotes[0]));
	tcase_add_test(t, clients);
	tcase_add_test(t, bounded);
	tcase_add_loop_test(t, whose_it_is, 0, sizeof(ways) / sizeof(ways[0]));
	suite_add_tcase(s, t);
	return s;
}
