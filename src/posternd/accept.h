/*
 * accept.h - between the spool and a listener's client: what the envelope
 * gets that the client does not say, and the spool's refusals as replies.
 */
#ifndef POSTERND_ACCEPT_H
#define POSTERND_ACCEPT_H

#include "posternd/setting.h"
#include "smtp/server.h"
#include "spool/envelope.h"

struct accept_from {
	const char          *hostname;  /* ours */
	const struct whence *whence;
	uid_t                uid;
	const char          *user;      /* who logged in; looked at when somebody did */
};

void accept_fill(struct envelope *e, const struct accept_from *from, const struct server *s);

/* error, maybe: a draft's.  Answers, and logs with the client's name. */
void accept_refuse(struct server *s, const char *name, int error, bool maybe,
    const struct draft_limits *l);

#endif
