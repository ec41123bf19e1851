/*
 * single.h - the fields that a message may have one of (RFC 5322 §3.6).
 * Programs send two, and large services refuse such a message.  Knows the
 * submitted block; what leaves is compose's to say.
 */
#ifndef RELAY_SINGLE_H
#define RELAY_SINGLE_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * The block with one of each: several To, Cc or Reply-To become one list; of
 * the others the first is the message's, as it is for most readers, and a
 * further one that says something else stays as X-Duplicate-NAME.  from: From
 * is one of them; else somebody else takes care of it.  A sealed message
 * (DKIM, ARC) is left as it is: its seal would break.
 *
 * Returns `fields` itself when nothing is to be done, else a view of *own,
 * which the caller has given its maximum and frees.
 */
struct span single_fields(struct span fields, bool from, struct buf *own);

#endif
