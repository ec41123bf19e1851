#include "relay/ready.h"

#include <stdlib.h>

#include "base/buf.h"

static struct line *
line_of(struct ready *r, uid_t uid)
{
	struct line **chain = &r->chain[uid % READY_CHAINS];
	struct line *l;

	for (l = *chain; l != NULL; l = l->next)
		if (l->uid == uid)
			return l;
	l = xcalloc(1, sizeof(*l));
	l->uid = uid;
	l->next = *chain;
	*chain = l;
	return l;
}

static void
turn_last(struct ready *r, struct line *l)
{
	l->turn = NULL;
	if (r->turns == NULL)
		r->turns = l;
	else
		r->last_turn->turn = l;
	r->last_turn = l;
}

static void
turn_first(struct ready *r, struct line *l)
{
	l->turn = r->turns;
	r->turns = l;
	if (l->turn == NULL)
		r->last_turn = l;
}

void
ready_add(struct ready *r, struct entry *e)
{
	struct line *l = line_of(r, e->uid);

	e->next = NULL;
	r->n++;
	if (l->first != NULL) {
		l->last->next = e;
		l->last = e;
		return;
	}
	l->first = l->last = e;
	turn_last(r, l);
}

void
ready_return(struct ready *r, struct entry *e)
{
	struct line *l = line_of(r, e->uid);
	bool was_empty = l->first == NULL;

	e->next = l->first;
	l->first = e;
	r->n++;
	if (was_empty) {
		l->last = e;
		turn_first(r, l);
	}
}

struct entry *
ready_take(struct ready *r)
{
	struct line *l = r->turns;
	struct entry *e;

	if (l == NULL)
		return NULL;
	r->turns = l->turn;
	if (r->turns == NULL)
		r->last_turn = NULL;
	e = l->first;
	l->first = e->next;
	r->n--;
	if (l->first != NULL)
		turn_last(r, l);
	else
		l->last = NULL;
	e->next = NULL;
	return e;
}

static struct line *
waiting_line(const struct ready *r, uid_t uid)
{
	struct line *l = r->turns;

	while (l != NULL && l->uid != uid)
		l = l->turn;
	return l;
}

bool
ready_has(const struct ready *r, uid_t uid)
{
	return waiting_line(r, uid) != NULL;
}

struct entry *
ready_take_of(struct ready *r, uid_t uid)
{
	struct line *l = waiting_line(r, uid), *before = r->turns;

	if (l == NULL)
		return NULL;
	if (l != before) {
		while (before->turn != l)
			before = before->turn;
		before->turn = l->turn;
		if (r->last_turn == l)
			r->last_turn = before;
		turn_first(r, l);
	}
	return ready_take(r);
}

struct entry *
ready_take_those(struct ready *r, bool (*which)(void *arg, const struct entry *e), void *arg, size_t most)
{
	struct entry *taken = NULL, **end = &taken;
	struct line *l = r->turns, *next;

	r->turns = r->last_turn = NULL;
	for (; l != NULL; l = next) {
		struct entry **at = &l->first, *e, *kept = NULL;

		next = l->turn;
		while (most > 0 && (e = *at) != NULL) {
			if (which(arg, e)) {
				*at = e->next;
				e->next = NULL;
				*end = e;
				end = &e->next;
				r->n--;
				most--;
			} else {
				kept = e;
				at = &e->next;
			}
		}
		if (*at == NULL)
			l->last = kept;
		if (l->first != NULL)
			turn_last(r, l);
	}
	return taken;
}

void
ready_each(const struct ready *r, void (*each)(void *arg, struct entry *e), void *arg)
{
	for (const struct line *l = r->turns; l != NULL; l = l->turn)
		for (struct entry *e = l->first; e != NULL; e = e->next)
			each(arg, e);
}

void
ready_done(struct ready *r)
{
	for (size_t i = 0; i < READY_CHAINS; i++) {
		struct line *l, *next;

		for (l = r->chain[i]; l != NULL; l = next) {
			next = l->next;
			free(l);
		}
	}
	*r = (struct ready){ 0 };
}
