/*
 * control_private.h - what the control socket's own files share, and nobody
 * else includes: control.c (the socket, askers and their turns),
 * control_listing.c, control_show.c, control_status.c, control_relays.c and
 * control_actions.c (the requests, a subject each).
 */
#ifndef POSTERND_CONTROL_PRIVATE_H
#define POSTERND_CONTROL_PRIVATE_H

#include <sys/types.h>

#include "net/conn.h"
#include "posternd/census.h"
#include "posternd/control.h"
#include "relay/ahead.h"
#include "relay/idset.h"

#define ASK_WORDS 3                     /* the longest request: pause RELAY SECONDS */
#define ASK_LIST  100000                /* IDs in one list: more is asked again */

struct asker;

struct request {
	const char *name;
	const char *usage;              /* of the words behind it */
	unsigned    least, most;        /* how many */
	bool        root;               /* for root and the daemon's user alone */
	bool        list;               /* IDs follow */
	bool        large;              /* holds a list as long as the queue: a few at once */

	/*
	 * The request is whole.  What it needs over its turns hangs in a->job,
	 * to be freed by end().  An answer of one piece is written here, and
	 * then there are no turns.
	 */
	void      (*begin)(struct asker *a, struct buf *out);
	/* A slice: of work, or of the answer.  False: the answer is whole. */
	bool      (*turn)(struct asker *a, struct buf *out);
	void      (*end)(struct asker *a);
};

struct asker {
	struct control *control;
	struct conn    *conn;
	uid_t           uid;
	const struct request *request;  /* NULL: nothing was asked yet */
	char           *word[ASK_WORDS];/* of the request, decoded; [0] is its first argument */
	unsigned        nwords;
	struct idset    ids;            /* of its list */
	void           *job;

	bool            listing;        /* the list is being read */
	bool            waits;          /* for its turn to be large */
	bool            counted;        /* it is one of the large ones */
	bool            closing;        /* all is written */
	bool            ready;          /* for its next slice */
	uint64_t        number;         /* who came first */
	struct timer   *deadline;       /* of an asker that does not write or read */
	struct timer   *life;           /* … or that does so for ever */
	struct asker   *next;
};

/* What others asked a moment ago. */
struct ages {
	int64_t at_ms;                  /* when it was found out; 0: never */
	size_t  counted;
	int64_t oldest_s;
	size_t  under[6];               /* a bucket each */
};

struct control {
	struct event_base *base;
	struct queue      *queue;
	struct control_daemon daemon;
	int                fd;
	struct acceptor   *acceptor;
	struct asker      *askers;
	unsigned           naskers;
	unsigned           nlarge[2];   /* of users, of admins */
	uint64_t           number;
	struct timer      *turn;        /* of those who are ready */
	uint64_t           served;      /* the number of whose slice was the last */
	int64_t            slice_ms;    /* when a slice that goes on is over */
	int64_t            flushed_ms;
	int64_t            started_s;
	struct census     *census;
	struct ahead      *ahead;
	struct ages        ages;
	char               path[108];
};

extern const struct request control_mailq, control_show, control_body, control_status, control_flush, control_pause,
    control_resume, control_reload, control_retry, control_hold, control_release, control_delete, control_bounce,
    control_requeue;

/* ---- for the requests (control.c) ---- */

bool        asker_may_all(const struct asker *a);
const char *asker_name(const struct asker *a);          /* a login name; lent until the next call */

/* The answer ends with this error. */
void        asker_error(struct asker *a, const char *kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void        asker_no_relay(struct asker *a);            /* … that its first word names none (control_relays.c) */

/* Is there room for more of the answer, and time?  else the turn is over. */
bool        asker_has_room(const struct asker *a);
bool        asker_has_time(const struct asker *a);

#endif
