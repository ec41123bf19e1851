/*
 * view.h - what is in a message, in records (base/record.h), a piece at a
 * time: the daemon answers "show ID" and "body ID" with them, and the admin's
 * command makes them itself while the daemon is down.  Knows neither who asks
 * nor what else the answer has: whose message it is, how it stands with it.
 *
 *   option key=… value=…            of the envelope
 *   journal time=… event=… text=…   a line of it
 *   header text=…                   a line of it; more=1: the next record goes on with it
 *   content text=…                  likewise
 */
#ifndef SPOOL_VIEW_H
#define SPOOL_VIEW_H

#include "spool/store.h"

struct view;

/*
 * Options, journal and header; the message is lent.  A header block that has
 * no end within header_max octets is shown as far as that.
 */
struct view *view_story(struct message *m, size_t header_max);

/* All of its text, as content. */
struct view *view_text(struct message *m);

/* Append the next piece, some ten KiB.  False: that was all. */
bool view_turn(struct view *v, struct buf *out);
void view_free(struct view *v);                 /* NULL is fine */

#endif
