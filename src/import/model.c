/* model.c - sections, options, passwords, maps, and what is left. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/options.h"
#include "import/model.h"

#define WHY_MAX  400
#define WHAT_MAX 48

void *
model_grow(void *list, size_t n, size_t size)
{
	return (n & (n - 1)) == 0 ? xrealloc(list, (n == 0 ? 1 : n * 2) * size) : list;
}

struct import *
model_new(enum import_kind k)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->kind = k;
	buf_init(&im->source, 4096);
	model_add(im, SECTION_TOP, (struct span){ NULL, 0 }, (struct place){ NULL, 0 });
	return im;
}

static void
option_done(struct option *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->values[i]);
	free(o->values);
	memset(o, 0, sizeof(*o));
}

static void
section_free(struct section *s)
{
	for (size_t i = 0; i < s->n; i++)
		option_done(&s->option[i]);
	buf_wipe(&s->secret);
	free(s->title);
	free(s->file);
	free(s);
}

void
import_free(struct import *im)
{
	if (im == NULL)
		return;
	for (size_t i = 0; i < im->nsections; i++)
		section_free(im->section[i]);
	for (size_t i = 0; i < im->nleft; i++) {
		free(im->left[i].what);
		free(im->left[i].why);
	}
	for (size_t i = 0; i < im->nnames; i++)
		free(im->names[i]);
	for (size_t i = 0; i < im->nfiles; i++) {
		free(im->files[i].name);
		buf_wipe(&im->files[i].text);
	}
	for (size_t i = 0; i < MODEL_MAPS; i++)
		free(im->lines[i].table);
	buf_done(&im->source);
	free(im->section);
	free(im->left);
	free(im->names);
	free(im->files);
	free(im);
}

struct place
model_place(struct import *im, const char *file, unsigned line)
{
	for (size_t i = 0; i < im->nnames; i++)
		if (strcmp(im->names[i], file) == 0)
			return (struct place){ im->names[i], line };
	im->names = model_grow(im->names, im->nnames, sizeof(*im->names));
	im->names[im->nnames] = xstrdup(file);
	return (struct place){ im->names[im->nnames++], line };
}

/* ---- what has no equivalent ---- */

static char *
printable(struct span s, size_t max)
{
	struct buf b;
	char      *ret;

	buf_init(&b, max + 1);
	text_put_printable(&b, (struct span){ s.p, s.n < max ? s.n : max });
	ret = span_dup(buf_view(&b));
	buf_done(&b);
	return ret;
}

/* A parameter is read once for each relay, and complained about once. */
static bool
is_said(const struct import *im, const struct left *l)
{
	for (size_t i = 0; i < im->nleft; i++)
		if (im->left[i].at.file == l->at.file && im->left[i].at.line == l->at.line &&
		    strcmp(im->left[i].what, l->what) == 0 && strcmp(im->left[i].why, l->why) == 0)
			return true;
	return false;
}

void
model_unknown(struct import *im, struct place at, struct span key, bool has_value)
{
	bool plain = has_value;

	for (size_t i = 0; i < key.n; i++)
		plain = plain && ((key.p[i] >= 'a' && key.p[i] <= 'z') || (key.p[i] >= 'A' && key.p[i] <= 'Z') ||
		    (key.p[i] >= '0' && key.p[i] <= '9') || key.p[i] == '_' || key.p[i] == '-');
	if (plain && key.n > 0 && key.n <= WHAT_MAX)
		model_left(im, at, key, "not known here");
	else
		model_left(im, at, SPAN("line"), "not understood");
}

void
model_left(struct import *im, struct place at, struct span what, const char *fmt, ...)
{
	struct left  l;
	struct buf   why;
	va_list      ap;

	if (im->nleft == MODEL_LEFT) {
		im->lost++;
		return;
	}
	buf_init(&why, 64 * WHY_MAX);
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	l = (struct left){ at, printable(what, WHAT_MAX), printable(buf_view(&why), WHY_MAX) };
	buf_done(&why);
	if (is_said(im, &l)) {
		free(l.what);
		free(l.why);
		return;
	}
	im->left = model_grow(im->left, im->nleft, sizeof(*im->left));
	im->left[im->nleft++] = l;
}

size_t
import_left(const struct import *im)
{
	return im->nleft + im->lost;
}

/* ---- sections ---- */

/* The letters that a relay's name may have; two relays of one name get numbers. */
static char *
title_of(const struct import *im, enum section_kind k, struct span title)
{
	struct buf b;
	char      *ret;
	size_t     n = im->nsections;

	if (k != SECTION_RELAY)
		return title.n > 0 ? span_dup(title) : NULL;
	buf_init(&b, 64);
	for (size_t i = 0; i < title.n && i < 40; i++) {
		char c = title.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '_' || c == '-' || c == '.';

		if (good && (c != '.' || b.n > 0))
			buf_char(&b, c);
		else if (b.n > 0)
			buf_char(&b, '-');
	}
	if (b.n == 0)
		buf_str(&b, "relay");
	title = (struct span){ buf_cstr(&b), b.n };
	while (model_relay((struct import *)im, buf_view(&b)) != NULL) {
		buf_cut(&b, title.n);
		buf_printf(&b, "-%zu", n++);
	}
	ret = span_dup(buf_view(&b));
	buf_done(&b);
	return ret;
}

struct section *
model_add(struct import *im, enum section_kind k, struct span title, struct place at)
{
	struct section *s;

	if (im->nsections == MODEL_SECTIONS) {
		model_left(im, at, title, "too many relays, routes and listeners; %u at the most",
		    (unsigned)MODEL_SECTIONS);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->kind = k;
	s->title = title_of(im, k, title);
	s->at = at;
	buf_init(&s->secret, MODEL_SECRET);
	im->section = model_grow(im->section, im->nsections, sizeof(*im->section));
	im->section[im->nsections++] = s;
	return s;
}

struct section *
model_top(struct import *im)
{
	return im->section[0];
}

struct section *
model_queue(struct import *im)
{
	for (size_t i = 0; i < im->nsections; i++)
		if (im->section[i]->kind == SECTION_QUEUE)
			return im->section[i];
	return model_add(im, SECTION_QUEUE, (struct span){ NULL, 0 }, (struct place){ NULL, 0 });
}

struct section *
model_relay(struct import *im, struct span name)
{
	for (size_t i = 0; i < im->nsections; i++)
		if (im->section[i]->kind == SECTION_RELAY && span_eq(span_of(im->section[i]->title), name))
			return im->section[i];
	return NULL;
}

size_t
model_relays(const struct import *im)
{
	size_t n = 0;

	for (size_t i = 0; i < im->nsections; i++)
		n += im->section[i]->kind == SECTION_RELAY;
	return n;
}

/* ---- options ---- */

static const char *const kinds[] = {
	[SECTION_TOP] = "", [SECTION_QUEUE] = "queue", [SECTION_RELAY] = "relay", [SECTION_ROUTE] = "route",
	[SECTION_MAP] = "map", [SECTION_LISTEN] = "listen",
};

bool
model_is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return s.n <= MODEL_LINE;
}

/* The reason, without the value in front of it: that may be anything. */
static bool
can_be(struct import *im, struct section *s, const char *name, struct span value, struct place at)
{
	struct buf why;
	char      *text;
	const char *cure;
	int        r;

	if (!model_is_plain(value)) {
		model_left(im, at, span_of(name), "the value is too long, or has characters that no option can have");
		return false;
	}
	text = span_dup(value);
	buf_init(&why, 64 * WHY_MAX);
	r = option_check_in(kinds[s->kind], name, text, &why);
	if (r < 0) {
		cure = strchr(buf_cstr(&why), ';');
		model_left(im, at, span_of(name), "not a value that %s can have%s", name, cure != NULL ? cure : "");
	}
	buf_done(&why);
	free(text);
	return r == 0;
}

static struct option *
find(struct section *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->option[i].name, name) == 0)
			return &s->option[i];
	return NULL;
}

const struct option *
model_get(const struct section *s, const char *name)
{
	return s != NULL ? find((struct section *)s, name) : NULL;
}

struct span
model_value(const struct section *s, const char *name)
{
	const struct option *o = model_get(s, name);

	return o != NULL && o->n > 0 ? span_of(o->values[0]) : (struct span){ NULL, 0 };
}

void
model_unset(struct section *s, const char *name)
{
	struct option *o = s != NULL ? find(s, name) : NULL;

	if (o == NULL)
		return;
	option_done(o);
	memmove(o, o + 1, (size_t)(&s->option[--s->n] - o) * sizeof(*o));
	memset(&s->option[s->n], 0, sizeof(*o));
}

static void
put(struct section *s, const char *name, struct span value, bool list, struct place at)
{
	struct option *o = find(s, name);

	if (o == NULL) {
		if (s->n == MODEL_OPTIONS)
			return;         /* there are not so many names */
		o = &s->option[s->n++];
		*o = (struct option){ .name = name };
	}
	o->list = list;
	o->at = at;
	o->values = model_grow(o->values, o->n, sizeof(*o->values));
	o->values[o->n++] = span_dup(value);
}

void
model_set(struct import *im, struct section *s, const char *name, struct span value, struct place at)
{
	struct option *o;

	if (s == NULL || !can_be(im, s, name, value, at))
		return;
	if ((o = find(s, name)) != NULL)
		option_done(o);
	if (o != NULL)
		o->name = name;
	put(s, name, value, false, at);
}

void
model_append(struct import *im, struct section *s, const char *name, struct span value, struct place at)
{
	const struct option *o = model_get(s, name);

	if (s == NULL || !can_be(im, s, name, value, at))
		return;
	for (size_t i = 0; o != NULL && i < o->n; i++)
		if (span_eq(span_of(o->values[i]), value))
			return;
	if (o != NULL && o->n == MODEL_VALUES)
		model_left(im, at, span_of(name), "too many values; %u at the most", (unsigned)MODEL_VALUES);
	else
		put(s, name, value, true, at);
}

void
model_secret(struct import *im, struct section *relay, struct span value, struct place at)
{
	if (relay == NULL)
		return;
	if (value.n == 0 || value.n >= MODEL_SECRET || memchr(value.p, '\n', value.n) != NULL ||
	    memchr(value.p, '\0', value.n) != NULL) {
		model_left(im, at, SPAN("password"), "it is empty, too long, or has more than one line");
		return;
	}
	buf_wipe(&relay->secret);
	buf_init(&relay->secret, MODEL_SECRET);
	buf_room(&relay->secret, MODEL_SECRET - 1);
	buf_span(&relay->secret, value);
	relay->secret_at = at;
}

/* ---- routes ---- */

void
model_route(struct import *im, const char *what, struct span who, const struct section *relay, struct place at)
{
	struct section *s = model_add(im, SECTION_ROUTE, (struct span){ NULL, 0 }, at);
	struct buf      pattern;

	if (s == NULL)
		return;
	buf_init(&pattern, MODEL_LINE);
	if (who.n > 0 && who.p[0] == '@')
		buf_char(&pattern, '*');
	buf_span(&pattern, who);
	model_set(im, s, what, buf_view(&pattern), at);
	/* A route for nobody is an error; the relay is left for the admin to use. */
	if (model_get(s, what) != NULL)
		model_append(im, s, "relays", span_of(relay->title), at);
	buf_done(&pattern);
}
