/*
 * peer.h - the server's side of one SMTP submission conversation, strict
 * about the order of commands, line ends and sizes.  Written apart from
 * src/smtp and src/net on purpose: it is the other end, and must not share
 * their mistakes.
 */
#ifndef UPSTREAM_PEER_H
#define UPSTREAM_PEER_H

#include <openssl/ssl.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "keep.h"
#include "rules.h"

struct wire;

struct options {
	bool        implicit;
	SSL_CTX    *tls;        /* NULL: plain only */
	const char *user;       /* NULL: no AUTH wanted */
	const char *password;
	const char *tokens;     /* a file, read at each login; NULL: none */
	const char *mechanisms;
	bool        chunking;
	bool        pipelining;
	bool        eightbitmime;
	bool        smtputf8;
	bool        dsn;
	bool        drip;
	bool        lax;        /* do not refuse what is merely wrong */
	uint64_t    size;       /* 0: none stated */
	const char *store;      /* folder, or NULL: count only */
};

enum stage { ST_NEW, ST_READY, ST_MAIL, ST_RCPT, ST_BDAT };

struct peer {
	const struct options *o;
	struct wire   *w;
	enum stage     stage;
	bool           authed;

	/* The transaction's, transaction_forget() clears them. */
	struct buf     envelope;        /* as keep.h shows it */
	unsigned       rcpts;
	bool           sized;           /* MAIL had a SIZE: */
	uint64_t       size;
	bool           body8;
	bool           begun;           /* content is in use */
	bool           failed;          /* a chunk was refused: the others are thrown away */
	struct content content;
};

/* What a handler says about the conversation. */
enum next { GO_ON, HANG_UP, RESET_LINK };

/* Speak until the end; takes fd. */
void      peer_serve(const struct options *o, int fd);

void      peer_say(struct peer *p, const char *text);   /* a whole reply, its last line end added */
void      peer_breach(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Answer `normal` unless the rules have other plans.  *ret_ok: what was
 * said is a 2xx or 3xx.
 */
enum next peer_answer(struct peer *p, enum phase ph, struct span address, const char *normal,
              bool *ret_ok);
enum next peer_answer_as(struct peer *p, struct fault f, const char *normal, bool *ret_ok);

#endif
