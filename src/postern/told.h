/*
 * told.h - what the daemon tells: a line, "kind key=value…", values
 * percent-encoded.  Keys that a reader does not know are passed over: a
 * newer daemon may say more.  Knows no kinds.
 */
#ifndef POSTERN_TOLD_H
#define POSTERN_TOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define TOLD_TEXT_MAX (1u << 20)      /* a value, decoded: no longer than its line */

/* Take the kind off the line; what stays are the fields.  Empty: no kind. */
struct span told_kind(struct span *line);

/* The next field, its value as it stands; false at the end. */
bool        told_next(struct span *fields, struct span *ret_key, struct span *ret_value);

/*
 * The value of key, decoded into *ret, which is cleared first.  False: it is
 * not there or cannot be read, and *ret is empty.
 */
bool        told_text(struct span fields, const char *key, struct buf *ret);
uint64_t    told_number(struct span fields, const char *key);         /* 0 without one */
bool        told_is(struct span fields, const char *key, const char *value);

#endif
