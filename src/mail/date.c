/*
 * date.c - a date taken apart.  First into words and numbers, whatever stands
 * between them; then each is known by its shape, so the orders in which
 * programs put them need no grammar each.
 */
#include "mail/date.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define WORDS_MAX 24            /* the longest form has ten, and then a zone spelled out */
#define NEVER     (-1)

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/*
 * Zone names with one meaning.  The first are RFC 822's; military letters but
 * Z are no zones, for it had their signs the wrong way (RFC 5322 §4.3), and
 * IST or BST are three countries' each.
 */
static const struct {
	const char *name;
	int         min;        /* east of Greenwich */
} zones[] = {
	{ "UT", 0 }, { "GMT", 0 }, { "Z", 0 }, { "UTC", 0 },
	{ "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
	{ "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 },
	{ "WET", 0 }, { "WEST", 60 }, { "CET", 60 }, { "CEST", 120 },
	{ "MET", 60 }, { "MEST", 120 }, { "EET", 120 }, { "EEST", 180 },
	{ "MSK", 180 }, { "JST", 540 }, { "KST", 540 }, { "AEST", 600 }, { "AEDT", 660 },
	{ "NZST", 720 }, { "NZDT", 780 }, { "HST", -600 }, { "AKST", -540 }, { "AKDT", -480 },
};

struct date {
	int  wday, day, month, year;    /* month from 1; NEVER: not said */
	int  hour, minute, second;
	int  zone_min;
	bool zone;                      /* there is one */
	bool plain;                     /* in today's form so far */
};

struct word {
	struct span s;
	bool        comment;
};

/* ---- words ---- */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
run(struct span s, size_t i)
{
	bool letters = is_letter(s.p[i]), digits = is_digit(s.p[i]);

	if (!letters && !digits)
		return i + 1;
	while (i < s.n && (letters ? is_letter(s.p[i]) : is_digit(s.p[i]) || s.p[i] == ':'))
		i++;
	return i;
}

/*
 * Runs of letters, of digits with colons, and each other octet alone; blanks
 * and commas part them.  Inside of a comment they are the same, and marked.
 * Returns how many; NEVER: more than any date has.  *ret_commas: how many
 * commas, a hundred for each that is not behind the first word.
 */
static int
cut(struct span s, struct word w[static WORDS_MAX], size_t *ret_commas)
{
	size_t i = 0, depth = 0;
	int    n = 0;

	*ret_commas = 0;
	while (i < s.n) {
		size_t end = i + 1;

		if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && depth > 0)
			depth--;
		else if (s.p[i] == ',')
			*ret_commas += depth > 0 ? 0 : n == 1 ? 1 : 100;
		else if (!is_blank(s.p[i])) {
			if (n == WORDS_MAX)
				return NEVER;
			end = run(s, i);
			w[n++] = (struct word){ { s.p + i, end - i }, depth > 0 };
		}
		i = end;
	}
	return depth > 0 ? NEVER : n;
}

/* ---- their meaning ---- */

/* The place of a name in a list of names of three letters; NEVER: none.  Full names count. */
static int
place_of(const char *list, struct span s)
{
	if (s.n < 3 || !is_letter(s.p[0]))
		return NEVER;
	for (int i = 0; list[i] != '\0'; i += 3)
		if (span_ieq((struct span){ s.p, 3 }, (struct span){ list + i, 3 }))
			return i / 3;
	return NEVER;
}

static int
number(struct span s, int max)
{
	uint64_t n;

	return text_number(s, (uint64_t)max, &n) == 0 ? (int)n : NEVER;
}

/* 10:00, 10:00:00 */
static bool
take_time(struct date *d, struct span s)
{
	static const int most[] = { 23, 59, 60 };       /* a leap second is one */
	int              at[3] = { 0, 0, 0 }, n = 0;
	struct span      part;

	d->plain &= d->year != NEVER;
	while (n < 3 && span_cut(&s, ':', &part)) {
		at[n] = number(part, most[n]);
		if (part.n > 2 || at[n++] == NEVER)
			return false;
		d->plain &= part.n == 2;
	}
	if (n < 2 || s.n > 0 || d->hour != NEVER)
		return false;
	d->hour = at[0];
	d->minute = at[1];
	d->second = at[2];
	return true;
}

/* Two digits are of 1950 to 2049, three count from 1900 (RFC 5322 §4.3). */
static int
full_year(struct span s)
{
	int n = number(s, 9999);

	if (n == NEVER || s.n < 2)
		return NEVER;
	if (s.n == 2)
		return n < 50 ? 2000 + n : 1900 + n;
	return s.n == 3 ? 1900 + n : n;
}

static bool
take_number(struct date *d, struct span s)
{
	if (s.n <= 2 && d->day == NEVER) {
		d->plain &= d->month == NEVER && d->year == NEVER;
		d->day = number(s, 31);
		return d->day > 0;
	}
	if (d->year != NEVER)
		return false;
	d->plain &= s.n == 4 && d->month != NEVER && d->hour == NEVER;
	d->year = full_year(s);
	return d->year != NEVER;
}

/* Half of the day: true when it was one. */
static bool
take_half(struct date *d, struct span s)
{
	bool pm = span_ieq(s, SPAN("PM"));

	if ((!pm && !span_ieq(s, SPAN("AM"))) || d->hour < 1 || d->hour > 12)
		return false;
	d->hour = d->hour % 12 + (pm ? 12 : 0);
	return true;
}

/* One that is not known says nothing, and so does one behind a number. */
static bool
take_zone_name(struct date *d, struct span s)
{
	for (size_t i = 0; !d->zone && i < sizeof(zones) / sizeof(zones[0]); i++) {
		if (span_ieq(s, span_of(zones[i].name))) {
			d->zone = true;
			d->zone_min = zones[i].min;
		}
	}
	return s.n <= 5;
}

static bool
take_word(struct date *d, struct span s)
{
	int day = place_of(day_names, s), month = place_of(month_names, s);

	if (d->hour == NEVER && d->wday == NEVER && d->day == NEVER && d->month == NEVER && day != NEVER) {
		d->plain &= s.n == 3;
		d->wday = day;
		return true;
	}
	if (d->month == NEVER && month != NEVER) {
		d->plain &= s.n == 3;
		d->month = month + 1;
		return true;
	}
	d->plain = false;
	return d->hour != NEVER && (take_half(d, s) || take_zone_name(d, s));
}

/* hhmm, hh:mm or hh behind its sign; goes before any name. */
static bool
take_offset(struct date *d, char sign, struct span s)
{
	struct span hours = s, minutes = SPAN("00");
	int         h, m;

	d->plain &= s.n == 4 && memchr(s.p, ':', s.n) == NULL;
	if (s.n == 5 && s.p[2] == ':')
		minutes = (struct span){ s.p + 3, 2 };
	else if (s.n == 4 || s.n == 3)
		minutes = (struct span){ s.p + s.n - 2, 2 };
	if (s.n > 2)
		hours.n = s.n == 3 ? 1 : 2;
	h = number(hours, 23);
	m = number(minutes, 59);
	if (h == NEVER || m == NEVER)
		return false;
	d->zone = true;
	d->zone_min = (sign == '-' ? -1 : 1) * (h * 60 + m);
	return true;
}

/* RFC 3339: 2026-11-27, and perhaps a T behind. */
static int
take_iso(struct date *d, const struct word *w, int n)
{
	if (n < 5 || w[0].s.n != 4 || w[1].s.p[0] != '-' || w[3].s.p[0] != '-')
		return 0;
	d->plain = false;
	d->year = full_year(w[0].s);
	d->month = number(w[2].s, 12);
	d->day = number(w[4].s, 31);
	if (d->year == NEVER || d->month <= 0 || d->day <= 0)
		return 0;
	return n > 5 && span_ieq(w[5].s, SPAN("T")) ? 6 : 5;
}

static bool
is_sign(struct span s)
{
	return s.p[0] == '+' || s.p[0] == '-';
}

/* Words of it that were taken; 0: it means nothing here. */
static int
take(struct date *d, const struct word *w, int n)
{
	struct span s = w[0].s;

	if (is_letter(s.p[0]))
		return take_word(d, s);
	if (is_digit(s.p[0]) && memchr(s.p, ':', s.n) != NULL)
		return take_time(d, s);
	if (is_digit(s.p[0]))
		return take_number(d, s);
	if (d->hour != NEVER && is_sign(s) && n > 1 && is_digit(w[1].s.p[0]))
		return take_offset(d, s.p[0], w[1].s) ? 2 : 0;
	if (d->hour != NEVER && s.p[0] == '.' && n > 1 && is_digit(w[1].s.p[0])) {
		d->plain = false;       /* a fraction of a second */
		return 2;
	}
	d->plain = false;
	return s.p[0] == '-' && d->hour == NEVER ? 1 : 0;       /* 27-Nov-26 */
}

/* A comment is only asked for a zone where nothing else says one. */
static void
take_comment(struct date *d, const struct word *w, int n)
{
	if (d->zone || d->hour == NEVER)
		return;
	d->plain = false;
	if (is_letter(w[0].s.p[0]))
		take_zone_name(d, w[0].s);
	else if (n > 1 && w[1].comment && is_sign(w[0].s) && is_digit(w[1].s.p[0]))
		take_offset(d, w[0].s.p[0], w[1].s);
}

static bool
take_all(struct date *d, const struct word *w, int n)
{
	int i = take_iso(d, w, n);

	while (i < n) {
		int took = 1;

		if (w[i].comment)
			take_comment(d, w + i, n - i);
		else if ((took = take(d, w + i, n - i)) == 0)
			return false;
		i += took;
	}
	return d->hour != NEVER && d->day > 0 && d->month > 0 && d->year != NEVER;
}

/* ---- the calendar ---- */

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool
is_day(const struct date *d)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return d->day <= days[d->month - 1] + (d->month == 2 && is_leap(d->year));
}

/* Sunday is 0.  The months' shifts are of a year that begins with March. */
static int
day_of_week(const struct date *d)
{
	static const int shift[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };
	int              y = d->year - (d->month < 3);

	return (y + y / 4 - y / 100 + y / 400 + shift[d->month - 1] + d->day) % 7;
}

static void
put(struct buf *b, const struct date *d)
{
	int away_min = d->zone_min < 0 ? -d->zone_min : d->zone_min;

	buf_printf(b, "%.3s, %d %.3s %04d %02d:%02d:%02d %c%02d%02d",
	    day_names + 3 * day_of_week(d), d->day, month_names + 3 * (d->month - 1), d->year,
	    d->hour, d->minute, d->second, d->zone_min < 0 || !d->zone ? '-' : '+',
	    away_min / 60, away_min % 60);
}

enum date_kind
date_read(struct span body, struct buf *b)
{
	struct date d = {
		.wday = NEVER, .day = NEVER, .month = NEVER, .year = NEVER, .hour = NEVER, .plain = true,
	};
	struct word w[WORDS_MAX];
	size_t      commas;
	int         n = cut(body, w, &commas);

	/* Before 1970 nobody sent mail: what says so is a clock that nobody set, or no date. */
	if (n == NEVER || !take_all(&d, w, n) || d.year < 1970 || !is_day(&d))
		return DATE_NONE;
	if (d.plain && d.zone && commas == (d.wday != NEVER) && (d.wday == NEVER || d.wday == day_of_week(&d)))
		return DATE_PLAIN;
	put(b, &d);
	return d.zone ? DATE_MOMENT : DATE_ZONELESS;
}
