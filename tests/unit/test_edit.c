/* test_edit.c - a configuration changed in one place, the rest left as it was. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/edit.h"
#include "config/source.h"

static const struct {
	const char *before, *option, *value, *after;    /* after NULL: cannot be edited */
} sets[] = {
	{ "", "local-mail", "a@b.c", "local-mail = \"a@b.c\"\n" },
	{ "local-mail = \"x@y\"\n", "local-mail", "a@b.c", "local-mail = \"a@b.c\"\n" },
	{ "  local-mail='x@y' # why\nlog { }\n", "local-mail", "a@b.c", "  local-mail = \"a@b.c\" # why\nlog { }\n" },
	{ "# local-mail = \"old\"\nrelay a { host = \"h\" }\n", "local-mail", "a@b.c",
	    "# local-mail = \"old\"\nlocal-mail = \"a@b.c\"\nrelay a { host = \"h\" }\n" },
	/* Of a section, it is another's. */
	{ "log { to = \"stderr\" }\n", "to", "x", "log { to = \"stderr\" }\nto = \"x\"\n" },
	{ "# head\n\n# the relay\nrelay a { }\n", "hostname", "h.example",
	    "# head\n\nhostname = \"h.example\"\n# the relay\nrelay a { }\n" },
	{ "masquerade = { \"a }\", \"b\" }\nhostname = h\n", "hostname", "i", "masquerade = { \"a }\", \"b\" }\nhostname = \"i\"\n" },
	{ "", "user", "a\"b\\c", "user = \"a\\\"b\\\\c\"\n" },
	{ "", "user", "a${b}'\\", "user = 'a${b}\\'\\\\'\n" },
	{ "relay a {\n", "user", "x", NULL },
	{ "\"open\n", "user", "x", NULL },
	{ "} x\n", "user", "x", NULL },
	{ "user user user\n", "user", "x", NULL },
};

START_TEST(set)
{
	struct buf b;

	buf_init(&b, SOURCE_MAX_BYTES);
	buf_str(&b, sets[_i].before);
	ck_assert_int_eq(edit_set(&b, sets[_i].option, span_of(sets[_i].value)), sets[_i].after != NULL ? 0 : -EINVAL);
	ck_assert_str_eq(buf_cstr(&b), sets[_i].after != NULL ? sets[_i].after : sets[_i].before);
	buf_done(&b);
}
END_TEST

static const struct {
	const char *before, *old, *after;
} puts_[] = {
	{ "", NULL, "relay n {\n}\n" },
	{ "local-mail = \"a@b\"\n", NULL, "local-mail = \"a@b\"\n\nrelay n {\n}\n" },
	{ "local-mail = \"a@b\"", NULL, "local-mail = \"a@b\"\n\nrelay n {\n}\n" },
	{ "relay n { host = \"} relay n {\"\n rule { code = { 4, 5 } } } # mine\nflood { per-user = 5 }\n", "n",
	    "relay n {\n} # mine\nflood { per-user = 5 }\n" },
	{ "relay \"n\" { }\n", "n", "relay n {\n}\n" },
	{ "# relay n { }\nrelay a { }\n# then\nlog { }\n", NULL, "# relay n { }\nrelay a { }\n\nrelay n {\n}\n# then\nlog { }\n" },
	{ "relay a { }\nrelay b { } relay c { }\n", "b", "relay a { }\nrelay n {\n} relay c { }\n" },
};

START_TEST(put_relay)
{
	struct buf b;

	buf_init(&b, SOURCE_MAX_BYTES);
	buf_str(&b, puts_[_i].before);
	ck_assert_int_eq(edit_put_relay(&b, puts_[_i].old, SPAN("relay n {\n}\n")), 0);
	ck_assert_str_eq(buf_cstr(&b), puts_[_i].after);
	buf_done(&b);
}
END_TEST

/* relay n, section "s" (or none), option "o". */
static const struct {
	const char *before, *section;
	int         says;               /* 1: and so it is not put there */
	const char *after;              /* NULL: -ENOENT */
} insides[] = {
	{ "relay n { }\n", NULL, 0, "relay n { o = \"v\" }\n" },
	{ "relay n {}\n", NULL, 0, "relay n { o = \"v\" }\n" },
	{ "relay n {\n\tuser = \"u\"\n}\n", NULL, 0, "relay n {\n\to = \"v\"\n\tuser = \"u\"\n}\n" },
	{ "relay n { # mine\n}\n", NULL, 0, "relay n {\n\to = \"v\"\n # mine\n}\n" },
	{ "relay n { user = \"u\" }\n", "s", 0, "relay n { s { o = \"v\" } user = \"u\" }\n" },
	{ "relay n {\n\ts {\n\t\tx = 1\n\t}\n}\n", "s", 0,
	    "relay n {\n\ts {\n\t\to = \"v\"\n\t\tx = 1\n\t}\n}\n" },
	{ "relay a { s { o = 1 } }\nrelay n { s { x = { \"}\", 'o' } } }\n", "s", 0,
	    "relay a { s { o = 1 } }\nrelay n { s { o = \"v\" x = { \"}\", 'o' } } }\n" },
	{ "relay n { s = { \"a\" } }\n", "s", 0, "relay n { s { o = \"v\" } s = { \"a\" } }\n" },
	{ "relay n { s { o = 1 } }\n", "s", 1, NULL },
	{ "relay n { o = 1 }\n", NULL, 1, NULL },
	{ "relay n { s { o = 1 } }\n", NULL, 0, "relay n { o = \"v\" s { o = 1 } }\n" },
	{ "# relay n { }\nrelay a { }\n", NULL, -ENOENT, NULL },
	{ "", NULL, -ENOENT, NULL },
	{ "relay n {\n", NULL, -EINVAL, NULL },
};

START_TEST(inside)
{
	struct buf b;
	int says = insides[_i].says;

	buf_init(&b, SOURCE_MAX_BYTES);
	buf_str(&b, insides[_i].before);
	ck_assert_int_eq(edit_relay_says(buf_view(&b), "n", insides[_i].section, "o"), says);
	if (says != 1)
		ck_assert_int_eq(edit_put_in_relay(&b, "n", insides[_i].section, "o", SPAN("v")), says);
	ck_assert_str_eq(buf_cstr(&b), insides[_i].after != NULL ? insides[_i].after : insides[_i].before);
	if (says == 0)
		ck_assert_int_eq(edit_relay_says(buf_view(&b), "n", insides[_i].section, "o"), 1);
	buf_done(&b);
}
END_TEST

START_TEST(relays_by_name)
{
	char *name[EDIT_RELAYS_MAX];
	struct buf many;

	ck_assert_int_eq(edit_relays(SPAN("relay a { host = \"relay\" }\n# relay b { }\nrelay = c\nrelay 'd' { rule { } }"),
	    name), 2);
	ck_assert_str_eq(name[0], "a");
	ck_assert_str_eq(name[1], "d");
	free(name[0]);
	free(name[1]);
	ck_assert_int_eq(edit_relays(SPAN(""), name), 0);
	ck_assert_int_eq(edit_relays(SPAN("relay a { } ; relay b { }"), name), -EINVAL);
	ck_assert_int_eq(edit_relays(SPAN("relay a { } x y z"), name), -EINVAL);
	buf_init(&many, 65536);
	for (int i = 0; i <= EDIT_RELAYS_MAX; i++)
		buf_printf(&many, "relay r%d { }\n", i);
	ck_assert_int_eq(edit_relays(buf_view(&many), name), -E2BIG);
	buf_done(&many);
}
END_TEST

/* What was put in is what is read: through the parser itself. */
START_TEST(strings_are_read_back)
{
	static cfg_opt_t schema[] = { SOURCE_OPTION("user"), CFG_END() };
	static const char *const texts[] = { "plain", "a b", "\"", "\\", "'", "${HOME}", "${a}\"'\\",
		"gr\xc3\xbc\xc3\x9f", "$", "#x", "/*" };
	char path[] = "/tmp/edit.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct buf b, why;
		struct source s;

		buf_init(&b, 1000);
		buf_init(&why, 1000);
		ck_assert_int_eq(edit_set(&b, "user", span_of(texts[i])), 0);
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, b.p, b.n, 0), (ssize_t)b.n);
		ck_assert_msg(source_open(path, schema, &s, &why) == 0, "%s", buf_cstr(&why));
		ck_assert_str_eq(source_str(s.root, "user"), texts[i]);
		source_close(&s);
		buf_done(&b);
		buf_done(&why);
	}
	close(fd);
	unlink(path);
}
END_TEST

Suite *suite_edit(void);

Suite *
suite_edit(void)
{
	Suite *s = suite_create("edit");
	TCase *tc = tcase_create("edit");

	tcase_add_loop_test(tc, set, 0, sizeof(sets) / sizeof(sets[0]));
	tcase_add_loop_test(tc, put_relay, 0, sizeof(puts_) / sizeof(puts_[0]));
	tcase_add_loop_test(tc, inside, 0, sizeof(insides) / sizeof(insides[0]));
	tcase_add_test(tc, relays_by_name);
	tcase_add_test(tc, strings_are_read_back);
	suite_add_tcase(s, tc);
	return s;
}
