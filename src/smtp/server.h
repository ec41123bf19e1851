/*
 * server.h - the server's side of ESMTP: `sendmail -bs`, the listener.  Bytes
 * in, in any pieces; bytes out; questions to an owner.  Knows the protocol
 * (RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531, 9422);
 * knows no sockets, no events, no files and no time.
 *
 * The owner's loop:
 *
 *   server_greet()
 *   bytes came, or an answer was given:  n = server_take(s, bytes); drop n of them
 *   send what is in server_out(), and drop it
 *   server_wants() says what for, and so how long, the server waits
 *   the client went away:  server_lost(); server_free()
 *
 * What server_take() does not take is to be given again: the server waits
 * for an answer of its owner's, or for its output to be sent.  So the
 * pipelined rest of a client that is ahead stays where it is, and a client
 * that never reads fills nothing.
 *
 * Callbacks come from server_take(), server_lost() and server_end() alone.
 * Each question wants one answer (server_accept, server_answer,
 * server_challenge), within the callback or any time later; then comes the
 * next server_take(), with nothing if there is nothing.  A callback that is
 * NULL accepts.
 */
#ifndef SMTP_SERVER_H
#define SMTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "smtp/challenge.h"
#include "spool/envelope.h"

struct server;

/* What the owner can and wants, as things stand. */
enum {
	SERVER_STARTTLS   = 1 << 0,     /* can do a handshake now */
	SERVER_AUTH       = 1 << 1,     /* takes passwords now */
	SERVER_NEEDS_AUTH = 1 << 2,     /* no mail without */
	SERVER_LENIENT    = 1 << 3,     /* a pipe: lines may end in LF (see intake.h) */
};

/* The texts must outlive the server. */
struct server_config {
	const char *name;               /* ours, in greeting and EHLO */
	unsigned    flags;
	const char *mechanisms;         /* with SERVER_AUTH: upper case, blanks between */
	uint64_t    max_message;        /* octets; 0: no limit */
	uint64_t    max_header;         /* octets; 0: no limit */
	size_t      max_rcpts;          /* 0: as many as an envelope holds */
	unsigned    max_errors;         /* 5xx since the last message, then 421; 0: any number */
};

struct server_ops {
	/* A question.  MAIL: what the client said is in the envelope; size: as
	   announced, 0 when not. */
	void (*mail)(void *arg, struct envelope *e, uint64_t size);
	/* A question.  RCPT: r is added to the envelope once accepted. */
	void (*rcpt)(void *arg, const struct rcpt *r);
	/* A question.  The content begins: is there room for it?  The envelope
	   is whole; the owner adds what the client does not know. */
	void (*data)(void *arg, struct envelope *e);
	void (*content)(void *arg, struct span bytes);
	/* A question.  The content is whole; 2xx says it is safe.  The
	   transaction is over, whatever the answer: no reset() follows. */
	void (*end)(void *arg, struct envelope *e);
	/* The transaction that mail() accepted ends without a message: RSET,
	   EHLO, QUIT, a refused or too large content, the client lost. */
	void (*reset)(void *arg);
	/* A question.  Accepted: after what is in server_out(), the handshake;
	   then server_secured(). */
	void (*starttls)(void *arg);
	/* A question.  PLAIN and LOGIN; the login is lent, until the answer. */
	void (*login)(void *arg, const struct login *l);
	/* A question.  Any other mechanism of the configuration: the client's
	   next message, NULL p if it began without one.  begins: an exchange
	   does, and whatever was left of another is over, cancelled perhaps.
	   server_challenge() has it go on, server_accept() lets it in. */
	void (*sasl)(void *arg, const char *mechanism, bool begins, struct span message);
};

/* *config is copied; ops and arg live as long as the server. */
struct server *server_new(const struct server_config *config, const struct server_ops *ops,
    void *arg);
void           server_free(struct server *s);           /* calls nothing back; NULL is fine */

void server_greet(struct server *s);

/* How many octets were taken.  Those of a group behind STARTTLS, and all
   behind the end of the session, are taken and forgotten. */
size_t      server_take(struct server *s, struct span bytes);
struct buf *server_out(struct server *s);

/* The next octets are … : the deadline's kind, RFC 5321 §4.5.3.2. */
enum server_wants {
	SERVER_COMMAND,
	SERVER_CONTENT,
	SERVER_ANSWER,          /* none before the owner's answer */
	SERVER_HANDSHAKE,       /* not for us: TLS begins, then server_secured() */
	SERVER_OVER,            /* send what is in server_out() and close */
};

enum server_wants server_wants(const struct server *s);

/* ---- answers ---- */

void server_accept(struct server *s);
/* The text is made printable and cut to fit a line.  dsn's class is the code's. */
void server_answer(struct server *s, int code, const char *dsn, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void server_challenge(struct server *s, struct span message);

/* ---- events ---- */

/* TLS is up: all that the client said before is forgotten (RFC 3207 §4.2). */
void server_secured(struct server *s, unsigned flags);
/* "421 4.x.x text", out of turn: a deadline passed, or we go down.  Between a
   message's end and its answer nothing is said: the client must not be told
   that it failed. */
void server_end(struct server *s, int code, const char *dsn, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* No more bytes will come.  True: that is no loss, since no command and no
   content was cut short. */
bool server_lost(struct server *s);

/* ---- what is known ---- */

const char      *server_helo(const struct server *s);   /* printable; "" before it */
bool             server_is_esmtp(const struct server *s);
bool             server_is_secured(const struct server *s);
bool             server_is_authenticated(const struct server *s);
unsigned         server_messages(const struct server *s);       /* accepted so far */
struct envelope *server_envelope(struct server *s);

#endif
