/* test_route.c - who is local, and what goes on the wire for him. */
#include <check.h>
#include <string.h>

#include "relay/route.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static char hostname[] = "web1.example.com";
static char domain[] = "example.com";

static struct config
conf(void)
{
	return (struct config){ .hostname = hostname, .domain = domain };
}

static const struct {
	const char *in, *host;
	bool        local;
	const char *relayed;    /* recipient without local-mail */
	const char *sender;
} rows[] = {
	{ "root", "web1.example.com", true, "root@example.com", "root@example.com" },
	{ "\"a b\"", "web1.example.com", true, "\"a b\"@example.com", "\"a b\"@example.com" },
	{ "root@localhost", "x", true, "root@example.com", "root@example.com" },
	{ "root@LocalHost", "x", true, "root@example.com", "root@example.com" },
	{ "root@localhost.localdomain", "x", true, "root@example.com", "root@example.com" },
	{ "root@web1", "x", true, "root@example.com", "root@example.com" },
	{ "root@web1.example.com", "x", true, "root@example.com", "root@web1.example.com" },
	{ "root@WEB1.Example.Com", "x", true, "root@example.com", "root@WEB1.Example.Com" },
	{ "root@box7", "box7.lan", true, "root@example.com", "root@example.com" },
	{ "root@box7.lan", "box7.lan", true, "root@example.com", "root@box7.lan" },
	{ "root@box7.lan", "box8.lan", false, "root@box7.lan", "root@box7.lan" },
	{ "root@example.com", "x", false, "root@example.com", "root@example.com" },
	{ "root@web", "x", false, "root@web", "root@web" },
	{ "root@web1.example", "x", false, "root@web1.example", "root@web1.example" },
	{ "root@web1.example.com.evil.net", "x", false, "root@web1.example.com.evil.net",
	  "root@web1.example.com.evil.net" },
	{ "bob@gmail.com", "x", false, "bob@gmail.com", "bob@gmail.com" },
	{ "bob@[127.0.0.1]", "x", false, "bob@[127.0.0.1]", "bob@[127.0.0.1]" },
	{ "bob@x.y", "", false, "bob@x.y", "bob@x.y" },
	{ "bob@x.y", NULL, false, "bob@x.y", "bob@x.y" },
};

START_TEST(routes)
{
	struct config c = conf();
	struct addr  *a = addr_parse(span_of(rows[_i].in), NULL);
	struct addr  *plain, *mapped, *sender;

	ck_assert_int_eq(route_is_local(&c, rows[_i].host, a), rows[_i].local);
	plain = route_recipient(&c, rows[_i].host, a, NULL);
	ck_assert_str_eq(plain->text, rows[_i].relayed);
	sender = route_sender(&c, rows[_i].host, a);
	ck_assert_str_eq(sender->text, rows[_i].sender);

	c.local_mail = addr_parse(SPAN("ops@example.net"), NULL);
	mapped = route_recipient(&c, rows[_i].host, a, NULL);
	ck_assert_str_eq(mapped->text, rows[_i].local ? "ops@example.net" : rows[_i].in);
	addr_free(c.local_mail);
	addr_free(a);
	addr_free(plain);
	addr_free(mapped);
	addr_free(sender);
}
END_TEST

START_TEST(local_mail_may_be_bare)
{
	struct config c = conf();
	struct addr  *a = addr_parse(SPAN("root"), NULL);
	struct addr  *to;

	c.local_mail = addr_parse(SPAN("admin"), NULL);
	to = route_recipient(&c, "x", a, NULL);
	ck_assert_str_eq(to->text, "admin@example.com");
	addr_free(to);
	addr_free(a);
	addr_free(c.local_mail);
}
END_TEST

/* 60 + 1 + 201 octets: the recipient is refused, the sender left alone. */
START_TEST(too_long)
{
	struct config c = conf();
	char          local[61], big[202];
	const char   *why = NULL;
	struct addr  *a, *s;

	memset(local, 'a', 60);
	local[60] = '\0';
	memset(big, 'b', 201);
	for (int i = 50; i < 200; i += 50)
		big[i] = '.';
	big[201] = '\0';
	c.domain = big;
	a = addr_parse(span_of(local), NULL);
	ck_assert_ptr_null(route_recipient(&c, "x", a, &why));
	ck_assert_ptr_nonnull(strstr(why, "254"));
	ck_assert_ptr_null(route_recipient(&c, "x", a, NULL));
	s = route_sender(&c, "x", a);
	ck_assert_str_eq(s->text, local);
	addr_free(s);
	addr_free(a);
}
END_TEST

START_TEST(null_sender)
{
	struct config c = conf();
	struct addr  *n = addr_null();
	struct addr  *s = route_sender(&c, "x", n);

	ck_assert(addr_is_null(s));
	ck_assert(!route_is_local(&c, "x", n));
	addr_free(s);
	addr_free(n);
}
END_TEST

Suite *suite_route(void);

Suite *
suite_route(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");

	tcase_add_loop_test(t, routes, 0, ROWS(rows));
	tcase_add_test(t, local_mail_may_be_bare);
	tcase_add_test(t, too_long);
	tcase_add_test(t, null_sender);
	suite_add_tcase(s, t);
	return s;
}
