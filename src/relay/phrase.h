/*
 * phrase.h - a person's name as the display part of an address: atoms, a
 * quoted string, or encoded words (RFC 5322 §3.2.5, RFC 2047 §5).  Knows
 * names; knows no addresses.
 */
#ifndef RELAY_PHRASE_H
#define RELAY_PHRASE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * Append name, whatever its bytes are, in the plainest form that says it.
 * The result is ASCII on one line; a fold may go in at any of its blanks.
 * Controls count as blanks, a run of blanks as one, those at the ends are
 * dropped; a name that is not UTF-8 is taken for ISO 8859-1.  Nothing is appended for no name.
 */
void phrase_put(struct buf *b, struct span name);

/* Can this, as it stands before a '<', be copied before another one? */
bool phrase_is_valid(struct span phrase);

#endif
