/*
 * work_private.h - what work.c, work_route.c and work_tell.c share, and nobody else includes.
 */
#ifndef RELAY_WORK_PRIVATE_H
#define RELAY_WORK_PRIVATE_H

#include "relay/parts.h"
#include "relay/work.h"

struct work {
	struct work_env  env;
	struct entry    *e;
	struct message  *msg;
	struct addr     *sender;        /* who is told; owned */
	struct parts     to;            /* the addresses of this round */
	struct mail     *todo;
	unsigned         out;
	bool             new;           /* nobody looked at it before: it is logged */
	bool             first;         /* the first round of a turn: what has no address has its verdict here */
	bool             sent_some;     /* in this round */
	bool             unreturnable;  /* somebody's failure, and nobody to tell */
	char             remote[256];   /* the host that said the last refusal */
	struct work     *next;
};

/* ---- the way ---- */

/* Each recipient's addresses and their lanes, and e->lanes; who has none gets his verdict. */
void     work_route(struct work *w);
uint64_t work_bit(size_t lane);         /* in e->lanes; LANES_MAX: none */

/* ---- the log ---- */

void work_log_arrival(const struct work *w);
void work_log_verdict(const struct work *w, struct session *s, const struct mail *m,
         const struct mail_rcpt *to);

/* A recipient that no session ever sees. */
void work_log_unrouted(const struct work *w, size_t rcpt, const struct status *st);

/* ---- the sender ---- */

/* One report for all that failed in this round, or waited for too long. */
void work_report_failed(struct work *w, bool expired);

/* Courtesies: one that cannot be written is said in the log, and changes nothing. */
void work_tell_relayed(struct work *w);
void work_tell_delayed(struct work *w, int64_t now_s);

#endif
