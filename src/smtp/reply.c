/*
 * reply.c - assemble a reply from lines (RFC 5321 §4.2).
 */
#include "smtp/reply.h"

#include <string.h>

#include "base/text.h"
#include "smtp/limits.h"

void
reply_init(struct reply *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->text, LIMIT_REPLY_BYTES);
	buf_init(&r->lines, LIMIT_REPLY_BYTES);
}

void
reply_done(struct reply *r)
{
	buf_done(&r->text);
	buf_done(&r->lines);
}

void
reply_clear(struct reply *r)
{
	r->code = 0;
	r->dsn[0] = '\0';
	r->nlines = 0;
	buf_clear(&r->text);
	buf_clear(&r->lines);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* 200…599, or 0.  1yz is a reply SMTP has no use for (§4.2.1). */
static int
read_code(struct span line)
{
	if (line.n < 3 || line.p[0] < '2' || line.p[0] > '5' || !is_digit(line.p[1]) ||
	    !is_digit(line.p[2]))
		return 0;
	return (line.p[0] - '0') * 100 + (line.p[1] - '0') * 10 + (line.p[2] - '0');
}

/* "." and one to three digits at `at`: how many bytes that is, or 0. */
static size_t
dsn_part(struct span s, size_t at)
{
	size_t n = 0;

	if (at >= s.n || s.p[at] != '.')
		return 0;
	while (n < 3 && at + 1 + n < s.n && is_digit(s.p[at + 1 + n]))
		n++;
	return n > 0 ? n + 1 : 0;
}

/*
 * The length of the enhanced code that text begins with, or 0.  One whose
 * class is not the code's is none (RFC 2034 §4): it stays in the text, where
 * a person can see it.
 */
static size_t
dsn_length(struct span text, int code)
{
	size_t subject, detail, n;

	if (code / 100 == 3 || text.n == 0 || text.p[0] != '0' + code / 100)
		return 0;
	subject = dsn_part(text, 1);
	if (subject == 0)
		return 0;
	detail = dsn_part(text, 1 + subject);
	n = 1 + subject + detail;
	if (detail == 0 || (n < text.n && !is_blank(text.p[n])))
		return 0;
	return n;
}

/* Words, each behind one blank: rules match against this. */
static void
add_words(struct buf *b, struct span s)
{
	size_t i = 0, start;

	while (i < s.n) {
		while (i < s.n && is_blank(s.p[i]))
			i++;
		start = i;
		while (i < s.n && !is_blank(s.p[i]))
			i++;
		if (i == start)
			break;
		if (b->n > 0)
			buf_char(b, ' ');
		text_put_printable(b, (struct span){ s.p + start, i - start });
	}
}

static void
add_text(struct reply *r, struct span text)
{
	struct span words = span_trim(text);
	size_t n = dsn_length(words, r->code);

	buf_span(&r->lines, text);
	buf_char(&r->lines, '\n');
	r->nlines++;

	if (n > 0 && r->dsn[0] == '\0') {
		memcpy(r->dsn, words.p, n);     /* at most "5.999.999" */
		r->dsn[n] = '\0';
	}
	words.p += n;
	words.n -= n;
	add_words(&r->text, words);
}

static enum reply_more
bad(const char **ret_why, const char *why)
{
	*ret_why = why;
	return REPLY_BAD;
}

enum reply_more
reply_line(struct reply *r, struct span line, const char **ret_why)
{
	int code;
	bool more;

	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n > LIMIT_REPLY_LINE)
		return bad(ret_why, "reply line too long");
	if (r->nlines >= LIMIT_REPLY_LINES)
		return bad(ret_why, "reply of too many lines");

	code = read_code(line);
	if (code == 0 || (line.n > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return bad(ret_why, "not an SMTP reply");
	if (r->nlines > 0 && code != r->code)
		return bad(ret_why, "reply changes its code between lines");
	if (line.n > 0 && memchr(line.p, '\n', line.n) != NULL)
		return bad(ret_why, "line break inside a reply line");

	r->code = code;
	more = line.n > 3 && line.p[3] == '-';
	line.p += line.n > 3 ? 4 : 3;
	line.n -= line.n > 3 ? 4 : 3;
	add_text(r, line);
	if (r->lines.over || r->text.over)
		return bad(ret_why, "reply too long");
	return more ? REPLY_MORE : REPLY_DONE;
}
