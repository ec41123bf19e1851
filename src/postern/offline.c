/* offline.c - the queue as the spool has it, for when the daemon is down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postern/offline.h"
#include "spool/store.h"

/* What one folder holds, gathered first: readdir knows no order, people do. */
struct found {
	struct stored *m;
	size_t         n, cap;
};

static const struct {
	enum place  place;
	char        mark;
	const char *reason;
} places[] = {
	{ PLACE_NEW, ' ', "" },
	{ PLACE_CUR, ' ', "" },
	{ PLACE_LATER, ' ', "" },
	{ PLACE_HOLD, '!', "held" },
	{ PLACE_DEAD, ' ', "neither deliverable nor returnable; kept in dead/" },
	{ PLACE_BAD, ' ', "not readable as a message; kept in bad/" },
};

static void
show_recipients(struct listing *l, const struct message *m)
{
	size_t i;

	for (i = 0; i < m->env.nrcpts; i++)
		if (m->notes[i].what != OUTCOME_SENT)
			listing_recipient(l, span_of(m->env.rcpts[i].addr->text),
			    (unsigned)m->notes[i].code, span_of(m->notes[i].text));
}

static int
gather(void *arg, const struct stored *m)
{
	struct found *f = arg;

	if (f->n == f->cap) {
		f->cap = f->cap * 2 + 64;
		f->m = xrealloc(f->m, f->cap * sizeof(*f->m));
	}
	f->m[f->n++] = *m;
	return 0;
}

static int
by_arrival(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void
show(struct store *store, size_t at, const struct stored *st, struct listing *l)
{
	struct listing_message shown = { .mark = places[at].mark, .size = (uint64_t)st->size };
	struct message *m = NULL;
	char id[ID_LEN + 1];
	const char *why = NULL;
	int rc = store_load(store, places[at].place, st->id, &m, &why);

	if (rc == -ENOENT)
		return;                 /* gone since the folder was read */
	msgid_format(st->id, id);
	shown.id = id;
	shown.time_s = msgid_time_us(st->id) / 1000000;
	shown.reason = span_of(places[at].reason);
	if (rc == 0) {
		shown.size = m->size;
		shown.sender = span_of(m->env.sender->text);
	} else {
		shown.sender = SPAN("?");
		if (shown.reason.n == 0)
			shown.reason = span_of(why != NULL ? why : strerror(-rc));
	}
	listing_message(l, &shown);
	if (rc == 0)
		show_recipients(l, m);
	message_close(store, m);
}

static int
list_place(struct store *store, size_t at, struct listing *l)
{
	struct found f = { 0 };
	size_t i;
	int rc = store_scan(store, places[at].place, true, gather, &f);

	if (f.n > 0)
		qsort(f.m, f.n, sizeof(*f.m), by_arrival);
	for (i = 0; rc == 0 && i < f.n; i++)
		show(store, at, &f.m[i], l);
	free(f.m);
	return rc;
}

int
offline_list(const char *spool, struct listing *l, struct buf *why)
{
	struct store *store;
	const char *what = spool;
	size_t i;
	int rc;

	rc = store_open(spool, false, &store, &what);
	if (rc < 0) {
		buf_printf(why, "%s: %s", what, strerror(-rc));
		return rc;
	}
	for (i = 0; rc == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		rc = list_place(store, i, l);
		if (rc < 0)
			buf_printf(why, "%s/%s: %s", spool, place_name(places[i].place), strerror(-rc));
	}
	store_close(store);
	return rc;
}
