/*
 * scram.h - a listener's passwords: what is kept of one, SCRAM-SHA-256's keys
 * (RFC 5802, RFC 7677), and the server's side of that exchange.  Who has the
 * keys cannot log in with them elsewhere, as with any salted hash; and the
 * same keys do for PLAIN and LOGIN, so one line a user is enough.
 *
 * The exchange is libgsasl's.  Knows no files and no sockets.
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include <stdbool.h>

#include "base/buf.h"

#define SCRAM_MECHANISM  "SCRAM-SHA-256"
#define SCRAM_ITERATIONS 15000          /* RFC 7677 §4: 4096 at the least, 15,000 better */
#define SCRAM_MAX_ITERATIONS 1000000    /* a login would take seconds */
#define SCRAM_SALT_MAX   64
#define SCRAM_KEY        32

struct scram_keys {
	unsigned      iterations;
	unsigned char salt[SCRAM_SALT_MAX];
	size_t        salt_n;
	unsigned char stored[SCRAM_KEY];
	unsigned char server[SCRAM_KEY];
};

/* "{SCRAM-SHA-256}iterations,salt,storedkey,serverkey", as `gsasl --mkpasswd`
   and Dovecot write it.  -EINVAL. */
int  scram_parse(struct span text, struct scram_keys *ret);
void scram_put(struct buf *b, const struct scram_keys *k);

/* A fresh salt.  0, -EINVAL: no password can be like that (RFC 4013); -errno. */
int  scram_make(struct span password, struct scram_keys *ret);

/* Is it this password?  Takes milliseconds, on purpose; no sooner when it is not. */
bool scram_fits(const struct scram_keys *k, struct span password);

/*
 * Keys that no password fits, the same for the same user all the time: an
 * exchange with them is like one with a user's.
 */
void scram_pretend(struct span user, struct scram_keys *ret);

/* ---- the exchange ---- */

struct scram;

/* The user's keys into *ret, or false. */
typedef bool scram_find(void *arg, struct span user, struct scram_keys *ret);

struct scram *scram_new(scram_find *find, void *arg);   /* NULL: the library does not start */

/*
 * The client's next message.  SCRAM_MORE: *ret is the challenge.  SCRAM_IN:
 * scram_user() is in; its last word, an empty one, was said.
 */
enum scram_step { SCRAM_MORE, SCRAM_IN, SCRAM_REFUSED };

enum scram_step scram_take(struct scram *s, struct span message, struct buf *ret);
const char     *scram_user(const struct scram *s);      /* as said; "" before that */
void            scram_free(struct scram *s);            /* NULL is fine */

#endif
