/* test_envelope.c - the head's lines: there and back, and what is refused. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/envelope.h"

static struct envelope
parsed(const char *text)
{
	struct envelope e;
	const char     *why = NULL;

	ck_assert_msg(envelope_parse(span_of(text), &e, &why) == 0, "%s", why);
	return e;
}

static char *
put(const struct envelope *e)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	envelope_put(&b, e);
	ck_assert(!b.over);
	return (char *)buf_steal(&b).p;
}

/* Every line that can be, in the order they are written. */
static const char full[] =
    "time 1764000000.123456\n"
    "host web1.example.com\n"
    "from-user 1000 alice\n"
    "full-name Alice%20\"A\"%20Example\n"
    "sender alice@web1.example.com\n"
    "recipient bob@example.com notify=failure,delay orcpt=rfc822;bob+40example.com\n"
    "recipient root\n"
    "recipient \"a%20b\"@example.com notify=never\n"
    "recipient j%C3%BCrg@example.com\n"
    "option ret=hdrs envid=x+2Dy body=8bitmime smtputf8\n"
    "via IPv6:2001:db8::1 ESMTPSA helo=[192.0.2.1] user=the%20scanner\n"
    "\n";

START_TEST(comes_back_as_it_was)
{
	struct envelope e = parsed(full);
	char           *again;

	ck_assert_int_eq(e.time_us, 1764000000123456);
	ck_assert_str_eq(e.host, "web1.example.com");
	ck_assert_uint_eq(e.uid, 1000);
	ck_assert_str_eq(e.user, "alice");
	ck_assert_str_eq(e.full_name, "Alice \"A\" Example");
	ck_assert_str_eq(e.sender->text, "alice@web1.example.com");
	ck_assert_uint_eq(e.nrcpts, 4);
	ck_assert_uint_eq(e.rcpts[0].notify, NOTIFY_FAILURE | NOTIFY_DELAY);
	ck_assert_str_eq(e.rcpts[0].orcpt, "rfc822;bob+40example.com");
	ck_assert(addr_is_bare(e.rcpts[1].addr));
	ck_assert_ptr_null(e.rcpts[1].orcpt);
	ck_assert_str_eq(e.rcpts[2].addr->text, "\"a b\"@example.com");
	ck_assert_uint_eq(e.rcpts[2].notify, NOTIFY_NEVER);
	ck_assert_int_eq(e.ret, RET_HDRS);
	ck_assert_str_eq(e.envid, "x+2Dy");
	ck_assert_int_eq(e.body, BODY_8BITMIME);
	ck_assert(e.smtputf8);
	ck_assert_str_eq(e.via.address, "IPv6:2001:db8::1");
	ck_assert_str_eq(e.via.with, "ESMTPSA");
	ck_assert_str_eq(e.via.helo, "[192.0.2.1]");
	ck_assert_str_eq(e.via.user, "the scanner");
	again = put(&e);
	ck_assert_str_eq(again, full);
	free(again);
	envelope_done(&e);
}
END_TEST

static const char spare[] =
    "time 1764000000.000001\n"
    "host h\n"
    "from-user 0\n"
    "recipient root\n"
    "\n";

START_TEST(what_was_not_said_stays_unsaid)
{
	struct envelope e = parsed(spare);
	char           *again;

	ck_assert_ptr_null(e.user);
	ck_assert_ptr_null(e.full_name);
	ck_assert_ptr_null(e.sender);
	ck_assert_ptr_null(e.envid);
	ck_assert_int_eq(e.ret, RET_UNSET);
	ck_assert_int_eq(e.body, BODY_UNSET);
	ck_assert(!e.smtputf8);
	again = put(&e);
	ck_assert_str_eq(again, spare);
	free(again);
	envelope_done(&e);
}
END_TEST

START_TEST(an_empty_sender_is_the_null_path)
{
	struct envelope e = parsed("time 1.000000\nhost h\nfrom-user 1\nsender \nrecipient a\n\n");

	ck_assert_ptr_nonnull(e.sender);
	ck_assert(addr_is_null(e.sender));
	envelope_done(&e);
}
END_TEST

#define T "time 1764000000.000001\n"
#define H "host h\n"
#define U "from-user 1\n"
#define R "recipient a@example.com\n"

static const struct {
	const char *head;
	const char *why;
} refused[] = {
	{ "", "does not end" },
	{ "\n", "does not end" },
	{ T H U R, "does not end" },
	{ "\n\n", "without a value" },
	{ T H U R "\n" R "\n\n", "without a value" },
	{ H U R "\n", "no time" },
	{ T U R "\n", "no host" },
	{ T H U "\n", "no recipient" },
	{ T T H U R "\n", "twice" },
	{ T H H U R "\n", "twice" },
	{ T H U R R "\n", "there twice" },
	{ T H U "sender a\nsender b\n" R "\n", "twice" },
	{ "time 1764000000\n" H U R "\n", "no time" },
	{ "time 1764000000.1\n" H U R "\n", "no time" },
	{ "time -5.000000\n" H U R "\n", "no time" },
	{ "time 99999999999999.000000\n" H U R "\n", "no time" },
	{ "time 0.000000\n" H U R "\n", "no time" },
	{ T H "from-user x\n" R "\n", "no user id" },
	{ T H "from-user 4294967296\n" R "\n", "no user id" },
	{ T H "from-user 1 a%0Ab\n" R "\n", "control" },
	{ T "host a%00b\n" U R "\n", "control" },
	{ T "host a%4\n" U R "\n", "badly encoded" },
	{ T H U "sender a b\n" R "\n", "badly encoded" },
	{ T H U "sender a%0Db@example.com\n" R "\n", "control" },
	{ T H U "sender @example.com\n" R "\n", "nothing before" },
	{ T H U "recipient \n\n", "empty" },
	{ T H U "recipient bob@@example.com\n\n", "more than one" },
	{ T H U "recipient a@example.com notify=sometimes\n\n", "notify" },
	{ T H U "recipient a@example.com notify=never,delay\n\n", "notify" },
	{ T H U "recipient a@example.com notify=\n\n", "notify" },
	{ T H U "recipient a@example.com colour=red\n\n", "unknown option" },
	{ T H U "recipient a@example.com orcpt=x orcpt=y\n\n", "twice" },
	{ T H U R "option ret=some\n\n", "ret" },
	{ T H U R "option body=9bit\n\n", "body" },
	{ T H U R "option envid=a=b\n\n", "xtext" },
	{ T H U R "option requiretls\n\n", "unknown option" },
	{ T H U R "via 192.0.2.1\n\n", "no protocol" },
	{ T H U R "via 192.0.2.1 SMTP\n\n", "no helo" },
	{ T H U R "via 192.0.2.1 SMTP helo=a helo=b\n\n", "twice" },
	{ T H U R "via 192.0.2.1 SMTP helo=a colour=red\n\n", "unknown option" },
	{ T H U R "via 192.0.2.1 SMTP helo=a\nvia 192.0.2.1 SMTP helo=a\n\n", "twice" },
	{ T H U R "via a SMTP helo=a%0Db\n\n", "control" },
	{ T H U R "colour red\n\n", "unknown line" },
	{ T H U R "sender\n\n", "without a value" },
};

START_TEST(refuses)
{
	struct envelope e;
	const char     *why = "";

	ck_assert_int_eq(envelope_parse(span_of(refused[_i].head), &e, &why), -EINVAL);
	ck_assert_msg(strstr(why, refused[_i].why) != NULL, "said '%s', wanted '%s'", why,
	    refused[_i].why);
	ck_assert_uint_eq(e.nrcpts, 0);
	ck_assert_ptr_null(e.host);
}
END_TEST

/* Cut off anywhere, a head is refused and nothing is read beyond its end. */
START_TEST(refuses_every_beginning_of_a_good_one)
{
	size_t n = sizeof(full) - 1;

	for (size_t i = 0; i < n; i++) {
		char           *part = span_dup((struct span){ full, i });
		char           *exact = malloc(i + (i == 0));
		struct envelope e;
		const char     *why;

		memcpy(exact, part, i);
		ck_assert_int_eq(envelope_parse((struct span){ exact, i }, &e, &why), -EINVAL);
		free(exact);
		free(part);
	}
}
END_TEST

static struct addr *
numbered(int n, const char *domain)
{
	char text[64];

	snprintf(text, sizeof(text), "user%d@%s", n, domain);
	return addr_parse(span_of(text), NULL);
}

START_TEST(adds_each_recipient_once)
{
	struct envelope e;

	envelope_init(&e);
	for (int i = 0; i < ENVELOPE_MAX_RCPTS; i++)
		ck_assert_int_eq(envelope_add(&e, numbered(i, "example.com")), 0);
	ck_assert_uint_eq(e.nrcpts, ENVELOPE_MAX_RCPTS);
	ck_assert_int_eq(envelope_add(&e, numbered(77, "EXAMPLE.com")), 0);
	ck_assert_uint_eq(e.nrcpts, ENVELOPE_MAX_RCPTS);
	ck_assert_int_eq(envelope_add(&e, numbered(77, "example.org")), -E2BIG);
	ck_assert_uint_eq(e.nrcpts, ENVELOPE_MAX_RCPTS);
	for (int i = 0; i < ENVELOPE_MAX_RCPTS; i++) {
		struct addr *a = numbered(i, "example.com");

		ck_assert(addr_eq(e.rcpts[i].addr, a));
		addr_free(a);
	}
	envelope_done(&e);
}
END_TEST

START_TEST(the_case_of_a_local_part_counts)
{
	struct envelope e;

	envelope_init(&e);
	envelope_add(&e, addr_parse(SPAN("Bob@example.com"), NULL));
	envelope_add(&e, addr_parse(SPAN("bob@example.com"), NULL));
	envelope_add(&e, addr_parse(SPAN("bob"), NULL));
	ck_assert_uint_eq(e.nrcpts, 3);
	envelope_done(&e);
}
END_TEST

Suite *suite_envelope(void);

Suite *
suite_envelope(void)
{
	Suite *s = suite_create("envelope");
	TCase *tc = tcase_create("envelope");

	tcase_add_test(tc, comes_back_as_it_was);
	tcase_add_test(tc, what_was_not_said_stays_unsaid);
	tcase_add_test(tc, an_empty_sender_is_the_null_path);
	tcase_add_loop_test(tc, refuses, 0, sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, refuses_every_beginning_of_a_good_one);
	tcase_add_test(tc, adds_each_recipient_once);
	tcase_add_test(tc, the_case_of_a_local_part_counts);
	suite_add_tcase(s, tc);
	return s;
}
