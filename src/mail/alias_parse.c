/*
 * alias_parse.c - the text of an aliases file.  First whole lines, then left
 * and right side, then targets.  Whatever cannot be understood is told with
 * its line, and the rest of the file counts all the same: a file that worked
 * for twenty years must not stop working for one line in it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "mail/alias.h"

void
alias_where(struct buf *b, const char *path, unsigned line)
{
	buf_init(b, 4200);
	buf_printf(b, "%.4000s:%u", path, line);
}

void
alias_tell(const struct alias_ear *ear, const char *where, const char *fmt, ...)
{
	struct buf b;
	va_list    ap;

	if (ear == NULL || ear->wrong == NULL)
		return;
	buf_init(&b, 4096);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	ear->wrong(ear->arg, where, buf_cstr(&b));
	buf_done(&b);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
behind(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

/* ---- lines ---- */

void
alias_unquote(struct buf *b, struct span s)
{
	for (size_t i = 1; i + 1 < s.n; i++) {
		if (s.p[i] == '\\' && i + 2 < s.n)
			i++;
		buf_char(b, s.p[i]);
	}
}

/* A '#' begins a comment at the start of a line or behind a blank; a quoted one is text. */
struct span
alias_line(struct span line)
{
	size_t i = 0;

	while (i < line.n && (line.p[i] != '#' || (i > 0 && !is_blank(line.p[i - 1])))) {
		size_t quoted = line.p[i] == '"' ? addr_quoted(behind(line, i)) : 0;

		i += quoted > 0 ? quoted : 1;
	}
	if (i < line.n)
		line.n = i;
	while (line.n > 0 && is_blank(line.p[line.n - 1]))
		line.n--;
	return line;
}

struct reading {
	struct aliases         *t;
	size_t                  cap;
	const struct alias_ear *ear;
	struct buf              entry;          /* the lines of one alias, joined */
	unsigned                line;           /* its first line's number; 0: none begun */
};

static void
tell_line(const struct reading *r, unsigned line, const char *what)
{
	struct buf where;

	alias_where(&where, r->t->path, line);
	alias_tell(r->ear, buf_cstr(&where), "%s", what);
	buf_done(&where);
}

void
alias_key(struct buf *b, struct span name)
{
	size_t from = b->n;

	if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		alias_unquote(b, name);
	else
		buf_span(b, name);
	for (size_t i = from; i < b->n; i++)
		if (b->p[i] >= 'A' && b->p[i] <= 'Z')
			b->p[i] = (char)(b->p[i] + ('a' - 'A'));
}

/* The colon behind the name.  text.n: there is none. */
static size_t
find_colon(struct span text)
{
	size_t i = 0;

	if (text.n > 0 && text.p[0] == '"')
		i = addr_quoted(text);
	while (i < text.n && text.p[i] != ':')
		i++;
	return i;
}

/* NULL: the name will do.  By what an address may be: no other name is ever asked for. */
static const char *
check_name(struct span left)
{
	const char  *why = NULL;
	struct addr *a;

	if (left.n == 0)
		return "no name before the colon";
	if ((a = addr_parse(left, &why)) == NULL)
		return why;
	if (left.p[0] == '<')
		why = "a name has no angle brackets";
	else if (!addr_is_bare(a))
		why = "an alias is a local name, without a domain; "
		    "for other addresses there is map { }";
	addr_free(a);
	return why;
}

static void
add_alias(struct reading *r, struct span left, struct span right, struct alias_list *list)
{
	struct aliases *t = r->t;
	struct buf      key;

	if (t->n == r->cap) {
		r->cap = r->cap > 0 ? 2 * r->cap : 32;
		t->alias = xrealloc(t->alias, r->cap * sizeof(*t->alias));
	}
	buf_init(&key, left.n);
	alias_key(&key, left);
	t->alias[t->n++] = (struct alias){
		.name = span_dup(buf_view(&key)), .right = span_dup(right), .line = r->line,
		.target = list->target, .n = list->n,
	};
	buf_done(&key);
}

static void
end_entry(struct reading *r)
{
	struct span       text = buf_view(&r->entry), left, right;
	struct alias_list list = { 0 };
	size_t            colon = find_colon(text);
	const char       *why;
	struct buf        at;
	const char       *where;

	if (r->line == 0)
		return;
	left = span_trim((struct span){ text.p, colon });
	right = colon < text.n ? span_trim(behind(text, colon + 1)) : SPAN("");
	alias_where(&at, r->t->path, r->line);
	where = buf_cstr(&at);
	if (colon == text.n)
		alias_tell(r->ear, where, "no colon; write \"name: target\"");
	else if ((why = check_name(left)) != NULL)
		alias_tell(r->ear, where, "%s", why);
	else {
		alias_list_parse(&list, right, where, r->ear);
		if (list.n == 0)
			alias_tell(r->ear, where, "%.*s: no target", (int)left.n, left.p);
		else
			add_alias(r, left, right, &list);
	}
	buf_done(&at);
	buf_clear(&r->entry);
	r->line = 0;
}

/* A backslash before the line's end, sendmail's other way to go on. */
static bool
takes_backslash(struct span *line)
{
	if (line->n == 0 || line->p[line->n - 1] != '\\')
		return false;
	line->n--;
	return true;
}

/*
 * As Postfix has it: a line that begins with a blank goes on with the last
 * one, and neither comments nor empty lines come between.
 */
static void
take_line(struct reading *r, struct span raw, unsigned number, bool *goes_on)
{
	struct span line = alias_line(raw);
	bool        is_more = *goes_on || (raw.n > 0 && is_blank(raw.p[0]));

	if (span_trim(line).n == 0)
		return;
	*goes_on = takes_backslash(&line);
	if (memchr(line.p, '\0', line.n) != NULL) {
		tell_line(r, number, "a NUL octet: this is no text");
		return;
	}
	if (!is_more) {
		end_entry(r);
		r->line = number;
	} else if (r->line == 0) {
		tell_line(r, number, "begins with a blank, but there is no alias to go on with");
		return;
	}
	if (r->entry.n > 0)
		buf_char(&r->entry, ' ');
	buf_span(&r->entry, span_trim(line));
}

/* ---- the table ---- */

static int
by_name(const void *a, const void *b)
{
	const struct alias *x = a, *y = b;
	int                 r = strcmp(x->name, y->name);

	return r != 0 ? r : (x->line > y->line) - (x->line < y->line);
}

static void
free_alias(struct alias *a)
{
	struct alias_list l = { .target = a->target, .n = a->n };

	alias_list_done(&l);
	free(a->name);
	free(a->right);
}

/* The first of a name stands, as in the tables that newaliases used to write. */
static void
drop_twins(struct reading *r)
{
	struct aliases *t = r->t;
	size_t          kept = 0;
	struct buf      where;

	for (size_t i = 0; i < t->n; i++) {
		struct alias *a = &t->alias[i], *last = kept > 0 ? &t->alias[kept - 1] : NULL;

		if (last != NULL && strcmp(a->name, last->name) == 0) {
			alias_where(&where, t->path, a->line);
			alias_tell(r->ear, buf_cstr(&where), "%s: is there already, in line %u, "
			    "which counts", a->name, last->line);
			buf_done(&where);
			free_alias(a);
			continue;
		}
		t->alias[kept++] = *a;
	}
	t->n = kept;
}

struct aliases *
aliases_parse(struct span text, const char *path, const struct alias_ear *ear)
{
	struct aliases *t = xcalloc(1, sizeof(*t));
	struct reading  r = { .t = t, .ear = ear };
	struct span     line;
	unsigned        number = 0;
	bool            goes_on = false;

	t->path = xstrdup(path);
	buf_init(&r.entry, 2 * text.n + 2);
	while (span_cut(&text, '\n', &line))
		take_line(&r, line, ++number, &goes_on);
	end_entry(&r);
	buf_done(&r.entry);
	if (t->n > 0)
		qsort(t->alias, t->n, sizeof(*t->alias), by_name);
	drop_twins(&r);
	for (size_t i = 0; i < t->n; i++) {
		size_t n = strlen(t->alias[i].right);

		t->bytes += n;
		t->longest = n > t->longest ? n : t->longest;
	}
	return t;
}

int
aliases_read(const char *path, const struct alias_ear *ear, struct aliases **ret)
{
	struct stat st;
	struct buf  text;
	int         e;

	buf_init(&text, ALIAS_FILE_MAX);
	e = fs_slurp_path(path, ALIAS_FILE_MAX, &st, &text);
	if (e == 0 && (st.st_mode & S_IWOTH) != 0)
		e = -EPERM;
	if (e == 0)
		*ret = aliases_parse(buf_view(&text), path, ear);
	buf_done(&text);
	return e;
}

struct aliases *
aliases_unknown(const char *path, const char *why)
{
	struct aliases *t = xcalloc(1, sizeof(*t));

	t->path = xstrdup(path);
	t->trouble = xstrdup(why);
	return t;
}

void
aliases_free(struct aliases *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++)
		free_alias(&t->alias[i]);
	free(t->alias);
	free(t->path);
	free(t->trouble);
	free(t);
}
