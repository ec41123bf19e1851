/*
 * words.c - a header field within RFC 5322; see words.h.  Whatever the
 * field's grammar, it is cut into words with the blanks before them.  Plain
 * ones are written as they are; those to encode are gathered, with the blanks
 * between them, into one run, for a reader drops the blanks between two
 * encoded words (RFC 2047 §6.2).
 */
#include "mail/words.h"

#include <string.h>

#include "base/text.h"
#include "mail/eol.h"
#include "mail/params.h"

#define FOLD_AT   76            /* RFC 2047 §2: a line with an encoded word */
#define WORD_MAX  75            /* the same: an encoded word */
#define WORD_LEAST 24           /* fewer columns than this are not worth beginning one in */
#define TOKEN_MAX 900           /* longer ones may need more than a line of their own */

struct words {
	struct buf *out;
	size_t      line;       /* where in out the present line begins */
	struct buf  blanks;     /* before the next word */
	struct buf  run;        /* the words to encode, decoded, with the blanks between them */
	struct buf  run_blanks; /* those before it */
	bool        in_run;
	bool        encoded;    /* the last word written is an encoded one */
	bool        soft;       /* a fold may go in here without a blank */
	bool        began;      /* some of the body is on the line: no fold right behind the name */
};

static size_t
column(const struct words *w)
{
	return w->out->n - w->line;
}

static void
new_line(struct words *w, struct span blanks)
{
	eol_put(w->out);
	w->line = w->out->n;
	if (blanks.n == 0)
		buf_char(w->out, ' ');
	else
		buf_span(w->out, blanks);
}

/* ---- encoded words ---- */

/* What Q may leave alone wherever a word may stand, phrases included (RFC 2047 §5 (3)). */
static bool
is_q_safe(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
q_width(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += is_q_safe((unsigned char)s.p[i]) || s.p[i] == ' ' ? 1 : 3;
	return n;
}

static void
put_q(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ')
			buf_char(b, '_');
		else if (is_q_safe((unsigned char)s.p[i]))
			buf_char(b, s.p[i]);
		else
			buf_printf(b, "=%02X", (unsigned char)s.p[i]);
	}
}

/* RFC 1428 §3 has a name for a character set that nobody stated. */
static const char *
charset_of(struct span s)
{
	return text_is_ascii(s) ? "us-ascii" : text_is_utf8(s) ? "utf-8" : "unknown-8bit";
}

/*
 * Q, never B: whoever looks at the message as it is can read most of it.  A
 * character never straddles two words (RFC 2047 §5).
 */
static void
put_encoded(struct words *w, struct span text)
{
	const char *charset = charset_of(text);
	bool        utf8 = strcmp(charset, "utf-8") == 0;
	size_t      marks = strlen(charset) + 7, room = 0;      /* =?…?q?…?= */

	for (bool open = false; text.n > 0;) {
		struct span c = { text.p, utf8 ? text_utf8_char(text) : 1 };
		size_t      width = q_width(c);

		if (open && width > room) {
			buf_str(w->out, "?=");
			new_line(w, (struct span){ " ", 1 });
			open = false;
		}
		if (!open) {
			size_t left = column(w) < FOLD_AT ? FOLD_AT - column(w) : 0;

			left = left < WORD_MAX ? left : WORD_MAX;
			room = left > marks + width ? left - marks : width;
			buf_printf(w->out, "=?%s?q?", charset);
			open = true;
		}
		put_q(w->out, c);
		room -= width;
		text.p += c.n;
		text.n -= c.n;
	}
	buf_str(w->out, "?=");
}

static void
flush_run(struct words *w)
{
	struct span blanks = buf_view(&w->run_blanks);
	char        last = w->out->n > w->line ? w->out->p[w->out->n - 1] : ' ';

	if (!w->in_run)
		return;
	if (blanks.n == 0 && last != ' ' && last != '\t' && last != '(')
		blanks = (struct span){ " ", 1 };
	if (w->began && blanks.n > 0 && column(w) + blanks.n + WORD_LEAST > FOLD_AT)
		new_line(w, blanks);
	else
		buf_span(w->out, blanks);
	put_encoded(w, buf_view(&w->run));
	w->in_run = w->soft = false;
	w->encoded = w->began = true;
}

/* ---- words ---- */

static bool
is_encoded_word(struct span s)
{
	return s.n > 6 && s.p[0] == '=' && s.p[1] == '?' && s.p[s.n - 2] == '?' && s.p[s.n - 1] == '=';
}

static void
put_plain(struct words *w, struct span raw)
{
	struct span blanks = buf_view(&w->blanks);
	size_t      width = column(w) + blanks.n + raw.n;
	bool        may = blanks.n > 0 || w->soft;
	bool        must = width > WORDS_LINE_MAX && blanks.n + raw.n <= WORDS_LINE_MAX;

	if (blanks.n == 0 && w->encoded && raw.p[0] != ')')
		blanks = (struct span){ " ", 1 };
	if (may && width > FOLD_AT && (w->began || must))
		new_line(w, blanks);
	else
		buf_span(w->out, blanks);
	buf_span(w->out, raw);
	buf_clear(&w->blanks);
	w->encoded = is_encoded_word(raw);
	w->soft = false;
	w->began = true;
}

/* A word as it is written, and what it says. */
static void
put_word(struct words *w, struct span raw, struct span text, bool encode)
{
	if (!encode) {
		/* The blank between our word and one that came encoded would be lost. */
		if (w->in_run && is_encoded_word(raw))
			buf_span(&w->run, buf_view(&w->blanks));
		flush_run(w);
		put_plain(w, raw);
		return;
	}
	if (!w->in_run) {
		buf_clear(&w->run);
		buf_clear(&w->run_blanks);
		buf_span(&w->run_blanks, buf_view(&w->blanks));
	}
	if (w->in_run || w->encoded)
		buf_span(&w->run, buf_view(&w->blanks));
	buf_span(&w->run, text);
	buf_clear(&w->blanks);
	w->in_run = true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_eol(char c)
{
	return c == '\r' || c == '\n';
}

/* Take in the blanks and folds at the start of s. */
static void
take_blanks(struct words *w, struct span *s)
{
	for (; s->n > 0 && (is_blank(*s->p) || is_eol(*s->p)); s->p++, s->n--)
		if (is_blank(*s->p))
			buf_char(&w->blanks, *s->p);
}

/*
 * Octets at the start of s up to a blank, a fold, or one of the stops.
 * pairs: a '\' belongs to what is behind it, and no fold goes between.
 */
static size_t
word_length(struct span s, const char *stops, bool pairs)
{
	size_t n = 0;

	while (n < s.n && !is_blank(s.p[n]) && !is_eol(s.p[n]) &&
	    (s.p[n] == '\0' || strchr(stops, s.p[n]) == NULL)) {
		if (pairs && s.p[n] == '\\' && n + 1 < s.n && !is_eol(s.p[n + 1]))
			n++;
		n++;
	}
	return n;
}

static void
skip(struct span *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

/* ---- unstructured fields ---- */

static void
put_text(struct words *w, struct span s, bool for_people)
{
	for (take_blanks(w, &s); s.n > 0; take_blanks(w, &s)) {
		struct span raw = { s.p, word_length(s, "", false) };

		put_word(w, raw, raw, !text_is_ascii(raw) || (for_people && raw.n > TOKEN_MAX));
		skip(&s, raw.n);
	}
}

/* ---- structured fields ---- */

/* The octet behind a quoted string or a comment, which begins at s. */
static size_t
closed_length(struct span s, char open, char close)
{
	size_t depth = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		else if (s.p[i] == close && (open != close || depth > 0)) {
			if (--depth == 0)
				return i + 1;
		} else if (s.p[i] == open)
			depth++;
	}
	return s.n;
}

/*
 * Is what begins here words before a '<' or a ':' (RFC 5322 §3.4)?  Asked
 * behind separators only, and looks no further than the next one: so every
 * octet is looked at once.
 */
static bool
is_phrase(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		struct span rest = { s.p + i, s.n - i };

		switch (s.p[i]) {
		case '"':
			i += closed_length(rest, '"', '"') - 1;
			break;
		case '(':
			i += closed_length(rest, '(', ')') - 1;
			break;
		case '<':
		case ':':
			return true;
		case ',':
		case ';':
			return false;
		}
	}
	return false;
}

/* The '<' at the start of s, and what stands up to its '>' if that is one word. */
static size_t
angle_length(struct span s)
{
	size_t n = 1 + word_length((struct span){ s.p + 1, s.n - 1 }, "\"()<>,;:", true);

	return n < s.n && s.p[n] == '>' ? n + 1 : 1;
}

/* The pieces of a quoted string that a fold may come between. */
static void
put_pieces(struct words *w, struct span s)
{
	while (s.n > 0) {
		struct span raw = { s.p, word_length(s, "", true) };

		if (raw.n > 0)
			put_word(w, raw, raw, false);
		skip(&s, raw.n);
		take_blanks(w, &s);
	}
}

static void
put_unquoted(struct words *w, struct span raw)
{
	struct buf text;

	buf_init(&text, raw.n + 1);
	params_unquote(&text, raw);
	put_word(w, raw, buf_view(&text), true);
	buf_done(&text);
}

static void
put_comment_word(struct words *w, struct span raw)
{
	struct buf text;

	buf_init(&text, raw.n + 1);
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '\\' && i + 1 < raw.n)
			i++;
		buf_char(&text, raw.p[i]);
	}
	put_word(w, raw, buf_view(&text), !text_is_ascii(raw));
	buf_done(&text);
}

static void
put_comment(struct words *w, struct span s)
{
	for (take_blanks(w, &s); s.n > 0; take_blanks(w, &s)) {
		struct span raw = { s.p, word_length(s, "()", true) };

		if (raw.n > 0)
			put_comment_word(w, raw);
		else {
			raw.n = 1;
			put_word(w, raw, raw, false);
		}
		skip(&s, raw.n);
	}
}

/*
 * phrases: words before '<' and ':' can be encoded; all: so can any.  A fold
 * may follow a comma, and the '>' of a list of message identifiers.
 */
static void
put_structured(struct words *w, struct span s, bool phrases, bool all)
{
	bool phrase = all || (phrases && is_phrase(s));

	for (take_blanks(w, &s); s.n > 0; take_blanks(w, &s)) {
		struct span raw = { s.p, word_length(s, "\"()<>,;:", true) };

		if (*s.p == '(') {
			raw.n = closed_length(s, '(', ')');
			put_comment(w, raw);
		} else if (*s.p == '"') {
			raw.n = closed_length(s, '"', '"');
			if (phrase && !text_is_ascii(raw))
				put_unquoted(w, raw);
			else
				put_pieces(w, raw);
		} else if (raw.n > 0)
			put_word(w, raw, raw, phrase && !text_is_ascii(raw));
		else {
			raw.n = *s.p == '<' ? angle_length(s) : 1;
			put_word(w, raw, raw, false);
			w->soft = *s.p == ',' || s.p[raw.n - 1] == '>';
			if (strchr(",;:", *s.p) != NULL)
				phrase = all || (phrases && is_phrase((struct span){ s.p + 1, s.n - 1 }));
			else if (*s.p != ')')
				phrase = all;
		}
		skip(&s, raw.n);
	}
}

/* ---- MIME parameters ---- */

/* attribute-char of RFC 2231 §7. */
static bool
is_attribute_char(unsigned char c)
{
	return c > 32 && c < 127 && strchr("*'%()<>@,;:\\\"/[]?=", c) == NULL;
}

/* `extended`: the value has the form already, but for its 8-bit octets. */
static void
put_percent(struct buf *b, struct span value, bool extended)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_attribute_char(c) || (extended && c < 128))
			buf_char(b, value.p[i]);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* name=…, name*=…, name*0=…, name*0*=…: the charset stands in the first of a name's pieces alone. */
static void
put_extended(struct buf *b, const struct param *p)
{
	bool       extended = p->name.n > 0 && p->name.p[p->name.n - 1] == '*';
	const char *star = p->name.n > 0 ? memchr(p->name.p, '*', p->name.n) : NULL;
	bool       first = star == NULL || span_eq(SPAN("0"),
	    (struct span){ star + 1, (size_t)(p->name.p + p->name.n - star - 1) });
	struct buf value;

	buf_init(&value, p->value.n + 1);
	params_unquote(&value, p->value);
	buf_span(b, p->name);
	buf_str(b, extended ? "=" : "*=");
	if (first && !extended)
		buf_printf(b, "%s''", charset_of(buf_view(&value)));
	put_percent(b, buf_view(&value), extended);
	buf_done(&value);
}

/* Does the field say it in RFC 2231's form too? */
static bool
has_extended(struct span rest, struct span name)
{
	struct param p;

	while (params_next(&rest, &p))
		if (p.name.n > name.n && p.name.p[name.n] == '*' &&
		    span_istarts(p.name, name))
			return true;
	return false;
}

static void
put_params(struct words *w, struct span body)
{
	struct span  rest, all, item = params_value(body, &rest);
	struct param p;
	struct buf   b;

	all = rest;
	buf_init(&b, 4 * body.n + 64);
	buf_str(&w->blanks, " ");
	buf_span(&b, item);
	while (params_next(&rest, &p)) {
		if (!text_is_ascii(p.value) && has_extended(all, p.name))
			continue;
		buf_char(&b, ';');
		put_pieces(w, buf_view(&b));
		buf_clear(&b);
		if (w->blanks.n == 0)
			buf_char(&w->blanks, ' ');
		if (!text_is_ascii(p.value)) {
			put_extended(&b, &p);
			continue;
		}
		buf_span(&b, p.name);
		if (p.value.n > 0)
			buf_char(&b, '=');
		buf_span(&b, p.value);
	}
	put_pieces(w, buf_view(&b));
	w->out->over |= b.over;
	buf_done(&b);
}

/* ---- fields ---- */

enum grammar { TEXT, PEOPLE_TEXT, ADDRESSES, PHRASES, TOKENS, PARAMS };

/* What is not here is an optional-field: text (RFC 5322 §3.6.8). */
static const struct {
	const char  *name;
	enum grammar grammar;
} grammars[] = {
	{ "Subject", PEOPLE_TEXT }, { "Comments", PEOPLE_TEXT }, { "Content-Description", PEOPLE_TEXT },
	{ "From", ADDRESSES }, { "Sender", ADDRESSES }, { "Reply-To", ADDRESSES }, { "To", ADDRESSES },
	{ "Cc", ADDRESSES }, { "Bcc", ADDRESSES }, { "Errors-To", ADDRESSES },
	{ "Mail-Followup-To", ADDRESSES }, { "Mail-Reply-To", ADDRESSES },
	{ "Disposition-Notification-To", ADDRESSES }, { "Return-Receipt-To", ADDRESSES },
	{ "List-Id", ADDRESSES }, { "Keywords", PHRASES },
	{ "Date", TOKENS }, { "Message-ID", TOKENS }, { "In-Reply-To", TOKENS }, { "References", TOKENS },
	{ "Received", TOKENS }, { "Return-Path", TOKENS }, { "MIME-Version", TOKENS },
	{ "Content-ID", TOKENS }, { "Content-Transfer-Encoding", TOKENS }, { "Content-Location", TOKENS },
	{ "Content-Language", TOKENS }, { "Auto-Submitted", TOKENS }, { "List-Archive", TOKENS },
	{ "List-Help", TOKENS }, { "List-Owner", TOKENS }, { "List-Post", TOKENS },
	{ "List-Subscribe", TOKENS }, { "List-Unsubscribe", TOKENS },
	{ "List-Unsubscribe-Post", TOKENS }, { "Authentication-Results", TOKENS },
	{ "Content-Type", PARAMS }, { "Content-Disposition", PARAMS },
};

static enum grammar
grammar_of(const struct field *f)
{
	struct span name = f->name;

	if (span_istarts(name, SPAN("Resent-")))
		skip(&name, 7);
	for (size_t i = 0; i < sizeof(grammars) / sizeof(grammars[0]); i++)
		if (span_ieq(name, span_of(grammars[i].name)))
			return grammars[i].grammar;
	return TEXT;
}

bool
words_is_8bit(const struct field *f)
{
	return !text_is_ascii(f->whole);
}

bool
words_is_long(const struct field *f)
{
	struct span rest = f->whole, line;

	while (span_cut(&rest, '\n', &line))
		if (line.n > WORDS_LINE_MAX + (line.p[line.n - 1] == '\r'))
			return true;
	return false;
}

static void
put_body(struct words *w, const struct field *f)
{
	switch (grammar_of(f)) {
	case TEXT:
	case PEOPLE_TEXT:
		put_text(w, f->body, grammar_of(f) == PEOPLE_TEXT);
		break;
	case ADDRESSES:
		put_structured(w, f->body, true, false);
		break;
	case PHRASES:
		put_structured(w, f->body, false, true);
		break;
	case TOKENS:
		put_structured(w, f->body, false, false);
		break;
	case PARAMS:
		put_params(w, f->body);
		break;
	}
	flush_run(w);
}

void
words_put_field(struct buf *out, const struct field *f)
{
	struct words w = { .out = out, .line = out->n };

	buf_init(&w.blanks, f->whole.n + 2);
	buf_init(&w.run, f->whole.n + 2);
	buf_init(&w.run_blanks, f->whole.n + 2);
	buf_add(out, f->whole.p, (size_t)(f->body.p - f->whole.p));
	put_body(&w, f);
	eol_put(out);
	buf_done(&w.blanks);
	buf_done(&w.run);
	buf_done(&w.run_blanks);
}
