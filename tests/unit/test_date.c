/* test_date.c - dates as programs write them, and as they should be. */
#include <check.h>
#include <string.h>

#include "mail/date.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

#define WAS "Fri, 27 Nov 2026 09:08:07 "

static const struct {
	const char    *in;
	enum date_kind kind;
	const char    *out;     /* what is appended */
} rows[] = {
	/* today's form, and what it leaves to choose */
	{ "Fri, 27 Nov 2026 09:08:07 +0100", DATE_PLAIN, "" },
	{ " Fri,  27 Nov 2026\r\n\t09:08:07 -0700 ", DATE_PLAIN, "" },
	{ "27 Nov 2026 09:08 +0000", DATE_PLAIN, "" },
	{ "1 Nov 2026 09:08:60 -0000", DATE_PLAIN, "" },
	{ "Fri, 27 Nov 2026 09:08:07 -0800 (PST)", DATE_PLAIN, "" },
	{ "Fri, 27 Nov 2026 09:08:07 -0800 (Pacific Standard Time (or so))", DATE_PLAIN, "" },
	{ "Tue, 29 Feb 2000 00:00:00 +1400", DATE_PLAIN, "" },
	/* zones by name: RFC 822's */
	{ "Fri, 27 Nov 2026 09:08:07 GMT", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov 2026 09:08:07 UT", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov 2026 09:08:07 Z", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov 2026 09:08:07 EST", DATE_MOMENT, WAS "-0500" },
	{ "Fri, 27 Nov 2026 09:08:07 EDT", DATE_MOMENT, WAS "-0400" },
	{ "Fri, 27 Nov 2026 09:08:07 CST", DATE_MOMENT, WAS "-0600" },
	{ "Fri, 27 Nov 2026 09:08:07 CDT", DATE_MOMENT, WAS "-0500" },
	{ "Fri, 27 Nov 2026 09:08:07 MST", DATE_MOMENT, WAS "-0700" },
	{ "Fri, 27 Nov 2026 09:08:07 MDT", DATE_MOMENT, WAS "-0600" },
	{ "Fri, 27 Nov 2026 09:08:07 PST", DATE_MOMENT, WAS "-0800" },
	{ "Fri, 27 Nov 2026 09:08:07 pdt", DATE_MOMENT, WAS "-0700" },
	/* others of one meaning, and both at once */
	{ "Fri, 27 Nov 2026 09:08:07 CEST", DATE_MOMENT, WAS "+0200" },
	{ "Fri, 27 Nov 2026 09:08:07 PDT (-0700)", DATE_MOMENT, WAS "-0700" },
	{ "Fri, 27 Nov 2026 09:08:07 (PDT)", DATE_MOMENT, WAS "-0700" },
	{ "Fri, 27 Nov 2026 09:08:07 (+0530)", DATE_MOMENT, WAS "+0530" },
	{ "Fri, 27 Nov 2026 09:08:07 -0700 PDT", DATE_MOMENT, WAS "-0700" },
	{ "Fri, 27 Nov 2026 09:08:07 GMT+0100", DATE_MOMENT, WAS "+0100" },
	{ "Fri, 27 Nov 2026 09:08:07 +01:30", DATE_MOMENT, WAS "+0130" },
	{ "Fri, 27 Nov 2026 09:08:07 +1", DATE_MOMENT, WAS "+0100" },
	/* of no meaning, or of several */
	{ "Fri, 27 Nov 2026 09:08:07 A", DATE_ZONELESS, WAS "-0000" },
	{ "Fri, 27 Nov 2026 09:08:07 M", DATE_ZONELESS, WAS "-0000" },
	{ "Fri, 27 Nov 2026 09:08:07 IST", DATE_ZONELESS, WAS "-0000" },
	{ "Fri, 27 Nov 2026 09:08:07", DATE_ZONELESS, WAS "-0000" },
	{ "Fri, 27 Nov 2026 09:08:07 (here)", DATE_ZONELESS, WAS "-0000" },
	/* other forms */
	{ "Friday, 27-Nov-26 09:08:07 GMT", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov 126 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	{ "Wed, 27 Nov 96 09:08:07 +0000", DATE_MOMENT, "Wed, 27 Nov 1996 09:08:07 +0000" },
	{ "Fri Nov 27 09:08:07 2026", DATE_ZONELESS, WAS "-0000" },
	{ "Fri Nov 27 09:08:07 CET 2026", DATE_MOMENT, WAS "+0100" },
	{ "Fri Nov 27 09:08:07 AM UTC 2026", DATE_MOMENT, WAS "+0000" },
	{ "Fri 27 Nov 2026 09:08:07 PM -0200", DATE_MOMENT, "Fri, 27 Nov 2026 21:08:07 -0200" },
	{ "Fri, 27 Nov 2026 12:08:07 AM -0200", DATE_MOMENT, "Fri, 27 Nov 2026 00:08:07 -0200" },
	{ "Fri Nov 27 2026 09:08:07 GMT+0100 (Central European Standard Time)", DATE_MOMENT, WAS "+0100" },
	{ "2026-11-27T09:08:07Z", DATE_MOMENT, WAS "+0000" },
	{ "2026-11-27 09:08:07.123 +0100", DATE_MOMENT, WAS "+0100" },
	{ "Fri, 27 November 2026 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	{ "Fri 27 Nov 2026 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov, 2026 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	{ "27 Nov 2026 9:8:7 +0000", DATE_MOMENT, WAS "+0000" },
	{ "Mon, 27 Nov 2026 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	{ "Nov 27 2026 09:08:07 +0000", DATE_MOMENT, WAS "+0000" },
	/* none */
	{ "", DATE_NONE, "" },
	{ "x", DATE_NONE, "" },
	{ "yesterday", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026", DATE_NONE, "" },
	{ "09:08:07", DATE_NONE, "" },
	{ "Mon, 30 Feb 2026 09:08:07 +0000", DATE_NONE, "" },
	{ "Mon, 29 Feb 2100 09:08:07 +0000", DATE_NONE, "" },
	{ "Fri, 0 Nov 2026 09:08:07 +0000", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 24:08:07 +0000", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 09:60:07 +0000", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 09:08:07 +9900", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 09:08:07:06 +0000", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 13:08:07 PM (", DATE_NONE, "" },
	{ "Thu, 1 Jan 1960 00:00:00 +0000", DATE_NONE, "" },
	{ "1764321000", DATE_NONE, "" },
	{ "Fri, 27 Nov 2026 09:08:07 +0000 and then some more of it", DATE_MOMENT, WAS "+0000" },
	{ "Fri, 27 Nov 2026 09:08:07 +0000 27 Nov 2026", DATE_NONE, "" },
	{ "Fr, 27 Nov 2026 09:08:07 +0100", DATE_NONE, "" },
	{ "ven., 27 nov. 2026 09:08:07 +0100", DATE_NONE, "" },
	{ "a b c d e f g h i j k l m n o p q r s t u v w x y z", DATE_NONE, "" },
};

START_TEST(reads)
{
	struct buf b;

	buf_init(&b, 64);
	ck_assert_int_eq(date_read(span_of(rows[_i].in), &b), rows[_i].kind);
	ck_assert_str_eq(buf_cstr(&b), rows[_i].out);
	ck_assert(!b.over);

	/* What was made of it needs no second repair. */
	if (rows[_i].kind == DATE_MOMENT || rows[_i].kind == DATE_ZONELESS)
		ck_assert_int_eq(date_read(buf_view(&b), &b), DATE_PLAIN);
	buf_done(&b);
}
END_TEST

Suite *suite_date(void);

Suite *
suite_date(void)
{
	Suite *s = suite_create("date");
	TCase *tc = tcase_create("date");

	tcase_add_loop_test(tc, reads, 0, ROWS(rows));
	suite_add_tcase(s, tc);
	return s;
}
