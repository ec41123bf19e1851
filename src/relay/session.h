/*
 * session.h - one SMTP conversation with a relay, from connect to QUIT, any
 * number of messages long.  It pulls mails from its owner and gives each
 * back with every recipient settled, exactly once, whatever happens to the
 * connection.  Knows the protocol; knows no queue, no files beyond reading
 * a mail's content.
 *
 * The picture: two cursors on one conversation.
 *
 *   writer  MAIL RCPT RCPT BDAT+content | RSET MAIL RCPT BDAT+content | RSET MAIL …
 *   reader  250  250  550  250          | 250  250 …
 *
 * The writer runs ahead to a synchronisation point (every command without
 * PIPELINING; EHLO, STARTTLS, AUTH and DATA always) and leaves an
 * expectation for each command; the reader pops one for each reply.
 * A transaction that begins before the last one's end is known begins with
 * RSET: were the last one refused, its half-open transaction would otherwise
 * take in the next message's recipients under the wrong sender.
 */
#ifndef RELAY_SESSION_H
#define RELAY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "relay/mail.h"
#include "smtp/status.h"

struct event_base;
struct session;
struct tls;
struct trace;

/* What this relay's server turned out not to do after all; shared by its sessions, until restart. */
struct relay_lacks {
	bool pipelining;
	bool chunking;
};

/* What the owner is asked and told.  All from the loop. */
struct session_ops {
	/* The next mail to carry, or NULL: nothing now (session_kick() asks again). */
	struct mail *(*next)(void *owner, struct session *s);
	/* Every recipient of m has its verdict.  The owner has m again. */
	void (*settled)(void *owner, struct session *s, struct mail *m);
	/* Logged in (or greeted, without AUTH): the relay works. */
	void (*up)(void *owner, struct session *s);
	/* It is over; `why` says for whose sake: VERDICT_SENT (an orderly end), RECONNECT, or the
	   relay's trouble.  All mails were given back before.  The owner calls session_free(). */
	void (*over)(void *owner, struct session *s, const struct status *why);
};

struct session_params {
	struct event_base       *base;
	const struct relay_conf *relay;         /* outlives the session, as do all of these */
	const char              *helo;
	struct tls              *tls;           /* NULL with TLS_NONE */
	struct span              secret;        /* copied, wiped after AUTH */
	const struct trace      *trace;         /* NULL: nobody listens; outlives the session, too */
	struct relay_lacks      *lacks;
	const struct session_ops *ops;
	void                    *owner;
};

struct session *session_new(const struct session_params *p);

void session_kick(struct session *s);           /* there is something to pull */
void session_quit(struct session *s);           /* finish what is in flight, then QUIT */
void session_stop(struct session *s);           /* now: mails in flight are given back, over() comes from the loop */
void session_free(struct session *s);           /* after over(); NULL is fine */

bool        session_is_idle(const struct session *s);   /* logged in, carries nothing */
bool        session_is_up(const struct session *s);
bool        session_was_up(const struct session *s);    /* logged in at some time: over() asks */
const char *session_peer(const struct session *s);      /* "host[192.0.2.1]:465", for the log */
unsigned    session_depth(const struct session *s);     /* messages it keeps in flight by now */
int64_t     session_setup_ms(const struct session *s);  /* from the first dial to logged in */

#endif
