/*
 * client.h - one client of a listener: a connection, the protocol's engine,
 * and the message that is on its way.  A deadline for everything.
 */
#ifndef POSTERND_CLIENT_H
#define POSTERND_CLIENT_H

#include "posternd/guess.h"
#include "posternd/pool.h"
#include "posternd/setting.h"
#include "spool/store.h"

struct event_base;
struct client;

/* What all clients share. */
struct reception {
	struct event_base *base;
	struct store      *store;
	struct pool       *pool;        /* NULL: gone, at the end */
	struct guess       guess;
	struct client     *clients;     /* all, whatever their listener */
	unsigned           nclients;
	bool               leaving;     /* no new message: 421 */
};

#define CLIENT_TLS_MS     (10 * 1000)
#define CLIENT_LAST_MS    (10 * 1000)   /* for its last words to be read */
#define CLIENT_BARREN_MS  (30 * 60 * 1000)      /* without a message, whatever it says meanwhile */
#define CLIENT_MIN_RATE   1000          /* octets a second of content, on the whole */
#define CLIENT_LOGINS     3             /* that fail, in one session */

/*
 * Takes fd.  owner: the listener's, for client_count and client_end_all.
 * ended() comes from the loop or from client_end_all, once; the client is
 * then gone.
 */
void     client_new(struct reception *r, const void *owner, struct setting *s, int fd,
    const struct whence *w, uid_t uid);

/* "421 …" or "554 …" to one that is not let in; closes fd. */
void     client_refuse(const struct setting *s, int fd, int code, const char *dsn, const char *text);

unsigned client_count(const struct reception *r, const void *owner, const struct whence *w);

/* owner NULL: all.  421 to each, but what is being stored is answered first. */
void     client_end_all(struct reception *r, const void *owner);

/* At the end, when the pool is gone: no more words. */
void     client_free_all(struct reception *r);

#endif
