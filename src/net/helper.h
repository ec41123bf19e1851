/*
 * helper.h - run another program for one answer: exec'd with an argument
 * list (never a shell), a clean environment, its output over a pipe, killed
 * at a deadline, always waited for.  Used for postern-resolve, a
 * password-command, postern-oauth.
 */
#ifndef NET_HELPER_H
#define NET_HELPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct event_base;
struct helper;

struct helper_answer {
	bool        ok;         /* exited 0, within the deadline and max bytes */
	int         exit;       /* exit status, or -signal, or -1: could not be run, or the deadline passed */
	struct span out;        /* standard output; lent */
	const char *why;        /* not ok: one line ("postern-resolve: killed after 10 s"); its own first line of stderr is in it */
};

/* argv[0] is the path.  NULL is never returned; what fails at once is
   answered from the loop like the rest. */
struct helper *helper_run(struct event_base *base, const char *const argv[], int limit_ms, size_t max_bytes,
                          void (*done)(void *arg, const struct helper_answer *a), void *arg);
void           helper_cancel(struct helper *h); /* kills; no callback after; NULL is fine */

#endif
