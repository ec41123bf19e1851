/* edit.c - find the place in the text, and put something there; see edit.h. */
#include "config/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"
#include "config/source.h"

/* An option or a section outside of all others: `word [title] { … }`, `word = value`, `word = { … }`. */
struct item {
	struct span word, title;        /* the title without its quotes */
	size_t      from, to;
	size_t      inside;             /* a section's: behind its brace; 0: an option */
};

/* The text with its comments blanked: each thing stands where it stands in the text. */
struct walk {
	struct span text;
	size_t      at;
};

static char
here(const struct walk *w)
{
	return w->at < w->text.n ? w->text.p[w->at] : '\0';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
skip_blanks(struct walk *w)
{
	while (is_blank(here(w)))
		w->at++;
}

/* scan_text() has seen that it ends. */
static struct span
take_string(struct walk *w)
{
	char quote = here(w);
	size_t from = ++w->at;

	while (w->at < w->text.n && here(w) != quote)
		w->at += here(w) == '\\' ? 2 : 1;
	return (struct span){ w->text.p + from, w->at++ - from };
}

static struct span
take_word(struct walk *w)
{
	size_t from = w->at;

	if (here(w) == '"' || here(w) == '\'')
		return take_string(w);
	while (w->at < w->text.n && !is_blank(here(w)) && strchr("={}\"'", here(w)) == NULL)
		w->at++;
	return (struct span){ w->text.p + from, w->at - from };
}

static void
skip_braces(struct walk *w)
{
	unsigned depth = 0;

	do {
		if (here(w) == '"' || here(w) == '\'') {
			take_string(w);
			continue;
		}
		depth += here(w) == '{';
		depth -= here(w) == '}';
		w->at++;
	} while (depth > 0 && w->at < w->text.n);
}

/* 1, 0 at the end, or -EINVAL: not what a configuration looks like. */
static int
next(struct walk *w, struct item *ret)
{
	bool list = false;
	size_t from;

	skip_blanks(w);
	if (w->at >= w->text.n)
		return 0;
	*ret = (struct item){ .from = w->at };
	ret->word = take_word(w);
	if (ret->word.n == 0)
		return -EINVAL;
	skip_blanks(w);
	if (here(w) == '=') {
		list = true;
		w->at++;
		if (here(w) == '=')
			return -EINVAL;
		skip_blanks(w);
	} else if (here(w) != '{') {
		ret->title = take_word(w);
		skip_blanks(w);
		if (here(w) != '{')
			return -EINVAL;
	}
	from = w->at;
	if (here(w) == '{' && !list)
		ret->inside = from + 1;
	if (here(w) == '{')
		skip_braces(w);
	else
		take_word(w);
	ret->to = w->at;
	return ret->to > from ? 1 : -EINVAL;    /* nothing behind the '=' */
}

/* 0 and *blanked, which w then looks at; or -EINVAL. */
static int
begin(struct walk *w, struct span text, struct buf *blanked)
{
	unsigned line;
	const char *why;

	buf_init(blanked, SOURCE_MAX_BYTES);
	buf_span(blanked, text);
	if (blanked->over || scan_text(blanked, &line, &why) != 0)
		return -EINVAL;
	*w = (struct walk){ .text = buf_view(blanked) };
	return 0;
}

/* ---- looking ---- */

static bool
is_relay(const struct item *it)
{
	return span_eq(it->word, SPAN("relay")) && it->title.n > 0;
}

int
edit_relays(struct span text, char *ret[static EDIT_RELAYS_MAX])
{
	struct buf blanked;
	struct walk w;
	struct item it;
	int n = 0, r = begin(&w, text, &blanked);

	while (r == 0 && (r = next(&w, &it)) == 1) {
		r = 0;
		if (!is_relay(&it))
			continue;
		if (n == EDIT_RELAYS_MAX)
			r = -E2BIG;
		else
			ret[n++] = span_dup(it.title);
	}
	buf_done(&blanked);
	while (r < 0 && n > 0)
		free(ret[--n]);
	return r < 0 ? r : n;
}

struct found {
	bool   there;
	size_t from, to;        /* of what was looked for */
	size_t before;          /* the first relay, what is no comment ends */
	size_t relay_from;      /* of the first relay; the text's end without one */
	size_t relay_to;        /* behind the last one */
};

static int
find(struct span text, struct span word, const char *title, struct found *ret)
{
	struct buf blanked;
	struct walk w;
	struct item it;
	int r = begin(&w, text, &blanked);

	*ret = (struct found){ .relay_from = text.n, .relay_to = text.n };
	while (r == 0 && (r = next(&w, &it)) == 1) {
		r = 0;
		if (is_relay(&it)) {
			if (ret->relay_from == text.n)
				ret->relay_from = it.from;
			ret->relay_to = it.to;
		} else if (ret->relay_from == text.n) {
			ret->before = it.to;
		}
		if (span_eq(it.word, word) && (title == NULL || span_eq(it.title, span_of(title)))) {
			ret->there = true;
			ret->from = it.from;
			ret->to = it.to;
		}
	}
	buf_done(&blanked);
	return r;
}

/* ---- changing ---- */

static void
replace(struct buf *text, size_t from, size_t to, struct span by)
{
	struct buf b;
	struct span all = buf_view(text);

	buf_init(&b, text->max);
	buf_add(&b, all.p, from);
	buf_span(&b, by);
	buf_add(&b, all.p + to, all.n - to);
	buf_done(text);
	*text = b;
}

static size_t
line_start(struct span text, size_t at)
{
	while (at > 0 && text.p[at - 1] != '\n')
		at--;
	return at;
}

/* Lines of comment right above belong to what stands below, but for those at the file's head. */
static size_t
above_comments(struct span text, size_t at)
{
	size_t from = line_start(text, at), up = from;

	while (up > 0) {
		size_t before = line_start(text, up - 1);
		struct span line = span_trim((struct span){ text.p + before, up - 1 - before });

		if (line.n == 0 || (line.p[0] != '#' && !span_starts(line, SPAN("//"))))
			break;
		up = before;
	}
	return up > 0 ? up : from;
}

/* Outside of everything: what looks like a line may begin within a comment, or another option. */
static bool
is_between(struct span text, const struct found *f, size_t at)
{
	struct buf  part;
	const char *why;
	unsigned    line;
	bool        ok;

	if (at < f->before)
		return false;
	buf_init(&part, SOURCE_MAX_BYTES);
	buf_add(&part, text.p + f->before, at - f->before);
	ok = !part.over && scan_text(&part, &line, &why) == 0;
	buf_done(&part);
	return ok;
}

/* Where an option begins that was not there. */
static size_t
place_of_new(struct span text, const struct found *f)
{
	size_t at = above_comments(text, f->relay_from);

	return is_between(text, f, at) ? at : f->relay_from;
}

int
edit_set(struct buf *text, const char *option, struct span value)
{
	struct found f;
	struct buf line;
	int r = find(buf_view(text), span_of(option), NULL, &f);

	if (r < 0)
		return r;
	buf_init(&line, SOURCE_MAX_BYTES);
	if (!f.there) {
		f.from = f.to = place_of_new(buf_view(text), &f);
		/* The last line may be a comment that has no end. */
		if (f.from > 0 && f.from == text->n && text->p[f.from - 1] != '\n')
			buf_str(&line, "\n");
	}
	buf_printf(&line, "%s = ", option);
	edit_put_string(&line, value);
	if (!f.there)
		buf_str(&line, "\n");
	replace(text, f.from, f.to, buf_view(&line));
	buf_done(&line);
	return text->over ? -E2BIG : 0;
}

int
edit_put_relay(struct buf *text, const char *old, struct span section)
{
	struct found f;
	struct buf b;
	int r = find(buf_view(text), SPAN("relay"), old != NULL ? old : "", &f);

	if (r < 0)
		return r;
	buf_init(&b, SOURCE_MAX_BYTES);
	if (f.there) {
		/* The line end behind the old one stays. */
		buf_span(&b, span_trim(section));
	} else {
		f.from = f.to = f.relay_to;
		if (text->n > 0)
			buf_str(&b, f.from > 0 && text->p[f.from - 1] == '\n' ? "\n" : "\n\n");
		buf_span(&b, f.from < text->n ? span_trim(section) : section);
	}
	replace(text, f.from, f.to, buf_view(&b));
	buf_done(&b);
	return text->over ? -E2BIG : 0;
}

/* ---- inside of a relay ---- */

/* Where something may be put: behind a section's brace, up to its other one. */
struct body {
	size_t   from, to;
	unsigned depth;
};

/* In that body of a text whose comments are blanked: 1 and *ret, 0, -EINVAL.  title NULL: any. */
static int
find_in(struct span text, const struct body *b, const char *word, const char *title, struct item *ret)
{
	struct walk w = { .text = { text.p, b->to }, .at = b->from };
	int r;

	while ((r = next(&w, ret)) == 1)
		if (span_eq(ret->word, span_of(word)) && (title == NULL || span_eq(ret->title, span_of(title))))
			break;
	return r;
}

static void
enter(struct body *b, const struct item *it)
{
	*b = (struct body){ .from = it->inside, .to = it->to - 1, .depth = b->depth + 1 };
}

/* 1 and the section's body, or the relay's where that has no such section, which is 0; -ENOENT: no such relay. */
static int
find_section(struct span text, const char *relay, const char *section, struct body *ret)
{
	struct item it;
	int r;

	*ret = (struct body){ .to = text.n };
	r = find_in(text, ret, "relay", relay, &it);
	if (r <= 0 || it.inside == 0)
		return r < 0 ? r : -ENOENT;
	enter(ret, &it);
	if (section == NULL)
		return 1;
	r = find_in(text, ret, section, NULL, &it);
	if (r != 1 || it.inside == 0)
		return r < 0 ? r : 0;
	enter(ret, &it);
	return 1;
}

int
edit_relay_says(struct span text, const char *relay, const char *section, const char *option)
{
	struct buf blanked;
	struct walk w;
	struct body b;
	struct item it;
	int r = begin(&w, text, &blanked);

	if (r == 0 && (r = find_section(w.text, relay, section, &b)) == 1)
		r = find_in(w.text, &b, option, NULL, &it);
	buf_done(&blanked);
	return r;
}

/* On a line of its own, as deep as it stands; in a section of one line, on that. */
static void
put_inside(struct buf *text, const struct body *b, const struct buf *line)
{
	struct buf whole;

	buf_init(&whole, SOURCE_MAX_BYTES);
	if (memchr(text->p + b->from, '\n', b->to - b->from) == NULL) {
		buf_printf(&whole, " %s%s", buf_cstr(line), text->p[b->from] == ' ' ? "" : " ");
	} else {
		buf_char(&whole, '\n');
		for (unsigned i = 0; i < b->depth; i++)
			buf_char(&whole, '\t');
		buf_span(&whole, buf_view(line));
		/* What stood behind the brace, a comment perhaps, keeps a line of its own. */
		if (text->p[b->from] != '\n')
			buf_char(&whole, '\n');
	}
	replace(text, b->from, b->from, buf_view(&whole));
	buf_done(&whole);
}

int
edit_put_in_relay(struct buf *text, const char *relay, const char *section, const char *option, struct span value)
{
	struct buf blanked, line;
	struct walk w;
	struct body b;
	int r = begin(&w, buf_view(text), &blanked);

	if (r == 0)
		r = find_section(w.text, relay, section, &b);
	buf_done(&blanked);
	if (r < 0)
		return r;
	buf_init(&line, SOURCE_MAX_BYTES);
	if (r == 0)
		buf_printf(&line, "%s { ", section);
	buf_printf(&line, "%s = ", option);
	edit_put_string(&line, value);
	if (r == 0)
		buf_str(&line, " }");
	put_inside(text, &b, &line);
	buf_done(&line);
	return text->over ? -E2BIG : 0;
}

/* ---- strings ---- */

/* Double quotes, as people write them; "${" stands for itself in single ones alone. */
void
edit_put_string(struct buf *out, struct span value)
{
	bool expands = false;
	char quote;

	for (size_t i = 0; i + 1 < value.n; i++)
		expands |= value.p[i] == '$' && value.p[i + 1] == '{';
	quote = expands ? '\'' : '"';
	buf_char(out, quote);
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == quote || value.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, value.p[i]);
	}
	buf_char(out, quote);
}
