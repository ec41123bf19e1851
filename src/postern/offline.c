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
	enum place        place;
	enum queued_state state;
} places[] = {
	{ PLACE_NEW, QUEUED_READY },
	{ PLACE_CUR, QUEUED_READY },
	{ PLACE_LATER, QUEUED_LATER },
	{ PLACE_HOLD, QUEUED_HOLD },
	{ PLACE_DEAD, QUEUED_DEAD },
	{ PLACE_BAD, QUEUED_BAD },
};

struct looking {
	struct store *store;
	void        (*message)(void *arg, struct queued *q);
	void         *arg;
};

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

static char *
copy(const char *text)
{
	return text != NULL && text[0] != '\0' ? xstrdup(text) : NULL;
}

static void
add_recipient(struct queued *q, const struct rcpt *to, const struct outcome_note *n)
{
	static const char *const names[] = {
		[OUTCOME_NONE] = "waiting", [OUTCOME_SENT] = "sent",
		[OUTCOME_DEFERRED] = "deferred", [OUTCOME_FAILED] = "failed",
	};

	queued_add(q, &(struct queued_rcpt){
		.addr = xstrdup(to->addr->text), .state = xstrdup(names[n->what]), .time_s = n->time_s,
		.code = (unsigned)n->code, .dsn = copy(n->dsn), .relay = copy(n->relay), .text = copy(n->text),
	});
}

static void
read_into(struct queued *q, const struct message *m)
{
	q->size = m->size;
	q->sender = xstrdup(m->env.sender->text);
	free(q->user);
	q->user = xstrdup(m->env.user);
	q->uid = m->uid;
	q->attempts = m->attempts;
	for (size_t i = 0; i < m->env.nrcpts; i++) {
		add_recipient(q, &m->env.rcpts[i], &m->notes[i]);
		if (m->notes[i].time_s > q->last_s)
			q->last_s = m->notes[i].time_s;
	}
}

static void
show(struct looking *l, size_t at, const struct stored *st)
{
	struct queued q = { .size = (uint64_t)st->size, .state = places[at].state, .uid = st->uid };
	struct message *m = NULL;
	char id[ID_LEN + 1];
	const char *why = NULL;
	int rc = store_load(l->store, places[at].place, st->id, &m, &why);

	if (rc == -ENOENT)
		return;                 /* gone since the folder was read */
	msgid_format(st->id, id);
	memcpy(q.id, id, sizeof(id));
	q.time_s = msgid_time_us(st->id) / 1000000;
	q.state_word = xstrdup(queued_state_name(q.state));
	if (rc == 0)
		read_into(&q, m);
	else if (q.state != QUEUED_BAD)
		q.reason = xstrdup(why != NULL ? why : strerror(-rc));
	l->message(l->arg, &q);
	queued_done(&q);
	message_close(l->store, m);
}

static int
list_place(struct looking *l, size_t at)
{
	struct found f = { 0 };
	size_t i;
	int rc = store_scan(l->store, places[at].place, true, gather, &f);

	if (f.n > 0)
		qsort(f.m, f.n, sizeof(*f.m), by_arrival);
	for (i = 0; rc == 0 && i < f.n; i++)
		show(l, at, &f.m[i]);
	free(f.m);
	return rc;
}

int
offline_read(const char *spool, void (*message)(void *arg, struct queued *q), void *arg, struct buf *why)
{
	struct looking l = { .message = message, .arg = arg };
	const char *what = spool;
	size_t i;
	int rc;

	rc = store_open(spool, false, &l.store, &what);
	if (rc < 0) {
		buf_printf(why, "%s: %s", what, strerror(-rc));
		return rc;
	}
	for (i = 0; rc == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		rc = list_place(&l, i);
		if (rc < 0)
			buf_printf(why, "%s/%s: %s", spool, place_name(places[i].place), strerror(-rc));
	}
	store_close(l.store);
	return rc;
}
