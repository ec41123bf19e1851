/* test_route.c - who is local, what goes on the wire for him, and what others see of a sender. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "route/route.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static char hostname[] = "web1.example.com";
static char domain[] = "example.com";

static struct config conf;
static const struct origin x = { .host = "x" }, web1 = { .host = "web1.example.com" };
static struct buf    said;

static void
setup(void)
{
	conf = (struct config){ .hostname = hostname, .domain = domain };
	buf_init(&said, 65536);
}

static void
teardown(void)
{
	addr_free(conf.local_mail);
	buf_done(&said);
}

static struct addr *
parse(const char *s)
{
	struct addr *a = addr_parse(span_of(s), NULL);

	ck_assert_msg(a != NULL, "no address: %s", s);
	return a;
}

static void
say(struct buf *b, const char *what, const char *text)
{
	buf_printf(b, "%s%s\n", what, text);
}

static void
on_step(void *arg, const char *text)
{
	say(arg, "", text);
}

static void
on_notice(void *arg, const char *text)
{
	say(arg, "! ", text);
}

/* The addresses with blanks between; "!" and the reason when there are none. */
static void
route(const struct aliases *t, const char *host, const char *to, struct buf *ret)
{
	struct route_ear ear = { .step = on_step, .notice = on_notice, .arg = &said };
	struct addr     *a = parse(to);
	struct route     r;
	int              e;

	buf_init(ret, 65536);
	buf_clear(&said);
	e = route_recipient(&conf, t, &(struct origin){ .host = host }, a, &ear, &r);
	if (e == 0)
		for (size_t i = 0; i < r.to.n; i++)
			buf_printf(ret, "%s%s", i > 0 ? " " : "", r.to.addr[i]->text);
	if (e != 0 || r.to.n == 0)
		buf_printf(ret, "%s%s", e == 0 ? "nowhere: " : e == -EAGAIN ? "later: " : "never: ", buf_cstr(&r.why));
	route_done(&r);
	addr_free(a);
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
	/* domains as the wire has them, local parts as they are */
	{ "bob@b\xc3\xbc" "cher.example", "x", false, "bob@xn--bcher-kva.example", "bob@xn--bcher-kva.example" },
	{ "bj\xc3\xb6rn@B\xc3\x9c" "CHER.example", "x", false, "bj\xc3\xb6rn@xn--bcher-kva.example",
	  "bj\xc3\xb6rn@xn--bcher-kva.example" },
	{ "root@b\xc3\xbc" "cher", "xn--bcher-kva.lan", true, "root@example.com", "root@example.com" },
};

START_TEST(routes)
{
	struct addr *a = parse(rows[_i].in), *sender;
	struct buf   got;

	ck_assert_int_eq(route_is_local(&conf, rows[_i].host, a), rows[_i].local);
	route(NULL, rows[_i].host, rows[_i].in, &got);
	ck_assert_str_eq(buf_cstr(&got), rows[_i].relayed);
	sender = route_sender(&conf, &(struct origin){ .host = rows[_i].host }, a);
	ck_assert_str_eq(sender->text, rows[_i].sender);
	buf_done(&got);

	conf.local_mail = parse("ops@example.net");
	route(NULL, rows[_i].host, rows[_i].in, &got);
	ck_assert_str_eq(buf_cstr(&got), rows[_i].local ? "ops@example.net" : rows[_i].relayed);
	buf_done(&got);
	addr_free(a);
	addr_free(sender);
}
END_TEST

START_TEST(local_mail_may_be_bare)
{
	struct buf got;

	conf.local_mail = parse("admin");
	route(NULL, "x", "root", &got);
	ck_assert_str_eq(buf_cstr(&got), "admin@example.com");
	buf_done(&got);
}
END_TEST

/* 60 + 1 + 201 octets: the recipient is refused, the sender left alone. */
START_TEST(too_long)
{
	char         local[61], big[202];
	struct buf   got;
	struct addr *a, *s;

	memset(local, 'a', 60);
	local[60] = '\0';
	memset(big, 'b', 201);
	for (int i = 50; i < 200; i += 50)
		big[i] = '.';
	big[201] = '\0';
	conf.domain = big;
	route(NULL, "x", local, &got);
	ck_assert_str_eq(buf_cstr(&got), "never: with the domain added it is no valid address "
	    "(longer than 254 octets?)");
	a = parse(local);
	s = route_sender(&conf, &x, a);
	ck_assert_str_eq(s->text, local);
	addr_free(s);
	addr_free(a);
	buf_done(&got);
}
END_TEST

START_TEST(null_sender)
{
	struct addr *n = addr_null(), *s;
	struct map_conf all = { .from = (char *)"*@*", .to = (char *)"x@y.org", .apply = MAP_BOTH };

	conf.maps = &all;
	conf.nmaps = 1;
	s = route_sender(&conf, &x, n);
	ck_assert(addr_is_null(s));
	ck_assert(!route_is_local(&conf, "x", n));
	addr_free(s);
	addr_free(n);
}
END_TEST

/* ---- aliases, maps ---- */

#define ALIASES \
	"root: ops@example.net, alice\n" \
	"list: a@x.org, b@x.org, a@X.org, root@web1\n" \
	"vacation: \\bob, \"|/usr/bin/vacation bob\"\n" \
	"box: /var/mail/box\n" \
	"broken: a b c, d@x.org\n" \
	"noreply: /dev/null\n" \
	"half: /dev/null, a@x.org\n" \
	"ring: ring2\nring2: ring\n" \
	"gone: :include:/nonexistent/list\n"

static struct map_conf maps[] = {
	{ .from = (char *)"sales@old.org", .to = (char *)"shop@new.org", .apply = MAP_RECIPIENT },
	{ .from = (char *)"*@old.org", .to = (char *)"*@new.org", .apply = MAP_BOTH },
	{ .from = (char *)"www-data", .to = (char *)"webmaster@example.com", .apply = MAP_SENDER },
	{ .from = (char *)"cron", .to = (char *)"root", .apply = MAP_RECIPIENT },
	{ .from = (char *)"*@web1.example.com", .to = (char *)"*@hosts.example.com", .apply = MAP_SENDER },
};

static const struct {
	const char *in, *out;           /* with local-mail l@m.org */
	const char *plain;              /* without; NULL: the same */
	const char *said;
} recipients[] = {
	{ "bob@x.org", "bob@x.org", NULL, "" },
	{ "alice", "l@m.org", "alice@example.com", "alice is of this host: to local-mail, l@m.org\n" },
	{ "ROOT@localhost", "ops@example.net l@m.org", "ops@example.net alice@example.com",
	  "f:1: root is an alias: ops@example.net, alice\nalice is of this host: to local-mail, l@m.org\n" },
	{ "postmaster", "ops@example.net l@m.org", "ops@example.net alice@example.com",
	  "postmaster is root, unless an alias says otherwise\n"
	  "f:1: root is an alias: ops@example.net, alice\nalice is of this host: to local-mail, l@m.org\n" },
	{ "list", "a@x.org b@x.org ops@example.net l@m.org",
	  "a@x.org b@x.org ops@example.net alice@example.com", NULL },
	{ "vacation", "l@m.org", "bob@example.com vacation@example.com",
	  "f:3: vacation is an alias: \\bob, \"|/usr/bin/vacation bob\"\nbob is of this host: to local-mail, l@m.org\n"
	  "! f:3: \"|/usr/bin/vacation bob\" is a command, and never run; mail for vacation goes to local-mail\n"
	  "vacation is of this host: to local-mail, l@m.org\n" },
	{ "box@web1", "l@m.org", "box@example.com",
	  "f:4: box is an alias: /var/mail/box\n"
	  "! f:4: \"/var/mail/box\" is a file, and never written; mail for box@web1 goes to local-mail\n"
	  "box@web1 is of this host: to local-mail, l@m.org\n" },
	{ "broken", "l@m.org d@x.org", "broken@example.com d@x.org", NULL },
	{ "noreply", "nowhere: thrown away, as f:6 says", NULL,
	  "f:6: noreply is an alias: /dev/null\nf:6: thrown away (/dev/null)\n" },
	{ "half", "a@x.org", NULL, NULL },
	{ "ring", "l@m.org", "ring@example.com", NULL },
	{ "gone", "later: f:10: /nonexistent/list: No such file or directory", NULL, NULL },
	/* maps: the first that fits, once */
	{ "Sales@old.org", "shop@new.org", NULL,
	  "Sales@old.org becomes shop@new.org: map { from = \"sales@old.org\" to = \"shop@new.org\" }\n" },
	{ "eve@OLD.org", "eve@new.org", NULL, NULL },
	{ "www-data", "l@m.org", "www-data@example.com", NULL },
	{ "cron", "ops@example.net l@m.org", "ops@example.net alice@example.com",
	  "cron becomes root: map { from = \"cron\" to = \"root\" }\nf:1: root is an alias: ops@example.net, alice\n"
	  "alice is of this host: to local-mail, l@m.org\n" },
	{ "eve@web1.example.com", "l@m.org", "eve@example.com", NULL },
};

START_TEST(recipient)
{
	struct aliases *t = aliases_parse(SPAN(ALIASES), "f", NULL);
	struct buf      got;

	conf.maps = maps;
	conf.nmaps = ROWS(maps);
	conf.local_mail = parse("l@m.org");
	route(t, "web1.example.com", recipients[_i].in, &got);
	ck_assert_str_eq(buf_cstr(&got), recipients[_i].out);
	if (recipients[_i].said != NULL)
		ck_assert_str_eq(buf_cstr(&said), recipients[_i].said);
	buf_done(&got);

	addr_free(conf.local_mail);
	conf.local_mail = NULL;
	route(t, "web1.example.com", recipients[_i].in, &got);
	ck_assert_str_eq(buf_cstr(&got), recipients[_i].plain != NULL ? recipients[_i].plain : recipients[_i].out);
	buf_done(&got);
	aliases_free(t);
}
END_TEST

/* ---- senders and headers ---- */

static char *masks[] = { (char *)"!mail.example.com", (char *)"example.com", (char *)"lan", NULL };
static char *excepted[] = { (char *)"root", NULL };

static const struct {
	const char *in, *sender, *recipient;
} rewritten[] = {
	{ "alice", "alice@example.com", "alice@example.com" },
	{ "alice@localhost", "alice@example.com", "alice@example.com" },
	{ "alice@db7.example.com", "alice@example.com", "alice@example.com" },
	{ "alice@a.b.Example.COM", "alice@example.com", "alice@example.com" },
	{ "alice@Example.COM", "alice@Example.COM", "alice@Example.COM" },
	{ "alice@badexample.com", "alice@badexample.com", "alice@badexample.com" },
	{ "alice@mail.example.com", "alice@mail.example.com", "alice@mail.example.com" },
	{ "alice@in.mail.example.com", "alice@in.mail.example.com", "alice@in.mail.example.com" },
	{ "Root@db7.example.com", "Root@db7.example.com", "Root@db7.example.com" },
	{ "alice@box.lan", "alice@lan", "alice@lan" },
	{ "\"a b\"@db7.example.com", "\"a b\"@example.com", "\"a b\"@example.com" },
	/* the map comes first, then the mask; each use has its own maps */
	{ "www-data", "webmaster@example.com", "www-data@example.com" },
	{ "www-data@web1.example.com", "webmaster@example.com", "www-data@example.com" },
	{ "eve@web1.example.com", "eve@example.com", "eve@example.com" },
	{ "root@web1.example.com", "root@hosts.example.com", "root@web1.example.com" },
	{ "eve@old.org", "eve@new.org", "eve@new.org" },
	{ "sales@old.org", "sales@new.org", "shop@new.org" },
	{ "cron", "cron@example.com", "root@example.com" },
	{ "eve@x.org", "eve@x.org", "eve@x.org" },
};

START_TEST(rewrites)
{
	struct addr *a = parse(rewritten[_i].in), *s, *r;

	conf.maps = maps;
	conf.nmaps = ROWS(maps);
	conf.masquerade = masks;
	conf.masquerade_exceptions = excepted;
	s = route_rewrite(&conf, &web1, a, MAP_SENDER);
	r = route_rewrite(&conf, &web1, a, MAP_RECIPIENT);
	ck_assert_str_eq(s->text, rewritten[_i].sender);
	ck_assert_str_eq(r->text, rewritten[_i].recipient);
	addr_free(a);
	addr_free(s);
	addr_free(r);
}
END_TEST

/* A domain that there cannot be is refused by name, and an alias to one goes to local-mail. */
START_TEST(no_such_domain)
{
	struct aliases *t = aliases_parse(SPAN("list: a@x.org, b@\xe2\x80\xae.example\n"), "/etc/aliases", NULL);
	struct addr    *a = parse("bob@\xe2\x98\x83\xe2\x80\xae.example"), *s;
	struct buf      got;

	route(NULL, "x", a->text, &got);
	ck_assert_int_eq(strncmp(buf_cstr(&got), "never: ", 7), 0);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&got), a->text));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&got), ": there is no such domain ("));
	buf_done(&got);
	s = route_sender(&conf, &x, a);
	ck_assert_str_eq(s->text, a->text);
	addr_free(s);
	addr_free(a);

	conf.local_mail = parse("ops@example.net");
	route(t, "x", "list", &got);
	ck_assert_str_eq(buf_cstr(&got), "a@x.org ops@example.net");
	ck_assert_ptr_nonnull(strstr(buf_cstr(&said), "! /etc/aliases:1: \""));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&said), "is an address that there is not; mail for list goes to local-mail"));
	buf_done(&got);
	aliases_free(t);
}
END_TEST

/* Whose list an address is of: the innermost owner's, as an address that others can write to. */
static const struct {
	const char *in;
	const char *out;        /* "address=owner", blanks between */
} owned[] = {
	{ "list", "a@x.org=boss@x.org b@x.org=boss@x.org" },
	{ "all", "a@x.org=boss@x.org b@x.org=boss@x.org c@x.org=owner-all@example.com" },
	{ "plain", "d@x.org=-" },
	{ "owner-list", "boss@x.org=-" },
	{ "here", "ops@example.net=ops@example.net" },
	{ "turn", "e@x.org=owner-turn@example.com" },
	{ "eve@x.org", "eve@x.org=-" },
};

START_TEST(owners)
{
	struct aliases *t = aliases_parse(SPAN(
	    "list: a@x.org, b@x.org\nowner-list: chief\nchief: boss@x.org\n"
	    "all: list, c@x.org\nowner-all: boss@x.org, vice@x.org\n"
	    "plain: d@x.org\nhere: root\nowner-here: root\n"
	    "turn: e@x.org\nowner-turn: turn, back\nback: f@x.org\nowner-back: turn\n"), "/etc/aliases", NULL);
	struct addr    *a = parse(owned[_i].in);
	struct route    r;
	struct buf      got;

	conf.local_mail = parse("ops@example.net");
	buf_init(&got, 4096);
	ck_assert_int_eq(route_recipient(&conf, t, &x, a, NULL, &r), 0);
	for (size_t i = 0; i < r.to.n; i++)
		buf_printf(&got, "%s%s=%s", i > 0 ? " " : "", r.to.addr[i]->text, r.owner[i] != NULL ? r.owner[i]->text : "-");
	ck_assert_str_eq(buf_cstr(&got), owned[_i].out);
	buf_done(&got);
	route_done(&r);
	addr_free(a);
	aliases_free(t);
}
END_TEST

/* Maps of users: their addresses of this host, in their messages. */
static const struct {
	const char *user, *in, *sender, *recipient;
} users[] = {
	{ "www-data", "www-data", "shop@y.org", "www-data@example.com" },
	{ "www-data", "root@localhost", "shop@y.org", "root@example.com" },
	{ "www-data", "eve@x.org", "eve@x.org", "eve@x.org" },
	{ "www-data", "app@old.org", "new@y.org", "app@old.org" },
	{ "alice", "www-data", "www-data@example.com", "www-data@example.com" },
	{ "alice", "app@old.org", "app@old.org", "app@old.org" },
	{ "backup-7", "root", "backup@y.org", "backup@y.org" },
	{ NULL, "www-data", "www-data@example.com", "www-data@example.com" },
};

START_TEST(maps_of_users)
{
	struct map_conf of_users[] = {
		{ .from = (char *)"app@old.org", .to = (char *)"new@y.org", .user = (char *)"WWW-data", .apply = MAP_SENDER },
		{ .from = (char *)"*", .to = (char *)"shop@y.org", .user = (char *)"www-data", .apply = MAP_SENDER },
		{ .from = (char *)"*", .to = (char *)"backup@y.org", .user = (char *)"backup-*", .apply = MAP_BOTH },
	};
	struct origin from = { .host = "web1.example.com", .user = users[_i].user };
	struct addr  *a = parse(users[_i].in), *s, *r;

	conf.maps = of_users;
	conf.nmaps = ROWS(of_users);
	s = route_sender(&conf, &from, a);
	r = route_rewrite(&conf, &from, a, MAP_RECIPIENT);
	ck_assert_str_eq(s->text, users[_i].sender);
	ck_assert_str_eq(r->text, users[_i].recipient);
	ck_assert_int_eq(route_is_own(&conf, &from, a),
	    strcmp(users[_i].in, users[_i].sender) != 0 && strstr(users[_i].sender, "y.org") == NULL);
	addr_free(a);
	addr_free(s);
	addr_free(r);
}
END_TEST

static const struct {
	const char *user, *sender;
	bool        may;
} claims[] = {
	{ "www-data", "anybody@x.org", true },
	{ "WWW-data", "anybody@x.org", true },
	{ "alice", "", true },
	{ "alice", "alice", true },
	{ "alice", "Alice@web1", true },
	{ "alice", "alice+tag@example.com", true },
	{ "alice", "alice@lan", true },
	{ "alice", "alice@x.org", false },
	{ "alice", "bob", false },
	{ "alice", "alicex", false },
	{ "alice", "bob@example.com", false },
	{ "CORP\\alice", "\"CORP\\\\alice\"", true },
	{ "CORP\\alice", "alice", false },
	{ "", "alice", false },
};

START_TEST(claiming)
{
	char        *trusted[] = { (char *)"www-data", NULL };
	struct addr *a = claims[_i].sender[0] != '\0' ? parse(claims[_i].sender) : addr_null();

	ck_assert(route_may_send(&conf, "x", claims[_i].user, a));
	conf.trusted_users = trusted;
	conf.masquerade = masks;
	ck_assert_int_eq(route_may_send(&conf, "x", claims[_i].user, a), claims[_i].may);
	addr_free(a);
}
END_TEST

Suite *suite_route(void);

Suite *
suite_route(void)
{
	Suite *s = suite_create("route");
	TCase *t = tcase_create("route");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, routes, 0, ROWS(rows));
	tcase_add_test(t, local_mail_may_be_bare);
	tcase_add_test(t, too_long);
	tcase_add_test(t, null_sender);
	tcase_add_loop_test(t, recipient, 0, ROWS(recipients));
	tcase_add_loop_test(t, rewrites, 0, ROWS(rewritten));
	tcase_add_loop_test(t, owners, 0, ROWS(owned));
	tcase_add_test(t, no_such_domain);
	tcase_add_loop_test(t, maps_of_users, 0, ROWS(users));
	tcase_add_loop_test(t, claiming, 0, ROWS(claims));
	suite_add_tcase(s, t);
	return s;
}
