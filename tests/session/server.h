/*
 * server.h - a submission server as strict as the strictest real one, as a
 * pure machine: takes a command or content, says what it would answer, and
 * records what it accepted.  Knows no sockets, no acts and no script.
 *
 * Strict: a transaction stays open after a refused DATA or BDAT (a nested
 * MAIL is 503, a further RCPT would join the old one), as in Postfix; after a
 * refused chunk everything but RSET is 503 (RFC 3030 §2).  What a client must
 * never do is noted as a breach.
 */
#ifndef SESSION_SERVER_H
#define SESSION_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum offer {
	OFFER_PIPELINING = 1 << 0,
	OFFER_CHUNKING   = 1 << 1,
	OFFER_8BITMIME   = 1 << 2,
	OFFER_SMTPUTF8   = 1 << 3,
	OFFER_SIZE       = 1 << 4,
	OFFER_DSN        = 1 << 5,
	OFFER_STARTTLS   = 1 << 6,      /* until TLS is up */
	OFFER_AUTH       = 1 << 7,
	OFFER_ENHANCED   = 1 << 8,
};

struct server_conf {
	unsigned    offers;
	uint64_t    size;               /* with OFFER_SIZE; 0: no limit */
	const char *mechanisms;         /* with OFFER_AUTH */
	const char *user, *password;    /* NULL: mail without AUTH */
	unsigned    mail_max;           /* LIMITS MAILMAX; 0: not offered */
	unsigned    rcpt_max;           /* recipients it takes in one transaction, then 452; 0: any number */
	bool        nameless;           /* EHLO is unknown, HELO works */
};

/* A message it took. */
struct accepted {
	char       *from;
	char      **rcpt;
	size_t      nrcpt;
	struct buf  content;
	bool        chunked;            /* by BDAT */
	enum { TOLD_NOT, TOLD, TOLD_PERHAPS } told;     /* the reply's fate, the script's to note */
	unsigned    link;
	struct accepted *next;
};

void accepted_free(struct accepted *a);         /* the whole list */

enum server_wants { WANT_LINE, WANT_ANSWER, WANT_DOTS, WANT_CHUNK };

struct server {
	const struct server_conf *conf;
	struct buf *breaches;           /* one line each; shared */
	enum server_wants wants;
	uint64_t    chunk_left;
	bool        chunk_last;
	bool        tls, greeted, authed;
	bool        broken_chunk;       /* only RSET gets out of this */
	bool        swallow;            /* the content on its way belongs to nothing … */
	bool        said;               /* … and its reply was given already */
	bool        login;              /* AUTH LOGIN, else PLAIN */
	bool        has_user;           /* LOGIN: the name was right */
	unsigned    mails;

	/* The transaction. */
	char       *from;               /* NULL: none is open */
	char      **rcpt;
	size_t      nrcpt;
	struct buf  content;
	bool        chunked;
	bool        eightbit, utf8;
	uint64_t    declared;           /* SIZE=; 0: not said */
};

void server_init(struct server *s, const struct server_conf *conf, struct buf *breaches);
void server_done(struct server *s);
void server_secured(struct server *s);          /* TLS is up: as after connecting, but for the greeting */

/*
 * Take one line.  forced: what the script answers instead, or NULL; 4xx and
 * 5xx leave the state as it was, others do what the command does.  *reply
 * gets what is to be said: lines ending in '\n', nothing when the reply
 * comes after the content.
 */
void server_line(struct server *s, struct span line, const char *forced, struct buf *reply);

void server_content(struct server *s, struct span bytes);       /* stuffing is off */

/* The end of the content, or of a chunk that is not the last.  A message, if
   one was accepted. */
struct accepted *server_end(struct server *s, const char *forced, struct buf *reply);

void server_breach(struct server *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
