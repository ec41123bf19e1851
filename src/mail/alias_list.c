/*
 * alias_list.c - a right side taken apart: addresses, commands, files,
 * :include:, \user.  Commas end a target outside of quotes, comments and
 * angle brackets.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/alias.h"
#include "mail/header.h"

static struct span
behind(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

static void
add_target(struct alias_list *l, enum alias_kind kind, struct addr *addr, char *text)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 2;
		l->target = xrealloc(l->target, l->cap * sizeof(*l->target));
	}
	l->target[l->n++] = (struct alias_target){ .kind = kind, .addr = addr, .text = text };
}

void
alias_list_done(struct alias_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		addr_free(l->target[i].addr);
		free(l->target[i].text);
	}
	free(l->target);
	*l = (struct alias_list){ 0 };
}

/* What is being parsed, for the walk over mailboxes. */
struct parsing {
	struct alias_list      *list;
	struct span             item;
	const char             *where;
	const struct alias_ear *ear;
	bool                    any;
};

static void
add_bad(struct parsing *p, const char *why)
{
	p->any = true;
	add_target(p->list, ALIAS_BAD, NULL, span_dup(p->item));
	alias_tell(p->ear, p->where, "\"%.*s\": %s", p->item.n > 80 ? 80 : (int)p->item.n,
	    p->item.p, why);
}

static int
take_mailbox(void *arg, const struct mailbox *m)
{
	struct parsing *p = arg;

	p->any = true;
	if (m->addr == NULL)
		add_bad(p, m->why);
	else
		add_target(p->list, ALIAS_ADDRESS, addr_dup(m->addr), NULL);
	return 0;
}

/* \user: a backslash before a name with a domain says nothing. */
static void
take_final(struct parsing *p)
{
	const char  *why;
	struct addr *a = addr_parse(span_trim(behind(p->item, 1)), &why);

	if (a == NULL)
		add_bad(p, why);
	else
		add_target(p->list, addr_is_bare(a) ? ALIAS_FINAL : ALIAS_ADDRESS, a, NULL);
}

static void
take_include(struct parsing *p)
{
	struct span path = span_trim(behind(p->item, sizeof(":include:") - 1));

	if (path.n == 0 || path.p[0] != '/' || memchr(path.p, '\0', path.n) != NULL)
		add_bad(p, "an included file needs its full path");
	else
		add_target(p->list, ALIAS_INCLUDE, NULL, span_dup(path));
}

/* "/name" with a domain behind it is an address of the X.400 kind. */
static bool
is_file(struct span item)
{
	return item.p[0] == '/' && memchr(item.p, '@', item.n) == NULL;
}

/* What is no address.  False: it is one, or should be. */
static bool
take_special(struct parsing *p)
{
	struct span item = p->item;

	if (item.p[0] == '|')
		add_target(p->list, ALIAS_COMMAND, NULL, span_dup(item));
	else if (span_istarts(item, SPAN(":include:")))
		take_include(p);
	else if (item.p[0] == ':')
		add_bad(p, "of the words in colons only :include: is known here");
	else if (span_eq(item, SPAN("/dev/null")))
		add_target(p->list, ALIAS_NOTHING, NULL, span_dup(item));
	else if (is_file(item))
		add_target(p->list, ALIAS_FILE, NULL, span_dup(item));
	else
		return false;
	return true;
}

/* "|command with, commas": the quotes are around the target; in "john doe" they belong to it. */
static bool
take_quoted(struct parsing *p)
{
	struct span whole = p->item;
	struct buf  b;
	bool        special = false;

	if (whole.p[0] != '"' || addr_quoted(whole) != whole.n)
		return false;
	buf_init(&b, whole.n);
	alias_unquote(&b, whole);
	if (b.n > 0 && strchr("|/:", b.p[0]) != NULL) {
		p->item = buf_view(&b);
		special = take_special(p);
		p->item = whole;
	}
	buf_done(&b);
	return special;
}

static void
take_item(struct parsing *p)
{
	if (p->item.n == 0 || take_quoted(p) || take_special(p))
		return;
	if (p->item.p[0] == '\\') {
		take_final(p);
		return;
	}
	p->any = false;
	header_mailboxes(p->item, take_mailbox, p);
	if (!p->any && p->item.p[0] != '(')
		add_bad(p, "no address");
}

/*
 * Where the item at the front of s ends: at a comma outside of quotes,
 * comments and angle brackets; but at any comma, if one of those never
 * closes: it must not swallow the items behind it.
 */
static size_t
item_end(struct span s)
{
	const char *comma;
	size_t      depth = 0;
	bool        angle = false;

	for (size_t i = 0; i < s.n; i++) {
		size_t quoted = s.p[i] == '"' && depth == 0 ? addr_quoted(behind(s, i)) : 0;

		if (quoted > 0)
			i += quoted - 1;
		else if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '(')
			depth++;
		else if (s.p[i] == ')' && depth > 0)
			depth--;
		else if (s.p[i] == '<' || s.p[i] == '>')
			angle = s.p[i] == '<';
		else if (s.p[i] == ',' && depth == 0 && !angle)
			return i;
	}
	comma = depth > 0 || angle ? memchr(s.p, ',', s.n) : NULL;
	return comma != NULL ? (size_t)(comma - s.p) : s.n;
}

void
alias_list_parse(struct alias_list *l, struct span text, const char *where,
    const struct alias_ear *ear)
{
	struct parsing p = { .list = l, .where = where, .ear = ear };

	while (text.n > 0) {
		size_t n = item_end(text);

		p.item = span_trim((struct span){ text.p, n });
		take_item(&p);
		text = behind(text, n < text.n ? n + 1 : n);
	}
}

