/* put.c - the model as a text of Postern's, each line with where it comes from. */
#include <string.h>

#include "base/text.h"
#include "config/options.h"
#include "import/model.h"

#define COMMENT_COLUMN 44

/* A comment ends with its line, so what stands in one is printable. */
static void
put_place(struct buf *out, size_t begin, struct place at)
{
	size_t width = out->n - begin;

	if (at.file != NULL) {
		buf_printf(out, "%*s# ", width < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - width) : 1, "");
		text_put_printable(out, span_of(at.file));
		if (at.line > 0)
			buf_printf(out, ":%u", at.line);
	}
	buf_char(out, '\n');
}

/* Single quotes where "${" would be taken for an expansion (scan.h). */
static void
put_value(struct buf *out, struct span s)
{
	char quote = memmem(s.p, s.n, "${", 2) != NULL ? '\'' : '"';

	buf_char(out, quote);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' || s.p[i] == quote)
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
	buf_char(out, quote);
}

static bool
is_bare(const char *name, struct span s)
{
	uint64_t n;

	return text_number(s, UINT64_MAX, &n) == 0 || strcmp(name, "insecure") == 0 ||
	    strcmp(name, "tls-verify") == 0;
}

static void
put_option(struct buf *out, const char *indent, const struct option *o)
{
	size_t begin = out->n;

	buf_printf(out, "%s%s = ", indent, o->name);
	if (o->list)
		buf_str(out, "{ ");
	for (size_t i = 0; i < o->n; i++) {
		struct span value = span_of(o->values[i]);

		if (i > 0)
			buf_str(out, ", ");
		if (!o->list && is_bare(o->name, value))
			buf_span(out, value);
		else
			put_value(out, value);
	}
	if (o->list)
		buf_str(out, " }");
	put_place(out, begin, o->at);
}

static void
put_file(struct buf *out, const char *option, const char *dir, const char *name, const char *suffix,
    struct place at)
{
	size_t     begin = out->n;
	struct buf path;

	buf_init(&path, 2 * MODEL_LINE);
	buf_printf(&path, "%s/%s%s", dir, name, suffix);
	buf_printf(out, "    %s = ", option);
	put_value(out, buf_view(&path));
	buf_done(&path);
	put_place(out, begin, at);
}

/* As people write a relay; what is not here comes last. */
static const char *const usual[] = {
	"provider", "host", "port", "tls", "insecure", "auth", "user", "password-file",
};

#define USUAL (sizeof(usual) / sizeof(usual[0]))

static bool
is_usual(const char *name)
{
	for (size_t i = 0; i < USUAL; i++)
		if (strcmp(name, usual[i]) == 0)
			return true;
	return false;
}

static void
put_relay(struct buf *out, const struct section *s, const char *dir)
{
	const struct option *o;

	for (size_t i = 0; i < USUAL; i++)
		if (strcmp(usual[i], "password-file") == 0 && s->secret.n > 0)
			put_file(out, usual[i], dir, s->title, ".password", s->secret_at);
		else if ((o = model_get(s, usual[i])) != NULL)
			put_option(out, "    ", o);
	for (size_t i = 0; i < s->n; i++)
		if (!is_usual(s->option[i].name))
			put_option(out, "    ", &s->option[i]);
}

static void
put_section(struct buf *out, const struct section *s, const char *dir)
{
	static const char *const words[] = {
		[SECTION_QUEUE] = "queue", [SECTION_RELAY] = "relay", [SECTION_ROUTE] = "route",
		[SECTION_MAP] = "map", [SECTION_LISTEN] = "listen",
	};
	size_t begin;

	if (s->kind != SECTION_TOP) {
		buf_char(out, '\n');
		begin = out->n;
		buf_str(out, words[s->kind]);
		if (s->title != NULL) {
			buf_char(out, ' ');
			put_value(out, span_of(s->title));
		}
		buf_str(out, " {");
		put_place(out, begin, s->at);
	}
	if (s->kind == SECTION_RELAY)
		put_relay(out, s, dir);
	for (size_t i = 0; s->kind != SECTION_RELAY && i < s->n; i++)
		put_option(out, s->kind == SECTION_TOP ? "" : "    ", &s->option[i]);
	if (s->file != NULL)
		put_file(out, s->file_option, dir, s->file, "", s->at);
	if (s->kind != SECTION_TOP)
		buf_str(out, "}\n");
}

static void
put_left(struct buf *out, const struct import *im)
{
	if (import_left(im) == 0)
		return;
	buf_str(out, "\n# Without an equivalent here, or to be looked at:\n");
	for (size_t i = 0; i < im->nleft; i++) {
		const struct left *l = &im->left[i];

		buf_str(out, "#   ");
		if (l->at.file != NULL)
			text_put_printable(out, span_of(l->at.file));
		if (l->at.file != NULL && l->at.line > 0)
			buf_printf(out, ":%u", l->at.line);
		buf_printf(out, "%s%s: %s\n", l->at.file != NULL ? ": " : "", l->what, l->why);
	}
	if (im->lost > 0)
		buf_printf(out, "#   ... and %zu more\n", im->lost);
}

void
import_put(const struct import *im, const char *dir, struct buf *out)
{
	static const enum section_kind order[] = {
		SECTION_TOP, SECTION_RELAY, SECTION_ROUTE, SECTION_MAP, SECTION_LISTEN, SECTION_QUEUE,
	};

	buf_printf(out, "# What %s was told, by postern import: ", import_name(im->kind));
	text_put_printable(out, buf_view(&im->source));
	buf_str(out, "\n\n");
	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (size_t i = 0; i < im->nsections; i++)
			if (im->section[i]->kind == order[k])
				put_section(out, im->section[i], dir);
	put_left(out, im);
}
