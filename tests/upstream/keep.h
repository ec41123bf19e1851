/*
 * keep.h - what arrived: checked while it comes in, then counted, and with
 * --store written to a folder, one file a message:
 *
 *   TLS TLSv1.3            or "none"
 *   AUTH ops@example.com   or "none"
 *   MAIL FROM:<a@example.com> SIZE=312      the commands as they came
 *   RCPT TO:<b@example.com>                 the accepted ones
 *   VIA BDAT               or DATA
 *   <blank line>
 *   the message, byte for byte
 */
#ifndef UPSTREAM_KEEP_H
#define UPSTREAM_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Shared by all connections; added to with atomics. */
struct totals {
	uint64_t connections, resumed, auths, auth_failures;
	uint64_t messages, recipients, bytes;
	uint64_t breaches;      /* of the protocol, by the client: see breach() in the log */
	uint64_t first_us, last_us;     /* wall time of the first MAIL and the last end of data */
};

extern struct totals totals;

void totals_add(uint64_t *field, uint64_t n);
void totals_print(void);        /* one line on standard output */

/* A message on its way in. */
struct content {
	uint64_t   bytes;
	uint64_t   line;        /* bytes of the present line so far, its end too */
	bool       cr;          /* the last byte was CR */
	bool       eightbit;
	const char *flaw;       /* the first thing wrong with it, or NULL */
	bool       kept;
	struct buf body;        /* when kept */
};

void content_begin(struct content *c, bool keep);
void content_add(struct content *c, struct span bytes);
void content_end(struct content *c);            /* finds an unfinished last line */
void content_done(struct content *c);

/* Write it as the next file in dir; 0 or -errno.  Seen only when whole. */
int  keep_store(const char *dir_path, struct span envelope, const struct content *c);

/* Create `path` when n messages were accepted. */
void keep_mark(uint64_t n, const char *path);
void keep_accepted(uint64_t recipients, uint64_t bytes);

#endif
