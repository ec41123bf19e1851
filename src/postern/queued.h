/*
 * queued.h - a message of the queue and its recipients, as the daemon's
 * records tell of them, or, while it is down, the spool.  Knows nothing of
 * how they are shown.
 */
#ifndef POSTERN_QUEUED_H
#define POSTERN_QUEUED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum queued_state {
	QUEUED_READY, QUEUED_ACTIVE, QUEUED_LATER, QUEUED_HOLD, QUEUED_DEAD, QUEUED_BAD, NQUEUED,
};

const char       *queued_state_name(enum queued_state s);
/* NQUEUED: no state has that name. */
enum queued_state queued_state_of(struct span name);

struct queued_rcpt {
	char    *addr;
	char    *state;         /* "waiting", "deferred", "sent", "failed" */
	int64_t  time_s;        /* of the last reply; 0: none */
	unsigned code;          /* 0: our own words */
	char    *dsn;           /* this and the next two: NULL without one */
	char    *relay;
	char    *text;
};

struct queued {
	char        id[24];
	uint64_t    size;
	int64_t     time_s;     /* arrival */
	enum queued_state state;
	char       *state_word; /* as it was said: a newer daemon may know others, and state is then NQUEUED */
	char       *sender;     /* empty: the null path; NULL: nobody can read it */
	char       *user;       /* or the uid's digits; NULL: not known */
	uint64_t    uid;
	unsigned    attempts;
	int64_t     last_s;     /* last attempt, next attempt; 0: none */
	int64_t     next_s;
	char       *reason;     /* of the message as a whole; NULL: none */
	struct queued_rcpt *rcpts;
	size_t      nrcpts;
};

void queued_done(struct queued *q);             /* frees all inside */

/* The recipient it waits for: the first that has an unsettled reply, else the first unsettled.  NULL: none. */
const struct queued_rcpt *queued_waits_for(const struct queued *q);
bool queued_is_settled(const struct queued_rcpt *r);            /* sent: no more to be said of him */

void queued_add(struct queued *q, const struct queued_rcpt *r); /* takes its strings */

/*
 * Records → messages.  message() is handed each one when its last recipient
 * was read; it may keep it, leaving an empty one.  record() gets all other
 * lines (lent); NULL: nobody wants them.
 */
struct queued_reader {
	void        (*message)(void *arg, struct queued *q);
	void        (*record)(void *arg, struct span line);
	void         *arg;
	struct queued q;        /* the reader's own; begin with zeros */
	bool          open;
};

void queued_read(struct queued_reader *r, struct span line);
void queued_read_end(struct queued_reader *r);  /* hands over the last one */

#endif
