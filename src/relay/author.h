/*
 * author.h - what stands before the account's address when it takes an
 * author's place: the name he had, and which user and host he is.  In the
 * account's inbox, where all hosts' mail has one address, that tells them
 * apart.  Knows names; knows no messages.
 */
#ifndef RELAY_AUTHOR_H
#define RELAY_AUTHOR_H

#include "base/buf.h"

/*
 * Append a name given as plain text: "Cron Daemon (root on web1)", "root on
 * web1" for no name, the name alone for no user or when it says both itself.
 */
void author_put_name(struct buf *b, struct span plain, struct span user, struct span host);

/* The same for a name as a From has it: a phrase, or a comment, as older mailers write it. */
void author_put_kept(struct buf *b, struct span display, struct span comment, struct span user,
         struct span host);

#endif
