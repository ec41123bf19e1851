/*
 * work_private.h - what work.c and work_tell.c share, and nobody else includes.
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
	bool             sent_some;     /* in this round */
	bool             unreturnable;  /* somebody's failure, and nobody to tell */
	char             remote[256];   /* the host that said the last refusal */
	struct work     *next;
};

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
