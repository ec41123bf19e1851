/*
 * gist.h - what a listing says of a message: who, to whom, how large, and
 * what became of each recipient.  All of it stands in the message's file;
 * what was read once is remembered (kept.h).
 */
#ifndef SPOOL_GIST_H
#define SPOOL_GIST_H

#include "spool/store.h"

/* Texts whose p is NULL are not there. */
struct gist_rcpt {
	struct span  addr;
	enum outcome what;              /* the next ones: of OUTCOME_NONE zeros */
	int64_t      time_s;
	int          code;
	struct span  dsn, relay, text;
};

struct gist {
	msgid       id;
	uid_t       uid;
	uint64_t    size;               /* as message's, as the next two */
	unsigned    attempts;
	struct span held_by;
	struct span sender;
	struct gist_rcpt *rcpts;
	size_t      nrcpts;
};

/* Lends all texts from m; the array is the caller's, for gist_done(). */
void gist_of(const struct message *m, struct gist *ret);
void gist_done(struct gist *g);

/*
 * Tell the gist of a message, lent until tell() returns: from memory where the
 * file is as it was when it was read, else from the file, as store_load(),
 * whose answers these are.
 */
int  store_gist(struct store *s, enum place p, msgid id, void (*tell)(void *arg, const struct gist *g), void *arg,
                const char **ret_why);

/*
 * Nobody asks for it yet: it is read and remembered, unless something of it is
 * remembered already.  What cannot be read is left to whoever asks.  False: no
 * room for more.
 */
bool store_gist_ahead(struct store *s, enum place p, msgid id);

#endif
