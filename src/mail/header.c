/*
 * header.c - fields, and the address lists in them.  Everything here takes
 * what strangers wrote, so nothing recurses and every scan is linear: a
 * nested comment is a counter, a look-ahead has an end.
 */
#include "mail/header.h"

#include <string.h>

#define ENCODED_WORD_MAX 256    /* RFC 2047 §2 says 75; mailers that write longer ones exist */
#define SPEC_MAX         512    /* longer than any address, comments not counted */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Folds are blanks to us: inside a field body a line end is always one. */
static bool
is_fws(char c)
{
	return is_blank(c) || c == '\r' || c == '\n';
}

/* ---- fields ---- */

/* The line at the start of s, with its end. */
static struct span
first_line(struct span s)
{
	const char *lf = s.n > 0 ? memchr(s.p, '\n', s.n) : NULL;

	return (struct span){ s.p, lf != NULL ? (size_t)(lf - s.p) + 1 : s.n };
}

static struct span
without_end(struct span line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\n')
		line.n--;
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

/* Octets of the field name that begins the line; 0 when none does (RFC 5322 §2.2, obs-optional). */
static size_t
name_length(struct span line, size_t *ret_colon)
{
	size_t n = 0;
	size_t i;

	while (n < line.n && line.p[n] > 32 && line.p[n] < 127 && line.p[n] != ':')
		n++;
	for (i = n; i < line.n && is_blank(line.p[i]); i++)
		;
	if (i == line.n || line.p[i] != ':')
		return 0;
	*ret_colon = i;
	return n;
}

bool
header_starts_field(struct span line)
{
	size_t colon;

	return name_length(line, &colon) > 0;
}

bool
header_next(struct span *rest, struct field *ret)
{
	struct span line = first_line(*rest);
	size_t      colon, n, len = line.n;

	if ((n = name_length(without_end(line), &colon)) == 0)
		return false;

	/* A line of blanks alone is a fold too (obs-FWS): it does not end the header. */
	while (len < rest->n && is_blank(rest->p[len]))
		len += first_line((struct span){ rest->p + len, rest->n - len }).n;

	ret->whole = (struct span){ rest->p, len };
	ret->name = (struct span){ rest->p, n };
	ret->body = without_end((struct span){ rest->p + colon + 1, len - colon - 1 });
	rest->p += len;
	rest->n -= len;
	return true;
}

static bool
is_time(const char *p)
{
	return p[0] >= '0' && p[0] <= '2' && p[1] >= '0' && p[1] <= '9' && p[2] == ':' &&
	    p[3] >= '0' && p[3] <= '5' && p[4] >= '0' && p[4] <= '9';
}

size_t
header_mbox_line(struct span text)
{
	struct span line = first_line(text);

	if (!span_starts(line, SPAN("From ")) || line.p[line.n - 1] != '\n')
		return 0;
	for (size_t i = 5; i + 5 < line.n; i++)
		if (is_time(line.p + i))
			return line.n;
	return 0;
}

bool
header_is(const struct field *f, const char *name)
{
	return span_ieq(f->name, span_of(name));
}

/* ---- the small pieces of an address list ---- */

/* Each skip_ takes the offset of its opening octet and returns the one behind the piece. */

static size_t
skip_quoted(struct span s, size_t i)
{
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\')
			i++;
	return i < s.n ? i + 1 : s.n;
}

static size_t
skip_comment(struct span s, size_t i)
{
	size_t depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return s.n;
}

/*
 * A domain literal, whose colons start no group.  "[Ticket 5" is only a
 * phrase, so the closing bracket must come before anything that separates.
 */
static size_t
skip_literal(struct span s, size_t i)
{
	for (size_t k = i + 1; k < s.n; k++) {
		if (s.p[k] == ']')
			return k + 1;
		if (strchr("[<>,;\"(", s.p[k]) != NULL)
			break;
	}
	return i + 1;
}

/*
 * An encoded word is opaque: "=?utf-8?q?Doe,_(John)?=" is wrong by RFC 2047
 * §5 but common, and read as an atom it would name two mailboxes.
 */
static size_t
skip_encoded_word(struct span s, size_t i)
{
	size_t end = s.n - i > ENCODED_WORD_MAX ? i + ENCODED_WORD_MAX : s.n;
	int    marks = 0;

	if (i + 1 >= s.n || s.p[i + 1] != '?')
		return i + 1;
	for (size_t k = i + 2; k < end && !is_fws(s.p[k]); k++) {
		if (s.p[k] == '?' && ++marks == 3)
			return k + 1 < s.n && s.p[k + 1] == '=' ? k + 2 : i + 1;
	}
	return i + 1;
}

/* ---- one mailbox ---- */

/*
 * The spec as addr_parse wants it: comments out, blanks and folds out
 * around '.' and '@' (RFC 5322 §4.4), one blank kept elsewhere, so that
 * "bob smith" stays two words and is refused.  False: too long.
 */
static bool
clean_spec(struct span s, char *out, size_t *ret_n)
{
	size_t n = 0;
	bool   blank = false;

	for (size_t i = 0; i < s.n;) {
		size_t next = i + 1;

		if (is_fws(s.p[i]) || s.p[i] == '(') {
			blank = true;
			i = s.p[i] == '(' ? skip_comment(s, i) : next;
			continue;
		}
		if (s.p[i] == '"')
			next = skip_quoted(s, i);
		if (blank && n > 0 && strchr(".@", out[n - 1]) == NULL && strchr(".@", s.p[i]) == NULL) {
			if (n == SPEC_MAX)
				return false;
			out[n++] = ' ';
		}
		blank = false;
		for (; i < next; i++) {
			if (s.p[i] == '\r' || s.p[i] == '\n')   /* a fold in a quoted string */
				continue;
			if (n == SPEC_MAX)
				return false;
			out[n++] = s.p[i];
		}
	}
	*ret_n = n;
	return true;
}

static struct span
trim_comments(struct span s)
{
	size_t i = 0;
	size_t end = 0;

	while (i < s.n && (is_fws(s.p[i]) || s.p[i] == '('))
		i = s.p[i] == '(' ? skip_comment(s, i) : i + 1;
	s.p += i;
	s.n -= i;
	for (i = 0; i < s.n;) {
		if (s.p[i] == '(') {
			i = skip_comment(s, i);
			continue;
		}
		if (is_fws(s.p[i])) {
			i++;
			continue;
		}
		i = s.p[i] == '"' ? skip_quoted(s, i) : i + 1;
		end = i;
	}
	s.n = end;
	return s;
}

/* A source route in front (RFC 5321 §4.1.1.3: ignore it). */
static struct span
without_route(struct span spec)
{
	const char *colon;

	if (spec.n == 0 || spec.p[0] != '@' || (colon = memchr(spec.p, ':', spec.n)) == NULL)
		return spec;
	spec.n -= (size_t)(colon + 1 - spec.p);
	spec.p = colon + 1;
	return trim_comments(spec);
}

static bool
is_encoded_word(struct span s)
{
	return s.n > 0 && s.p[0] == '=' && skip_encoded_word(s, 0) == s.n && s.n > 1;
}

/* The walk's state: where it is, and the member it is inside of. */
struct walk {
	struct span s;
	size_t      i;
	size_t      from;               /* the member's first octet */
	struct span comment;            /* the inside of its last comment */
	int       (*each)(void *arg, const struct mailbox *m);
	void       *arg;
};

static int
report(struct walk *w, struct span display, struct span spec, const char *why)
{
	struct mailbox m = { .display = display, .spec = spec, .comment = w->comment, .why = why };
	char           text[SPEC_MAX];
	size_t         n;
	int            r;

	if (why == NULL) {
		if (!clean_spec(spec, text, &n))
			m.why = "address is longer than 254 octets";
		else if (is_encoded_word((struct span){ text, n }))
			m.why = "an encoded word is no address";
		else
			m.addr = addr_parse((struct span){ text, n }, &m.why);
	}
	r = w->each(w->arg, &m);
	addr_free(m.addr);
	return r;
}

static void
begin_member(struct walk *w)
{
	w->from = w->i;
	w->comment = (struct span){ w->s.p, 0 };
}

/* A member that ends at a separator without having had angle brackets. */
static int
end_member(struct walk *w, size_t end, const char *why)
{
	struct span spec = trim_comments((struct span){ w->s.p + w->from, end - w->from });

	if (spec.n == 0)
		return 0;
	return report(w, (struct span){ spec.p, 0 }, without_route(spec), why);
}

static bool
is_separator(char c)
{
	return c == ',' || c == ';';
}

/*
 * Where the angle bracket at w->i closes: the offset of its '>', or of
 * where the text must have been meant to end.  A comma ends an unclosed one,
 * but not in a source route, which has commas of its own.
 */
static size_t
angle_end(struct span s, size_t i)
{
	bool route = false;

	for (i++; i < s.n && is_fws(s.p[i]); i++)
		;
	route = i < s.n && s.p[i] == '@';
	while (i < s.n && s.p[i] != '>') {
		if (is_separator(s.p[i]) && !route)
			break;
		if (s.p[i] == ':')
			route = false;
		if (s.p[i] == '"')
			i = skip_quoted(s, i);
		else if (s.p[i] == '(')
			i = skip_comment(s, i);
		else
			i++;
	}
	return i;
}

static int
take_angle(struct walk *w)
{
	struct span display = span_trim((struct span){ w->s.p + w->from, w->i - w->from });
	size_t      end = angle_end(w->s, w->i);
	struct span spec = trim_comments((struct span){ w->s.p + w->i + 1, end - w->i - 1 });
	const char *why = end < w->s.n && w->s.p[end] == '>' ? NULL : "'<' without '>'";
	int         r = report(w, display, without_route(spec), why);

	w->i = why == NULL ? end + 1 : end;
	begin_member(w);
	return r;
}

/*
 * What stands between '>' and the next separator begins a new member: if it
 * is followed by '<' a comma was forgotten and both are meant; if it is
 * words, somebody must be told, for a recipient may be in it.
 */
static int
walk_members(struct walk *w)
{
	const char *behind = NULL;
	int         r = 0;

	while (w->i < w->s.n && r == 0) {
		char c = w->s.p[w->i];

		if (is_separator(c)) {
			r = end_member(w, w->i++, behind);
			begin_member(w);
			behind = NULL;
		} else if (c == ':') {                  /* a group's name ends */
			w->i++;
			begin_member(w);
			behind = NULL;
		} else if (c == '<') {
			r = take_angle(w);
			behind = "text behind '>'";
		} else if (c == '(') {
			size_t end = skip_comment(w->s, w->i);

			w->comment = (struct span){ w->s.p + w->i + 1, end - w->i - 1 };
			if (w->comment.n > 0 && w->s.p[end - 1] == ')')
				w->comment.n--;
			w->i = end;
		} else if (c == '"')
			w->i = skip_quoted(w->s, w->i);
		else if (c == '[')
			w->i = skip_literal(w->s, w->i);
		else if (c == '=')
			w->i = skip_encoded_word(w->s, w->i);
		else
			w->i++;
	}
	return r != 0 ? r : end_member(w, w->s.n, behind);
}

int
header_mailboxes(struct span body, int (*each)(void *arg, const struct mailbox *m), void *arg)
{
	struct walk w = { .s = body, .each = each, .arg = arg };

	begin_member(&w);
	return walk_members(&w);
}
