/*
 * shown.h - a message as it stands in a list for somebody who asked: what
 * memory knows of it.  The rest is read from its file later, a slice at a
 * time; see roll.h.
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
	uid_t            uid;           /* of what memory knows: not of new/, hold/, dead/, bad/ */
};

struct shown_list {
	struct shown *s;                /* owned */
	size_t        n, cap;
};

void shown_add(struct shown_list *l, const struct shown *s);
void shown_add_ready(struct shown_list *l, const struct ready *r);
void shown_add_waiting(struct shown_list *l, const struct waiting *w);
void shown_done(struct shown_list *l);

#endif
