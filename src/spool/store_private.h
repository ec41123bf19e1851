/*
 * store_private.h - what store.c, message.c, gist.c and people.c share, and nobody
 * else includes.
 */
#ifndef SPOOL_STORE_PRIVATE_H
#define SPOOL_STORE_PRIVATE_H

#include "base/fs.h"
#include "spool/people.h"
#include "spool/store.h"

struct kept;
struct reaper;

struct store {
	int            spool;
	int            dir[NPLACE];
	bool           scanning[NPLACE];
	int            lock;            /* -1: only looking */
	bool           write;
	uid_t          owner;           /* the daemon's user: cur/ is his */
	struct reaper *reaper;          /* NULL: only looking */
	struct people  people;
	struct kept   *kept;            /* gists of what was read; NULL: only looking */
};

/*
 * The daemon writes files too: its reports, and what came through its socket,
 * which belong to it and not to who sent them.  In such a file from-user is
 * the daemon's own word (posternd/submit.c puts the kernel's answer there) and
 * the only one there can be: its user's directories take no file but by the
 * setgid program, which leaves the mode 0660, and by itself, with 0600.
 */
bool store_wrote(const struct store *s, const struct stat *st);

/* The sender of what does not say one; the caller's. */
struct addr *message_sender(struct store *s, uid_t uid);

/* ---- gists (gist.c) ---- */

/* The same as long as nothing was done to the file. */
uint64_t gist_mark(const struct stat *st);
void     gist_keep(struct store *s, const struct message *m, uint64_t mark);

#endif
