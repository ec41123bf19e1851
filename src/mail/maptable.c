#include "mail/maptable.h"

#include <stdlib.h>
#include <string.h>

#include "mail/alias.h"
#include "mail/pattern.h"

#define NAME_MAX_OCTETS 320     /* a local part, '@', a domain, each at its limit */

struct map_list {
	struct map_line *line;
	size_t           n, cap;
};

struct maptable {
	struct map_list exact;          /* by pattern, when all is read */
	struct map_list starred;        /* as in the file */
};

struct parsing {
	struct maptable  *t;
	const char       *path;
	enum maptable_key key;
	maptable_plain    plain;        /* or NULL */
	unsigned          line;
	struct buf       *why;
};

/* ---- the table ---- */

/* Takes the two texts. */
static void
add(struct map_list *l, char *pattern, char *to, unsigned line)
{
	struct map_line *m;

	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 16;
		l->line = xrealloc(l->line, l->cap * sizeof(*l->line));
	}
	m = &l->line[l->n++];
	*m = (struct map_line){ pattern, to, line };
	for (char *p = m->pattern; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
}

static void
list_done(struct map_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->line[i].pattern);
		free(l->line[i].to);
	}
	free(l->line);
}

void
maptable_free(struct maptable *t)
{
	if (t == NULL)
		return;
	list_done(&t->exact);
	list_done(&t->starred);
	free(t);
}

size_t
maptable_count(const struct maptable *t)
{
	return t->exact.n + t->starred.n;
}

/* ---- reading ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool
wrong(struct parsing *p, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static bool
wrong(struct parsing *p, unsigned line, const char *fmt, ...)
{
	va_list ap;

	buf_printf(p->why, "%s:%u: ", p->path, line);
	va_start(ap, fmt);
	buf_vprintf(p->why, fmt, ap);
	va_end(ap);
	return false;
}

/* The word at the front of *rest, quoted blanks and all, and what is behind it without its blanks. */
static struct span
take_word(struct span *rest)
{
	struct span word = *rest;
	size_t      i = 0;

	while (i < rest->n && !is_blank(rest->p[i])) {
		struct span here = { rest->p + i, rest->n - i };
		size_t      quoted = rest->p[i] == '"' ? addr_quoted(here) : 0;

		i += quoted > 0 ? quoted : 1;
	}
	word.n = i;
	*rest = span_trim((struct span){ rest->p + i, rest->n - i });
	return word;
}

bool
maptable_is_user(struct span s, const char **ret_why)
{
	struct addr *a = NULL;

	if (s.n > 0 && s.p[0] != '"' && memchr(s.p, '@', s.n) == NULL)
		a = addr_of_user(s, ret_why);
	addr_free(a);
	return a != NULL;
}

static bool
check_pattern(struct parsing *p, struct span s)
{
	const char *why = NULL;

	if (p->key == MAPTABLE_ADDRESSES) {
		if (pattern_is_valid(s, &why))
			return true;
		return wrong(p, p->line, "\"%.*s\" is no address (%s); write one, perhaps with stars: "
		    "*@old.example.com", (int)(s.n < 80 ? s.n : 80), s.p, why);
	}
	if (maptable_is_user(s, NULL))
		return true;
	return wrong(p, p->line, "\"%.*s\" is no login name; write one such as www-data",
	    (int)(s.n < 80 ? s.n : 80), s.p);
}

static bool
make_plain(struct parsing *p, struct span s, char **ret)
{
	const char *why = NULL;

	*ret = p->plain != NULL ? p->plain(s, &why) : span_dup(s);
	if (*ret != NULL)
		return true;
	return wrong(p, p->line, "\"%.*s\" is no address (%s); write one that there is",
	    (int)(s.n < 80 ? s.n : 80), s.p, why);
}

static bool
take_line(struct parsing *p, struct span line)
{
	struct span rest = span_trim(alias_line(line)), pattern, to;
	const char *why = NULL;
	char       *plain_pattern = NULL, *plain_to = NULL;
	bool        starred;

	if (rest.n == 0)
		return true;
	pattern = take_word(&rest);
	to = take_word(&rest);
	if (to.n == 0 || rest.n > 0)
		return wrong(p, p->line, "%s; write a pattern, a blank and an address",
		    to.n == 0 ? "one word alone" : "more than two words");
	if (!check_pattern(p, pattern))
		return false;
	if (!pattern_is_replacement(to, &why))
		return wrong(p, p->line, "\"%.*s\" is no address (%s); write one, or *@ and a domain",
		    (int)(to.n < 80 ? to.n : 80), to.p, why);
	if (!make_plain(p, pattern, &plain_pattern) || !make_plain(p, to, &plain_to)) {
		free(plain_pattern);
		return false;
	}
	starred = memchr(pattern.p, '*', pattern.n) != NULL;
	add(starred ? &p->t->starred : &p->t->exact, plain_pattern, plain_to, p->line);
	if (p->t->starred.n > MAPTABLE_MAX_STARS)
		return wrong(p, p->line, "more than %d lines with stars; each of them is tried for each "
		    "address, so write some without", MAPTABLE_MAX_STARS);
	return true;
}

static int
by_pattern(const void *a, const void *b)
{
	const struct map_line *x = a, *y = b;
	int                    r = strcmp(x->pattern, y->pattern);

	return r != 0 ? r : (x->line > y->line) - (x->line < y->line);
}

static bool
put_in_order(struct parsing *p)
{
	struct map_list *l = &p->t->exact;

	if (l->n > 0)
		qsort(l->line, l->n, sizeof(*l->line), by_pattern);
	for (size_t i = 1; i < l->n; i++)
		if (strcmp(l->line[i - 1].pattern, l->line[i].pattern) == 0)
			return wrong(p, l->line[i].line, "%.100s stands in line %u already; keep one of them",
			    l->line[i].pattern, l->line[i - 1].line);
	return true;
}

struct maptable *
maptable_parse(struct span text, const char *path, enum maptable_key key, maptable_plain plain,
    struct buf *why)
{
	struct parsing p = {
		.t = xcalloc(1, sizeof(*p.t)), .path = path, .key = key, .plain = plain,
		.why = why,
	};
	struct span    line;
	bool           ok = true;

	while (ok && span_cut(&text, '\n', &line)) {
		p.line++;
		ok = take_line(&p, line);
	}
	if (ok && put_in_order(&p))
		return p.t;
	maptable_free(p.t);
	return NULL;
}

/* ---- look up ---- */

static int
key_against(const void *key, const void *element)
{
	return strcmp(key, ((const struct map_line *)element)->pattern);
}

static const struct map_line *
look_up(const struct map_list *l, const struct buf *key)
{
	struct span    s = buf_view(key);
	struct map_line *found;
	char            *lower;

	if (l->n == 0 || key->over)
		return NULL;
	lower = span_dup(s);
	for (char *p = lower; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	found = bsearch(lower, l->line, l->n, sizeof(*l->line), key_against);
	free(lower);
	return found;
}

const struct map_line *
maptable_find(const struct maptable *t, const struct addr *a, bool local, struct span domain)
{
	const struct map_line *found;
	struct buf             key;

	if (addr_is_null(a))
		return NULL;
	buf_init(&key, NAME_MAX_OCTETS);
	buf_span(&key, addr_local(a));
	buf_char(&key, '@');
	buf_span(&key, addr_is_bare(a) ? domain : addr_domain(a));
	found = look_up(&t->exact, &key);
	if (found == NULL && local) {
		buf_cut(&key, addr_local(a).n);
		found = look_up(&t->exact, &key);
	}
	buf_done(&key);
	for (size_t i = 0; found == NULL && i < t->starred.n; i++)
		if (pattern_fits(span_of(t->starred.line[i].pattern), a, local, domain))
			found = &t->starred.line[i];
	return found;
}

const struct map_line *
maptable_find_user(const struct maptable *t, const char *user)
{
	const struct map_line *found;
	struct buf             key;

	buf_init(&key, NAME_MAX_OCTETS);
	buf_str(&key, user);
	found = look_up(&t->exact, &key);
	buf_done(&key);
	for (size_t i = 0; found == NULL && i < t->starred.n; i++)
		if (pattern_fits_text(span_of(t->starred.line[i].pattern), span_of(user)))
			found = &t->starred.line[i];
	return found;
}
