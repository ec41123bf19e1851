/* test_lines.c - line ends made uniform, and where a header block ends. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "spool/block.h"
#include "spool/lines.h"

static const struct {
	const char *in;
	size_t      n;          /* 0: strlen */
	const char *out;
	bool        eightbit, dots;
	size_t      longest;
} rows[] = {
	{ "", 0, "", false, false, 0 },
	{ "a", 0, "a\r\n", false, false, 1 },
	{ "a\n", 0, "a\r\n", false, false, 1 },
	{ "a\r\n", 0, "a\r\n", false, false, 1 },
	{ "a\r\r\n", 0, "a \r\n", false, false, 2 },
	{ "a\rb\n", 0, "a b\r\n", false, false, 3 },
	{ "\n", 0, "\r\n", false, false, 0 },
	{ "\r\n\n\r\n", 0, "\r\n\r\n\r\n", false, false, 0 },
	{ "\r", 0, " \r\n", false, false, 1 },
	{ "a\r", 0, "a \r\n", false, false, 2 },
	{ "a\r\r", 0, "a  \r\n", false, false, 3 },
	{ "a\0b\n", 4, "a b\r\n", false, false, 3 },
	{ "\0\r\0\n", 4, "   \r\n", false, false, 3 },
	{ "x\r.\r\n", 0, "x .\r\n", false, false, 3 },
	{ "x\n.\n", 0, "x\r\n.\r\n", false, true, 1 },
	{ ".x", 0, ".x\r\n", false, true, 2 },
	{ "x.\n", 0, "x.\r\n", false, false, 2 },
	{ "\r.\n", 0, " .\r\n", false, false, 2 },
	{ "caf\303\251\n", 0, "caf\303\251\r\n", true, false, 5 },
	{ "12345678\200\n", 0, "12345678\200\r\n", true, false, 9 },
	{ "aaa\nbbbbb\nc", 0, "aaa\r\nbbbbb\r\nc\r\n", false, false, 5 },
	{ "a\nb\r\nc\n", 0, "a\r\nb\r\nc\r\n", false, false, 1 },
};

/* The input in pieces of `piece` octets, the room in each call `room`. */
static void
run(int row, size_t piece, size_t room)
{
	size_t       n = rows[row].n > 0 ? rows[row].n : strlen(rows[row].in);
	struct lines l;
	char         out[256];
	size_t       done = 0;

	lines_init(&l);
	for (size_t at = 0; at < n; at += piece) {
		struct span in = { rows[row].in + at, at + piece > n ? n - at : piece };

		while (in.n > 0) {
			size_t got = lines_put(&l, &in, out + done, room);

			ck_assert_uint_le(got, room);
			done += got;
		}
	}
	done += lines_end(&l, out + done);
	ck_assert_uint_eq(done, strlen(rows[row].out));
	ck_assert_int_eq(memcmp(out, rows[row].out, done), 0);
	ck_assert_int_eq(l.eightbit, rows[row].eightbit);
	ck_assert_int_eq(l.dots, rows[row].dots);
	ck_assert_uint_eq(l.longest, rows[row].longest);
}

START_TEST(any_cut_gives_the_same)
{
	for (size_t piece = 1; piece < 12; piece++)
		for (size_t room = LINES_ROOM; room < 24; room++)
			run(_i, piece, room);
}
END_TEST

static const struct {
	const char *text;
	size_t      end;
} blocks[] = {
	{ "", 0 },
	{ "\n", 1 },
	{ "\r\nbody", 2 },
	{ "A: b\n\nbody\n", 6 },
	{ "A: b\r\n\r\nbody\r\n", 8 },
	{ "A: b\n fold\n\tfold\nC: d\n\nx", 23 },
	{ "A: b\n \nC: d\n\n", 13 },
	{ "A: b\nno field here\n", 5 },
	{ "no field here\n\nA: b\n", 0 },
	{ " fold of nothing\nA: b\n\n", 0 },
	{ "A: b", 4 },
	{ "A: b\n", 5 },
	{ "A : b\n\n", 7 },
	{ ": b\n\n", 0 },
};

/* The text comes octet by octet: the answer must not depend on it. */
START_TEST(block_ends)
{
	const char *text = blocks[_i].text;
	size_t      n = strlen(text), at = 0;

	for (size_t have = 0; have < n; have++)
		if (block_end((struct span){ text, have }, false, &at))
			break;
	ck_assert(block_end(span_of(text), true, &at));
	ck_assert_uint_eq(at, blocks[_i].end);
	at = 0;
	ck_assert(block_end(span_of(text), true, &at));
	ck_assert_uint_eq(at, blocks[_i].end);
}
END_TEST

Suite *suite_lines(void);

Suite *
suite_lines(void)
{
	Suite *s = suite_create("lines");
	TCase *tc = tcase_create("lines");

	tcase_add_loop_test(tc, any_cut_gives_the_same, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, block_ends, 0, sizeof(blocks) / sizeof(blocks[0]));
	suite_add_tcase(s, tc);
	return s;
}
