/* test_parts.c - who waits for which address, and names beside the account's. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "relay/author.h"
#include "relay/parts.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static struct addr *
parse(const char *s)
{
	return addr_parse(span_of(s), NULL);
}

/* ---- a set of addresses ---- */

START_TEST(a_set)
{
	struct addrset s = { .n = 0 };
	struct addr   *a;
	bool           new;

	ck_assert_uint_eq(addrset_add(&s, parse("bob@x.org"), &new), 0);
	ck_assert(new);
	ck_assert_uint_eq(addrset_add(&s, parse("Bob@x.org"), &new), 1);
	ck_assert(new);
	ck_assert_uint_eq(addrset_add(&s, parse("bob@X.ORG"), &new), 0);
	ck_assert(!new);
	ck_assert_uint_eq(addrset_add(&s, parse("bob"), NULL), 2);
	ck_assert_uint_eq(s.n, 3);
	a = parse("BOB@x.org");
	ck_assert(!addrset_has(&s, a));
	addr_free(a);
	a = parse("Bob@X.org");
	ck_assert(addrset_has(&s, a));
	addr_free(a);
	addrset_done(&s);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(a_large_set)
{
	struct addrset s = { .n = 0 };
	char           text[40];

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 20000; i++) {
			snprintf(text, sizeof(text), "u%zu@example.org", i);
			if (addrset_add(&s, parse(text), NULL) != i)
				ck_abort_msg("%s is not at %zu", text, i);
		}
	}
	ck_assert_uint_eq(s.n, 20000);
	addrset_done(&s);
}
END_TEST

/* ---- parts ---- */

static const struct status sent = { .verdict = VERDICT_SENT, .code = 250 };
static const struct status later = { .verdict = VERDICT_DEFER, .code = 450 };
static const struct status never = { .verdict = VERDICT_REJECT, .code = 550 };

START_TEST(shared_parts)
{
	struct parts p;

	parts_init(&p, 4);
	parts_add(&p, 0, parse("a@x.org"), NULL);
	parts_add(&p, 0, parse("b@x.org"), NULL);
	parts_add(&p, 2, parse("b@X.org"), NULL);
	parts_add(&p, 2, parse("c@x.org"), NULL);
	parts_add_verdict(&p, 3, &never);
	ck_assert_uint_eq(p.n, 4);
	ck_assert_uint_eq(p.waiting, 4);
	ck_assert_uint_eq(parts_count(&p, 0), 2);
	ck_assert_uint_eq(parts_count(&p, 1), 0);       /* was settled before */
	ck_assert_uint_eq(parts_count(&p, 2), 2);
	ck_assert_ptr_eq(parts_at(&p, 0, 1), parts_at(&p, 2, 0));
	ck_assert_uint_eq(parts_at(&p, 2, 0)->rcpt, 0);
	ck_assert_uint_eq(parts_at(&p, 2, 1)->rcpt, 2);
	ck_assert_str_eq(parts_at(&p, 2, 1)->to->text, "c@x.org");
	ck_assert_ptr_null(parts_at(&p, 3, 0)->to);

	parts_stand(&p, parts_at(&p, 0, 1), &sent);
	ck_assert(parts_wait(&p, 0) && !parts_wait(&p, 1) && parts_wait(&p, 2) && parts_wait(&p, 3));
	ck_assert(parts_at(&p, 2, 0)->fresh);
	parts_stand(&p, parts_at(&p, 2, 1), &sent);
	ck_assert(!parts_wait(&p, 2));
	parts_stand(&p, parts_at(&p, 0, 0), &later);
	ck_assert(parts_wait(&p, 0) && !parts_at(&p, 0, 0)->fresh);
	ck_assert_uint_eq(p.waiting, 2);
	parts_give_up(&p, parts_at(&p, 0, 0));
	parts_give_up(&p, parts_at(&p, 0, 0));
	ck_assert_int_eq(parts_at(&p, 0, 0)->status.verdict, VERDICT_REJECT);
	ck_assert_int_eq(parts_at(&p, 0, 0)->status.code, 450);
	ck_assert_uint_eq(p.waiting, 1);
	/* What is settled stays so. */
	parts_stand(&p, parts_at(&p, 0, 1), &later);
	ck_assert_int_eq(parts_at(&p, 0, 1)->status.verdict, VERDICT_SENT);
	parts_done(&p);
}
END_TEST

START_TEST(many_parts)
{
	struct parts p;
	char         text[40];

	parts_init(&p, 2);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "u%zu@example.org", i);
		parts_add(&p, 0, parse(text), NULL);
	}
	for (size_t i = 500; i < 1500; i++) {
		snprintf(text, sizeof(text), "u%zu@example.org", i);
		parts_add(&p, 1, parse(text), NULL);
	}
	ck_assert_uint_eq(p.n, 1500);
	ck_assert_uint_eq(parts_count(&p, 1), 1000);
	ck_assert_ptr_eq(parts_at(&p, 0, 999), parts_at(&p, 1, 499));
	ck_assert_str_eq(parts_at(&p, 1, 999)->to->text, "u1499@example.org");
	parts_done(&p);
}
END_TEST

/* ---- names ---- */

static const struct {
	const char *display, *comment, *user, *name;
} names[] = {
	{ "", "Cron Daemon", "root", "\"Cron Daemon (root on web1)\"" },
	{ "Cron Daemon", "", "root", "\"Cron Daemon (root on web1)\"" },
	{ "\"Doe, \\\"J\\\"\"", "", "root", "\"Doe, \\\"J\\\" (root on web1)\"" },
	{ "Cron Daemon", "x", "", "Cron Daemon" },
	{ "\"Doe, J\"", "", "", "\"Doe, J\"" },
	{ "", "a \\( b", "", "\"a ( b\"" },
	{ "[bot] x", "", "root", "\"[bot] x (root on web1)\"" },
	{ "[bot] x", "", "", "\"[bot] x\"" },
	{ "root@web1", "", "root", "\"root@web1\"" },
	{ "Root of WEB1", "", "root", "Root of WEB1" },
	{ "root", "", "root", "\"root (root on web1)\"" },
	{ "=?utf-8?q?x=C3=BC?=", "", "root", "=?utf-8?q?x=C3=BC?= \"(root on web1)\"" },
	{ "=?utf-8?q?x=C3=BC?=", "", "", "=?utf-8?q?x=C3=BC?=" },
	{ "", "", "root", "root on web1" },
	{ "", " ", "\"a b\"", "\"\\\"a b\\\" on web1\"" },
	{ "", "", "", "" },
};

START_TEST(kept_names)
{
	struct buf b;

	buf_init(&b, 1000);
	author_put_kept(&b, span_of(names[_i].display), span_of(names[_i].comment), span_of(names[_i].user),
	    SPAN("web1"));
	ck_assert_str_eq(buf_cstr(&b), names[_i].name);
	buf_done(&b);
}
END_TEST

/* Who is also written to by name is no list's; the rest are their owner's. */
START_TEST(owners)
{
	struct addr *boss = parse("boss@x.org");
	struct parts q;

	parts_init(&q, 2);
	parts_add(&q, 0, parse("a@x.org"), boss);
	parts_add(&q, 0, parse("b@x.org"), boss);
	parts_add(&q, 1, parse("b@x.org"), NULL);
	parts_add(&q, 1, parse("c@x.org"), NULL);
	parts_add(&q, 1, parse("c@x.org"), boss);
	ck_assert_uint_eq(q.n, 3);
	ck_assert(q.part[0].group == 1 && addr_eq(q.part[0].owner, boss));
	ck_assert(q.part[1].group == 0 && q.part[1].owner == NULL);
	ck_assert(q.part[2].group == 0 && q.part[2].owner == NULL);
	ck_assert_uint_eq(q.owners.n, 1);
	parts_done(&q);
	addr_free(boss);
}
END_TEST

Suite *suite_parts(void);

Suite *
suite_parts(void)
{
	Suite *s = suite_create("parts");
	TCase *t = tcase_create("parts");

	tcase_add_test(t, a_set);
	tcase_add_test(t, a_large_set);
	tcase_add_test(t, shared_parts);
	tcase_add_test(t, many_parts);
	tcase_add_test(t, owners);
	tcase_add_loop_test(t, kept_names, 0, ROWS(names));
	suite_add_tcase(s, t);
	return s;
}
