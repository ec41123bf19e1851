/*
 * ident.h - a message identifier (RFC 5322 §3.6.4), as programs write it.
 * Pure: the same text gives the same identifier, at every attempt.
 */
#ifndef MAIL_IDENT_H
#define MAIL_IDENT_H

#include <stdbool.h>

#include "base/buf.h"

#define IDENT_MAX 900           /* octets: one line of a field holds it (RFC 5322 §2.1.1) */

/* "<dot-atom@dot-atom>", or a literal behind the '@', and nothing else. */
bool ident_is_valid(struct span body);

/*
 * Append a valid one made of what body says: brackets put around it, blanks
 * and dots that lead nowhere taken out, other octets that may not stand there
 * in hex, host behind an '@' where there is none.  False, and nothing is
 * added: there is nothing to make one from, or too much.
 */
bool ident_put_repaired(struct buf *b, struct span body, struct span host);

#endif
