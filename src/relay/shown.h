/*
 * shown.h - a list of all messages for somebody who asked: made at once from
 * memory and directories, read from the files later, a slice at a time.
 */
#ifndef RELAY_SHOWN_H
#define RELAY_SHOWN_H

#include "relay/entry.h"
#include "relay/ready.h"
#include "relay/waiting.h"

enum shown_state { SHOWN_READY, SHOWN_ACTIVE, SHOWN_LATER, SHOWN_HOLD, SHOWN_DEAD, SHOWN_BAD };

struct shown {
	msgid            id;
	enum shown_state state;
	enum place       place;
	uint32_t         due_s;         /* SHOWN_LATER */
};

struct shown_list {
	struct shown *s;                /* owned */
	size_t        n, cap;
};

void shown_add(struct shown_list *l, const struct shown *s);
void shown_add_ready(struct shown_list *l, const struct ready *r);
void shown_add_waiting(struct shown_list *l, const struct waiting *w);
void shown_add_place(struct shown_list *l, struct store *store, enum place p, enum shown_state state);
void shown_sort(struct shown_list *l);          /* by arrival */
void shown_done(struct shown_list *l);

#endif
