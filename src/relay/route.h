/*
 * route.h - where a recipient goes: aliases and local users to local-mail,
 * bare addresses to the domain.  Pure, but for what it asks of the config.
 */
#ifndef RELAY_ROUTE_H
#define RELAY_ROUTE_H

#include <stdbool.h>

#include "config/config.h"

/* Is this address one of this host's: bare, or its domain is the hostname,
   "localhost", the submitting host's name, or any of their short forms?
   The domain is not: mail to it goes where the world's mail to it goes. */
bool route_is_local(const struct config *c, const char *host, const struct addr *a);

/*
 * The address that goes on the wire, the caller's to free.  Local ones
 * become local-mail, or, without it, user@domain.  host: the envelope's.
 * NULL with *ret_why: cannot be made into an address (too long).
 */
struct addr *route_recipient(const struct config *c, const char *host, const struct addr *a, const char **ret_why);

/*
 * The same for a sender: bare ones get the domain, and so do "localhost" and
 * the short host names.  Null stays null, and what would become too long
 * stays as it is: never NULL.
 */
struct addr *route_sender(const struct config *c, const char *host, const struct addr *a);

#endif
