/*
 * client.h - ask the daemon over its control socket: one line goes there,
 * record lines come back, "end" closes them.  Knows lines; knows no records.
 */
#ifndef POSTERN_CLIENT_H
#define POSTERN_CLIENT_H

#include "base/buf.h"

#define CLIENT_LINE_MAX (1u << 20)      /* a record with its last reply, percent-encoded, is some KiB */

/*
 * Ask, and hand each line of the answer (lent) to each().  0 when "end" has
 * come; else one line in *why and
 *   EX_UNAVAILABLE  nobody listens: the daemon is down;
 *   EX_NOPERM       this user may not ask;
 *   EX_TEMPFAIL     it was cut off, or is silent, or says it cannot.
 */
int client_ask(const char *socket_path, const char *command, void (*each)(void *arg, struct span line),
        void *arg, struct buf *why);

#endif
