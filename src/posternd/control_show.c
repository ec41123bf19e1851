/* control_show.c - show and body: one message in full, for its owner and root; see control.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "posternd/control_private.h"
#include "posternd/records.h"
#include "smtp/limits.h"

#define PIECE 16384                     /* octets read and encoded between two looks at the sockets */

/* What is written when: each is a step of its own, in this order. */
enum step { STEP_RECIPIENTS, STEP_JOURNAL, STEP_TEXT, STEP_END };

struct view {
	struct message *m;
	struct shown    s;
	enum step       step;
	size_t          rcpt;
	uint64_t        at;             /* in the journal, in the text */
	uint64_t        end;            /* of the text: of the header alone, or of all */
	const char     *record;         /* of a line of text */
	struct buf      line;           /* of the journal, as far as it was read */
};

/* ---- find it ---- */

static void
not_found(struct asker *a, const char *id)
{
	asker_error(a, "notfound", "no message %s is queued here; it has left, or never was", id);
}

/* Of a folder where somebody else's may not be seen, his is not there. */
static bool
may_see(struct asker *a, uid_t owner, const char *id)
{
	if (asker_may_all(a) || owner == a->uid)
		return true;
	if (queue_conf(a->control->queue)->mailq_own)
		not_found(a, id);
	else
		asker_error(a, "denied", "%s is another user's; only he and root may read it", id);
	return false;
}

static void
say_bad(struct asker *a, const struct shown *s, const char *id, const char *why)
{
	struct store *store = queue_store(a->control->queue);
	struct stored st;

	if (store_stat(store, s->place, s->id, &st) < 0)
		not_found(a, id);
	else if (may_see(a, st.uid, id))
		asker_error(a, "failed", "%s/%s cannot be read as a message: %s", place_name(s->place), id, why);
}

static struct view *
open_view(struct asker *a)
{
	struct queue *q = a->control->queue;
	const char *id = a->word[0], *why = NULL;
	struct view *v = xcalloc(1, sizeof(*v));
	msgid number;
	int err;

	if (!msgid_parse(id, &number)) {
		asker_error(a, "usage", "\"%s\" is no message ID; it has %d digits as mailq shows it", id, ID_LEN);
	} else if (!queue_find(q, number, &v->s)) {
		not_found(a, id);
	} else if ((err = store_load(queue_store(q), v->s.place, number, &v->m, &why)) == -ENOENT) {
		not_found(a, id);
	} else if (err == -EBADMSG || err == -EAGAIN) {
		say_bad(a, &v->s, id, err == -EAGAIN ? "it was never finished" : why);
	} else if (err != 0) {
		asker_error(a, "failed", "%s cannot be read: %s", id, strerror(-err));
	} else if (may_see(a, v->m->uid, id)) {
		return v;
	}
	message_close(queue_store(q), v->m);
	free(v);
	return NULL;
}

/* ---- its lines ---- */

/*
 * Text in lines, each without its CRLF; a line longer than a record goes on
 * in the next.  How much of it was used: a line without an end waits for more.
 */
static size_t
put_lines(struct buf *out, const char *record, struct span text, bool last)
{
	size_t used = 0;

	while (used < text.n) {
		struct span rest = { text.p + used, text.n - used }, line = rest;
		const char *lf = memchr(rest.p, '\n', rest.n);

		if (lf == NULL && !last && rest.n < PIECE)
			break;
		line.n = lf != NULL ? (size_t)(lf - rest.p) : rest.n;
		if (lf == NULL && !last && line.n > 1 && line.p[line.n - 1] == '\r')
			line.n--;               /* perhaps half of a line's end: it comes again */
		used += line.n + (lf != NULL);
		if (lf != NULL && line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		buf_str(out, record);
		record_span(out, "text", line);
		buf_str(out, lf == NULL && !(last && used == text.n) ? " more=1\n" : "\n");
	}
	return used;
}

static void
text_step(struct view *v, struct buf *out)
{
	uint64_t left = v->end - v->at;
	char piece[PIECE];
	ssize_t n = message_read(v->m, v->at, piece, left < PIECE ? (size_t)left : PIECE);

	if (n > 0)
		v->at += put_lines(out, v->record, (struct span){ piece, (size_t)n }, (uint64_t)n == left);
	if (n <= 0 || v->at == v->end)
		v->step = STEP_END;
}

/* A line without an end is a crash's, and no event; one longer than any of ours is somebody's damage. */
static void
journal_step(struct view *v, struct buf *out)
{
	char *room = buf_room(&v->line, PIECE);
	ssize_t n = room != NULL ? message_journal(v->m, v->at, room, PIECE) : 0;
	struct span rest, line;
	size_t used = 0;

	if (room == NULL)
		buf_clear(&v->line);
	if (n <= 0 && room != NULL) {
		v->step = STEP_TEXT;
		v->at = 0;
		return;
	}
	buf_took(&v->line, (size_t)n);
	v->at += (uint64_t)n;
	rest = buf_view(&v->line);
	while (used < rest.n && memchr(rest.p + used, '\n', rest.n - used) != NULL) {
		struct span from = { rest.p + used, rest.n - used };

		span_cut(&from, '\n', &line);
		used += line.n + 1;
		record_journal(out, line);
	}
	buf_drop(&v->line, used);
}

static void
recipients_step(struct asker *a, struct view *v, struct buf *out)
{
	const struct envelope *e = &v->m->env;

	while (v->rcpt < e->nrcpts && asker_has_room(a)) {
		record_recipient(out, &e->rcpts[v->rcpt], &v->m->notes[v->rcpt]);
		v->rcpt++;
	}
	if (v->rcpt < e->nrcpts)
		return;
	record_options(out, e);
	v->step = STEP_JOURNAL;
}

static bool
turn(struct asker *a, struct buf *out)
{
	struct view *v = a->job;

	switch (v->step) {
	case STEP_RECIPIENTS:
		recipients_step(a, v, out);
		break;
	case STEP_JOURNAL:
		journal_step(v, out);
		break;
	case STEP_TEXT:
		text_step(v, out);
		break;
	case STEP_END:
		break;
	}
	return v->step != STEP_END;
}

static void
end(struct asker *a)
{
	struct view *v = a->job;

	message_close(queue_store(a->control->queue), v->m);
	buf_done(&v->line);
	free(v);
}

/* ---- the two ---- */

/* A header block without an end is shown as far as any server would take it. */
static void
begin_show(struct asker *a, struct buf *out)
{
	struct view *v = open_view(a);
	struct span block;
	int err;

	if (v == NULL)
		return;
	a->job = v;
	v->record = "header";
	buf_init(&v->line, (size_t)4 * PIECE);
	err = message_header(v->m, LIMIT_HEADER_BLOCK, &block);
	v->end = err == 0 ? block.n : v->m->size < LIMIT_HEADER_BLOCK ? v->m->size : LIMIT_HEADER_BLOCK;
	record_message(out, &v->s, v->m);
}

static void
begin_body(struct asker *a, struct buf *out)
{
	struct view *v = open_view(a);

	(void)out;
	if (v == NULL)
		return;
	a->job = v;
	v->record = "content";
	v->step = STEP_TEXT;
	v->end = v->m->size;
}

const struct request control_show = {
	.name = "show", .usage = "ID", .least = 1, .most = 1, .begin = begin_show, .turn = turn, .end = end,
};

const struct request control_body = {
	.name = "body", .usage = "ID", .least = 1, .most = 1, .begin = begin_body, .turn = turn, .end = end,
};
