/* model_map.c - the lines of maps, each name once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/model.h"
#include "mail/maptable.h"
#include "mail/pattern.h"

#define FIRST_CAP 64

static const struct {
	const char *file, *option, *apply;
} maps[MODEL_MAPS] = {
	[MAP_USERS] = { "senders", "user-file", NULL },
	[MAP_GENERIC] = { "addresses", "file", "both" },
	[MAP_SENDERS] = { "sender-addresses", "file", "sender" },
	[MAP_RECIPIENTS] = { "recipient-addresses", "file", "recipient" },
};

static struct import_file *
map_file(struct import *im, enum model_map m, struct place at)
{
	struct import_file *f;
	struct section     *s;

	for (size_t i = 0; i < im->nfiles; i++)
		if (strcmp(im->files[i].name, maps[m].file) == 0)
			return &im->files[i];
	if ((s = model_add(im, SECTION_MAP, (struct span){ NULL, 0 }, at)) == NULL)
		return NULL;
	s->file = xstrdup(maps[m].file);
	s->file_option = maps[m].option;
	if (maps[m].apply != NULL)
		model_set(im, s, "apply", span_of(maps[m].apply), at);
	im->files = model_grow(im->files, im->nfiles, sizeof(*im->files));
	f = &im->files[im->nfiles++];
	*f = (struct import_file){ .name = xstrdup(maps[m].file) };
	buf_init(&f->text, IMPORT_TEXT_MAX);
	return f;
}

/* At the start of a line, in front of a blank; and no pattern, which a name with a star would be. */
static bool
is_login(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127 || s.p[i] == '#' || s.p[i] == '*')
			return false;
	return maptable_is_user(s, NULL);
}

/* FNV-1a without regard to case, as names are compared. */
static size_t
hash(struct span name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		h = (h ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C(0x100000001b3);
	}
	return (size_t)(h ^ h >> 32);
}

static struct span
name_at(const struct buf *map, size_t at)
{
	struct span rest = { map->p + at, map->n - at }, name;

	span_cut(&rest, '\t', &name);
	return name;
}

/* The place of a name, or the free one where it belongs. */
static size_t *
find(const struct model_lines *l, const struct buf *map, struct span name)
{
	size_t at = hash(name) & (l->cap - 1);

	while (l->table[at] != 0 && !span_ieq(name_at(map, l->table[at] - 1), name))
		at = (at + 1) & (l->cap - 1);
	return &l->table[at];
}

static void
grow(struct model_lines *l, const struct buf *map)
{
	size_t *old = l->table, n = l->cap;

	l->cap = n > 0 ? 2 * n : FIRST_CAP;
	l->table = xcalloc(l->cap, sizeof(*l->table));
	for (size_t i = 0; i < n; i++)
		if (old[i] != 0)
			*find(l, map, name_at(map, old[i] - 1)) = old[i];
	free(old);
}

void
model_map(struct import *im, enum model_map m, struct span left, struct span right, struct place at)
{
	const char *why = NULL;
	struct import_file *f;
	struct model_lines *l;
	struct buf          line;
	size_t             *place, where;

	if (!model_is_plain(left) || !model_is_plain(right)) {
		model_left(im, at, SPAN("line of a map"), "too long, or not text");
		return;
	}
	if ((left.n > 0 && left.p[0] == '#') || (right.n > 0 && right.p[0] == '#')) {
		model_left(im, at, SPAN("line of a map"), "what begins with # would be a comment");
		return;
	}
	if (m == MAP_USERS ? !is_login(left) : !pattern_is_valid(left, &why)) {
		model_left(im, at, left, "no %s can be so: %s", m == MAP_USERS ? "login name" : "address",
		    why != NULL ? why : "letters, digits, '.', '-' and '_'");
		return;
	}
	if (!pattern_is_replacement(right, &why)) {
		model_left(im, at, left, "what it becomes is not one address: %s", why != NULL ? why : "");
		return;
	}
	if ((f = map_file(im, m, at)) == NULL)
		return;
	l = &im->lines[m];
	if (2 * (l->n + 1) > l->cap)
		grow(l, &f->text);
	place = find(l, &f->text, left);
	/* A map that has one twice is refused; where it comes from the first counts. */
	if (*place != 0) {
		model_left(im, at, left, "it is there already, and the first counts");
		return;
	}
	buf_init(&line, 8 * MODEL_LINE);
	buf_printf(&line, "%.*s\t%.*s\t# ", (int)left.n, left.p, (int)right.n, right.p);
	text_put_printable(&line, span_of(at.file));
	buf_printf(&line, ":%u\n", at.line);
	where = f->text.n;
	buf_span(&f->text, buf_view(&line));
	if (line.over || f->text.over) {
		model_left(im, at, left, "the map is too long; %u bytes at the most", (unsigned)IMPORT_TEXT_MAX);
	} else {
		*place = where + 1;
		l->n++;
	}
	buf_done(&line);
}
