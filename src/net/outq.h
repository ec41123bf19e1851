/*
 * outq.h - bytes on their way out: appended at the end, taken at the front.
 * Knows memory; knows no sockets.
 */
#ifndef NET_OUTQ_H
#define NET_OUTQ_H

#include "base/buf.h"

struct outq {
	struct buf bytes;
	size_t     sent;                /* at the front of bytes, gone already */
};

void        outq_init(struct outq *q, size_t max_bytes);
void        outq_done(struct outq *q);
void        outq_clear(struct outq *q);
struct span outq_left(const struct outq *q);    /* not sent yet; valid until the next call */
void        outq_took(struct outq *q, size_t n);
void        outq_wipe(struct outq *q);          /* overwrite what was sent and is still in memory */

#endif
