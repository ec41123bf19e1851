#include "posternd/upload.h"

#include <errno.h>
#include <stdlib.h>

#include "spool/envelope.h"

struct upload {
	struct pool      **pool;
	void             (*done)(void *arg);
	void              *arg;
	bool               busy;        /* the task is with the pool, and what is below with its thread */
	bool               dropped;

	struct task        task;
	int                spool;
	struct draft_limits limits;
	struct buf         head;        /* the envelope's lines, until the draft is begun */
	struct draft      *draft;
	struct buf         piece;
	bool               last;
	int                error;
	bool               maybe;
	char               id[ID_LEN + 1];
};

/* ---- in a thread ---- */

static int
begin(struct upload *u)
{
	struct envelope e;
	const char     *why;
	int             r = -E2BIG;

	if (!u->head.over)
		r = envelope_parse(buf_view(&u->head), &e, &why);
	if (r == 0) {
		r = draft_begin(u->spool, &e, &u->limits, &u->draft);
		envelope_done(&e);
	}
	buf_done(&u->head);
	return r;
}

static int
write_piece(struct upload *u)
{
	int r = 0;

	if (u->draft == NULL)
		r = begin(u);
	if (r == 0)
		r = draft_write(u->draft, buf_view(&u->piece));
	if (r == 0 && u->last) {
		r = draft_commit(u->draft, u->id, &u->maybe);
		u->draft = NULL;
	}
	return r;
}

static void
work(void *arg)
{
	struct upload *u = arg;

	if (u->error == 0 && !u->dropped)
		u->error = write_piece(u);
	buf_clear(&u->piece);
	if (u->error != 0 || u->dropped) {
		draft_abort(u->draft);
		u->draft = NULL;
	}
}

/* ---- in the loop ---- */

static void
destroy(struct upload *u)
{
	draft_abort(u->draft);
	buf_done(&u->head);
	buf_done(&u->piece);
	free(u);
}

static void
drop_now(struct upload *u)
{
	u->dropped = true;
	if (u->draft == NULL || *u->pool == NULL) {
		destroy(u);
		return;
	}
	u->busy = true;
	pool_put(*u->pool, &u->task);
}

static void
worked(void *arg)
{
	struct upload *u = arg;

	u->busy = false;
	if (u->done != NULL)
		u->done(u->arg);
	else if (u->dropped)
		destroy(u);
	else
		drop_now(u);            /* let go of while a piece was being written */
}

struct upload *
upload_new(struct pool **pool, int spool, const struct draft_limits *l, const struct envelope *e,
    void (*done)(void *arg), void *arg)
{
	struct upload *u = xcalloc(1, sizeof(*u));

	u->pool = pool;
	u->done = done;
	u->arg = arg;
	u->spool = spool;
	u->limits = *l;
	u->task = (struct task){ .work = work, .done = worked, .arg = u };
	buf_init(&u->head, ENVELOPE_MAX_BYTES);
	buf_init(&u->piece, 4 * UPLOAD_PIECE);
	envelope_put(&u->head, e);
	return u;
}

void
upload_add(struct upload *u, struct span bytes)
{
	if (u->error == 0)
		buf_span(&u->piece, bytes);
	if (u->piece.over)
		u->error = -EIO;
}

bool
upload_is_full(const struct upload *u)
{
	return u->piece.n >= UPLOAD_PIECE;
}

void
upload_push(struct upload *u, bool last)
{
	u->last = last;
	u->busy = true;
	pool_put(*u->pool, &u->task);
}

bool
upload_is_busy(const struct upload *u)
{
	return u->busy;
}

int
upload_error(const struct upload *u, bool *ret_maybe)
{
	*ret_maybe = u->maybe;
	return u->error;
}

const char *
upload_id(const struct upload *u)
{
	return u->id;
}

void
upload_drop(struct upload *u)
{
	if (u == NULL)
		return;
	u->done = NULL;
	if (!u->busy)
		drop_now(u);
}
