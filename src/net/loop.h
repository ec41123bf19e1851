/*
 * loop.h - the event loop as the floors above see it: timers, descriptors,
 * signals.  Thin over libevent, so that nobody else includes it.  Every
 * callback comes from loop_run(), never from inside the call that asked.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct timer;
struct watch;

struct event_base *loop_new(void);              /* never NULL */
void loop_run(struct event_base *base);         /* until loop_stop() */
void loop_turn(struct event_base *base);        /* what is due now, without waiting */
void loop_stop(struct event_base *base);
void loop_free(struct event_base *base);        /* one loop_turn() first, so that what frees itself later can */

/*
 * The longest that a turn of loop_run() took: as long everybody else had to
 * wait, for the loop is one.  Two readings of the clock a turn.
 */
struct loop_gap {
	int64_t ms;
	int64_t at_s;                           /* clock_wall_s() at its end; 0: there was none above 0 ms */
};
struct loop_gap loop_longest(void);
void loop_woke(void);                           /* net's own: a callback begins; the first of a turn counts */

/* One shot; setting it again moves it.  0 ms: the loop's next turn. */
struct timer *timer_new(struct event_base *base, void (*fire)(void *arg), void *arg);
void timer_set(struct timer *t, int64_t ms);
void timer_off(struct timer *t);
bool timer_is_set(const struct timer *t);
void timer_free(struct timer *t);               /* NULL is fine */

/* A descriptor to read from, for as long as the watch lives; a signal. */
struct watch *watch_fd(struct event_base *base, int fd, void (*ready)(void *arg), void *arg);
struct watch *watch_signal(struct event_base *base, int signo, void (*came)(void *arg), void *arg);
void watch_free(struct watch *w);               /* the descriptor stays open; NULL is fine */

#endif
