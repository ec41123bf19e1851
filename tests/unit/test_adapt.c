/* test_adapt.c - what a mail needs, what a server has, and what comes of it. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "relay/adapt.h"
#include "smtp/limits.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

enum { E8 = 1, UTF8 = 2, SMALL = 4 };

/* The body; fails when it is read although the mail is one that needs no look. */
struct text {
	struct span body;
	bool        no_look, fails;
	size_t      given;              /* octets since the last look at it */
};

static ssize_t
give(void *arg, uint64_t at, void *p, size_t n)
{
	struct text *t = arg;

	t->given += n;
	ck_assert(!t->no_look);
	if (t->fails)
		return -EIO;
	ck_assert_uint_le(at + n, t->body.n);
	memcpy(p, t->body.p + at, n);
	return (ssize_t)n;
}

static const struct row {
	const char *head, *body, *to;
	size_t      longest;
	unsigned    has;
	const char *dsn;                /* NULL: it fits, and: */
	const char *want;               /* something in what goes; NULL: what came, and nobody looked at it */
	bool        eightbit, utf8;     /* what it still needs */
} rows[] = {
	/* it fits as it is */
	{ "A: b\r\n\r\n", "plain\r\n", "a@b", 5, 0, NULL, NULL, false, false },
	{ "A: b\r\n\r\n", "\xc3\xa4 text\r\n", "a@b", 998, E8, NULL, NULL, true, false },
	{ "A: b\r\n\r\n", "\xc3\xa4 text\r\n", "a@b", 998, E8 | UTF8, NULL, NULL, true, false },
	{ "A: \xc3\xa4\r\n\r\n", "\xc3\xa4 text\r\n", "a@b", 9, E8 | UTF8, NULL, NULL, true, true },
	{ "A: b\r\n\r\n", "plain\r\n", "\xc3\xa4@b", 5, E8 | UTF8, NULL, NULL, false, true },
	/* the header alone: nobody looks at the body */
	{ "A: \xc3\xa4\r\n\r\n", NULL, "a@b", 9, E8, NULL, "A: =?utf-8?q?=C3=A4?=\r\n", true, false },
	{ "A: \xe4\r\n\r\n", NULL, "a@b", 9, E8 | UTF8, NULL, "A: =?unknown-8bit?q?=E4?=\r\n", true, false },
	{ "A: \xe4\r\nMessage-ID: <\xe4>\r\n\r\n", NULL, "a@b", 9, E8, NULL, "Message-ID: <\xe4>\r\n", true, false },
	{ "A: \xc3\xa4\r\n\r\n", NULL, "\xc3\xa4@b", 9, UTF8 | E8, NULL, NULL, true, true },
	/* 7 bits */
	{ "A: b\r\n\r\n", "\xc3\xa4 and text\r\n", "a@b", 9, 0, NULL, "=C3=A4 and text\r\n", false, false },
	{ "A: \xc3\xa4\r\n\r\n", "plain\r\n", "a@b", 9, 0, NULL, "=?utf-8?q?=C3=A4?=", false, false },
	{ "A: b\r\n\r\n", "\xc3\xa4 and text\r\n", "\xc3\xa4@b", 9, UTF8, NULL, "=C3=A4 and text\r\n", false, true },
	/* nobody knows how long its lines are, or somebody does */
	{ "A: b\r\n\r\n", "\xc3\xa4 text\r\n", "a@b", 0, E8, NULL, "\xc3\xa4 text\r\n", true, false },
	/* it cannot be */
	{ "DKIM-Signature: x\r\n\r\n", "\xc3\xa4\r\n", "a@b", 9, 0, "5.6.3", "DKIM", false, false },
	{ "A: b\r\n\r\n", NULL, "\xc3\xa4@b", 9, E8, "5.6.7", "an address", false, false },
	{ "To: <\xc3\xa4@b>\r\n\r\n", NULL, "a@b", 9, E8, "5.6.9", "its header", false, false },
	{ "To: <\xc3\xa4@b>\r\n\r\n", "x\r\n", "a@b", 9, 0, "5.6.3", "a header field", false, false },
	{ "A: b\r\n\r\n", "123456789012345678901234567890\r\n", "a@b", 30, SMALL, "5.3.4", "40 bytes", false, false },
	{ "A: b\r\n\r\n", "\xc3\xa4 and text\r\n", "a@b", 30, SMALL, "5.3.4", "bytes", false, false },
};

static struct mail *
mail_of(const struct row *r, struct text *t)
{
	struct mail *m = xcalloc(1, sizeof(*m));

	t->body = span_of(r->body);
	t->no_look = r->body == NULL || (r->dsn == NULL && r->want == NULL);
	m->msg = xcalloc(1, sizeof(*m->msg));
	m->msg->longest = r->longest;
	m->from = addr_parse(SPAN("sender@b"), NULL);
	m->nrcpt = 1;
	m->rcpt = xcalloc(1, sizeof(*m->rcpt));
	m->rcpt[0].to = addr_parse(span_of(r->to), NULL);
	ck_assert_ptr_nonnull(m->rcpt[0].to);
	buf_init(&m->head, 4096);
	buf_str(&m->head, r->head);
	m->content = (struct body_source){ .head = buf_view(&m->head), .read = give, .arg = t, .n = t->body.n };
	m->msg->size = body_size(&m->content);
	m->eightbit = !text_is_ascii(m->content.head) || !text_is_ascii(t->body);
	m->utf8 = m->rcpt[0].to->utf8 ||
	    (!text_is_ascii(m->content.head) && text_is_utf8(m->content.head));
	return m;
}

static void
done(struct mail *m)
{
	free(m->msg);
	mail_free(m);
}

static enum adapt
adapt_all(struct mail *m, const struct adapt_server *server, struct status *ret)
{
	enum adapt r;

	do
		r = adapt(m, server, ret);
	while (r == ADAPT_MORE);
	return r;
}

START_TEST(adapts)
{
	const struct row   *r = &rows[_i];
	struct text         t = { .no_look = false };
	struct mail        *m = mail_of(r, &t);
	struct adapt_server server = {
		.name = "server", .size = r->has & SMALL ? 39 : 0, .eightbit = r->has & E8, .utf8 = r->has & UTF8,
	};
	struct status       st;
	struct buf          out;
	char               *p;

	ck_assert_int_eq(adapt_all(m, &server, &st), r->dsn == NULL ? ADAPT_READY : ADAPT_REFUSED);
	if (r->dsn != NULL) {
		ck_assert_str_eq(st.dsn, r->dsn);
		ck_assert_int_eq(st.verdict, VERDICT_REJECT);
		ck_assert_msg(strstr(st.text, r->want) != NULL, "%s", st.text);
		done(m);
		return;
	}
	ck_assert_int_eq(m->eightbit, r->eightbit);
	ck_assert_int_eq(m->utf8, r->utf8);
	if (r->want == NULL) {
		ck_assert(m->adapted == NULL && m->content.read == give);
		done(m);
		return;
	}
	buf_init(&out, 1 << 20);
	buf_span(&out, m->content.head);
	p = buf_room(&out, m->content.n + 1);
	ck_assert_int_eq(m->content.read(m->content.arg, m->content.at, p, m->content.n), (ssize_t)m->content.n);
	buf_took(&out, m->content.n);
	ck_assert_msg(strstr(buf_cstr(&out), r->want) != NULL, "%s", buf_cstr(&out));
	buf_done(&out);
	done(m);
}
END_TEST

/* A line over the limit is re-encoded whatever the server offers. */
START_TEST(long_line)
{
	struct row          r = { "A: b\r\n\r\n", NULL, "a@b", 1200, 0, NULL, "x", false, false };
	struct adapt_server server = { .name = "server", .eightbit = true, .utf8 = true };
	struct text         t = { .no_look = false };
	struct buf          body;
	struct mail        *m;
	struct status       st;

	buf_init(&body, 4096);
	for (unsigned i = 0; i < 1200; i++)
		buf_char(&body, 'x');
	buf_str(&body, "\r\n");
	r.body = buf_cstr(&body);
	m = mail_of(&r, &t);
	ck_assert_int_eq(adapt_all(m, &server, &st), ADAPT_READY);
	ck_assert_ptr_nonnull(m->adapted);
	ck_assert_ptr_nonnull(memmem(m->content.head.p, m->content.head.n, "quoted-printable", 16));
	done(m);
	buf_done(&body);
}
END_TEST

/*
 * A large message is not looked through in one go, whatever it is made of:
 * text, lines too long, empty lines, text of which an encoding leaves nothing.
 */
static const struct {
	const char *head, *piece;
} large[] = {
	{ "A: b\r\n\r\n", "Gr\xc3\xbc\xc3\x9f" "e an alle, und eine Zeile davon.\r\n" },
	{ "A: b\r\n\r\n", "\x80\x81\x82\x83\x84\x85\x86\x87\r\n" },
	{ "A: b\r\n\r\n", "\xc3\xa4" },
	{ "A: b\r\n\r\n", "\r\n" },
	{ "Content-Transfer-Encoding: base64\r\n\r\n", "!!!!\xc3\xa4!!!!" },
	{ "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=\xc3\xa4 " },
	{ "Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\n\xc3\xa4 and some more\r\n" },
};

START_TEST(in_slices)
{
	enum { SLICES = 20, LARGE = SLICES * LIMIT_BODY_CHUNK };
	struct row          r = { large[_i].head, NULL, "a@b", 1200, 0, NULL, "x", false, false };
	struct adapt_server server = { .name = "server" };
	struct text         t = { .no_look = false };
	struct buf          body;
	struct mail        *m;
	struct status       st;
	enum adapt          is;
	unsigned            slices = 0;

	buf_init(&body, LARGE + 100);
	buf_str(&body, "\xc3\xa4\r\n");
	while (body.n < LARGE)
		buf_str(&body, large[_i].piece);
	buf_str(&body, "\r\n");
	r.body = buf_cstr(&body);
	m = mail_of(&r, &t);
	do {
		t.given = 0;
		is = adapt(m, &server, &st);
		ck_assert_uint_le(t.given, 2 * LIMIT_BODY_CHUNK);
		slices++;
	} while (is == ADAPT_MORE);
	ck_assert_int_eq(is, ADAPT_READY);
	ck_assert_uint_ge(slices, SLICES);
	done(m);
	buf_done(&body);
}
END_TEST

/* In the middle of it the session may go: what was made so far goes with the mail. */
START_TEST(left_half_done)
{
	struct row          r = { "A: b\r\n\r\n", NULL, "a@b", 1200, 0, NULL, "x", false, false };
	struct adapt_server server = { .name = "server" };
	struct text         t = { .no_look = false };
	struct buf          body;
	struct mail        *m;
	struct status       st;

	buf_init(&body, 4 * LIMIT_BODY_CHUNK);
	while (body.n < 3 * LIMIT_BODY_CHUNK)
		buf_str(&body, "\xc3\xa4\r\n");
	r.body = buf_cstr(&body);
	for (unsigned slices = 1; slices <= 4; slices++) {
		m = mail_of(&r, &t);
		for (unsigned i = 0; i < slices; i++)
			ck_assert_int_eq(adapt(m, &server, &st), ADAPT_MORE);
		done(m);
	}
	buf_done(&body);
}
END_TEST

/* A spool that cannot be read is no verdict about the message. */
START_TEST(unreadable)
{
	static const struct row r = { "A: b\r\n\r\n", "\xc3\xa4 text\r\n", "a@b", 9, 0, NULL, "x", false, false };
	struct adapt_server     server = { .name = "server" };
	struct text             t = { .fails = true };
	struct mail            *m = mail_of(&r, &t);
	struct status           st;

	ck_assert_int_eq(adapt_all(m, &server, &st), ADAPT_REFUSED);
	ck_assert_ptr_null(m->adapted);
	ck_assert_int_eq(st.verdict, VERDICT_DEFER);
	ck_assert_str_eq(st.dsn, "4.3.0");
	done(m);
}
END_TEST

Suite *suite_adapt(void);

Suite *
suite_adapt(void)
{
	Suite *s = suite_create("adapt");
	TCase *t = tcase_create("adapt");

	tcase_add_loop_test(t, adapts, 0, ROWS(rows));
	tcase_add_test(t, long_line);
	tcase_add_loop_test(t, in_slices, 0, ROWS(large));
	tcase_add_test(t, left_half_done);
	tcase_add_test(t, unreadable);
	suite_add_tcase(s, t);
	return s;
}
