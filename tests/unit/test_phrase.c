/* test_phrase.c - names as they may stand before an address. */
#include <check.h>
#include <string.h>

#include "relay/phrase.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	struct span in;
	const char *out;
} names[] = {
	{ S(""), "" },
	{ S("  \t "), "" },
	{ S("\0"), "" },
	{ S("Alice"), "Alice" },
	{ S("  Alice   Example\t"), "Alice Example" },
	{ S("root on web1"), "root on web1" },
	{ S("O'Hara"), "O'Hara" },
	{ S("J. Doe"), "\"J. Doe\"" },
	{ S("Doe, John"), "\"Doe, John\"" },
	{ S("a \"b\" \\c"), "\"a \\\"b\\\" \\\\c\"" },
	{ S("x <y@z>"), "\"x <y@z>\"" },
	{ S("x\r\nBcc: y@z"), "\"x Bcc: y@z\"" },
	{ S("=?utf-8?q?x?="), "\"=?utf-8?q?x?=\"" },
	{ S("a=?b"), "\"a=?b\"" },
	{ S("J\xc3\xbcrgen Ma\xc3\x9f"), "=?utf-8?q?J=C3=BCrgen_Ma=C3=9F?=" },
	{ S("\xc3\xbc_?=.\"("), "=?utf-8?q?=C3=BC=5F=3F=3D=2E=22=28?=" },
	{ S("J\xfcrgen"), "=?iso-8859-1?q?J=FCrgen?=" },
	{ S("\xf0\x9f\x93\xa7"), "=?utf-8?q?=F0=9F=93=A7?=" },
	{ S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	  "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=" },
	{ S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "\xc3\xbc z"),
	  "=?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?= "
	  "=?utf-8?q?=C3=BC_z?=" },
};

START_TEST(names_as_phrases)
{
	struct buf b;

	buf_init(&b, 4096);
	phrase_put(&b, names[_i].in);
	ck_assert_str_eq(buf_cstr(&b), names[_i].out);
	buf_done(&b);
}
END_TEST

/* However long: every word within 75 octets, no character cut in two. */
START_TEST(long_names)
{
	static const char *const letters[] = { "\xc3\xbc", "\xe4\xb8\xad", "\xf0\x9f\x93\xa7", "x", " y" };
	struct buf  in, out;
	struct span rest, word;

	buf_init(&in, 65536);
	buf_init(&out, 1 << 20);
	for (int i = 0; i < 1000; i++)
		buf_str(&in, letters[(i * 7 + i / 3) % 5]);
	phrase_put(&out, buf_view(&in));
	rest = buf_view(&out);
	while (span_cut(&rest, ' ', &word)) {
		struct span inner = { word.p + 10, word.n - 12 };
		int         more = 0;

		ck_assert_uint_le(word.n, 75);
		ck_assert(span_starts(word, SPAN("=?utf-8?q?")));
		ck_assert(memcmp(word.p + word.n - 2, "?=", 2) == 0);
		for (size_t i = 0; i < inner.n; i++) {
			int high = inner.p[i] == '=' ? inner.p[i + 1] : '0';

			if (high < '8' || more > 0) {
				ck_assert_int_eq(more > 0, high == '8' || high == '9' || high == 'A' || high == 'B');
				more -= more > 0;
			} else
				more = high == 'F' ? 3 : high == 'E' ? 2 : 1;
			i += inner.p[i] == '=' ? 2 : 0;
		}
		ck_assert_int_eq(more, 0);
	}
	buf_done(&in);
	buf_done(&out);
}
END_TEST

static const struct {
	struct span in;
	bool        ok;
} phrases[] = {
	{ S("Alice Example"), true },
	{ S("\"Doe, John\""), true },
	{ S("\"a\\\"b\""), true },
	{ S("J. Doe"), true },
	{ S("=?utf-8?q?x?=\r\n =?utf-8?q?y?="), true },
	{ S("Bob (x @ y)"), true },
	{ S("Bob (\")"), true },
	{ S("a@b"), false },
	{ S("[x] Bob"), false },
	{ S("Doe, John"), false },
	{ S("\"open"), false },
	{ S("(open"), false },
	{ S("close)"), false },
	{ S("a\\b"), false },
	{ S("\"a\\"), false },
	{ S("a\0b"), false },
	{ S("x: y"), false },
	{ S("x <"), false },
};

START_TEST(valid)
{
	ck_assert_int_eq(phrase_is_valid(phrases[_i].in), phrases[_i].ok);
}
END_TEST

Suite *suite_phrase(void);

Suite *
suite_phrase(void)
{
	Suite *s = suite_create("phrase");
	TCase *t = tcase_create("phrase");

	tcase_add_loop_test(t, names_as_phrases, 0, ROWS(names));
	tcase_add_test(t, long_names);
	tcase_add_loop_test(t, valid, 0, ROWS(phrases));
	suite_add_tcase(s, t);
	return s;
}
