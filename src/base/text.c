/* text.c - numbers, durations, sizes, dates and encodings; see text.h. */
#include "base/text.h"

#include <errno.h>
#include <time.h>

static const char day_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char month_names[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

struct unit {
	char letter;
	uint64_t factor;
};

int
text_number(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

void
text_put_number(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
text_hex(struct span s, uint64_t *ret)
{
	uint64_t value = 0;

	if (s.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0)
			return -EINVAL;
	for (size_t i = 0; i < s.n; i++) {
		if (value >> 60 != 0)
			return -ERANGE;
		value = value << 4 | (uint64_t)hex_digit(s.p[i]);
	}
	*ret = value;
	return 0;
}

/* Digits and at most one unit letter, in either case when `anycase`. */
static int
scaled(struct span s, const struct unit *units, size_t count, uint64_t max, uint64_t *ret)
{
	uint64_t factor = 1;
	uint64_t value;
	int r;

	for (size_t i = 0; i < count && s.n > 0; i++) {
		struct span last = { s.p + s.n - 1, 1 };

		if (span_ieq(last, (struct span){ &units[i].letter, 1 })) {
			factor = units[i].factor;
			s.n--;
			break;
		}
	}
	r = text_number(s, max / factor, &value);
	if (r < 0)
		return r;
	*ret = value * factor;
	return 0;
}

int
text_duration(struct span s, int64_t *ret_s)
{
	static const struct unit units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 },
	};
	uint64_t value;
	int r;

	r = scaled(s, units, sizeof(units) / sizeof(units[0]), INT64_MAX, &value);
	if (r == 0)
		*ret_s = (int64_t)value;
	return r;
}

int
text_size(struct span s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ 'k', 1 << 10 }, { 'm', 1 << 20 }, { 'g', 1 << 30 },
	};

	return scaled(s, units, sizeof(units) / sizeof(units[0]), UINT64_MAX, ret_bytes);
}

void
text_put_duration(struct buf *b, int64_t s)
{
	long long t = s < 0 ? 0 : s;

	if (t >= 86400)
		buf_printf(b, "%lldd%02lldh", t / 86400, t % 86400 / 3600);
	else if (t >= 3600)
		buf_printf(b, "%lldh%02lldm", t / 3600, t % 3600 / 60);
	else if (t >= 60)
		buf_printf(b, "%lldm%02llds", t / 60, t % 60);
	else
		buf_printf(b, "%llds", t);
}

static bool
is_graph(char c)
{
	return c > ' ' && c < 0x7f;
}

static void
put_escaped(struct buf *b, char mark, char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char three[] = { mark, digits[(unsigned char)c >> 4], digits[(unsigned char)c & 15] };

	buf_add(b, three, sizeof(three));
}

/*
 * Decode what the two encoders write.  A byte that they would never leave
 * bare is refused: it came from somewhere else, and it may be a line break.
 */
static int
unescape(struct span s, char mark, struct buf *ret)
{
	size_t start = ret->n;

	for (size_t i = 0; i < s.n; i++) {
		size_t run = i;
		int high, low;

		while (run < s.n && is_graph(s.p[run]) && s.p[run] != mark)
			run++;
		buf_add(ret, s.p + i, run - i);
		i = run;
		if (i == s.n)
			break;
		if (s.p[i] != mark || s.n - i < 3)
			goto bad;
		high = hex_digit(s.p[i + 1]);
		low = hex_digit(s.p[i + 2]);
		if (high < 0 || low < 0)
			goto bad;
		buf_char(ret, (char)(high << 4 | low));
		i += 2;
	}
	return 0;
bad:
	buf_cut(ret, start);
	return -EINVAL;
}

void
text_put_percent(struct buf *b, struct span s)
{
	for (size_t i = 0, run; i < s.n; i = run + 1) {
		for (run = i; run < s.n && is_graph(s.p[run]) && s.p[run] != '%'; run++)
			;
		buf_add(b, s.p + i, run - i);
		if (run < s.n)
			put_escaped(b, '%', s.p[run]);
	}
}

int
text_percent(struct span s, struct buf *ret)
{
	return unescape(s, '%', ret);
}

/* RFC 3461 §4 wants upper-case digits; lower-case ones are read as well,
   since the two cannot be mistaken for each other.  '=' ends a keyword. */
int
text_xtext(struct span s, struct buf *ret)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '=')
			return -EINVAL;
	return unescape(s, '+', ret);
}

/*
 * Names from our own tables and not strftime(3), whose %a and %b follow the
 * locale.  A year that localtime_r() cannot hold comes only from a broken
 * clock or a hostile file: 1970 then, in UTC.
 */
static struct tm
local_time(int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm tm = { .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
	struct tm got;

	if (localtime_r(&t, &got) != NULL && got.tm_year >= 0 && got.tm_year <= 9999 - 1900)
		return got;
	return tm;
}

void
text_put_date(struct buf *b, int64_t wall_s)
{
	struct tm tm = local_time(wall_s);
	long zone_min = tm.tm_gmtoff / 60;
	long away_min = zone_min < 0 ? -zone_min : zone_min;

	buf_printf(b, "%s, %d %s %04d %02d:%02d:%02d %c%02ld%02ld", day_names[tm.tm_wday],
	    tm.tm_mday, month_names[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, zone_min < 0 ? '-' : '+', away_min / 60, away_min % 60);
}

void
text_put_ctime(struct buf *b, int64_t wall_s)
{
	struct tm tm = local_time(wall_s);

	buf_printf(b, "%s %s %2d %02d:%02d:%02d", day_names[tm.tm_wday],
	    month_names[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void
text_put_printable(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == '\t' ? ' ' : s.p[i];

		buf_char(b, is_graph(c) || c == ' ' ? c : '?');
	}
}

bool
text_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7f)
			return false;
	return true;
}

/*
 * The second byte carries all the exceptions of RFC 3629 §4: E0 and F0 would
 * be overlong below, ED would be a surrogate above, F4 would pass U+10FFFF.
 */
static bool
second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return second >= 0x80 && second <= 0xbf;
	}
}

size_t
text_utf8_char(struct span s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t len;

	if (s.n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (s.n < len || !second_fits(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
text_is_utf8(struct span s)
{
	while (s.n > 0) {
		size_t len = text_utf8_char(s);

		if (len == 0)
			return false;
		s.p += len;
		s.n -= len;
	}
	return true;
}
