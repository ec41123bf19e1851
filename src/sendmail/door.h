/*
 * door.h - the second door: where the spool cannot be written, the daemon's
 * socket takes what the file would have been (spool/wrap.h), and answers when
 * it is on stable storage.  Never waits without an end.
 */
#ifndef SENDMAIL_DOOR_H
#define SENDMAIL_DOOR_H

#include <stdbool.h>

#include "base/buf.h"
#include "spool/envelope.h"
#include "spool/msgid.h"

struct door;

/* May the other door open where the spool said e (-errno)? */
bool door_may_help(int e);

/* place_run()/submit, for messages to people. */
const char *door_path(void);

/* Connect, which takes DOOR_KNOCK_S at most.  0 or -errno. */
#define DOOR_KNOCK_S 3
int  door_open(struct door **ret);

/* 0; -E2BIG: the envelope is beyond its limit.  All that goes wrong besides,
   here and later, door_finish tells. */
int  door_begin(struct door *d, const struct envelope *e);

/* Input, in pieces cut anywhere.  False: the daemon will take no more; go to door_finish. */
bool door_write(struct door *d, struct span bytes);

/* The exit code; 0: ret_id is the message's name, as the daemon says it; else
   one line in *why.  Frees d. */
int  door_finish(struct door *d, char ret_id[static ID_LEN + 1], struct buf *why);

/* Hang up: the daemon throws away what it has.  NULL is fine. */
void door_abort(struct door *d);

#endif
