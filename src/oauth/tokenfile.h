/*
 * tokenfile.h - what is known of one account's consent, in a file that only
 * its owner can read: the refresh token, and the access token it last gave.
 * Replaced atomically and durably; locked while it is being renewed.
 *
 *	postern oauth 1
 *	serial 17                     counts the access tokens
 *	granted 1764000000            when a person agreed; 0: nobody had to
 *	issued 1764003600             when the access token came, and
 *	expires 1764007200            until when it is good
 *	ends 1764604800               when the consent ends, said its provider; 0: said nothing
 *	scope https://mail.google.com/
 *	refresh 1//0g…                none where the client's own secret is enough
 *	access ya29.…
 *	dead invalid_grant:%20Token…  the refresh token was refused for good
 *
 * Values are percent-encoded as the spool's are; unknown lines are passed over.
 */
#ifndef OAUTH_TOKENFILE_H
#define OAUTH_TOKENFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define TOKENFILE_MAX_BYTES (64u << 10)

struct tokens {
	uint64_t serial;
	int64_t  granted_s, issued_s, expires_s, ends_s;
	char    *scope, *refresh, *access, *dead;
};

void tokens_done(struct tokens *t);                     /* wipes */

int  tokens_parse(struct span text, struct tokens *ret);        /* 0, -EINVAL */
void tokens_put(struct buf *b, const struct tokens *t);

/*
 * The file, or -ENOENT, -EINVAL (no such file's text), -EPERM: others can
 * read or write it, another -errno.
 */
int  tokenfile_read(const char *path, struct tokens *ret);

/* On stable storage when 0 is returned; mode 0600. */
int  tokenfile_write(const char *path, const struct tokens *t);

/*
 * Wait for the file's lock, at most limit_ms.  A descriptor that holds it
 * until it is closed, by the process's end too; -ETIMEDOUT, -errno.
 */
int  tokenfile_lock(const char *path, int limit_ms);

/* How long the access token is good yet, and until it is better renewed: 5 minutes before its end, or a
   tenth of its life.  A clock that was set back behind its birth makes it nothing. */
int64_t tokens_left_s(const struct tokens *t, int64_t now_s);
int64_t tokens_due_s(const struct tokens *t, int64_t now_s);

#endif
