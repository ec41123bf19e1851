/*
 * pool.h - a few threads for what must wait for a disk, so that the loop
 * never does: a task's work() runs in one of them, its done() from the loop
 * afterwards.  Tasks run beside each other and in no order.
 *
 * For what is new on its way into the spool.  What happens to a message that
 * is there stays in the loop: those calls are short, and their order is the
 * promise.
 */
#ifndef POSTERND_POOL_H
#define POSTERND_POOL_H

#include <stddef.h>

struct event_base;
struct pool;

/* The caller's, alive until done(); work() has it alone. */
struct task {
	void       (*work)(void *arg);
	void       (*done)(void *arg);
	void        *arg;
	struct task *next;              /* the pool's */
};

/* Up to `threads` of them, each started when there is work that no other
   waits for.  NULL: -errno in *ret_err. */
struct pool *pool_new(struct event_base *base, unsigned threads, int *ret_err);

void         pool_put(struct pool *p, struct task *t);

/* Finish all that was put, done() included, and end the threads.  NULL is fine. */
void         pool_free(struct pool *p);

#endif
