/* test_unwrap.c - a spool file as a stream: there and back, and what is refused. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/unwrap.h"
#include "spool/wrap.h"

#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user 7\nrecipient a@example.com\n\n"
#define ENV_LEN  "00000000000067"
#define STORED   "1764000000 stored longest=10\n"
#define HEAD(n)  "postern 1 " ENV_LEN " " n "\n"
#define MESSAGE  "Subject: x\r\n\r\nbody\r\n"
#define GOOD     ENVELOPE MESSAGE STORED HEAD("00000000000020")

static struct unwrap u;
static struct buf    message;

static void
setup(void)
{
	unwrap_init(&u);
	buf_init(&message, 8u << 20);
}

static void
teardown(void)
{
	unwrap_done(&u);
	buf_done(&message);
}

static int
put_all(struct span s, size_t piece)
{
	int r = 0;

	while (s.n > 0 && r == 0) {
		size_t n = s.n < piece ? s.n : piece;

		r = unwrap_put(&u, (struct span){ s.p, n }, &message);
		s.p += n;
		s.n -= n;
	}
	return r == 0 ? unwrap_end(&u, &message) : r;
}

/* ---- there and back ---- */

static const size_t pieces[] = { 1, 2, 3, 7, 64, 100, 4096, 1 << 20 };

START_TEST(cut_anywhere)
{
	ck_assert_int_eq(put_all(SPAN(GOOD), pieces[_i]), 0);
	ck_assert_str_eq(buf_cstr(&message), MESSAGE);
	ck_assert(u.addressed);
	ck_assert_uint_eq(u.envelope.nrcpts, 1);
	ck_assert_str_eq(u.envelope.rcpts[0].addr->text, "a@example.com");
}
END_TEST

static const struct span texts[] = {
	{ "", 0 },
	{ "\n", 1 },
	{ "x", 1 },
	{ "Subject: x\n\nno end", 18 },
	{ "a\r\nb\n.c\r\r\nd\0e\r", 15 },
	{ "Gr\303\274\303\237e\n..\n.\n", 14 },
	{ "\r", 1 },
	{ "postern 1 00000000000067 00000000000020\n", 40 },
};

/* What the other side makes of it is what a file would have had. */
START_TEST(wrapped_is_unwrapped)
{
	struct span in = texts[_i / 2], text = { NULL, 0 };
	struct wrap w;
	struct buf  s;
	char        out[200 + WRAP_END_MAX];
	size_t      n;

	buf_init(&s, 4096);
	buf_str(&s, ENVELOPE);
	wrap_init(&w, s.n);
	n = wrap_put(&w, &in, out, 200);
	ck_assert_uint_eq(in.n, 0);
	n += wrap_end(&w, out + n, 1764000000);
	buf_add(&s, out, n);
	text = buf_view(&s);
	ck_assert_msg(put_all(text, _i % 2 != 0 ? 1 : 4096) == 0, "%s", unwrap_why(&u));
	ck_assert_uint_eq(message.n, w.message);
	ck_assert(message.n == 0 || memcmp(message.p, out, message.n) == 0);
	buf_done(&s);
}
END_TEST

/* ---- refused ---- */

#define AT_END(message, stored, n) ENVELOPE message stored HEAD(n)

static const struct {
	const char *stream;
	const char *why;
} bad[] = {
	{ "", "cut off" },
	{ "\n\n", "a line without a value" },
	{ "time 1764000000.000001\nhost h\n", "cut off" },
	{ ENVELOPE, "cut off" },
	{ ENVELOPE MESSAGE STORED, "cut off" },
	{ ENVELOPE MESSAGE STORED "postern 1 " ENV_LEN " 0000000000002", "cut off" },
	{ ENVELOPE MESSAGE STORED "postern 2 " ENV_LEN " 00000000000020\n", "cut off" },
	{ GOOD "x", "cut off" },
	{ GOOD "\n", "cut off" },
	{ GOOD HEAD("00000000000020"), "the journal does not say what the message is" },
	{ "evil 1\n" GOOD, "an unknown line" },
	{ "time 1764000000.000001\nhost h\nfrom-user 7\n\n" MESSAGE STORED HEAD("00000000000020"),
	    "no recipient" },
	/* lengths */
	{ AT_END(MESSAGE, STORED, "00000000000019"), "the message does not end in a line end" },
	{ AT_END(MESSAGE, STORED, "00000000000021"), "the message does not end in a line end" },
	{ AT_END(MESSAGE, STORED, "00000000000000"), "the journal does not say what the message is" },
	{ AT_END(MESSAGE, STORED, "99999999999999"), "the head has other lengths than what came" },
	{ AT_END(MESSAGE, STORED, "0000000000002x"), "the head has other lengths than what came" },
	{ AT_END(MESSAGE, STORED, "            20"), "the head has other lengths than what came" },
	{ ENVELOPE MESSAGE STORED "postern 1 00000000000066 00000000000020\n",
	    "the head has other lengths than what came" },
	/* the form of the message */
	{ AT_END("a\nb\r\n", "1764000000 stored longest=1\n", "00000000000005"),
	    "the message is not in the form of the spool" },
	{ AT_END("a\rb\r\n", "1764000000 stored longest=3\n", "00000000000005"),
	    "the message is not in the form of the spool" },
	{ AT_END("a\r\r\n", "1764000000 stored longest=2\n", "00000000000004"),
	    "the message is not in the form of the spool" },
	{ AT_END("no end", "1764000000 stored longest=6\n", "00000000000006"),
	    "the message does not end in a line end" },
	{ AT_END("a\r\n\r", "1764000000 stored longest=1\n", "00000000000004"),
	    "the message does not end in a line end" },
	/* the journal */
	{ AT_END(MESSAGE, STORED "1764000001 sent rcpt=1\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "1764000001 sent rcpt=1\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "", "00000000000020"), "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "1764000000 stored longest=9\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "1764000000 stored 8bit longest=10\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "1764000000 stored longest=10 dots\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(".\r\n", "1764000000 stored longest=1\n", "00000000000003"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "-1 stored longest=10\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "01764000000 stored longest=10\n", "00000000000020"),
	    "the journal does not say what the message is" },
	{ AT_END(MESSAGE, "1764000000 stored longest=10", "00000000000020"),
	    "the journal does not say what the message is" },
};

START_TEST(refused)
{
	ck_assert_int_eq(put_all(span_of(bad[_i / 2].stream), _i % 2 != 0 ? 1 : 4096), -EBADMSG);
	ck_assert_str_eq(unwrap_why(&u), bad[_i / 2].why);
	/* It sticks. */
	ck_assert_int_eq(unwrap_put(&u, SPAN("x"), &message), -EBADMSG);
	ck_assert_int_eq(unwrap_end(&u, &message), -EBADMSG);
}
END_TEST

START_TEST(a_nul_is_refused)
{
	static const char stream[] = AT_END("a\0b\r\n", "1764000000 stored longest=3\n", "00000000000005");

	ck_assert_int_eq(put_all((struct span){ stream, sizeof(stream) - 1 }, 4096), -EBADMSG);
	ck_assert_str_eq(unwrap_why(&u), "the message is not in the form of the spool");
}
END_TEST

/* Every cut of a good stream is no stream. */
START_TEST(torn)
{
	struct span good = SPAN(GOOD);

	for (size_t n = 0; n < good.n; n++) {
		teardown();
		setup();
		ck_assert_int_eq(put_all((struct span){ good.p, n }, 16), -EBADMSG);
	}
}
END_TEST

/* A stream of one changed octet passes only where the file would be good as well. */
START_TEST(one_octet_changed)
{
	struct span good = SPAN(GOOD);
	char       *text = span_dup(good);
	size_t      after = strlen(ENVELOPE MESSAGE);

	for (size_t at = after; at < good.n; at++) {
		char was = text[at];

		text[at] ^= 1;
		teardown();
		setup();
		/* The time in the journal is any time. */
		if (put_all((struct span){ text, good.n }, 4096) == 0)
			ck_assert_uint_lt(at - after, strlen("1764000000"));
		text[at] = was;
	}
	free(text);
}
END_TEST

/* 8 MB of envelope: refused at 4, and no more than that is held. */
START_TEST(an_endless_envelope)
{
	static char line[] = "recipient aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c\n";
	int         r = 0;
	size_t      n = 0;

	for (; r == 0 && n < 8u << 20; n += sizeof(line) - 1) {
		r = unwrap_put(&u, (struct span){ line, sizeof(line) - 1 }, &message);
		ck_assert_uint_le(unwrap_held(&u), 2 * (size_t)ENVELOPE_MAX_BYTES);
	}
	ck_assert_int_eq(r, -EBADMSG);
	ck_assert_str_eq(unwrap_why(&u), "the envelope is too long");
	ck_assert_uint_le(n, ENVELOPE_MAX_BYTES + sizeof(line));
}
END_TEST

/* What is given out is given out while it comes: the tail alone is kept back. */
START_TEST(a_large_message_streams)
{
	struct span in;
	struct wrap w;
	char        line[1000], out[1100 + WRAP_END_MAX];
	uint64_t    got = 0;
	size_t      n;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	ck_assert_int_eq(unwrap_put(&u, SPAN(ENVELOPE), &message), 0);
	wrap_init(&w, strlen(ENVELOPE));
	for (int i = 0; i < 10000; i++) {
		in = (struct span){ line, sizeof(line) };
		n = wrap_put(&w, &in, out, 1100);
		ck_assert_int_eq(unwrap_put(&u, (struct span){ out, n }, &message), 0);
		ck_assert_uint_ge(got + message.n + UNWRAP_TAIL, w.message);
		got += message.n;
		buf_clear(&message);
	}
	n = wrap_end(&w, out, 1);
	ck_assert_int_eq(unwrap_put(&u, (struct span){ out, n }, &message), 0);
	ck_assert_int_eq(unwrap_end(&u, &message), 0);
	ck_assert_uint_eq(got + message.n, 10000 * 1001);
}
END_TEST

Suite *suite_unwrap(void);

Suite *
suite_unwrap(void)
{
	Suite *s = suite_create("unwrap");
	TCase *tc = tcase_create("unwrap");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, cut_anywhere, 0, sizeof(pieces) / sizeof(pieces[0]));
	tcase_add_loop_test(tc, wrapped_is_unwrapped, 0, 2 * sizeof(texts) / sizeof(texts[0]));
	tcase_add_loop_test(tc, refused, 0, 2 * sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, a_nul_is_refused);
	tcase_add_test(tc, torn);
	tcase_add_test(tc, one_octet_changed);
	tcase_add_test(tc, an_endless_envelope);
	tcase_add_test(tc, a_large_message_streams);
	suite_add_tcase(s, tc);
	return s;
}
