/*
 * route.h - what becomes of an address on its way out: maps, aliases and
 * local users for a recipient; maps, the domain and masquerading for a
 * sender and for the header; and by which lane of relays mail goes.  Pure, but
 * for the files that aliases include.  Knows the configuration; knows no
 * messages, and not which relay is well.
 */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/addrset.h"
#include "mail/alias.h"

/* Where a message comes from: what its addresses mean may depend on it. */
struct origin {
	const char *host;       /* the host it was submitted on; or NULL */
	const char *user;       /* the login name of who submitted it; NULL: not known for sure */
};

/*
 * Is this address one of this host's: bare, or its domain is the hostname,
 * "localhost", the submitting host's name, or any of their short forms?
 * The domain is not: mail to it goes where the world's mail to it goes.
 */
bool route_is_local(const struct config *c, const char *host, const struct addr *a);

/* The same of a sender, unless a map makes it somebody else's address. */
bool route_is_own(const struct config *c, const struct origin *from, const struct addr *a);

/* Is told how a route came about.  Any of them may be NULL. */
struct route_ear {
	void (*step)(void *arg, const char *text);      /* each turn of it, for people */
	void (*notice)(void *arg, const char *text);    /* what an admin should know: a loop, … */
	void  *arg;
};

struct route {
	struct addrset to;      /* on the wire; empty: thrown away, as an alias says */
	const struct addr **owner;      /* of each of them: the sender that mail of its list has; NULL: its own */
	struct addrset owners;  /* those */
	struct buf     why;     /* that, or what is wrong */
};

/*
 * Where a recipient goes, domains in A-labels: then only a local part needs
 * SMTPUTF8 of the server.  aliases may be NULL, and so
 * may ear.  0; -EINVAL: cannot be made into an address; -EAGAIN: an alias
 * cannot be followed now.  route_done() in every case.
 */
int  route_recipient(const struct config *c, const struct aliases *aliases, const struct origin *from,
         const struct addr *a, const struct route_ear *ear, struct route *ret);
void route_done(struct route *r);

/*
 * An address as others may see it: the first map of this use that fits, the
 * domain for bare ones, "localhost" and short host names, masquerading; the
 * domain in A-labels, in the header too: there it keeps a message ASCII that
 * is so but for it, and so takes it to every server (RFC 6532 asks no more of
 * one that is not), and whichever relay tries it sends the same bytes.
 * The null path stays null, and what would become too long stays as it is:
 * never NULL.
 */
struct addr *route_rewrite(const struct config *c, const struct origin *from, const struct addr *a,
                 enum map_use use);

/* route_rewrite() for an envelope's sender. */
struct addr *route_sender(const struct config *c, const struct origin *from, const struct addr *a);

/*
 * May this login name send as `sender`?  Everybody may, unless there are
 * trusted-users: then the others as themselves only, or as nobody.
 */
bool route_may_send(const struct config *c, const char *host, const char *user,
         const struct addr *sender);

/*
 * By which lane (config.h) mail of this user from `sender` to `to` goes: both
 * as they go on the wire, before a relay's own `from`.  The first route that
 * fits; else 0.
 */
size_t route_lane(const struct config *c, const char *host, const char *user, const struct addr *sender,
           const struct addr *to);

#endif
