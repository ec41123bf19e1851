/*
 * session_private.h - what the session's own files share, and nobody else
 * includes: session_write.c (the cursor that says the commands: its functions
 * write, and decide nothing), session_read.c (the one that hears the replies:
 * its functions decide, and write nothing), session.c (what both stand on: the
 * phases, the deadline, the end; and the owner's side).
 *
 * The cursors meet in two places.  The writer leaves an expectation in flight
 * for each reply it will be owed; the reader pops it, and where the writer
 * waited for just that reply, tells it the phase that comes next.
 */
#ifndef RELAY_SESSION_PRIVATE_H
#define RELAY_SESSION_PRIVATE_H

#include "relay/flight.h"
#include "relay/session.h"
#include "smtp/body.h"
#include "smtp/ehlo.h"
#include "smtp/limits.h"
#include "smtp/reply.h"

struct conn;
struct login;
struct timer;

#define SESSION_OUT_HIGH (2 * LIMIT_BODY_CHUNK) /* the writer stops here … */
#define SESSION_OUT_LOW  LIMIT_BODY_CHUNK       /* … and goes on here */

/* From the login on, in the order of RFC 5321. */
enum phase { LOGIN, IDLE, ADAPT, RSET, MAIL, RCPT, DATA, TEXT, BDAT, BODY, END, QUIT, DEAD, NPHASE };

struct session {
	struct session_params p;
	struct login  *login;           /* until it is up */
	struct conn   *conn;            /* from then on */
	struct timer  *deadline;
	struct timer  *later;           /* kicks, and the end, from the loop */
	char           peer[320];
	struct ehlo    ehlo;
	struct reply   reply;
	int64_t        began_ms, up_ms;

	/* The writer. */
	enum phase     phase;           /* what it writes next, or waits for */
	bool           waiting;         /* at a synchronisation point, or for the owner */
	bool           clean;           /* no transaction is open, for certain */
	struct mail   *writing;
	struct mail   *broken;          /* its content cannot be read: nothing more may be written */
	size_t         next_rcpt;
	struct body    body;

	/* The reader. */
	struct flight  flight;
	unsigned       depth;           /* mails it may hold */
	unsigned long  pulled;
	unsigned long  ended;           /* mails that came to an end here */

	bool           ending;          /* no more pulls: collect what is owed, then QUIT */
	bool           stopping;        /* the end is our own wish */
	bool           over;
	struct status  why;
};

/* ---- what both stand on (session.c) ---- */

const char *session_phase_name(enum phase phase);

/* Does the server have it, and keep to it? */
bool session_has(const struct session *s, unsigned ext);

/* How the content begins here: BDAT or DATA. */
enum phase session_content(const struct session *s);

unsigned session_owed(const struct session *s);         /* replies */

void session_advance(struct session *s, enum phase next);       /* the only place the writer's phase changes */
void session_arm(struct session *s);                    /* the deadline of what the server is at, from now */
void session_hand_back(struct session *s);              /* the mails that came to an end */

/* Record for whose sake the session ends; the first reason stands. */
void session_end_because(struct session *s, const struct status *why);

/*
 * Give it another try for something that is not its fault.  If its content is
 * out it may be taken all the same, and nobody reads that answer any more.
 */
void session_give_back(struct mail *m, const struct status *why);

/*
 * It is over now; the owner hears of it from the loop.  `cause` settles the
 * first mail (the one the server was at), the others are nobody's fault.
 */
void session_finish(struct session *s, const struct status *cause);

/* The link must not be trusted any more: nobody's trouble by itself, the owner counts such sessions. */
void session_abandon(struct session *s, const char *dsn, const char *what);
void session_close(struct session *s, const char *what);        /* the orderly end: nothing is owed to anyone */

/* ---- the writer (session_write.c) ---- */

void session_pump(struct session *s);                   /* as far as it may */
void session_room(void *session);                       /* the connection's: some of it left */

/* ---- the reader (session_read.c) ---- */

void session_line(void *session, struct span line, bool more);  /* the connection's: a line of a reply came */

#endif
