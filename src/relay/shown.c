#include "relay/shown.h"

#include <stdlib.h>

void
shown_add(struct shown_list *l, const struct shown *s)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 256;
		l->s = xrealloc(l->s, l->cap * sizeof(*l->s));
	}
	l->s[l->n++] = *s;
}

static void
add_ready(void *arg, struct entry *e)
{
	shown_add(arg, &(struct shown){ .id = e->id, .state = SHOWN_READY, .place = PLACE_CUR });
}

void
shown_add_ready(struct shown_list *l, const struct ready *r)
{
	ready_each(r, add_ready, l);
}

void
shown_add_waiting(struct shown_list *l, const struct waiting *w)
{
	for (size_t i = 0; i < w->n; i++)
		shown_add(l, &(struct shown){
			.id = w->e[i]->id, .state = SHOWN_LATER, .place = PLACE_LATER, .due_s = w->e[i]->due_s,
		});
}

struct adding {
	struct shown_list *list;
	struct shown       like;
};

static int
add_stored(void *arg, const struct stored *m)
{
	struct adding *a = arg;

	a->like.id = m->id;
	shown_add(a->list, &a->like);
	return 0;
}

void
shown_add_place(struct shown_list *l, struct store *store, enum place p, enum shown_state state)
{
	struct adding a = { .list = l, .like = { .state = state, .place = p } };

	store_scan(store, p, false, add_stored, &a);
}

static int
by_id(const void *a, const void *b)
{
	const struct shown *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void
shown_sort(struct shown_list *l)
{
	if (l->n > 1)
		qsort(l->s, l->n, sizeof(*l->s), by_id);
}

void
shown_done(struct shown_list *l)
{
	free(l->s);
	*l = (struct shown_list){ 0 };
}
