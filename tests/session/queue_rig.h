/*
 * queue_rig.h - the queue's side for real: a spool in a directory, messages
 * made as the shim makes them, a queue with its relays and sessions, and far
 * ends that a test lets misbehave; all in one loop and in virtual time.
 *
 * What must hold after every test is checked by rig_end(), its last
 * statement (a fixture would come too late for Check's own clock): quitting ends,
 * idle() comes once, the far ends saw no breach of the protocol, and no event
 * and no descriptor is left.
 */
#ifndef SESSION_QUEUE_RIG_H
#define SESSION_QUEUE_RIG_H

#include <check.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "lib/scratch.h"
#include "relay/queue.h"
#include "session/script.h"

#define RIG_RELAYS 3
#define RIG_TURNS  8

/* One far end.  What it does may be changed at any time through `turn` and `password`. */
struct rig_relay {
	struct script     *script;
	struct server_conf server;              /* before rig_start() */
	bool               silent;              /* before rig_start(): SYNs go unanswered */
	struct turn        turn[RIG_TURNS];
	void             (*moment)(void *arg, unsigned n);      /* script.h; arg is the rig */
	const char        *secret;              /* what our configuration says (a full path: its file), … */
	char               password[16];        /* … and what it takes */
	const char        *user;                /* NULL: alice; server.user is its other half */
	const char        *host;                /* NULL: 127.0.0.1; another name of this machine */
	const char        *lines;               /* more options of its relay { } */
};

struct rig {
	struct scratch     spool;
	struct event_base *base;
	struct store      *store;
	struct queue      *q;
	int                wake;
	struct watch      *on_wake;
	struct timer      *guard;
	bool               late;
	size_t             nrelays;
	struct rig_relay   relay[RIG_RELAYS];   /* "one", "two", "three" */
	const char        *providers;           /* the folder of their files; NULL: none */
	const char        *top;                 /* more lines of the configuration */
	struct buf         log;
	unsigned           idle;                /* times idle() came */
	unsigned           descriptors;
	bool               lies;                /* the far ends are out of step: no breach counts */

	/* Of the file system. */
	unsigned           syncs;               /* fdatasync so far */
	int                open_error;          /* opening a message … */
	int                read_error;          /* … reading behind its first block, but not the journal … */
	int                rename_error;        /* … moving one … */
	int                unlink_error;        /* … removing one … */
	int                write_error;         /* … and its journal fail so */
	bool               owners;              /* a message's size is its owner's uid … */
	off_t              root_size;           /* … but one of this size is root's */
};

void rig_make(struct rig *r, size_t nrelays);
void rig_listen(struct rig *r);         /* the far ends alone */
void rig_start(struct rig *r);          /* far ends if there are none yet, configuration, queue */
bool rig_reload(struct rig *r);         /* the configuration as the fields say now */
void rig_halt(struct rig *r);           /* quit, and free the queue and the store: what a restart begins with */
void rig_end(struct rig *r);

/* rcpts: "bob@example.net eve@example.net"; from "": the null sender. */
msgid rig_submit(struct rig *r, const char *from, const char *rcpts);
msgid rig_submit_notify(struct rig *r, const char *from, const char *rcpts, unsigned notify);
msgid rig_submit_text(struct rig *r, const char *from, const char *rcpts, const char *text);
msgid rig_submit_many(struct rig *r, const char *from, unsigned nrcpts);        /* to r1@example.net … */
void  rig_submit_each(struct rig *r, unsigned n);       /* n messages to bob, from sender1@example.org … */
void  rig_move(struct rig *r, msgid id, enum place from, enum place to);        /* by hand */

/* One turn of the loop; false: the time of rig_within() is over. */
void rig_within(struct rig *r, int64_t seconds);
bool rig_turn(struct rig *r);

#define UNTIL(r, condition, seconds) do { \
	rig_within((r), (seconds)); \
	while (!(condition)) \
		if (!rig_turn(r)) \
			ck_abort_msg("not within %d s: %s\n%s", (int)(seconds), #condition, rig_tail(r)); \
	} while (0)

void rig_pass(struct rig *r, int64_t seconds);

/* ---- what is to be seen ---- */

bool     rig_is_empty(struct rig *r);   /* nothing new, ready, carried or waiting */
size_t   rig_files(const struct rig *r, enum place p);
unsigned rig_got(const struct rig *r, size_t relay, const char *rcpt);          /* messages to it; NULL: all */
unsigned rig_got_from(const struct rig *r, size_t relay, const char *from);
const struct accepted *rig_last(const struct rig *r, size_t relay);
unsigned rig_logged(const struct rig *r, const char *text);                     /* lines with it */
const char *rig_tail(const struct rig *r);                                      /* the log's end */
char    *rig_file(const struct rig *r, enum place p, msgid id);                 /* to be freed */
const struct upstream *rig_up(const struct rig *r, size_t relay);
struct shown rig_shown(struct rig *r, msgid id);

TCase *queue_deliver_case(void);
TCase *queue_failing_case(void);
TCase *queue_breaker_case(void);
TCase *queue_failover_case(void);
TCase *queue_stated_case(void);
TCase *queue_suspects_case(void);
TCase *queue_pieces_case(void);
TCase *queue_life_case(void);
TCase *queue_aliases_case(void);
TCase *queue_two_case(void);
TCase *queue_bounds_case(void);
TCase *queue_clock_case(void);
TCase *queue_guard_case(void);
TCase *queue_reports_case(void);
TCase *queue_quota_case(void);
TCase *queue_quota_two_case(void);
TCase *queue_network_case(void);
TCase *queue_network_two_case(void);
TCase *queue_alerts_case(void);
TCase *queue_lanes_case(void);
TCase *queue_lanes_three_case(void);
TCase *queue_pause_case(void);
TCase *queue_pause_two_case(void);
TCase *queue_actions_case(void);
TCase *queue_actions_two_case(void);
TCase *queue_ahead_case(void);
TCase *queue_day_case(void);

#endif
