/*
 * entry.h - a queued message as memory knows it: what readdir and fstat
 * told, and where it stands in line.  Small, because there may be a million.
 */
#ifndef RELAY_ENTRY_H
#define RELAY_ENTRY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "spool/store.h"

struct entry {
	msgid         id;
	struct entry *next;     /* in its user's line */
	uid_t         uid;
	uint32_t      last_s;   /* the last attempt; 0: none yet */
	uint32_t      due_s;    /* in later/: the next one */
	uint32_t      slot;     /* in the heap of what waits */
	uint16_t      again;    /* rounds in a row that a server ended without a verdict */
	bool          known;    /* its arrival was logged */
	uint32_t      seen_s;   /* its ID says it will be submitted later than this; 0: it says no such thing */
	uint64_t      lanes;    /* those this turn has still to try, a bit each; 0: the turn has not begun */
	int64_t       since_ms; /* clock_mono_ms when it became due: what it spends in the queue */
};

struct entry *entry_new(msgid id, uid_t uid);

/*
 * When it arrived: as its ID says, unless that was still to come when we saw
 * it first.  A machine that starts with its clock ahead names messages so,
 * and they would wait for that year to expire.
 */
int64_t entry_arrival_s(const struct entry *e);

/* It is now now_s, and the journal of the message begins at first_s (0: not known). */
void    entry_seen(struct entry *e, int64_t now_s, int64_t first_s);

/* What a place of the spool holds, by arrival.  The entries and the array are
   the reader's to free.  -errno: what could be read is there all the same. */
struct entries {
	struct entry **e;
	size_t         n, cap;
};

int entries_read(struct store *s, enum place p, struct entries *ret);

#endif
