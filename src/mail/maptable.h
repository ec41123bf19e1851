/*
 * maptable.h - a file of replacements, a line each:
 *
 *   *@old.example.com   *@example.com       # pattern, and what it becomes
 *   alice               alice.smith@example.com
 *   "b c"@example.com   bc@example.com
 *
 * Patterns and replacements are those of pattern.h; or the left sides are
 * login names.  A line without a star goes before those with one, and one of
 * a whole address before one of a name alone, wherever they stand: there may
 * be a hundred thousand of them, and they are looked up; those with stars are
 * tried in the order of the file.  Knows text; reads no files.
 */
#ifndef MAIL_MAPTABLE_H
#define MAIL_MAPTABLE_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/addr.h"

#define MAPTABLE_MAX_BYTES (4u << 20)
#define MAPTABLE_MAX_STARS 1000         /* lines with one: each is tried for each address */

enum maptable_key { MAPTABLE_ADDRESSES, MAPTABLE_USERS };

struct map_line {
	char    *pattern;       /* lower case */
	char    *to;
	unsigned line;
};

struct maptable;

/*
 * A pattern or replacement in the form that addresses have when they are
 * looked up, to be freed; NULL and *ret_why: there is none.
 */
typedef char *(*maptable_plain)(struct span s, const char **ret_why);

/*
 * The table of a text, whole or not at all: half a table would let mail pass
 * that the missing half should have changed.  NULL: one line in *why,
 * "PATH:LINE: what is wrong; what would be right".
 */
struct maptable *maptable_parse(struct span text, const char *path, enum maptable_key key,
                     maptable_plain plain, struct buf *why);
void             maptable_free(struct maptable *t);     /* NULL is fine */
size_t           maptable_count(const struct maptable *t);

/*
 * The line for an address; local and domain as pattern_fits() takes them.
 * NULL: none.  Lent by the table.
 */
const struct map_line *maptable_find(const struct maptable *t, const struct addr *a, bool local,
                           struct span domain);

/* Can it stand on the left side of a table of login names?  *ret_why may be NULL. */
bool                   maptable_is_user(struct span s, const char **ret_why);

/* The line for a login name. */
const struct map_line *maptable_find_user(const struct maptable *t, const char *user);

#endif
