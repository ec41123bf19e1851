/* test_text.c - numbers, durations, sizes, dates and encodings. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

static const struct {
	const char *in;
	uint64_t max;
	int r;
	uint64_t want;
} numbers[] = {
	{ "0", 9, 0, 0 },
	{ "9", 9, 0, 9 },
	{ "10", 9, -ERANGE, 0 },
	{ "007", 9, 0, 7 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
	{ "", 9, -EINVAL, 0 },
	{ "-1", 9, -EINVAL, 0 },
	{ "+1", 9, -EINVAL, 0 },
	{ " 1", 9, -EINVAL, 0 },
	{ "1 ", 9, -EINVAL, 0 },
	{ "0x1", 9, -EINVAL, 0 },
};

START_TEST(reads_numbers)
{
	uint64_t got = 4711;

	ck_assert_int_eq(text_number(span_of(numbers[_i].in), numbers[_i].max, &got),
	    numbers[_i].r);
	ck_assert_uint_eq(got, numbers[_i].r == 0 ? numbers[_i].want : 4711);
}
END_TEST

static const struct {
	const char *in;
	int r;
	uint64_t want;
} hexes[] = {
	{ "0", 0, 0 }, { "aF", 0, 0xaf }, { "FFFFFFFFFFFFFFFF", 0, UINT64_MAX },
	{ "00000000000000001", 0, 1 }, { "10000000000000000", -ERANGE, 0 },
	{ "", -EINVAL, 0 }, { "g", -EINVAL, 0 }, { "0x1", -EINVAL, 0 }, { "1 ", -EINVAL, 0 },
};

START_TEST(reads_hex)
{
	uint64_t got = 4711;

	ck_assert_int_eq(text_hex(span_of(hexes[_i].in), &got), hexes[_i].r);
	ck_assert_uint_eq(got, hexes[_i].r == 0 ? hexes[_i].want : 4711);
}
END_TEST

static const struct {
	const char *in;
	int r;
	int64_t want;
} durations[] = {
	{ "90", 0, 90 }, { "30s", 0, 30 }, { "5m", 0, 300 }, { "4h", 0, 14400 },
	{ "5d", 0, 432000 }, { "1w", 0, 604800 }, { "0", 0, 0 }, { "5D", 0, 432000 },
	{ "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", -ERANGE, 0 },
	{ "9223372036854775807m", -ERANGE, 0 },
	{ "153722867280912930m", 0, 9223372036854775800 },
	{ "", -EINVAL, 0 }, { "m", -EINVAL, 0 }, { "1y", -EINVAL, 0 }, { "-1s", -EINVAL, 0 },
	{ "1h30m", -EINVAL, 0 }, { "1 h", -EINVAL, 0 }, { "1.5h", -EINVAL, 0 },
};

START_TEST(reads_durations)
{
	int64_t got = 4711;

	ck_assert_int_eq(text_duration(span_of(durations[_i].in), &got), durations[_i].r);
	ck_assert_int_eq(got, durations[_i].r == 0 ? durations[_i].want : 4711);
}
END_TEST

static const struct {
	const char *in;
	int r;
	uint64_t want;
} sizes[] = {
	{ "0", 0, 0 }, { "100", 0, 100 }, { "64k", 0, 65536 }, { "64K", 0, 65536 },
	{ "35M", 0, 36700160 }, { "1G", 0, 1073741824 },
	{ "17179869183G", 0, 17179869183ull << 30 },
	{ "17179869184G", -ERANGE, 0 }, { "M", -EINVAL, 0 }, { "", -EINVAL, 0 },
	{ "1T", -EINVAL, 0 }, { "1MB", -EINVAL, 0 },
};

START_TEST(reads_sizes)
{
	uint64_t got = 4711;

	ck_assert_int_eq(text_size(span_of(sizes[_i].in), &got), sizes[_i].r);
	ck_assert_uint_eq(got, sizes[_i].r == 0 ? sizes[_i].want : 4711);
}
END_TEST

static const struct {
	int64_t in;
	const char *want;
} spoken[] = {
	{ 0, "0s" }, { 45, "45s" }, { 59, "59s" }, { 60, "1m00s" }, { 750, "12m30s" },
	{ 3600, "1h00m" }, { 86399, "23h59m" }, { 86400, "1d00h" }, { 273600, "3d04h" }, { -5, "0s" },
};

START_TEST(speaks_durations)
{
	struct buf b;

	buf_init(&b, 100);
	text_put_duration(&b, spoken[_i].in);
	ck_assert_str_eq(buf_cstr(&b), spoken[_i].want);
	buf_done(&b);
}
END_TEST

static const struct {
	const char *plain, *percent, *xtext;
} encodings[] = {
	{ "", "", "" },
	{ "abc", "abc", "abc" },
	{ "a b", "a%20b", "a+20b" },
	{ "100%", "100%25", "100%" },
	{ "a+b=c", "a+b=c", "a+2Bb+3Dc" },
	{ "\r\n\t", "%0D%0A%09", "+0D+0A+09" },
	{ "\x7f\x80\xff", "%7F%80%FF", "+7F+80+FF" },
	{ "!~", "!~", "!~" },
};

START_TEST(encodes_and_decodes)
{
	struct span plain = span_of(encodings[_i].plain);
	struct buf b;

	buf_init(&b, 100);
	text_put_percent(&b, plain);
	ck_assert_str_eq(buf_cstr(&b), encodings[_i].percent);
	buf_clear(&b);
	ck_assert_int_eq(text_percent(span_of(encodings[_i].percent), &b), 0);
	ck_assert(span_eq(buf_view(&b), plain));
	buf_clear(&b);
	ck_assert_int_eq(text_xtext(span_of(encodings[_i].xtext), &b), 0);
	ck_assert(span_eq(buf_view(&b), plain));
	buf_done(&b);
}
END_TEST

START_TEST(every_byte_comes_back)
{
	struct buf coded, plain;
	char all[256];

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	buf_init(&coded, 1000);
	buf_init(&plain, 1000);
	text_put_percent(&coded, (struct span){ all, 256 });
	ck_assert_int_eq(text_percent(buf_view(&coded), &plain), 0);
	ck_assert(span_eq(buf_view(&plain), (struct span){ all, 256 }));
	for (size_t i = 0; i < coded.n; i++)
		ck_assert(coded.p[i] > ' ' && coded.p[i] <= '~');
	buf_done(&coded);
	buf_done(&plain);
}
END_TEST

/* Each mark stands for '%' and for '+'. */
static const struct {
	const char *in;
} undecodable[] = {
	{ "^" }, { "abc^" }, { "abc^4" }, { "^4g" }, { "^g4" }, { "^^41" }, { "a b" }, { "a\n" },
	{ "\x80" }, { "^-1" }, { "^ 1" }, { "\x7f" },
};

START_TEST(refuses_what_no_encoder_wrote)
{
	char coded[16];
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, "kept");
	for (const char *mark = "%+"; *mark != '\0'; mark++) {
		size_t n = strlen(undecodable[_i].in);

		for (size_t i = 0; i <= n; i++)
			coded[i] = undecodable[_i].in[i] == '^' ? *mark : undecodable[_i].in[i];
		ck_assert_int_eq(*mark == '%' ? text_percent(span_of(coded), &b)
		    : text_xtext(span_of(coded), &b), -EINVAL);
		ck_assert_str_eq(buf_cstr(&b), "kept");
	}
	ck_assert_int_eq(text_xtext(SPAN("a=b"), &b), -EINVAL);
	ck_assert_int_eq(text_xtext(SPAN("+2b"), &b), 0);
	ck_assert_str_eq(buf_cstr(&b), "kept+");
	buf_done(&b);
}
END_TEST

static const struct {
	const char *zone;
	int64_t at;
	const char *date, *ctime;
} dates[] = {
	{ "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00" },
	{ "UTC0", 1795807363, "Fri, 27 Nov 2026 19:22:43 +0000", "Fri Nov 27 19:22:43" },
	{ "UTC0", 1709164800, "Thu, 29 Feb 2024 00:00:00 +0000", "Thu Feb 29 00:00:00" },
	{ "XXX-5:45", 1795807363, "Sat, 28 Nov 2026 01:07:43 +0545", "Sat Nov 28 01:07:43" },
	{ "XXX3:30", 1795807363, "Fri, 27 Nov 2026 15:52:43 -0330", "Fri Nov 27 15:52:43" },
	{ "XXX0:30", 1795807363, "Fri, 27 Nov 2026 18:52:43 -0030", "Fri Nov 27 18:52:43" },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", 1782907200, "Wed, 1 Jul 2026 14:00:00 +0200",
	    "Wed Jul  1 14:00:00" },
	{ "UTC0", INT64_MAX, "Thu, 1 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00" },
	{ "UTC0", -2208988801, "Thu, 1 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00" },
};

START_TEST(writes_dates)
{
	struct buf b;

	setenv("TZ", dates[_i].zone, 1);
	tzset();
	buf_init(&b, 100);
	text_put_date(&b, dates[_i].at);
	ck_assert_str_eq(buf_cstr(&b), dates[_i].date);
	buf_clear(&b);
	text_put_ctime(&b, dates[_i].at);
	ck_assert_str_eq(buf_cstr(&b), dates[_i].ctime);
	buf_done(&b);
}
END_TEST

START_TEST(prints_the_printable)
{
	struct buf b;

	buf_init(&b, 100);
	text_put_printable(&b, SPAN("ok\t~ \r\n\0\x7f\xc3\xbc"));
	ck_assert_str_eq(buf_cstr(&b), "ok ~ ??????");
	buf_done(&b);
}
END_TEST

static const struct {
	const char *in;
	bool ascii, utf8;
} charsets[] = {
	{ "", true, true },
	{ "abc\x7f", true, true },
	{ "\xc2\x80", false, true },
	{ "\xdf\xbf", false, true },
	{ "\xe0\xa0\x80", false, true },
	{ "\xed\x9f\xbf", false, true },
	{ "\xef\xbf\xbf", false, true },
	{ "\xf0\x90\x80\x80", false, true },
	{ "\xf4\x8f\xbf\xbf", false, true },
	{ "\x80", false, false },
	{ "\xc0\x80", false, false },           /* overlong */
	{ "\xc1\xbf", false, false },
	{ "\xe0\x9f\xbf", false, false },
	{ "\xf0\x8f\xbf\xbf", false, false },
	{ "\xed\xa0\x80", false, false },       /* a surrogate */
	{ "\xf4\x90\x80\x80", false, false },   /* past U+10FFFF */
	{ "\xf5\x80\x80\x80", false, false },
	{ "\xff", false, false },
	{ "\xc3", false, false },               /* cut short */
	{ "\xe2\x82", false, false },
	{ "\xf0\x9f\x98", false, false },
	{ "\xc3(", false, false },
	{ "\xe2\x82(", false, false },
	{ "\xf0\x9f\x98(", false, false },
	{ "a\xc3\xbcz\xe2\x82\xac", false, true },
	{ "a\xc3\xbcz\xfc", false, false },
};

START_TEST(knows_charsets)
{
	struct span s = span_of(charsets[_i].in);
	char *exact = malloc(s.n == 0 ? 1 : s.n);       /* so that ASan sees a read past the end */

	memcpy(exact, s.p, s.n);
	ck_assert(text_is_ascii((struct span){ exact, s.n }) == charsets[_i].ascii);
	ck_assert(text_is_utf8((struct span){ exact, s.n }) == charsets[_i].utf8);
	free(exact);
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

Suite *suite_text(void);

Suite *
suite_text(void)
{
	Suite *s = suite_create("text");
	TCase *tc = tcase_create("text");

	tcase_add_loop_test(tc, reads_numbers, 0, COUNT(numbers));
	tcase_add_loop_test(tc, reads_hex, 0, COUNT(hexes));
	tcase_add_loop_test(tc, reads_durations, 0, COUNT(durations));
	tcase_add_loop_test(tc, reads_sizes, 0, COUNT(sizes));
	tcase_add_loop_test(tc, speaks_durations, 0, COUNT(spoken));
	tcase_add_loop_test(tc, encodes_and_decodes, 0, COUNT(encodings));
	tcase_add_test(tc, every_byte_comes_back);
	tcase_add_loop_test(tc, refuses_what_no_encoder_wrote, 0, COUNT(undecodable));
	tcase_add_loop_test(tc, writes_dates, 0, COUNT(dates));
	tcase_add_test(tc, prints_the_printable);
	tcase_add_loop_test(tc, knows_charsets, 0, COUNT(charsets));
	suite_add_tcase(s, tc);
	return s;
}
