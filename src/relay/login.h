/*
 * login.h - from a host name to a connection that takes mail: dial, TLS,
 * greeting, EHLO, STARTTLS, AUTH.  Lock step throughout; what fails here is
 * always the relay's trouble, never a message's.  Knows no messages.
 */
#ifndef RELAY_LOGIN_H
#define RELAY_LOGIN_H

#include <stdbool.h>

#include "config/config.h"
#include "smtp/ehlo.h"
#include "smtp/status.h"

struct conn;
struct event_base;
struct login;
struct tls;
struct trace;

struct login_params {
	struct event_base       *base;
	const struct relay_conf *relay;         /* outlives the login, as do all of these */
	const char              *helo;
	struct tls              *tls;           /* NULL with TLS_NONE */
	struct span              secret;        /* copied, wiped when AUTH is over */
	const struct trace      *trace;         /* NULL: nobody listens */
	/* From the loop, one of them, once. */
	void (*up)(void *arg);                  /* login_take() */
	void (*failed)(void *arg, const struct status *why);
	void                    *arg;
};

struct login *login_start(const struct login_params *p);
struct conn  *login_take(struct login *l, struct ehlo *ret);    /* the connection, now the caller's to free */
const char   *login_peer(const struct login *l);                /* "host[192.0.2.1]:465", or without address before */
void          login_stop(struct login *l);                      /* no callback after */
void          login_free(struct login *l);                      /* NULL is fine */

#endif
