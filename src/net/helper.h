/*
 * helper.h - run another program for one answer: exec'd with an argument
 * list (never a shell), a clean environment, its output over a pipe, killed
 * at a deadline, always waited for.  Used for postern-resolve, a
 * password-command, postern-oauth.
 *
 * The program gets /dev/null or some bytes of ours as its standard input, its
 * own process group (what is killed is the group), default signals, PATH and
 * LANG=C, of other variables those that the caller names, and no descriptor
 * but 0, 1 and 2.  Its answer is complete
 * when it exits, even if something it started still holds the pipe.
 *
 * SIGCHLD is not touched: the process must not ignore it, and must not wait
 * for children it does not know.
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
	int         exit;       /* exit status; -signal; -1: could not be run, or killed by us
	                           (deadline, too much output) */
	struct span out;        /* standard output; lent */
	const char *why;        /* not ok: one line ("postern-resolve: killed after 10 s"); the
	                           first line of its standard error is in it */
};

/*
 * argv[0] is the path, and is copied with the rest before the call returns.
 * NULL is never returned; what fails at once is answered from the loop like
 * the rest.  The helper frees itself after done().  A killed program is
 * reaped by later turns of the loop, after its answer.
 */
struct helper *helper_run(struct event_base *base, const char *const argv[], int limit_ms, size_t max_bytes,
                          void (*done)(void *arg, const struct helper_answer *a), void *arg);

struct helper_call {
	const char *const *argv;
	struct span        input;       /* copied; an answer to no question that it asks: it is all there from
	                                   the start, in memory that is no file's (a secret may be in it) */
	const char *const *pass;        /* names of variables, NULL-ended; NULL: none */
	int                limit_ms;
	size_t             max_bytes;
};

/* The same with more to say. */
struct helper *helper_call(struct event_base *base, const struct helper_call *c,
                           void (*done)(void *arg, const struct helper_answer *a), void *arg);

/*
 * Nobody wants the answer any more, but it must not be killed halfway: it is
 * asked to end (TERM), and does so when it can.  It finds its pipes closed when it writes.
 */
void           helper_leave(struct helper *h);  /* no callback after; NULL is fine */
void           helper_cancel(struct helper *h); /* kills; no callback after; NULL is fine */

/* Killed or left, and not yet reaped: 0 before event_base_free(), or they are leaked. */
unsigned       helper_lingering(void);

/*
 * At the end of a process: turn the loop until none lingers, or so long.
 * helper_abandon() frees what is kept of those that still do; they go on by
 * themselves.
 */
bool           helper_await(struct event_base *base, int limit_ms);     /* none does */
void           helper_abandon(void);

/* Tests: behave as on a system without pidfd. */
void           helper_without_pidfd(bool yes);

#endif
