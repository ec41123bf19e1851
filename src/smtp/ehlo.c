/*
 * ehlo.c - the keywords of an EHLO answer.
 */
#include "smtp/ehlo.h"

#include <string.h>

#include "base/text.h"
#include "smtp/limits.h"

#define LIMITS_MAX 999999       /* six digits, RFC 9422 §3 */

static const struct {
	const char *word;
	unsigned    ext;
} keywords[] = {
	{ "PIPELINING",          EXT_PIPELINING },
	{ "SIZE",                EXT_SIZE },
	{ "8BITMIME",            EXT_8BITMIME },
	{ "SMTPUTF8",            EXT_SMTPUTF8 },
	{ "CHUNKING",            EXT_CHUNKING },
	{ "DSN",                 EXT_DSN },
	{ "STARTTLS",            EXT_STARTTLS },
	{ "AUTH",                EXT_AUTH },
	{ "ENHANCEDSTATUSCODES", EXT_ENHANCED },
	{ "LIMITS",              EXT_LIMITS },
};

/* The next word of *rest; false: there is none. */
static bool
next_word(struct span *rest, struct span *ret)
{
	while (span_cut(rest, ' ', ret)) {
		*ret = span_trim(*ret);
		if (ret->n > 0)
			return true;
	}
	return false;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* RFC 4422 §3.1.  What cannot be a mechanism's name is nothing we could ask for. */
static bool
is_mechanism(struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = upper(s.p[i]);

		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return s.n > 0 && s.n <= LIMIT_MECHANISM;
}

static bool
has_word(struct span list, struct span word)
{
	struct span w;

	while (next_word(&list, &w))
		if (span_ieq(w, word))
			return true;
	return false;
}

/* Old clients wanted "AUTH=", so many servers say both: each mechanism is kept once. */
static void
add_mechanisms(struct ehlo *e, struct span params)
{
	size_t n = strlen(e->auth), i;
	struct span w;

	while (next_word(&params, &w)) {
		if (!is_mechanism(w) || has_word((struct span){ e->auth, n }, w))
			continue;
		if (n + (n > 0) + w.n >= sizeof(e->auth))
			return;
		if (n > 0)
			e->auth[n++] = ' ';
		for (i = 0; i < w.n; i++)
			e->auth[n++] = upper(w.p[i]);
		e->auth[n] = '\0';
	}
}

/* No value, 0, and a value that is none all say "no fixed limit" (RFC 1870 §4). */
static void
read_size(struct ehlo *e, struct span params)
{
	uint64_t size;
	struct span w;

	e->size = 0;
	if (next_word(&params, &w) && text_number(w, UINT64_MAX, &size) == 0)
		e->size = size;
}

static void
read_limit(struct span item, struct span name, unsigned *ret)
{
	uint64_t v;

	if (!span_istarts(item, name))
		return;
	item.p += name.n;
	item.n -= name.n;
	if (item.n > 0 && item.p[0] != '0' && text_number(item, LIMITS_MAX, &v) == 0)
		*ret = (unsigned)v;
}

/* Items unknown or malformed are to be ignored, the others not (RFC 9422 §3). */
static void
read_limits(struct ehlo *e, struct span params)
{
	struct span w;

	while (next_word(&params, &w)) {
		read_limit(w, SPAN("MAILMAX="), &e->mail_max);
		read_limit(w, SPAN("RCPTMAX="), &e->rcpt_max);
	}
}

static void
read_line(struct ehlo *e, struct span line)
{
	struct span word;
	unsigned ext = 0;
	size_t i;

	if (span_istarts(line, SPAN("AUTH="))) {
		word = SPAN("AUTH");
		line.p += 5;
		line.n -= 5;
	} else if (!next_word(&line, &word)) {
		return;
	}
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (span_ieq(word, span_of(keywords[i].word)))
			ext = keywords[i].ext;

	e->ext |= ext;
	if (ext == EXT_AUTH)
		add_mechanisms(e, line);
	else if (ext == EXT_SIZE)
		read_size(e, line);
	else if (ext == EXT_LIMITS)
		read_limits(e, line);
}

void
ehlo_read(struct ehlo *e, const struct reply *r)
{
	struct span rest = buf_view(&r->lines), line;

	memset(e, 0, sizeof(*e));
	/* The first line greets: "250 SIZE" there would be a host's name. */
	if (!span_cut(&rest, '\n', &line))
		return;
	while (span_cut(&rest, '\n', &line))
		read_line(e, line);
}
