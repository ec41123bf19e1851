/*
 * link.h - one connection of a scripted upstream: takes bytes, asks the
 * server what a polite one would say and the script what it has in mind, and
 * does that.  Knows no listener; the connections of an upstream share what
 * stands in struct shared.
 */
#ifndef SESSION_LINK_H
#define SESSION_LINK_H

#include "base/buf.h"

#include "script.h"

#define SCRIPT_MAX_TURNS 24

struct link;

/* The upstream's, for all its connections. */
struct shared {
	struct script_params p;
	unsigned         connections;
	unsigned         moments;
	unsigned         seen[SCRIPT_MAX_TURNS];
	struct link     *links;         /* owned; freed all at once */
	struct accepted *accepted;
	struct buf       breaches;
	struct buf       trace;         /* the commands, a line each */
};

/* A connection was accepted: takes fd, and lives until all are freed. */
void link_new(struct shared *s, int fd);
void link_free_all(struct shared *s);

#endif
