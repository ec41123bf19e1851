/*
 * advice.h - what to do about our own findings: what a relay's configuration
 * or a network does, no provider's rule can know.  Pure.
 */
#ifndef POSTERND_ADVICE_H
#define POSTERND_ADVICE_H

#include "base/buf.h"
#include "config/config.h"
#include "smtp/status.h"

/*
 * Append one sentence about this end of an attempt, `step` being where it was
 * ("resolve", "connect", "TLS", "banner" …); nothing when there is none to give.
 * A rule's hint is better than this.
 */
void advice_put(struct buf *b, const char *step, const struct status *s, const struct relay_conf *r);

#endif
