/*
 * journal.h - the lines behind a message: what happened to it.  One line an
 * event, appended, never changed; see store.h.
 *
 *   EPOCH stored [8bit] longest=N [dots]
 *   EPOCH sent|defer|fail rcpt=N [code=NNN] [dsn=N.N.N] [relay=NAME] [text=…]
 *   EPOCH sent-part|fail-part rcpt=N to=ADDRESS [code=NNN] …
 *   EPOCH warn
 *   EPOCH hold by=WORD [user=NAME]
 *   EPOCH release [user=NAME]
 *   EPOCH reopen [user=NAME]            who failed is tried again
 *   EPOCH route relay=NAME [user=NAME]  from here on by this relay alone
 *
 * The parts have words of their own, and not sent with a `to`: a version that
 * knows them not must skip the line and send twice, not think all was sent.
 */
#ifndef SPOOL_JOURNAL_H
#define SPOOL_JOURNAL_H

#include <stdint.h>

#include "spool/store.h"

/*
 * Fold the journal of m, which goes to offset `end` of the file, into
 * m->notes and the other fields.  Events this version does not know are
 * skipped, and so is a last line without an end.  0 or -errno of reading.
 */
int  journal_read(struct message *m, uint64_t end);

#endif
