/*
 * sender.h - whose mail it is: the envelope's sender, as far as the user who
 * submitted it may say so.
 */
#ifndef RELAY_SENDER_H
#define RELAY_SENDER_H

#include "config/config.h"
#include "spool/store.h"

/* The caller's to free; bare as typed.  Reports go to it, and it is what goes on the wire, rewritten. */
struct addr *sender_of(const struct config *c, const struct message *m);

#endif
