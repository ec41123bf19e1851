/*
 * own.h - messages that the daemon itself sends: reports to senders, notices
 * to root.  They go through the spool like anybody's, durably, from the null
 * sender, so that none is ever reported about.
 */
#ifndef RELAY_OWN_H
#define RELAY_OWN_H

#include "config/config.h"
#include "spool/store.h"

/* From and Auto-Submitted (RFC 3834 §5: "auto-replied", "auto-generated"); LF line ends. */
void own_put_from(struct buf *b, const struct config *c);
void own_put_auto(struct buf *b, const char *kind);

/*
 * Text, header and all with LF line ends, to these addresses.  0, and ret_id
 * is what it is called; -errno: it is not in the spool.
 */
int own_write(const struct config *c, struct store *s, const struct addr *const to[], size_t n,
              struct span text, char ret_id[static ID_LEN + 1]);

/* To root, by whatever way his mail goes: aliases, local-mail.  subject: printable, one line. */
int own_tell_root(const struct config *c, struct store *s, const char *subject, struct span text,
                  char ret_id[static ID_LEN + 1]);

#endif
