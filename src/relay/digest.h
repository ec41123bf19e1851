/*
 * digest.h - what the flood guard holds, in words for root: of whom, how
 * much, from which senders and with which subjects, and the commands that
 * release or delete it.  Pure text.
 *
 * Bounded: a user who is one too many is counted among "others"; of senders
 * and subjects those that come often are kept, and the counts are then said
 * to be about right.
 */
#ifndef RELAY_DIGEST_H
#define RELAY_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct digest;

/* One message that is held. */
struct digest_item {
	const char *who;        /* "alice", "client 192.0.2.7": as people call him */
	const char *user;       /* what `postern queue --user` knows his mail by */
	bool        shared;     /* others' mail goes by that name too: a listener's clients */
	const char *sender;     /* "" : the null sender */
	struct span subject;    /* the field's body as it stands; empty: none */
	int64_t     arrived_s;
};

struct digest *digest_new(void);
void           digest_free(struct digest *d);   /* NULL is fine */
void           digest_add(struct digest *d, const struct digest_item *i);
size_t         digest_count(const struct digest *d);

/* limit: "100 messages in 1h", for people. */
void           digest_put_subject(const struct digest *d, struct buf *b);
void           digest_put_text(struct digest *d, const char *hostname, const char *limit, struct buf *b);

#endif
