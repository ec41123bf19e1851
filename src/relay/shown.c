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
	shown_add(arg, &(struct shown){ .id = e->id, .state = SHOWN_READY, .place = PLACE_CUR, .uid = e->uid });
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
			.uid = w->e[i]->uid,
		});
}

void
shown_done(struct shown_list *l)
{
	free(l->s);
	*l = (struct shown_list){ 0 };
}
