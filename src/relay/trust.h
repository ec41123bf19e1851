/*
 * trust.h - the TLS side of one relay: the context that its connections are
 * made from, and an eye on the certificate that is ours to renew.
 *
 * The files are read here and at no other time.  A key that others can read
 * is refused as a password is.
 */
#ifndef RELAY_TRUST_H
#define RELAY_TRUST_H

#include "config/config.h"

struct event_base;
struct tls;
struct trust;

/* relay outlives it.  NULL: one line in *why that names the relay, the file and what is wrong. */
struct trust *trust_new(struct event_base *base, const struct relay_conf *relay, struct buf *why);
/* Read the files again; not while a connection is there.  False: why, and all stays as it was. */
bool          trust_renew(struct trust *t, struct buf *why);
void          trust_free(struct trust *t);              /* NULL is fine */

struct tls   *trust_tls(const struct trust *t);         /* NULL with TLS_NONE */

#endif
