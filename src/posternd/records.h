/*
 * records.h - the lines that answer an asker: a record's name and its fields
 * (base/record.h).  A record or a key that an asker does not know is passed
 * over by it.  What is in a message is told by spool/view.h.
 *
 *   message id=… size=… time=… state=ready|active|later|hold|dead|bad uid=… user=… sender=…
 *           attempts=… last=… [next=…] [reason=…]
 *   recipient addr=… state=waiting|sent|deferred|failed [time=… code=… dsn=… relay=… text=…]
 *   relay name=… provider=… host=… port=… state=… sessions=… since=… carried=… sent_1m=…
 *           needs_person=0|1 auth=oauth|password|none [token_expires=… grant_expires=… scope=…]
 *           [quota_minute=USED/MAX quota_hour=… quota_day=… quota_recipients_day=… room_at=…]
 *           [verdict=… until=… text=… hint=…]
 */
#ifndef POSTERND_RECORDS_H
#define POSTERND_RECORDS_H

#include "base/record.h"
#include "relay/shown.h"
#include "relay/upstream.h"
#include "spool/gist.h"

void record_relay(struct buf *b, const struct upstream *u);

/* user: the name of its uid. */
void record_message(struct buf *b, const struct shown *s, const struct gist *g, const char *user);

/* What cannot be read: all that the file's status says, and why it cannot. */
void record_unread(struct buf *b, enum shown_state state, const struct stored *st, const char *user, const char *why);
void record_recipient(struct buf *b, const struct gist_rcpt *to);

#endif
