/*
 * client.h - ask the daemon over its control socket: one line goes there,
 * and perhaps a list; record lines come back, "end" closes them.  Knows
 * lines; of records only the one that says "error".
 */
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include "base/buf.h"

#define CLIENT_LINE_MAX (1u << 20)      /* a record with its last reply, percent-encoded, is some KiB */

/*
 * Ask, and hand each line of the answer (lent) to each().  list: lines that
 * follow the command, each with its end; the dot behind them is put here.
 * NULL: the command has no list.  0 when "end" has come; else one line in *why and
 *   EX_UNAVAILABLE  nobody listens: the daemon is down;
 *   EX_NOPERM       this user may not ask, or not for this;
 *   EX_DATAERR      the daemon knows no such thing;
 *   EX_USAGE        it cannot make sense of the command's words;
 *   EX_PROTOCOL     it does not know the command: another version;
 *   EX_TEMPFAIL     it was cut off, or is silent, or says it cannot.
 */
int client_ask(const char *socket_path, const char *command, const struct span *list,
        void (*each)(void *arg, struct span line), void *arg, struct buf *why);

/* The same, of this machine's daemon. */
int client_daemon(const char *command, const struct span *list,
        void (*each)(void *arg, struct span line), void *arg, struct buf *why);

/* Words of a command are percent-encoded, as values are. */
void client_put_word(struct buf *command, const char *word);

/* An each() for commands whose only answer is their end. */
void client_nothing(void *arg, struct span line);

#endif
