/* test_lanes.c - relays and route of a configuration, and the lane of each mail. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "route/route.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static char dir[] = "/tmp/postern-lanes-XXXXXX";
static char path[64];
static struct buf why;
static struct config *config;

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/c", dir);
	buf_init(&why, 65536);
	config = NULL;
}

static void
teardown(void)
{
	config_free(config);
	buf_done(&why);
	unlink(path);
	rmdir(dir);
}

static int
read_text(struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text.p, text.n), (ssize_t)text.n);
	close(fd);
	return config_read(path, "etc/providers", &config, &why);
}

/* With relays a, b, c and d, in this order, behind it. */
static int
read_top(const char *top)
{
	struct buf text;
	int rc;

	buf_init(&text, 1u << 16);
	buf_printf(&text, "hostname = \"web1.example.com\"\ndomain = \"example.com\"\n%s\n", top);
	for (char c = 'a'; c <= 'd'; c++)
		buf_printf(&text, "relay %c {\n\thost = %c.example.net\n}\n", c, c);
	rc = read_text(buf_view(&text));
	buf_done(&text);
	return rc;
}

/* "a b": the relays of a lane. */
static void
put_lane(struct buf *b, size_t lane)
{
	const struct lane_conf *l = &config->lanes[lane];

	for (size_t i = 0; i < l->n; i++)
		buf_printf(b, "%s%s", i > 0 ? " " : "", config->relays[l->relay[i]].name);
}

static const struct {
	const char *top, *lanes;
} lists[] = {
	{ "", "a b c d, a, b, c, d" },
	{ "relays = { c }", "c" },
	{ "relays = { d, b }", "d b, d, b" },
	{ "relays = { d, b }\nroute { sender = \"*@x.org\" relays = { a } }", "d b, a, d, b" },
	{ "relays = { b }\nroute { sender = \"*@x.org\" relays = { d, b } }", "b, d b, d" },
	{ "relays = { a }\nroute { user = u relays = { b, a } }\nroute { user = v relays = { b, a } }", "a, b a, b" },
	{ "relays = { a, b }\nroute { user = u relays = { b, a } }\nroute { user = v relays = { a, b } }",
	    "a b, b a, a, b" },
};

START_TEST(lists_of_relays)
{
	struct buf text;

	ck_assert_msg(read_top(lists[_i].top) == 0, "%s", buf_cstr(&why));
	buf_init(&text, 4096);
	for (size_t i = 0; i < config->nlanes; i++) {
		buf_str(&text, i > 0 ? ", " : "");
		put_lane(&text, i);
	}
	ck_assert_str_eq(buf_cstr(&text), lists[_i].lanes);
	buf_done(&text);
	for (size_t i = 0; i < config->nrelays; i++) {
		const struct lane_conf *l = &config->lanes[config->relays[i].lane];

		ck_assert(l->n == 1 && l->relay[0] == i);
	}
}
END_TEST

static const struct {
	const char *top, *why;
} wrong[] = {
	{ "route { relays = { a } }", ":3: route: no sender, recipient or user, so it would be for all mail; "
	    "add one, or write relays = { ... } outside of it" },
	{ "route { user = u }", ":3: route: no relays; "
	    "write route { sender = \"*@shop.example.com\"  relays = { \"ses\" } }" },
	{ "route { user = u relays = { } }", ":3: route: no relays; "
	    "write route { sender = \"*@shop.example.com\"  relays = { \"ses\" } }" },
	{ "route { user = u\nrelays = { a, bb } }", ":4: relays: there is no relay \"bb\"; "
	    "add relay bb { ... }, or take it out" },
	{ "route { user = u relays = { a, b, a } }", ":3: relays: \"a\" stands there twice; take one out" },
	{ "route { sender = \"a@@b\" relays = { a } }", ":3: sender: \"a@@b\"" },
	{ "route { users = u relays = { a } }", ":3: unknown option \"users\"; did you mean \"user\"?" },
	{ "recipient = \"*@x.org\"", ":3: unknown option \"recipient\"; it belongs into route { ... }" },
};

START_TEST(what_is_wrong)
{
	ck_assert_int_ne(read_top(wrong[_i].top), 0);
	ck_assert_msg(strncmp(buf_cstr(&why) + strlen(path), wrong[_i].why, strlen(wrong[_i].why)) == 0, "%s",
	    buf_cstr(&why));
}
END_TEST

/* Of n relays, each is a list, and all of them are one. */
static int
read_relays(unsigned n)
{
	struct buf text;
	int rc;

	buf_init(&text, 1u << 16);
	buf_str(&text, "hostname = \"web1.example.com\"\n");
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "relay r%u {\n\thost = a.example.net\n}\n", i);
	rc = read_text(buf_view(&text));
	buf_done(&text);
	return rc;
}

START_TEST(as_many_as_there_are_bits)
{
	ck_assert_int_eq(read_relays(LANES_MAX - 1), 0);
	ck_assert_uint_eq(config->nlanes, LANES_MAX);
	config_free(config);
	config = NULL;
	ck_assert_int_ne(read_relays(LANES_MAX), 0);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), "route: more than 64 different lists of relays"));
}
END_TEST

#define ROUTES \
	"relays = { a }\n" \
	"route { sender = \"*@shop.example.com\" recipient = \"*@corp.example.org\" relays = { b } }\n" \
	"route { sender = \"*@shop.example.com\" relays = { c } }\n" \
	"route { recipient = \"*@*.corp.example.org\" relays = { b } }\n" \
	"route { user = www-data relays = { d } }\n" \
	"route { sender = root relays = { b, c } }\n"

static const struct {
	const char *user, *sender, *to, *lane;
} mails[] = {
	{ "alice", "alice@example.com", "bob@example.net", "a" },
	{ "alice", "alice@shop.example.com", "bob@example.net", "c" },
	{ "alice", "alice@SHOP.example.com", "bob@Corp.example.org", "b" },
	{ "alice", "alice@example.com", "bob@corp.example.org", "a" },
	{ "alice", "alice@example.com", "bob@x.corp.example.org", "b" },
	{ "www-data", "alice@example.com", "bob@x.corp.example.org", "b" },
	{ "www-data", "alice@example.com", "bob@example.net", "d" },
	{ "WWW-data", "alice@example.com", "bob@example.net", "a" },
	{ "root", "root@example.com", "bob@example.net", "b c" },
	{ "root", "root@web1.example.com", "bob@example.net", "b c" },
	{ "root", "root@example.net", "bob@example.net", "a" },
	{ "postern", "", "bob@example.net", "a" },
	{ "postern", "", "bob@y.corp.example.org", "b" },
};

START_TEST(mail_of_each)
{
	struct addr *from, *to;
	struct buf text;

	ck_assert_int_eq(read_top(ROUTES), 0);
	from = mails[_i].sender[0] != '\0' ? addr_parse(span_of(mails[_i].sender), NULL) : addr_null();
	to = addr_parse(span_of(mails[_i].to), NULL);
	buf_init(&text, 4096);
	put_lane(&text, route_lane(config, "web1.example.com", mails[_i].user, from, to));
	ck_assert_str_eq(buf_cstr(&text), mails[_i].lane);
	buf_done(&text);
	addr_free(from);
	addr_free(to);
}
END_TEST

Suite *suite_lanes(void);

Suite *
suite_lanes(void)
{
	Suite *s = suite_create("lanes");
	TCase *t = tcase_create("lanes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, lists_of_relays, 0, ROWS(lists));
	tcase_add_loop_test(t, what_is_wrong, 0, ROWS(wrong));
	tcase_add_test(t, as_many_as_there_are_bits);
	tcase_add_loop_test(t, mail_of_each, 0, ROWS(mails));
	suite_add_tcase(s, t);
	return s;
}
