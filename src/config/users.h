/*
 * users.h - a listener's users file: lines of NAME:{SCRAM-SHA-256}…, comments
 * with '#'.  What stands there is as good as hashes are, so others must not
 * read it.
 */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "smtp/scram.h"

#define USERS_MAX_BYTES (4u << 20)
#define USERS_NAME_MAX  255

struct users;

/* NULL: one line in *why, "FILE:LINE: what is wrong; what would be right". */
struct users *users_read(const char *path, struct buf *why);
void          users_free(struct users *u);              /* NULL is fine */
size_t        users_count(const struct users *u);

/* NULL: nobody of that name.  Valid until users_free(). */
const struct scram_keys *users_find(const struct users *u, struct span name);

/* No ':', no blank, no control: a name that a line can begin with, and a log line hold. */
bool users_name_ok(struct span name);

#endif
