/*
 * pattern.h - addresses with stars in them, and what they are replaced by:
 *
 *   alice@example.com      that address
 *   *@shop.example.com     every address there
 *   *@*.example.com        every address below
 *   www-*@*                by local part
 *   alice                  that user of this host
 *
 * Without regard to case.  In a replacement a local part or domain that is
 * a lone star is the original's.  Knows text; who is of this host is the
 * caller's to say.
 */
#ifndef MAIL_PATTERN_H
#define MAIL_PATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/addr.h"

/* With stars filled in, is it an address?  *ret_why (may be NULL): a constant text. */
bool pattern_is_valid(struct span pattern, const char **ret_why);
bool pattern_is_replacement(struct span text, const char **ret_why);

/*
 * A pattern without '@' fits local parts of addresses of this host (local);
 * one with it fits the address, which has `domain` when it is bare.
 */
bool pattern_fits(struct span pattern, const struct addr *a, bool local, struct span domain);

/* The same stars in other texts: the names of users and relays. */
bool pattern_fits_text(struct span pattern, struct span text);

/* The replacement for a.  NULL: it would be too long, or no address. */
struct addr *pattern_replace(struct span text, const struct addr *a, struct span domain);

#endif
