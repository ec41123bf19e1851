/*
 * pauses.h - the relays that an admin has paused, by name, in the spool's
 * file state/paused, so that neither a restart nor a reload forgets them:
 *
 *   NAME UNTIL SINCE BY             seconds; UNTIL 0: until resumed
 *
 * Knows names; knows no relays.
 */
#ifndef RELAY_PAUSES_H
#define RELAY_PAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define PAUSES_MAX 128          /* more relays than anybody has */

struct pause {
	char    name[64];
	char    by[64];         /* who did it */
	int64_t until_s, since_s;
};

struct pauses {
	struct pause pause[PAUSES_MAX];
	size_t       n;
};

/* The text of the file.  What is no line of it is passed over; false: there was such a thing. */
bool pauses_parse(struct pauses *p, struct span text);
void pauses_put(const struct pauses *p, struct buf *b);

/* state: the folder.  No file: none is paused.  0 or -errno; -EBADMSG: part of it was no text of ours. */
int  pauses_read(struct pauses *p, int state);
int  pauses_write(const struct pauses *p, int state);           /* atomically and durably */

const struct pause *pauses_find(const struct pauses *p, const char *name);

/* In the place of an earlier one of that name.  -E2BIG: a name too long; -ENOSPC: too many. */
int  pauses_add(struct pauses *p, const char *name, const char *by, int64_t since_s, int64_t until_s);
bool pauses_remove(struct pauses *p, const char *name);

/* The first that ends: its moment, or 0; and take out those that have ended. */
int64_t pauses_next_s(const struct pauses *p);
bool    pauses_take_ended(struct pauses *p, int64_t now_s, struct pause *ret);

#endif
