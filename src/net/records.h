/*
 * records.h - the TLSA records of a host's port, by postern-resolve.  The
 * callback comes from the loop, once, unless cancelled.  Nothing is
 * remembered here: a name server that is believed is near, and remembers.
 */
#ifndef NET_RECORDS_H
#define NET_RECORDS_H

#include <stddef.h>

#include "base/tlsa.h"

struct event_base;
struct records;

enum records_kind {
	RECORDS_SECURE,         /* they are what the domain's holder says */
	RECORDS_NONE,           /* none, or none that could be believed: why says which */
	RECORDS_UNKNOWN,        /* not to be had now, which is not the same */
};

struct records_found {
	enum records_kind  kind;
	const struct tlsa *records;     /* lent */
	size_t             n;
	const char        *why;         /* one line, lent */
};

struct records *records_ask(struct event_base *base, const char *host, unsigned port, int limit_ms,
                            void (*done)(void *arg, const struct records_found *f), void *arg);
void            records_cancel(struct records *r);      /* no callback after; NULL is fine */

#endif
