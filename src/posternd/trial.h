/*
 * trial.h - messages that a try makes: in memory, as the spool would have
 * them, so that what leaves is what compose makes of anybody's mail.  No file.
 */
#ifndef POSTERND_TRIAL_H
#define POSTERND_TRIAL_H

#include "config/config.h"
#include "relay/mail.h"

/*
 * A message of root's, submitted here and now.  text: header and body, LF line
 * ends; from: NULL: root.  message_close(NULL, …)'s.
 */
struct message *trial_message(const struct config *c, const struct addr *from, const struct addr *to, struct span text);

/* For one address, composed for r.  NULL: *why says why it cannot be.  mail_free()'s; not the message. */
struct mail *trial_mail(const struct config *c, const struct relay_conf *r, struct message *m, const struct addr *to,
                 struct buf *why);

/* What a test says of itself, as text for trial_message(); number of n. */
void trial_put_test(struct buf *b, const struct config *c, const struct relay_conf *r, const struct addr *to,
                unsigned number, unsigned n);

/* What cron would send to root. */
void trial_put_cron(struct buf *b, const struct config *c);

#endif
