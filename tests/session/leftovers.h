/*
 * leftovers.h - what a run must not leave behind.
 */
#ifndef SESSION_LEFTOVERS_H
#define SESSION_LEFTOVERS_H

#include "base/buf.h"

struct event_base;

unsigned leftovers_descriptors(void);           /* how many are open */

/* Let go what frees itself later; a line to *out when events are left then. */
void     leftovers_events(struct event_base *base, struct buf *out);

#endif
