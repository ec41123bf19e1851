/*
 * trace.h - an ear on one conversation with a relay: where it has come to
 * and what the server said.  For a person who tries a relay; the daemon has
 * none.  Of AUTH the mechanism and the end are heard: no secret and no
 * challenge gets here, so none can be shown.
 */
#ifndef RELAY_TRACE_H
#define RELAY_TRACE_H

#include <stddef.h>
#include <stdint.h>

#include "net/dial.h"
#include "relay/mail.h"
#include "smtp/reply.h"

struct ssl_st;

enum heard_what {
	HEARD_STEP,             /* the login is now at `step` */
	HEARD_DIALLED,          /* dialled */
	HEARD_SECURE,           /* the handshake is done; text: version and cipher; ssl */
	HEARD_INSECURE,         /* it failed; ssl */
	HEARD_MECHANISM,        /* text: what AUTH is tried with */
	HEARD_CONTENT,          /* octets of content were handed over, text: by which command */
	HEARD_REPLY,            /* reply, to the command of `step`; mail and rcpt where it is about one */
};

/* All lent until heard() returns. */
struct heard {
	enum heard_what       what;
	const char           *step;
	const char           *text;
	uint64_t              octets;
	const struct dialled *dialled;
	const struct reply   *reply;
	const struct ssl_st  *ssl;      /* for tls_report(); NULL: it did not come so far */
	const struct mail    *mail;     /* NULL: about none */
	size_t                rcpt;
};

struct trace {
	void (*heard)(void *arg, const struct heard *h);
	void  *arg;
};

/* t may be NULL. */
void trace_step(const struct trace *t, const char *step);
void trace_dialled(const struct trace *t, const struct dialled *d);
void trace_secure(const struct trace *t, const char *summary, const struct ssl_st *s);
void trace_insecure(const struct trace *t, const struct ssl_st *s);
void trace_mechanism(const struct trace *t, const char *mechanism);
void trace_content(const struct trace *t, uint64_t octets, const char *by);
void trace_reply(const struct trace *t, const char *step, const struct reply *r, const struct mail *m, size_t rcpt);

#endif
