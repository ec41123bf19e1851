/* test_header.c - fields of a block, mailboxes of a list, whatever is thrown at them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

/* Fields as "name|body\n" lines, then "=" and what header_next left. */
static void
show_fields(struct span block, struct buf *out)
{
	struct field f;

	while (header_next(&block, &f)) {
		ck_assert_ptr_eq(f.whole.p + f.whole.n, block.p);
		buf_span(out, f.name);
		buf_char(out, '|');
		buf_span(out, f.body);
		buf_char(out, '\n');
	}
	buf_char(out, '=');
	buf_span(out, block);
}

static const struct {
	struct span in;
	const char *out;
} blocks[] = {
	{ S(""), "=" },
	{ S("\r\n"), "=\r\n" },
	{ S("A: b\r\n\r\nbody"), "A| b\n=\r\nbody" },
	{ S("A: b\n\nbody"), "A| b\n=\nbody" },
	{ S("A: b"), "A| b\n=" },
	{ S("A:"), "A|\n=" },
	{ S("A:\r\n"), "A|\n=" },
	{ S("A : b\r\nB\t:c\r\n"), "A| b\nB|c\n=" },
	{ S("A: b\r\n c\r\n\td\r\nE: f\r\n"), "A| b\r\n c\r\n\td\nE| f\n=" },
	{ S("A: b\n \n c\nE: f\n"), "A| b\n \n c\nE| f\n=" },
	{ S("A: b\r\n "), "A| b\r\n \n=" },
	{ S(" A: b\r\n"), "= A: b\r\n" },
	{ S("hello\r\nA: b\r\n"), "=hello\r\nA: b\r\n" },
	{ S(": b\r\n"), "=: b\r\n" },
	{ S("A: b\r\nFrom alice Fri Nov 27 19:22:43 2026\r\n"),
	  "A| b\n=From alice Fri Nov 27 19:22:43 2026\r\n" },
	{ S("A B: c\r\n"), "=A B: c\r\n" },
	{ S("A\x80: c\r\n"), "=A\x80: c\r\n" },
	{ S("A: b\rc\r\nD: e\r\n"), "A| b\rc\nD| e\n=" },
	{ S("A: b\r\r\nD: e\r\n"), "A| b\r\nD| e\n=" },
	{ S("http://x\r\n"), "http|//x\n=" },
};

START_TEST(walks_fields)
{
	struct buf b;

	buf_init(&b, 4096);
	show_fields(blocks[_i].in, &b);
	ck_assert_str_eq(buf_cstr(&b), blocks[_i].out);
	buf_done(&b);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	static const char text[] = "A: b\0c\r\nB\0: d\r\n";
	struct span       rest = { text, sizeof(text) - 1 };
	struct field      f;

	ck_assert(header_next(&rest, &f));
	ck_assert_uint_eq(f.body.n, 4);
	ck_assert(!header_next(&rest, &f));
}
END_TEST

START_TEST(field_names)
{
	struct span  rest = SPAN("MESSAGE-id: <a@b>\r\n");
	struct field f;

	ck_assert(header_next(&rest, &f));
	ck_assert(header_is(&f, "Message-ID"));
	ck_assert(!header_is(&f, "Message"));
	ck_assert(header_starts_field(SPAN("A:")));
	ck_assert(!header_starts_field(SPAN("A")));
	ck_assert(!header_starts_field(SPAN("")));
	ck_assert(!header_starts_field(SPAN(">From a: b")));
}
END_TEST

/* ---- mailboxes ---- */

/* "display<address>" or "display!why" and a blank for each; comments as {}. */
static int
show(void *arg, const struct mailbox *m)
{
	struct buf *b = arg;

	ck_assert_int_eq(m->addr == NULL, m->why != NULL);
	buf_span(b, m->display);
	if (m->comment.n > 0) {
		buf_char(b, '{');
		buf_span(b, m->comment);
		buf_char(b, '}');
	}
	if (m->addr != NULL)
		buf_printf(b, "<%s>;", m->addr->text);
	else
		buf_printf(b, "!%.12s;", m->why);
	return 0;
}

static const struct {
	struct span in;
	const char *out;
} lists[] = {
	{ S(""), "" },
	{ S("  \r\n "), "" },
	{ S(",, ,;,"), "" },
	{ S("a@b"), "<a@b>;" },
	{ S("<a@b>"), "<a@b>;" },
	{ S("a@b, c@d"), "<a@b>;<c@d>;" },
	{ S("a@b,c@d,"), "<a@b>;<c@d>;" },
	{ S(",a@b,,,c@d"), "<a@b>;<c@d>;" },
	{ S("a@b; c@d"), "<a@b>;<c@d>;" },
	{ S("a@b,\r\n\tc@d"), "<a@b>;<c@d>;" },
	{ S("root"), "<root>;" },
	{ S("root, bob@x"), "<root>;<bob@x>;" },
	{ S("Bob <a@b>"), "Bob<a@b>;" },
	{ S("Bob B. Bobson <a@b>"), "Bob B. Bobson<a@b>;" },
	{ S("\"Doe, John\" <a@b>, c@d"), "\"Doe, John\"<a@b>;<c@d>;" },
	{ S("\"a \\\" , b\" <a@b>"), "\"a \\\" , b\"<a@b>;" },
	{ S("\"x <y@z>\" <a@b>"), "\"x <y@z>\"<a@b>;" },
	{ S("\"Bob\"<a@b>"), "\"Bob\"<a@b>;" },
	{ S("a@b <c@d>"), "a@b<c@d>;" },
	{ S("a@b (Bob)"), "{Bob}<a@b>;" },
	{ S("root (Cron Daemon)"), "{Cron Daemon}<root>;" },
	{ S("a@b (x, y@z), c@d"), "{x, y@z}<a@b>;<c@d>;" },
	{ S("a@b (x (y) z)"), "{x (y) z}<a@b>;" },
	{ S("a@b (x \\) y)"), "{x \\) y}<a@b>;" },
	{ S("(first) a@b (last)"), "{last}<a@b>;" },
	{ S("Bob (x) <a@b> (y)"), "Bob (x){x}<a@b>;" },
	{ S("(only a comment)"), "" },
	{ S("a@b (unclosed, c@d"), "{unclosed, c@d}<a@b>;" },
	{ S("a @ b . c"), "<a@b.c>;" },
	{ S("a (x) @ (y) b"), "{y}<a@b>;" },
	{ S("< a@b >"), "<a@b>;" },
	{ S("<(c)a@b(d)>"), "<a@b>;" },
	{ S("\"a b\"@c"), "<\"a b\"@c>;" },
	{ S("\"a,b\"@c, d@e"), "<\"a,b\"@c>;<d@e>;" },
	{ S("<\"a>b\"@c>"), "<\"a>b\"@c>;" },
	{ S("\"a\r\n b\"@c"), "<\"a b\"@c>;" },
	{ S("<@x,@y:a@b>, c@d"), "<a@b>;<c@d>;" },
	{ S("@x:a@b"), "<a@b>;" },
	{ S("a@[127.0.0.1], b@[IPv6:::1]"), "<a@[127.0.0.1]>;<b@[IPv6:::1]>;" },
	{ S("[Ticket 5] Bob <a@b>"), "[Ticket 5] Bob<a@b>;" },
	{ S("[Ticket <a@b>, c@d"), "[Ticket<a@b>;<c@d>;" },
	{ S("undisclosed-recipients:;"), "" },
	{ S("Friends: a@b, Bob <c@d>; e@f"), "<a@b>;Bob<c@d>;<e@f>;" },
	{ S("A: a@b;, B: c@d;"), "<a@b>;<c@d>;" },
	{ S("A: B: C: a@b"), "<a@b>;" },
	{ S("\"A:b\": a@b;"), "<a@b>;" },
	{ S("=?utf-8?q?J=C3=BCrgen?= <a@b>"), "=?utf-8?q?J=C3=BCrgen?=<a@b>;" },
	{ S("=?utf-8?q?Doe,_(J?= <a@b>, c@d"), "=?utf-8?q?Doe,_(J?=<a@b>;<c@d>;" },
	{ S("=?utf-8?b?Sm9obiA8YUBiPg==?="), "!an encoded w;" },
	{ S("=?x, a@b"), "<=?x>;<a@b>;" },
	{ S("a=b@c"), "<a=b@c>;" },
	{ S("J\xc3\xbcrgen <j\xc3\xbc@b>"), "J\xc3\xbcrgen<j\xc3\xbc@b>;" },
	{ S("J\xfcrgen <a@b>"), "J\xfcrgen<a@b>;" },
	/* broken ones: reported, and the walk goes on */
	{ S("bob smith, a@b"), "!blank outsid;<a@b>;" },
	{ S("Bob <>, a@b"), "Bob!address is e;<a@b>;" },
	{ S("<a@b, c@d"), "!'<' without ;<c@d>;" },
	{ S("Bob <a@b"), "Bob!'<' without ;" },
	{ S("<"), "!'<' without ;" },
	{ S("a@b> , c@d"), "!domain has a;<c@d>;" },
	{ S("A <a@b> B <c@d>"), "A<a@b>;B<c@d>;" },
	{ S("<a@b> c@d, e@f"), "<a@b>;!text behind ;<e@f>;" },
	{ S("<a@b> junk: c@d"), "<a@b>;<c@d>;" },
	{ S("a@b c@d"), "!domain has a;" },
	{ S("<<a@b>>"), "!local part h;!text behind ;" },
	{ S("\"unclosed, a@b"), "!quoted local;" },
	{ S("\\"), "!local part h;" },
	{ S("a@b\0, c@d"), "!address has ;<c@d>;" },
	{ S("@"), "!nothing befo;" },
	{ S("a@b.c."), "!domain has a;" },
};

START_TEST(walks_mailboxes)
{
	struct buf b;

	buf_init(&b, 4096);
	ck_assert_int_eq(header_mailboxes(lists[_i].in, show, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), lists[_i].out);
	buf_done(&b);
}
END_TEST

static int
stop_at_second(void *arg, const struct mailbox *m)
{
	int *n = arg;

	(void)m;
	return ++*n == 2 ? -7 : 0;
}

START_TEST(each_can_stop)
{
	int n = 0;

	ck_assert_int_eq(header_mailboxes(SPAN("a@b, c@d, e@f"), stop_at_second, &n), -7);
	ck_assert_int_eq(n, 2);
	n = 0;
	ck_assert_int_eq(header_mailboxes(SPAN("a@b, c@d"), stop_at_second, &n), -7);
	n = 0;
	ck_assert_int_eq(header_mailboxes(SPAN("<a@b>, <c@d>, x"), stop_at_second, &n), -7);
	ck_assert_int_eq(n, 2);
}
END_TEST

static int
spans_inside(void *arg, const struct mailbox *m)
{
	const struct span *whole = arg;
	const struct span  parts[] = { m->display, m->spec, m->comment };

	for (size_t i = 0; i < 3; i++) {
		/* Not ck_assert: it writes to a file each time, and this runs very often. */
		if (parts[i].p < whole->p || parts[i].p + parts[i].n > whole->p + whole->n)
			ck_abort_msg("span %zu is outside", i);
	}
	return 0;
}

/* A flood of one octet, or of pairs: linear, no recursion, spans inside. */
static const char *const floods[] = {
	"(", ")", "<", ">", "\"", "\\", "[", "]", ",", ";", ":", "@", "=", "=?", "=?a?b?", ".",
	"a", " ", "\r\n ", "(<", "<@", "[=", "a@b,", "\"a\"", "a(", "<a@b>", "a:", "<@a:", "\0",
};

START_TEST(survives_floods)
{
	size_t      n = 1 << 18;
	char       *p = malloc(n);
	size_t      len = floods[_i][0] == '\0' ? 1 : strlen(floods[_i]);
	struct span all = { p, n };

	for (size_t i = 0; i < n; i++)
		p[i] = floods[_i][i % len];
	ck_assert_int_eq(header_mailboxes(all, spans_inside, &all), 0);
	free(p);
}
END_TEST

/* Random texts of the octets that mean something, in memory that ends where the span ends. */
START_TEST(survives_noise)
{
	static const char alphabet[] = "()<>\"\\[],;:@=?.ab \r\n\t\xc3\xbc";
	uint64_t          x = 88172645463325252u;

	for (int round = 0; round < 20000; round++) {
		size_t      n = (size_t)(x % 40);
		char       *p = malloc(n + 1);
		struct span all = { p, n };

		for (size_t i = 0; i < n; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			p[i] = alphabet[x % (sizeof(alphabet) - 1)];
		}
		p = realloc(p, n > 0 ? n : 1);
		all.p = p;
		if (header_mailboxes(all, spans_inside, &all) != 0)
			ck_abort();
		for (struct field f; header_next(&all, &f);)
			if (f.name.n == 0)
				ck_abort();
		free(p);
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
}
END_TEST

Suite *suite_header(void);

Suite *
suite_header(void)
{
	Suite *s = suite_create("header");
	TCase *t = tcase_create("fields");
	TCase *m = tcase_create("mailboxes");

	tcase_add_loop_test(t, walks_fields, 0, ROWS(blocks));
	tcase_add_test(t, a_nul_ends_nothing);
	tcase_add_test(t, field_names);
	suite_add_tcase(s, t);

	tcase_add_loop_test(m, walks_mailboxes, 0, ROWS(lists));
	tcase_add_test(m, each_can_stop);
	tcase_add_loop_test(m, survives_floods, 0, ROWS(floods));
	tcase_add_test(m, survives_noise);
	suite_add_tcase(s, m);
	return s;
}
