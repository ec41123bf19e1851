/* offline.c - the queue as the spool has it, for when the daemon is down. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "postern/offline.h"
#include "smtp/limits.h"
#include "spool/view.h"

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
begin(struct queued *q, size_t at, msgid id)
{
	char name[ID_LEN + 1];

	msgid_format(id, name);
	memcpy(q->id, name, sizeof(name));
	q->time_s = msgid_time_us(id) / 1000000;
	q->state = places[at].state;
	q->state_word = xstrdup(queued_state_name(q->state));
}

static void
show(struct looking *l, size_t at, const struct stored *st)
{
	struct queued q = { .size = (uint64_t)st->size, .uid = st->uid };
	struct message *m = NULL;
	const char *why = NULL;
	int rc = store_load(l->store, places[at].place, st->id, &m, &why);

	if (rc == -ENOENT)
		return;                 /* gone since the folder was read */
	begin(&q, at, st->id);
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

static int
look(const char *spool, struct store **ret, struct buf *why)
{
	const char *what = spool;
	int rc = store_open(spool, false, ret, &what);

	if (rc < 0)
		buf_printf(why, "%s: %s", what, strerror(-rc));
	return rc;
}

int
offline_read(const char *spool, void (*message)(void *arg, struct queued *q), void *arg, struct buf *why)
{
	struct looking l = { .message = message, .arg = arg };
	size_t i;
	int rc = look(spool, &l.store, why);

	if (rc < 0)
		return rc;
	for (i = 0; rc == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		rc = list_place(&l, i);
		if (rc < 0)
			buf_printf(why, "%s/%s: %s", spool, place_name(places[i].place), strerror(-rc));
	}
	store_close(l.store);
	return rc;
}

/* ---- one of them ---- */

#define RECORDS_MAX (1u << 20)          /* of one turn of a view */

static void
each_record(struct view *v, void (*each)(void *arg, struct span line), void *arg)
{
	struct buf out;
	bool more = true;

	buf_init(&out, RECORDS_MAX);
	while (more) {
		struct span rest, line;

		buf_clear(&out);
		more = view_turn(v, &out);
		rest = buf_view(&out);
		while (span_cut(&rest, '\n', &line))
			each(arg, line);
	}
	buf_done(&out);
	view_free(v);
}

/* -EAGAIN: its writer never got as far as to put the head there. */
static int
load(struct store *store, const char *spool, msgid id, size_t *ret_at, struct message **ret, struct buf *why)
{
	const char *bad = NULL;
	char name[ID_LEN + 1];
	int rc = -ENOENT;

	msgid_format(id, name);
	for (size_t i = 0; rc == -ENOENT && i < sizeof(places) / sizeof(places[0]); i++) {
		*ret_at = i;
		rc = store_load(store, places[i].place, id, ret, &bad);
	}
	if (rc == -ENOENT)
		buf_printf(why, "no message %s in %s; it has left, or never was", name, spool);
	else if (rc == -EBADMSG || rc == -EAGAIN)
		buf_printf(why, "%s/%s cannot be read as a message: %s", place_name(places[*ret_at].place), name,
		    bad != NULL ? bad : "it was never finished");
	else if (rc < 0)
		buf_printf(why, "%s/%s/%s: %s", spool, place_name(places[*ret_at].place), name, strerror(-rc));
	return rc == -EAGAIN ? -EBADMSG : rc;
}

int
offline_find(const char *spool, msgid id, struct queued *ret, void (*each)(void *arg, struct span line), void *arg,
    struct buf *why)
{
	struct message *m = NULL;
	struct store *store;
	size_t at;
	int rc = look(spool, &store, why);

	if (rc < 0)
		return rc;
	rc = load(store, spool, id, &at, &m, why);
	if (rc == 0 && ret != NULL) {
		begin(ret, at, id);
		read_into(ret, m);
	}
	if (rc == 0)
		each_record(ret != NULL ? view_story(m, LIMIT_HEADER_BLOCK) : view_text(m), each, arg);
	message_close(store, m);
	store_close(store);
	return rc;
}
