/*
 * sender.h - whose mail it is: the envelope's sender, as far as the user who
 * submitted it may say so.
 */
#ifndef RELAY_SENDER_H
#define RELAY_SENDER_H

#include "config/config.h"
#include "route/route.h"
#include "spool/store.h"

/* The caller's to free; as typed.  Reports go to it; rewritten it goes on the wire. */
struct addr *sender_of(const struct config *c, const struct message *m);

/*
 * What stands for the null sender at a relay that refuses it: the account's
 * address, `from` or `user`.  Null all the same when neither is an address;
 * the server then says itself what it thinks.  The caller's to free.
 */
struct addr *sender_for_null(const struct relay_conf *r);

/*
 * For route.h: the host it was submitted on, and the user, where the kernel
 * or his password vouches for him.  Lent by the message.
 */
struct origin sender_origin(const struct message *m);

#endif
