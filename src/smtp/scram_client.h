/*
 * scram_client.h - the client's side of SCRAM (RFC 5802, RFC 7677): three
 * messages, none of which says the password.  Knows no base64 of the line
 * they travel in; wipes the password, and what was made of it, when it has
 * answered.
 *
 * libgsasl (2.2) has a client, too.  This is not it, for two things that
 * cannot be had of that one from outside: it refuses its own first message
 * when there is something to bind to and the server offers no -PLUS, which is
 * the flag "y" that lets the server find out who took -PLUS from its list
 * (RFC 5802 §6); and it leaves the password and keys in freed memory.
 */
#ifndef SMTP_SCRAM_CLIENT_H
#define SMTP_SCRAM_CLIENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "smtp/hash.h"

struct scram_client;

enum scram_flag {               /* RFC 5802 §6 */
	SCRAM_CANNOT = 'n',     /* nothing to bind to, or not wanted */
	SCRAM_COULD  = 'y',     /* there is, and the server offered no -PLUS */
	SCRAM_BOUND  = 'p',
};

/* Borrowed for the call. */
struct scram_params {
	const char     *user;
	struct span     password;
	enum hash       hash;
	enum scram_flag flag;
	const char     *binding_name;   /* with SCRAM_BOUND: "tls-exporter" */
	struct span     binding;
	const char     *nonce;          /* NULL: at random; a test has the RFC's */
};

/* 0; -EINVAL: user or password is what none can be (RFC 4013); -errno: no randomness. */
int scram_client_new(const struct scram_params *p, struct scram_client **ret);

/* The first message, appended; once, and once the final one.  -EINVAL: no
   challenge of SCRAM, or one that asks for more than SASL_MAX_ITERATIONS. */
void scram_client_first(const struct scram_client *s, struct buf *ret);
int  scram_client_final(struct scram_client *s, struct span challenge, struct buf *ret);

/* Does what the server says last show that it knows the password? */
bool scram_client_is_proved(const struct scram_client *s, struct span last);

void scram_client_free(struct scram_client *s);         /* wipes; NULL is fine */

#endif
