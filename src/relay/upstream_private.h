/*
 * upstream_private.h - what upstream's own files share, and nobody else
 * includes: upstream.c (the breaker, the sessions), upstream_login.c (what a
 * login is made of: tokens, passwords, trust, and their files),
 * upstream_hold.c (what lies over the breaker: an admin's pause, a network
 * that is away, an account that has sent its share).
 */
#ifndef RELAY_UPSTREAM_PRIVATE_H
#define RELAY_UPSTREAM_PRIVATE_H

#include "net/loop.h"
#include "relay/allowance.h"
#include "relay/loginfiles.h"
#include "relay/piece.h"
#include "relay/suspects.h"
#include "relay/tally.h"
#include "relay/upstream.h"

struct link {
	struct session  *session;
	struct upstream *up;
	unsigned         carried;       /* messages settled */
	unsigned         secrets;       /* the version of them that it logged in with */
	struct link     *next;
};

struct upstream {
	struct event_base         *base;
	const struct config       *conf;
	const struct relay_conf   *relay;
	const struct upstream_ops *ops;
	void                      *owner;
	struct token              *token;       /* these: NULL where there is none */
	struct password           *password;
	struct trust              *trust;
	struct loginfiles         *files;
	struct relay_lacks         lacks;

	struct link               *links;
	unsigned                   nlinks;
	unsigned                   ceiling;     /* connections the server was seen to allow */
	int64_t                    crowded_ms;  /* when the ceiling was learned */

	enum well                  well;
	unsigned                   failures;    /* in a row */
	unsigned                   repeated;    /* how often in a row the trouble is the same, after the first */
	bool                       reconnected; /* because the server wished it, and nothing came to an end since */
	struct status              trouble;
	int64_t                    since_s;
	int64_t                    until_ms;
	int64_t                    nudged_ms;
	bool                       nudgeable;   /* a plain connection failure, nothing stated */
	bool                       probing;     /* the one message of PROBING is out */
	bool                       quitting;
	struct timer              *wait;

	struct piece               piece;       /* recipients that the server takes at once */
	struct suspects            suspects;    /* refused at MAIL */
	int64_t                    unresolved_ms;       /* since then no address is to be had */

	/* What lies over the breaker (upstream_hold.c). */
	bool                       paused;      /* by an admin */
	struct status              hand;        /* who did it */
	int64_t                    paused_since_s, paused_until_s;

	enum reach                 reach;
	bool                       near;        /* on this machine: needs no network */
	int64_t                    offline_since_s;

	struct allowance          *allowance;
	bool                       full;        /* its account may send no more for now … */
	size_t                     full_for;    /* … than mails with fewer recipients */
	struct status              spent;       /* what is used up */
	int64_t                    full_since_s, full_until_s;
	int64_t                    full_said_ms;
	bool                       full_said;   /* of this time */
	struct timer              *room;

	uint64_t                   carried;     /* messages */
	struct tally               sent;
};

/* ---- the breaker (upstream.c) ---- */

void upstream_probe(struct upstream *u);        /* a rest is over: one message may try */
void upstream_rest(struct upstream *u, const struct status *why);

/* ---- what a login is made of (upstream_login.c) ---- */

bool upstream_login_start(struct upstream *u, struct buf *why);
void upstream_login_done(struct upstream *u);

struct tls *upstream_trust(struct upstream *u);         /* by the files as they are now, where none of it is in use */
bool upstream_get_secret(struct upstream *u, struct buf *ret);  /* false: not now; trouble, or it is on its way */
bool upstream_is_of_old(const struct upstream *u, const struct link *l);
void upstream_login_worked(struct upstream *u);
/* Refused: is another to be had at once?  The caller rests otherwise. */
bool upstream_gets_another_secret(const struct upstream *u, const struct status *why, bool was_up);

/* ---- what lies over it (upstream_hold.c) ---- */

void upstream_hold_start(struct upstream *u, struct ledger *ledger);
void upstream_hold_quit(struct upstream *u);
void upstream_hold_done(struct upstream *u);

bool upstream_is_held(const struct upstream *u);        /* no session may ask for anything */
bool upstream_is_away(const struct upstream *u);        /* there is no network, and it needs one */
void upstream_learn_place(struct upstream *u, const char *peer);        /* from a login: is it on this machine? */

/*
 * May a mail with so many recipients be asked for?  When not, the relay is
 * full until there is room, unless that only depends on what is on its way.
 */
bool upstream_has_room(struct upstream *u, size_t nrcpt);

#endif
