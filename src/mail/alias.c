/*
 * alias.c - names looked up and followed to their ends.  Each alias and each
 * included file is gone through once an expansion: the result is a set, so a
 * second time could add nothing, and the work is bounded by the files' sizes
 * however they refer to each other.
 */
#include "mail/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"

#define INCLUDES_MAX 1000       /* files of one expansion */

/* ---- look up ---- */

static int
name_against(const void *key, const void *element)
{
	return strcmp(key, ((const struct alias *)element)->name);
}

static const struct alias *
find(const struct aliases *t, const char *name)
{
	return t == NULL || t->n == 0 ? NULL :
	    bsearch(name, t->alias, t->n, sizeof(*t->alias), name_against);
}

/* Leaves in *key the name that was found: with its tag, or without. */
static const struct alias *
find_tagged(const struct aliases *t, struct buf *key)
{
	const struct alias *a = find(t, buf_cstr(key));
	const char         *plus = key->n > 1 ? memchr(key->p + 1, '+', key->n - 1) : NULL;

	if (a != NULL || plus == NULL)
		return a;
	buf_cut(key, (size_t)(plus - key->p));
	return find(t, buf_cstr(key));
}

const struct alias *
aliases_find(const struct aliases *t, struct span local)
{
	const struct alias *a;
	struct buf          key;

	buf_init(&key, local.n + 1);
	alias_key(&key, local);
	a = find_tagged(t, &key);
	buf_done(&key);
	return a;
}

const struct alias *
aliases_owner(const struct aliases *t, const struct alias *list)
{
	const struct alias *owner;
	struct buf          name;

	if (strncmp(list->name, "owner-", 6) == 0)
		return NULL;
	buf_init(&name, strlen(list->name) + 8);
	buf_printf(&name, "owner-%s", list->name);
	owner = find(t, buf_cstr(&name));
	buf_done(&name);
	return owner;
}

/* ---- expand ---- */

/* The aliases and files that led here, the newest first. */
struct chain {
	const struct alias *alias;      /* NULL: an included file */
	const char         *path;
	const struct chain *up;
	const struct alias *owner;      /* of what they lead to */
	unsigned            depth;
};

struct expansion {
	const struct aliases   *t;
	const struct alias_ops *ops;
	const struct alias_ear *ear;
	bool                   *seen;           /* one an alias */
	char                  **included;
	size_t                  nincluded;
	size_t                  nends;
};

static int expand_target(struct expansion *x, const struct chain *c,
    const struct alias_target *target, const char *where);

static void
step(struct expansion *x, const char *where, const char *fmt, const char *a, const char *b)
{
	struct buf text;

	if (x->ops->step == NULL)
		return;
	buf_init(&text, 2048);
	buf_printf(&text, fmt, a, b);
	x->ops->step(x->ops->arg, where, buf_cstr(&text));
	buf_done(&text);
}

static int
end(struct expansion *x, const struct chain *c, enum alias_kind kind, const struct addr *a,
    const char *text, const char *where)
{
	struct alias_end e = {
		.kind = kind, .addr = a, .text = text, .where = where, .owner = c != NULL ? c->owner : NULL,
	};

	if (x->nends++ == ALIAS_ENDS) {
		alias_tell(x->ear, where != NULL ? where : "", "expands to more than %d addresses",
		    ALIAS_ENDS);
		return -E2BIG;
	}
	x->ops->end(x->ops->arg, &e);
	return 0;
}

static bool
is_in_chain(const struct chain *c, const struct alias *a)
{
	for (; c != NULL; c = c->up)
		if (c->alias == a)
			return true;
	return false;
}

/* "a -> b -> a", oldest first. */
static void
put_chain(struct buf *b, const struct chain *c, const struct alias *until)
{
	if (c->alias != until && c->up != NULL)
		put_chain(b, c->up, until);
	buf_printf(b, "%.100s -> ", c->alias != NULL ? c->alias->name : c->path);
}

static void
tell_loop(struct expansion *x, const struct chain *c, const struct alias *a, const char *where)
{
	struct buf b;

	buf_init(&b, 8192);
	put_chain(&b, c, a);
	alias_tell(x->ear, where, "a loop: %s%s; mail for %s stays a local user's", buf_cstr(&b),
	    a->name, a->name);
	buf_done(&b);
}

static int
expand_alias(struct expansion *x, const struct chain *up, const struct alias *a)
{
	struct chain c = { .alias = a, .up = up, .depth = up != NULL ? up->depth + 1 : 1 };
	struct buf   where;
	int          r = 0;

	c.owner = aliases_owner(x->t, a);
	if (c.owner == NULL && up != NULL && strncmp(a->name, "owner-", 6) != 0)
		c.owner = up->owner;
	alias_where(&where, x->t->path, a->line);
	x->seen[a - x->t->alias] = true;
	step(x, buf_cstr(&where), "%s is an alias: %.1000s", a->name, a->right);
	for (size_t i = 0; r == 0 && i < a->n; i++)
		r = expand_target(x, &c, &a->target[i], buf_cstr(&where));
	buf_done(&where);
	return r;
}

static bool
is_root_by_default(const char *name)
{
	return strcmp(name, "postmaster") == 0 || strcmp(name, "mailer-daemon") == 0;
}

/* where: of the alias that named it; NULL: the address asked for. */
static int
expand_local(struct expansion *x, const struct chain *c, const struct addr *a, const char *where)
{
	const struct alias *to;
	struct addr        *root;
	struct buf          key;
	bool                by_default;
	int                 r;

	buf_init(&key, a->n + 1);
	alias_key(&key, addr_local(a));
	to = find_tagged(x->t, &key);
	by_default = to == NULL && is_root_by_default(buf_cstr(&key));
	buf_done(&key);
	if (by_default) {
		root = addr_parse(SPAN("root"), NULL);
		step(x, NULL, "%s is %s, unless an alias says otherwise", a->text, root->text);
		r = expand_local(x, c, root, where);
		addr_free(root);
		return r;
	}
	if (to == NULL)
		return end(x, c, ALIAS_FINAL, a, NULL, where);
	if (is_in_chain(c, to)) {
		if (c->alias != to)
			tell_loop(x, c, to, where);
		return end(x, c, ALIAS_FINAL, a, NULL, where);
	}
	if (x->seen[to - x->t->alias])
		return 0;
	if (c != NULL && c->depth >= ALIAS_DEPTH) {
		alias_tell(x->ear, where, "%s: more than %d aliases inside each other; "
		    "it stays a local user's", to->name, ALIAS_DEPTH);
		return end(x, c, ALIAS_FINAL, a, NULL, where);
	}
	return expand_alias(x, c, to);
}

/* ---- included files ---- */

/*
 * Whoever may write the file says where the mail goes, so that must be its
 * owner or root alone.  And everybody must be able to read it: its owner may
 * have put a link there to what only the daemon can read, a password say,
 * and would find its words in an address.
 */
static const char *
check_include(const struct stat *st)
{
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return "others than its owner can write it; chmod go-w";
	if ((st->st_mode & S_IROTH) == 0)
		return "not everybody can read it; chmod o+r";
	return NULL;
}

static int
expand_include_text(struct expansion *x, const struct chain *c, struct span text)
{
	struct span line;
	unsigned    number = 0;
	int         r = 0;

	while (r == 0 && span_cut(&text, '\n', &line)) {
		struct alias_list l = { 0 };
		struct buf        where;

		alias_where(&where, c->path, ++number);
		alias_list_parse(&l, alias_line(line), buf_cstr(&where), x->ear);
		for (size_t i = 0; r == 0 && i < l.n; i++)
			r = expand_target(x, c, &l.target[i], buf_cstr(&where));
		alias_list_done(&l);
		buf_done(&where);
	}
	return r;
}

static bool
was_included(struct expansion *x, const char *path)
{
	for (size_t i = 0; i < x->nincluded; i++)
		if (strcmp(x->included[i], path) == 0)
			return true;
	x->included = xrealloc(x->included, (x->nincluded + 1) * sizeof(*x->included));
	x->included[x->nincluded++] = xstrdup(path);
	return false;
}

static int
cannot_include(struct expansion *x, const char *where, const char *path, const char *why, int e)
{
	alias_tell(x->ear, where, "%.1000s: %s", path, why);
	return e;
}

static int
expand_include(struct expansion *x, const struct chain *up, const char *path, const char *where)
{
	struct chain c = { .path = path, .up = up, .owner = up->owner, .depth = up->depth + 1 };
	struct stat  st;
	struct buf   text;
	const char  *why;
	int          r;

	if (was_included(x, path))
		return 0;
	if (c.depth > ALIAS_DEPTH || x->nincluded > INCLUDES_MAX)
		return cannot_include(x, where, path, "too many files inside each other", -ELOOP);
	buf_init(&text, ALIAS_INCLUDE_MAX);
	r = fs_slurp_path(path, ALIAS_INCLUDE_MAX, &st, &text);
	if (r == -EFBIG)
		cannot_include(x, where, path, "longer than 1 MiB", 0);
	else if (r < 0)
		cannot_include(x, where, path,
		    r == -EINVAL ? "not a regular file" : strerror(-r), 0);
	else if ((why = check_include(&st)) != NULL)
		r = cannot_include(x, where, path, why, -EPERM);
	else {
		step(x, where, "included: %s%s", path, "");
		r = expand_include_text(x, &c, buf_view(&text));
	}
	buf_done(&text);
	return r;
}

static int
expand_target(struct expansion *x, const struct chain *c, const struct alias_target *target,
    const char *where)
{
	switch (target->kind) {
	case ALIAS_ADDRESS:
		if (x->ops->is_local(x->ops->arg, target->addr))
			return expand_local(x, c, target->addr, where);
		break;
	case ALIAS_INCLUDE:
		return expand_include(x, c, target->text, where);
	default:
		break;
	}
	return end(x, c, target->kind, target->addr, target->text, where);
}

int
alias_expand(const struct aliases *t, const struct addr *a, const struct alias_ops *ops,
    const struct alias_ear *ear)
{
	struct expansion x = { .t = t, .ops = ops, .ear = ear };
	int              r;

	if (t != NULL && t->trouble != NULL) {
		alias_tell(ear, t->path, "%s", t->trouble);
		return -EIO;
	}
	x.seen = xcalloc(t != NULL && t->n > 0 ? t->n : 1, sizeof(*x.seen));
	r = expand_local(&x, NULL, a, NULL);
	for (size_t i = 0; i < x.nincluded; i++)
		free(x.included[i]);
	free(x.included);
	free(x.seen);
	return r;
}
