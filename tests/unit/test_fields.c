/* test_fields.c - where a header ends; fields copied, qualified, folded. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "relay/fields.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))
#define X70        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X10        "xxxxxxxxxx"

static const struct {
	struct span in;
	size_t      first, end, body;
} layouts[] = {
	{ S(""), 0, 0, 0 },
	{ S("\r\nbody\r\n"), 0, 0, 2 },
	{ S("A: b\r\n\r\nbody\r\n"), 0, 6, 8 },
	{ S("A: b\n\nbody\n"), 0, 5, 6 },
	{ S("A: b\r\n"), 0, 6, 6 },
	{ S("body\r\nA: b\r\n"), 0, 0, 0 },
	{ S("A: b\r\nbody\r\n\r\n"), 0, 6, 6 },
	{ S("From alice Fri Nov 27 19:22:43 2026\r\nA: b\r\n\r\nbody"), 37, 43, 45 },
	{ S("From alice\r\nbody"), 0, 0, 0 },
	{ S("From alice"), 0, 0, 0 },
	{ S("From here on it is text.\r\n"), 0, 0, 0 },
	{ S("From 10:00 on\r\nA: b\r\n"), 15, 21, 21 },
	{ S(">From a: b\r\n"), 0, 0, 0 },
	{ S(" A: b\r\n"), 0, 0, 0 },
};

START_TEST(finds)
{
	struct fields_layout at = { 9, 9, 9 };

	ck_assert_int_eq(fields_find(layouts[_i].in, true, &at), 0);
	ck_assert_uint_eq(at.first, layouts[_i].first);
	ck_assert_uint_eq(at.end, layouts[_i].end);
	ck_assert_uint_eq(at.body, layouts[_i].body);
}
END_TEST

START_TEST(finds_in_a_part)
{
	struct fields_layout at;
	char                 line[2000];

	ck_assert_int_eq(fields_find(SPAN("A: b\r\n"), false, &at), -EMSGSIZE);
	ck_assert_int_eq(fields_find(SPAN("A: b\r\nSubj"), false, &at), -EMSGSIZE);
	ck_assert_int_eq(fields_find(SPAN("A: b\r\n c"), false, &at), -EMSGSIZE);
	ck_assert_int_eq(fields_find(SPAN("A: b\r\nbody\r\n"), false, &at), 0);
	ck_assert_int_eq(fields_find(SPAN("A: b\r\n\r\n"), false, &at), 0);
	ck_assert_uint_eq(at.body, 8);
	memset(line, 'x', sizeof(line));
	ck_assert_int_eq(fields_find((struct span){ line, 998 }, false, &at), -EMSGSIZE);
	ck_assert_int_eq(fields_find((struct span){ line, 999 }, false, &at), 0);
}
END_TEST

static struct field
field_of(struct span text)
{
	struct field f;

	ck_assert(header_next(&text, &f));
	return f;
}

static const struct {
	struct span in;
	const char *out;
} copies[] = {
	{ S("A: b\r\n"), "A: b\r\n" },
	{ S("A: b\n c\n"), "A: b\r\n c\r\n" },
	{ S("A:   b  \r\n"), "A:   b  \r\n" },
	{ S("A: b"), "A: b\r\n" },
	{ S("A \t:b\r\n"), "A:b\r\n" },
	{ S("A :\r\n b\r\n"), "A:\r\n b\r\n" },
	{ S("A: b\rc\r\n"), "A: b c\r\n" },
	{ S("A: b\r\r\n"), "A: b \r\n" },
	{ S("A: b\r\n \r\n c\r\n"), "A: b\r\n \r\n c\r\n" },
};

START_TEST(copies_fields)
{
	struct field f = field_of(copies[_i].in);
	struct buf   b;

	buf_init(&b, 4096);
	fields_copy(&b, &f);
	ck_assert_str_eq(buf_cstr(&b), copies[_i].out);
	buf_done(&b);
}
END_TEST

static const struct {
	struct span in;
	const char *out;
} qualified[] = {
	{ S("To: root\r\n"), "To: root@x.org\r\n" },
	{ S("To:root\r\n"), "To:root@x.org\r\n" },
	{ S("To : root\r\n"), "To: root@x.org\r\n" },
	{ S("To: Root <root>\r\n"), "To: Root <root@x.org>\r\n" },
	{ S("To: root (Charlie &)\r\n"), "To: root@x.org (Charlie &)\r\n" },
	{ S("To: (c) root (d)\r\n"), "To: (c) root@x.org (d)\r\n" },
	{ S("To: \"a b\"\r\n"), "To: \"a b\"@x.org\r\n" },
	{ S("To: a, b@c, \"D, E\" <d>, f\r\n"), "To: a@x.org, b@c, \"D, E\" <d@x.org>, f@x.org\r\n" },
	{ S("To: g: a, b;, c\r\n"), "To: g: a@x.org, b@x.org;, c@x.org\r\n" },
	{ S("To: a,\r\n b\r\n"), "To: a@x.org, b@x.org\r\n" },
	/* nothing bare: byte for byte, however odd */
	{ S("To:   a@b ,\r\n\t c@d  \r\n"), "To:   a@b ,\r\n\t c@d  \r\n" },
	{ S("To: undisclosed-recipients:;\r\n"), "To: undisclosed-recipients:;\r\n" },
	{ S("To: bob smith\r\n"), "To: bob smith\r\n" },
	{ S("To: \r\n"), "To: \r\n" },
	{ S("To: =?utf-8?q?root?=\r\n"), "To: =?utf-8?q?root?=\r\n" },
	/* folded behind commas */
	{ S("To: " X10 "," X10 "," X10 "," X10 "," X10 "\r\n"),
	  "To: " X10 "@x.org," X10 "@x.org," X10 "@x.org," X10 "@x.org,\r\n " X10 "@x.org\r\n" },
	{ S("To: " X10 ", Some One <" X10 ">, " X10 ", Some Body <" X10 ">\r\n"),
	  "To: " X10 "@x.org, Some One <" X10 "@x.org>, " X10 "@x.org,\r\n"
	  " Some Body <" X10 "@x.org>\r\n" },
};

static struct addr *
qualify(void *arg, const struct addr *a)
{
	return addr_qualify(a, *(const struct span *)arg);
}

static void
qualify_all(struct buf *out, const struct field *f, struct span domain)
{
	fields_rewrite(out, f, qualify, &domain);
}

/* Names become others, whatever stands around them. */
static struct addr *
hide(void *arg, const struct addr *a)
{
	(void)arg;
	return span_eq(addr_local(a), SPAN("bob")) ? addr_parse(SPAN("rob@y.org"), NULL) : NULL;
}

static const struct {
	struct span in;
	const char *out;
} hidden[] = {
	{ S("To: bob@x.org\r\n"), "To: rob@y.org\r\n" },
	{ S("To: \"Bob\" < bob@x.org > (b), a@b,\r\n BOB@x.org, bob@z\r\n"),
	  "To: \"Bob\" < rob@y.org > (b), a@b, BOB@x.org, rob@y.org\r\n" },
	{ S("To: g: bob (x) @ x.org;\r\n"), "To: g: rob@y.org;\r\n" },
	{ S("To: <@a,@b:bob@x.org>\r\n"), "To: <@a,@b:rob@y.org>\r\n" },
	{ S("To: a@b,\r\n c@d\r\n"), "To: a@b,\r\n c@d\r\n" },
	{ S("To: rob@y.org,  bob bob@x.org\r\n"), "To: rob@y.org,  bob bob@x.org\r\n" },
};

START_TEST(rewrites)
{
	struct field f = field_of(hidden[_i].in);
	struct buf   b;

	buf_init(&b, 4096);
	fields_rewrite(&b, &f, hide, NULL);
	ck_assert_str_eq(buf_cstr(&b), hidden[_i].out);
	buf_done(&b);
}
END_TEST

START_TEST(qualifies)
{
	struct field f = field_of(qualified[_i].in);
	struct buf   b;

	buf_init(&b, 4096);
	qualify_all(&b, &f, SPAN("x.org"));
	ck_assert_str_eq(buf_cstr(&b), qualified[_i].out);
	buf_done(&b);
}
END_TEST

START_TEST(too_long_to_qualify)
{
	struct field f = field_of(SPAN("To: root\r\n"));
	char         domain[260];
	struct buf   b;

	memset(domain, 'd', sizeof(domain));
	for (int i = 60; i < 250; i += 60)
		domain[i] = '.';
	buf_init(&b, 4096);
	qualify_all(&b, &f, (struct span){ domain, 255 });
	ck_assert_str_eq(buf_cstr(&b), "To: root\r\n");
	buf_done(&b);
	buf_init(&b, 12);
	qualify_all(&b, &f, SPAN("x.org"));
	ck_assert(b.over);
	buf_done(&b);
}
END_TEST

static const struct {
	struct span in;
	const char *out;
} folds[] = {
	{ S("A: b"), "A: b\r\n" },
	{ S("A: b\r\n c"), "A: b c\r\n" },
	{ S("A: " X70 " b"), "A: " X70 " b\r\n" },
	{ S("A: " X70 " bb bb"), "A: " X70 " bb\r\n bb\r\n" },
	{ S("A: " X70 X10 " b"), "A: " X70 X10 "\r\n b\r\n" },
	{ S("A: " X70 X10), "A: " X70 X10 "\r\n" },
	{ S("A: " X70 "      "), "A: " X70 "      \r\n" },
	{ S("A: " X70 "," X10), "A: " X70 ",\r\n " X10 "\r\n" },
	{ S("A: " X70 ", " X10), "A: " X70 ",\r\n " X10 "\r\n" },
	{ S("A: xxx, yyy " X70), "A: xxx,\r\n yyy " X70 "\r\n" },
	{ S("A: xxx, " X10 " " X70), "A: xxx,\r\n " X10 "\r\n " X70 "\r\n" },
	/* not between a backslash and its blank, not behind a comma in quotes */
	{ S("A: \"" X70 "\\ x\" y"), "A: \"" X70 "\\ x\"\r\n y\r\n" },
	{ S("A: \"" X70 ",xxxxxx\""), "A: \"" X70 ",xxxxxx\"\r\n" },
	{ S("A: \"" X70 "\\\\ xxxxx\""), "A: \"" X70 "\\\\\r\n xxxxx\"\r\n" },
};

START_TEST(folds_fields)
{
	struct buf b;

	buf_init(&b, 4096);
	fields_fold(&b, folds[_i].in);
	ck_assert_str_eq(buf_cstr(&b), folds[_i].out);
	buf_done(&b);
}
END_TEST

/* 10,000 bare names: qualified, no line over 78, nothing lost. */
START_TEST(a_long_list)
{
	struct buf  in, out;
	struct span rest, line;
	size_t      commas = 0, lines = 0;

	buf_init(&in, 1 << 20);
	buf_init(&out, 1 << 20);
	buf_str(&in, "To: u0");
	for (int i = 1; i < 10000; i++)
		buf_printf(&in, ",u%d", i);
	buf_str(&in, "\r\n");
	{
		struct field f = field_of(buf_view(&in));

		qualify_all(&out, &f, SPAN("example.com"));
	}
	ck_assert(!out.over);
	rest = buf_view(&out);
	while (span_cut(&rest, '\n', &line)) {
		if (line.n > 79 || line.p[line.n - 1] != '\r')
			ck_abort_msg("line of %zu", line.n);
		lines++;
	}
	for (size_t i = 0; i < out.n; i++)
		commas += out.p[i] == ',';
	ck_assert_uint_eq(commas, 9999);
	ck_assert_uint_gt(lines, 2000);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "u9999@example.com\r\n"));
	buf_done(&in);
	buf_done(&out);
}
END_TEST

Suite *suite_fields(void);

Suite *
suite_fields(void)
{
	Suite *s = suite_create("fields");
	TCase *t = tcase_create("fields");

	tcase_add_loop_test(t, finds, 0, ROWS(layouts));
	tcase_add_test(t, finds_in_a_part);
	tcase_add_loop_test(t, copies_fields, 0, ROWS(copies));
	tcase_add_loop_test(t, rewrites, 0, ROWS(hidden));
	tcase_add_loop_test(t, qualifies, 0, ROWS(qualified));
	tcase_add_test(t, too_long_to_qualify);
	tcase_add_loop_test(t, folds_fields, 0, ROWS(folds));
	tcase_add_test(t, a_long_list);
	suite_add_tcase(s, t);
	return s;
}
