/*
 * alias.h - /etc/aliases, read as sendmail and Postfix read it, and names
 * expanded by it.  Reading and expanding are apart: a file is read once, its
 * :include: files when they are needed.
 *
 *   name: target, "quoted target", ...
 *       target on a continuation line           # a comment
 *   "left side": \user, user@elsewhere, :include:/path, |command, /file
 *
 * Nothing is ever run or written here: a command, a file and a target that
 * does not parse are ends of the expansion like an address, for the caller
 * to put somewhere.  Knows names; knows not which domains are this host's.
 */
#ifndef MAIL_ALIAS_H
#define MAIL_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "mail/addr.h"

#define ALIAS_FILE_MAX    (4u << 20)    /* bytes of the file */
#define ALIAS_INCLUDE_MAX (1u << 20)    /* bytes of an included one */
#define ALIAS_DEPTH       32            /* aliases and includes inside each other */
#define ALIAS_ENDS        10000         /* of one expansion: what an envelope holds */

enum alias_kind {
	ALIAS_ADDRESS,          /* as a target: any address; as an end: one elsewhere */
	ALIAS_FINAL,            /* \user; as an end: any local name that goes no further */
	ALIAS_INCLUDE,          /* :include:/path; never an end */
	ALIAS_COMMAND,          /* |command */
	ALIAS_FILE,             /* /path */
	ALIAS_NOTHING,          /* /dev/null: the admin's word for "throw it away" */
	ALIAS_BAD,              /* does not parse */
};

struct alias_target {
	enum alias_kind kind;
	struct addr    *addr;   /* ALIAS_ADDRESS, ALIAS_FINAL; else NULL */
	char           *text;   /* otherwise: the command, the path, what was written */
};

struct alias {
	char                *name;      /* lower case, quotes taken off */
	char                *right;     /* the right side as written, on one line */
	unsigned             line;
	struct alias_target *target;    /* at least one */
	size_t               n;
};

struct aliases {
	char         *path;
	char         *trouble;          /* not NULL: nobody can be looked up, and this is why */
	struct alias *alias;            /* by name; no name twice: the first stands */
	size_t        n;
	size_t        bytes, longest;   /* of all right sides, of the longest one */
};

/* Is told of everything wrong: where is "FILE:LINE" or "FILE".  NULL in its place: nobody is. */
struct alias_ear {
	void (*wrong)(void *arg, const char *where, const char *what);
	void  *arg;
};

/*
 * The table of a text.  What is wrong with it is told and left out, but for
 * targets: those become ALIAS_BAD, so that mail for them goes somewhere.
 */
struct aliases *aliases_parse(struct span text, const char *path, const struct alias_ear *ear);

/*
 * The same of a file.  0; -ENOENT: there is none; -EACCES: it is there but
 * cannot be read; -EPERM: every user could write it; -EFBIG, -EINVAL (not a
 * regular file); other -errno.
 */
int             aliases_read(const char *path, const struct alias_ear *ear, struct aliases **ret);

/* A table that is there but cannot be read now: every name of it waits. */
struct aliases *aliases_unknown(const char *path, const char *why);
void            aliases_free(struct aliases *t);        /* NULL is fine */

/*
 * The alias of a local part, as it may be quoted: without regard to case;
 * user+tag when it is there, else user.  NULL: none.
 */
const struct alias *aliases_find(const struct aliases *t, struct span local);

/* The alias owner-NAME of an alias: who runs that list.  NULL: none; an owner has none himself. */
const struct alias *aliases_owner(const struct aliases *t, const struct alias *list);

/* ---- expanding ---- */

struct alias_end {
	enum alias_kind     kind;
	const struct addr  *addr;       /* ALIAS_ADDRESS, ALIAS_FINAL */
	const char         *text;       /* the others */
	const char         *where;      /* "FILE:LINE" of the alias it stands in; NULL: in none */
	const struct alias *owner;      /* owner-NAME of the innermost list it is of that has one; or NULL */
};

struct alias_ops {
	bool (*is_local)(void *arg, const struct addr *a);      /* is its local part looked up? */
	void (*end)(void *arg, const struct alias_end *e);
	void (*step)(void *arg, const char *where, const char *what);   /* for people; or NULL */
	void  *arg;
};

/*
 * Follow a local address to its ends.  t NULL is an empty table.  An alias
 * that comes back to itself stays a local name there; one that does so over
 * others is told as a loop as well.  postmaster and mailer-daemon are root
 * unless the table knows them.  0; negative: an included file cannot be used
 * or there are too many ends; the ear has the reason, and it may pass.
 */
int alias_expand(const struct aliases *t, const struct addr *a, const struct alias_ops *ops,
        const struct alias_ear *ear);

/* ---- what reading and expanding share ---- */

struct alias_list {
	struct alias_target *target;
	size_t               n, cap;
};

/* The targets in a right side, or in a line of an included file. */
void        alias_list_parse(struct alias_list *l, struct span text, const char *where,
                const struct alias_ear *ear);
void        alias_list_done(struct alias_list *l);

struct span alias_line(struct span line);               /* without its comment, trimmed behind */
void        alias_key(struct buf *b, struct span name); /* as the table is ordered by */
void        alias_unquote(struct buf *b, struct span s);/* its inside */
void        alias_where(struct buf *b, const char *path, unsigned line);        /* init'ed here */
void        alias_tell(const struct alias_ear *ear, const char *where, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
