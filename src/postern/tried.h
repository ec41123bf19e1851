/*
 * tried.h - a try by posternd --try (posternd/say.h has its lines): in plain
 * words as it comes, or kept for a JSON document.  The steps are done there,
 * by the daemon's user and its parts: this program has no TLS and no secret.
 */
#ifndef POSTERN_TRIED_H
#define POSTERN_TRIED_H

#include <stdbool.h>
#include <jansson.h>

#include "base/buf.h"
#include "postern/term.h"

struct tried {
	bool        json;
	bool        show_tls;           /* certificates, too; the caller's to set */
	struct term term;

	/* What it came to. */
	json_t     *doc;                /* with json: {"relay", "steps", "recipients", …}; the owner's */
	struct buf  error;              /* nothing was tried: why */
	unsigned    sent, refused, deferred, in_flight;
	bool        trouble, pipelining;
	char        relay[256];         /* its name */
	char        offers[1024];       /* what the server said to the last EHLO */
};

void tried_init(struct tried *t, bool json);
void tried_done(struct tried *t);

/*
 * posternd --try with these words, NULL-ended.  Its exit status; EX_UNAVAILABLE
 * when it cannot be run, t->error then says so.
 */
int  tried_run(struct tried *t, const char *const words[]);

#endif
