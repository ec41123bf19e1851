/*
 * addr.h - an address.  One that exists is safe to put on one line and is
 * within RFC 5321 §4.5.3.1's limits; there is no other way to make one, so
 * nobody checks again.  Knows syntax; knows nothing about who is local.
 */
#ifndef MAIL_ADDR_H
#define MAIL_ADDR_H

#include <stdbool.h>

#include "base/buf.h"

/* Immutable; owned by whoever called the maker. */
struct addr {
	unsigned short n;       /* bytes of text */
	unsigned short local_n; /* bytes before the '@'; n when bare; 0 for the null path */
	bool           utf8;    /* has bytes above 127: needs SMTPUTF8 (unless only the domain, IDNA) */
	char           text[];  /* NUL-terminated */
};

/*
 * An addr-spec (RFC 5321 §4.1.2): dot-string or quoted local part, domain
 * or address literal; or a bare local part, as users type it; angle
 * brackets around it are taken off.  Local part ≤ 64, whole ≤ 254 octets.
 * No controls, no CR LF NUL, no blank outside quotes; UTF-8 well-formed.
 * NULL on error, with *ret_why (may be NULL) a constant text such as
 * "local part is longer than 64 octets".  "" and "<>" are an error here:
 * the null path has its own maker.
 */
struct addr *addr_parse(struct span s, const char **ret_why);

/*
 * The bare address of a login name, quoted when it has to be (CORP\alice).
 * NULL and *ret_why: longer than 64 octets then, or control characters.
 */
struct addr *addr_of_user(struct span name, const char **ret_why);

struct addr *addr_null(void);                           /* the null reverse path <> */
struct addr *addr_dup(const struct addr *a);
void         addr_free(struct addr *a);                 /* NULL is fine */

bool         addr_is_null(const struct addr *a);
bool         addr_is_bare(const struct addr *a);        /* no domain */
struct span  addr_local(const struct addr *a);
struct span  addr_domain(const struct addr *a);         /* empty when bare */

/* a with @domain added if it is bare, else a copy.  NULL: would be too long. */
struct addr *addr_qualify(const struct addr *a, struct span domain);

/* Octets of the quoted string at the start of s (RFC 5321 §4.1.2), quotes included; 0: it is not closed. */
size_t       addr_quoted(struct span s);

/* Same mailbox: local part exactly, domain without regard to case. */
bool         addr_eq(const struct addr *a, const struct addr *b);

#endif
