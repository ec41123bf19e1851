/* scan.c - comments away, strings closed, nothing that expands. */
#include <errno.h>
#include <string.h>

#include "config/scan.h"

#define NOT_EXPANDED \
	"\"${\" is not expanded here; write the value itself, or put it in 'single quotes'"
#define LONE_BACKSLASH "a \\ in a string stands only before \\ or the quote; double it"

/* relay { rule { list = { is three; more is nobody's schema. */
#define MAX_DEPTH 8

struct scan {
	char       *p;
	size_t      n;
	size_t      at;
	unsigned    line;
	unsigned    opened[MAX_DEPTH];  /* the lines of the open { */
	unsigned    depth;
	const char *why;
};

static char
peek(const struct scan *s, size_t ahead)
{
	return s->at + ahead < s->n ? s->p[s->at + ahead] : '\0';
}

static void
blank(struct scan *s)
{
	if (s->p[s->at] == '\n')
		s->line++;
	else
		s->p[s->at] = ' ';
	s->at++;
}

static void
line_comment(struct scan *s)
{
	while (s->at < s->n && s->p[s->at] != '\n')
		blank(s);
}

static bool
block_comment(struct scan *s)
{
	unsigned line = s->line;

	blank(s);
	blank(s);
	while (s->at < s->n) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			blank(s);
			blank(s);
			return true;
		}
		blank(s);
	}
	s->line = line;
	s->why = "the comment that begins here never ends; close it with */";
	return false;
}

/*
 * One line each, because a forgotten quote is otherwise found only at the
 * next one, lines below.  Escapes other than \" and \\ would be octal,
 * newlines and the like, which no value may have; an unknown one leaves the
 * lexer inside the string.
 */
static bool
string(struct scan *s)
{
	char quote = s->p[s->at++];

	for (; s->at < s->n && s->p[s->at] != '\n'; s->at++) {
		char c = s->p[s->at];

		if (c == quote) {
			s->at++;
			return true;
		}
		if (quote == '"' && c == '$' && peek(s, 1) == '{') {
			s->why = NOT_EXPANDED;
			return false;
		}
		if (c == '\\') {
			if (peek(s, 1) != '\\' && peek(s, 1) != quote) {
				s->why = LONE_BACKSLASH;
				return false;
			}
			s->at++;
		}
	}
	s->why = "the string that begins here is not closed on this line; add the missing quote";
	return false;
}

/*
 * libconfuse takes the end of the file for the end of a section, so a
 * forgotten } would pass.  One too many it finds itself.
 */
static bool
brace(struct scan *s)
{
	if (s->p[s->at++] == '}') {
		if (s->depth > 0)
			s->depth--;
		return true;
	}
	if (s->depth == MAX_DEPTH) {
		s->why = "too many { inside of each other; close them with }";
		return false;
	}
	s->opened[s->depth++] = s->line;
	return true;
}

static bool
plain(struct scan *s)
{
	switch (s->p[s->at]) {
	case '#':
		line_comment(s);
		return true;
	case '/':
		if (peek(s, 1) == '/') {
			line_comment(s);
			return true;
		}
		if (peek(s, 1) == '*')
			return block_comment(s);
		break;
	case '"':
	case '\'':
		return string(s);
	case '{':
	case '}':
		return brace(s);
	case ';':
		s->why = "a ; does not belong here; options end with their line";
		return false;
	case '$':
		if (peek(s, 1) == '{') {
			s->why = NOT_EXPANDED;
			return false;
		}
		break;
	case '\n':
		s->line++;
		break;
	}
	s->at++;
	return true;
}

int
scan_text(struct buf *text, unsigned *ret_line, const char **ret_why)
{
	struct scan s = { .p = text->p, .n = text->n, .line = 1 };

	/* A NUL inside a string or comment too: libconfuse would end there. */
	if (text->n > 0 && memchr(text->p, '\0', text->n) != NULL) {
		*ret_line = 1;
		*ret_why = "a NUL byte; this is no text file";
		return -EINVAL;
	}
	while (s.at < s.n) {
		if (!plain(&s)) {
			*ret_line = s.line;
			*ret_why = s.why;
			return -EINVAL;
		}
	}
	if (s.depth > 0) {
		*ret_line = s.opened[s.depth - 1];
		*ret_why = "the { of this line is never closed; add a }";
		return -EINVAL;
	}
	return 0;
}
