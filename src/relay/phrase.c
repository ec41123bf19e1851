#include "relay/phrase.h"

#include <string.h>

#include "base/text.h"

#define WORD_MAX  75            /* RFC 2047 §2: an encoded word with all its marks */
#define PLAIN_MAX 60            /* longer names must be foldable, and encoded words are */

static bool
is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_atext(unsigned char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Atoms with single blanks between, none of which a reader would decode. */
static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' && i > 0 && s.p[i - 1] != ' ')
			continue;
		if (!is_atext((unsigned char)s.p[i]))
			return false;
		if (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?')
			return false;
	}
	return true;
}

static void
put_quoted(struct buf *b, struct span s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_char(b, '\\');
		buf_char(b, s.p[i]);
	}
	buf_char(b, '"');
}

/* Octets of the character at p, which is well-formed UTF-8. */
static size_t
char_length(unsigned char lead)
{
	if (lead < 0xc0)
		return 1;
	return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* The characters that Q may leave alone in a phrase (RFC 2047 §5 (3)); the blank becomes '_'. */
static bool
is_q_safe(unsigned char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!*+-/ ", c) != NULL);
}

static void
put_q(struct buf *b, unsigned char c)
{
	if (c == ' ')
		buf_char(b, '_');
	else if (is_q_safe(c))
		buf_char(b, (char)c);
	else
		buf_printf(b, "=%02X", c);
}

/*
 * A character never straddles two words (RFC 2047 §5).  Always Q: B would be
 * shorter for most scripts, but names are short and a log that shows
 * "=?utf-8?q?Ren=C3=A9?=" can still be read.
 */
static void
put_encoded(struct buf *b, struct span s)
{
	bool        utf8 = text_is_utf8(s);
	const char *open = utf8 ? "=?utf-8?q?" : "=?iso-8859-1?q?";
	size_t      room = WORD_MAX - strlen(open) - 2;
	size_t      left = room;

	buf_str(b, open);
	for (size_t i = 0; i < s.n;) {
		size_t n = utf8 ? char_length((unsigned char)s.p[i]) : 1;
		size_t width = is_q_safe((unsigned char)s.p[i]) ? 1 : 3 * n;

		if (width > left) {
			buf_str(b, "?= ");
			buf_str(b, open);
			left = room;
		}
		left -= width;
		for (; n > 0; n--)
			put_q(b, (unsigned char)s.p[i++]);
	}
	buf_str(b, "?=");
}

void
phrase_put(struct buf *b, struct span name)
{
	struct buf  clean;
	struct span s;

	buf_init(&clean, name.n + 1);
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c > 32 && c != 127)
			buf_char(&clean, (char)c);
		else if (clean.n > 0 && clean.p[clean.n - 1] != ' ')
			buf_char(&clean, ' ');
	}
	s = span_trim(buf_view(&clean));
	if (s.n == 0)
		;
	else if (s.n > PLAIN_MAX || !text_is_ascii(s))
		put_encoded(b, s);
	else if (is_plain(s))
		buf_span(b, s);
	else
		put_quoted(b, s);
	buf_done(&clean);
}

/*
 * Words, quoted strings, comments, and the stray dots of obs-phrase.  The
 * specials of RFC 5322 §3.2.3 outside quotes would read as something else
 * once the address behind them changes.
 */
bool
phrase_is_valid(struct span s)
{
	bool   quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\0' || (c == '\\' && (++i == s.n || (!quoted && depth == 0))))
			return false;
		if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth-- == 0)
			return false;
		else if (!quoted && depth == 0 && strchr("<>[]:;@,", c) != NULL)
			return false;
	}
	return !quoted && depth == 0;
}
