/*
 * repair.h - two fields that large services replace when they are not as
 * they should be: Message-ID, and Date.  Replaced there, a retry would be
 * another message, and a reply would refer to what nobody here ever sent.
 */
#ifndef RELAY_REPAIR_H
#define RELAY_REPAIR_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/header.h"
#include "spool/store.h"

/*
 * Append the field repaired.  False, and nothing is added: it is neither of
 * the two, or all is well with it.  A value that says more than its repaired
 * form follows as X-Original-NAME, as Google keeps what it replaces in
 * X-Google-Original-NAME: no reader takes it for the message's own, which a
 * second field of the name would be, and a search in old logs finds it.
 *
 * Deterministic: from the field, the time of submission and the message's ID.
 */
bool repair_put(struct buf *out, const struct field *f, const struct config *c, const struct message *m);

/* Append the identifier as the message leaves with it, wherever it came from: a report refers to it. */
void repair_put_id(struct buf *b, struct span body, const struct config *c, const struct message *m);

#endif
