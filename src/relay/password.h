/*
 * password.h - one relay's password, wherever it comes from: read anew for
 * each login from a file, a credential or the configuration; from a
 * password-command asked for without waiting, one run at a time, and kept in
 * memory for password-ttl.  Knows when another may be to be had after a
 * refusal; knows no connections.
 */
#ifndef RELAY_PASSWORD_H
#define RELAY_PASSWORD_H

#include <stdbool.h>

#include "base/buf.h"
#include "config/config.h"
#include "smtp/status.h"

struct event_base;
struct password;

/* All from the loop. */
struct password_ops {
	void (*came)(void *arg);                                /* one that was asked for */
	void (*failed)(void *arg, const struct status *why);    /* the relay's trouble; lent */
};

/* relay has a user and no oauth, and outlives it. */
struct password *password_new(struct event_base *base, const struct relay_conf *relay,
                              const struct password_ops *ops, void *arg);

/*
 * What a login needs now.  True: appended to *ret.  False: came() or failed()
 * will come.
 */
bool password_ask(struct password *p, struct buf *ret);

/*
 * The server refused it.  True: there may be another (the file was changed
 * since, or it was kept from an earlier run), and it is to be asked for at
 * once.  False: there is none, or this one was already got for a refusal.
 */
bool password_refused(struct password *p);
void password_worked(struct password *p);       /* the server took it */
void password_changed(struct password *p);      /* somebody put another there: no refusal counts any more */

void password_free(struct password *p);         /* ends a run; NULL is fine */

#endif
