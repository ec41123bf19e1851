/*
 * upstream.h - one relay: its connections and its breaker.  Decides when to
 * connect and when to rest; carries no messages itself: its sessions ask the
 * owner for them, so a relay in trouble simply stops asking.
 *
 *            trouble                      wait over, or a submission
 *   WELL ------------> RESTING ------------------------------------> PROBING
 *     ^                   ^   (a stated pause, a refused login: only the wait)   |
 *     |                   +---------------- trouble ----------------------------+
 *     +------------------------------- one message came to an end --------------+
 *
 * While RESTING no session pulls; while PROBING one session pulls one message.
 *
 * Over all of this lie an admin's pause, a network that is away, and an account
 * that has sent its share (allowance.h).  The relay then counts as RESTING, what
 * is in flight is finished, and nothing brings it forward but the admin, the
 * network and the time.  The breaker knows nothing of them.
 */
#ifndef RELAY_UPSTREAM_H
#define RELAY_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "net/uplink.h"
#include "relay/allowance.h"
#include "relay/mail.h"
#include "relay/session.h"

struct event_base;
struct token;
struct upstream;

enum well { WELL, RESTING, PROBING };

struct upstream_ops {
	/* As session's; with the relay that asks. */
	struct mail *(*next)(void *owner, struct upstream *u);
	void (*settled)(void *owner, struct upstream *u, struct session *s, struct mail *m);
	/* How many messages wait for this relay to pull them. */
	size_t (*backlog)(void *owner, struct upstream *u);
	/* WELL, RESTING, PROBING changed, or the last session is gone. */
	void (*changed)(void *owner, struct upstream *u);
};

/* conf, relay and ledger outlive it.  NULL: its TLS side cannot be set up (a file), one line in *why. */
struct upstream *upstream_new(struct event_base *base, const struct config *conf, const struct relay_conf *relay,
                              struct ledger *ledger, const struct upstream_ops *ops, void *owner,
                              struct buf *why);

void upstream_offer(struct upstream *u);        /* there is something to pull */
void upstream_nudge(struct upstream *u);        /* a submission: bring the next probe forward, if that is allowed */
void upstream_quit(struct upstream *u);         /* finish what is in flight; no new connections */
void upstream_stop(struct upstream *u);         /* now */
bool upstream_is_gone(const struct upstream *u);/* no session is left */
void upstream_free(struct upstream *u);         /* when gone; NULL is fine */

/* by: who; until_s: 0: until it is resumed.  Its end is the caller's to bring. */
void upstream_pause(struct upstream *u, const char *by, int64_t since_s, int64_t until_s);
void upstream_resume(struct upstream *u);
bool upstream_is_paused(const struct upstream *u);

/* The network went or came, or there is more of it.  A relay on this machine does without. */
void upstream_set_reach(struct upstream *u, enum reach now);
void upstream_cut(struct upstream *u);          /* it stayed away: what was in flight is given back */
bool upstream_is_offline(const struct upstream *u);

bool upstream_is_full(const struct upstream *u);        /* a limit is reached */
/* It is, and what tells people of trouble may go all the same: a report, an alert, root's mail. */
bool upstream_takes_urgent(const struct upstream *u);
const struct allowance *upstream_allowance(const struct upstream *u);   /* NULL: it has no limits */

/* Recipients of a transaction, as configured or as the server was seen to take them. */
size_t upstream_recipients(const struct upstream *u);

/* A reload: u goes on counting where the relay of that name stood. */
void upstream_inherit(struct upstream *u, const struct upstream *from);

enum well upstream_well(const struct upstream *u);
bool upstream_is_at_hand(const struct upstream *u);     /* PROBING, logged in, and its one message has not come yet */
const struct relay_conf *upstream_conf(const struct upstream *u);
const struct token *upstream_token(const struct upstream *u);   /* NULL: it logs in without */
unsigned upstream_sessions(const struct upstream *u);

/* RESTING: why, and until when (wall seconds; 0: nobody knows: an admin, the network). */
const struct status *upstream_trouble(const struct upstream *u);
bool upstream_needs_person(const struct upstream *u);
int64_t upstream_until_s(const struct upstream *u);
int64_t upstream_since_s(const struct upstream *u);

/* Messages that the server took for somebody, since the start and in the last minute. */
uint64_t upstream_carried(const struct upstream *u);
uint64_t upstream_sent_minute(const struct upstream *u);

#endif
