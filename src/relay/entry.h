/*
 * entry.h - a queued message as memory knows it: what readdir and fstat
 * told, and where it stands in line.  Small, because there may be a million.
 */
#ifndef RELAY_ENTRY_H
#define RELAY_ENTRY_H

#include <sys/types.h>

#include <stdint.h>

#include "spool/store.h"

struct entry {
	msgid         id;
	struct entry *next;     /* in its user's line */
	uid_t         uid;
	uint32_t      last_s;   /* the last attempt; 0: none yet */
	uint32_t      due_s;    /* in later/: the next one */
	uint32_t      slot;     /* in the heap of what waits */
	uint32_t      again;    /* rounds in a row that a server ended without a verdict */
	int64_t       since_ms; /* clock_mono_ms when it became due: what it spends in the queue */
};

#endif
