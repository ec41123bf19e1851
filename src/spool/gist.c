/*
 * gist.c - see gist.h.
 *
 * Why a file's status is asked for at all, when the daemon alone writes here:
 * an admin may remove a file, and of new/ and hold/ no other memory knows
 * anything.  It costs a tenth of opening and reading the file.
 */
#include "spool/gist.h"

#include <stdlib.h>
#include <string.h>

#include "spool/kept.h"
#include "spool/store_private.h"

void
gist_of(const struct message *m, struct gist *ret)
{
	*ret = (struct gist){
		.id = m->id, .uid = m->uid, .size = m->size, .attempts = m->attempts,
		.held_by = span_of(m->held_by), .sender = span_of(m->env.sender->text), .nrcpts = m->env.nrcpts,
	};
	ret->rcpts = xcalloc(ret->nrcpts, sizeof(*ret->rcpts));
	for (size_t i = 0; i < ret->nrcpts; i++) {
		const struct outcome_note *n = &m->notes[i];
		struct gist_rcpt *to = &ret->rcpts[i];

		*to = (struct gist_rcpt){ .addr = span_of(m->env.rcpts[i].addr->text), .what = n->what };
		if (n->what == OUTCOME_NONE)
			continue;
		to->time_s = n->time_s;
		to->code = n->code;
		to->dsn = span_of(n->dsn);
		to->relay = span_of(n->relay);
		to->text = span_of(n->text);
	}
}

void
gist_done(struct gist *g)
{
	free(g->rcpts);
	*g = (struct gist){ .nrcpts = 0 };
}

/* ---- what tells a file from itself as it was ---- */

static uint64_t
mix(uint64_t mark, uint64_t n)
{
	mark = (mark ^ n) * UINT64_C(0xBF58476D1CE4E5B9);
	return mark ^ mark >> 31;
}

/*
 * A journal grows, so each line of it changes the size; the rest is for what
 * people do by hand.  Not the place: a message that moves is the same.
 */
uint64_t
gist_mark(const struct stat *st)
{
	uint64_t mark = mix(0, (uint64_t)st->st_size);

	mark = mix(mark, st->st_ino);
	mark = mix(mark, (uint64_t)st->st_mtim.tv_sec);
	mark = mix(mark, (uint64_t)st->st_mtim.tv_nsec);
	return mix(mark, (uint64_t)st->st_uid << 32 | st->st_mode);
}

/* A login name is not the file's, and may be another one the next time. */
static void
keep(struct store *s, const struct message *m, const struct gist *g, uint64_t mark)
{
	struct gist said = *g;

	if (m->unsaid)
		said.sender = (struct span){ NULL, 0 };
	kept_put(s->kept, &said, mark);
}

void
gist_keep(struct store *s, const struct message *m, uint64_t mark)
{
	struct gist g;

	gist_of(m, &g);
	keep(s, m, &g, mark);
	gist_done(&g);
}

static int
read_file(struct store *s, enum place p, msgid id, void (*tell)(void *arg, const struct gist *g), void *arg,
    const char **ret_why)
{
	struct message *m;
	struct gist g;
	int r = store_load(s, p, id, &m, ret_why);

	if (r < 0)
		return r;
	gist_of(m, &g);
	if (s->kept != NULL)
		keep(s, m, &g, m->mark);
	tell(arg, &g);
	gist_done(&g);
	message_close(s, m);
	return 0;
}

int
store_gist(struct store *s, enum place p, msgid id, void (*tell)(void *arg, const struct gist *g), void *arg,
    const char **ret_why)
{
	char name[ID_LEN + 1];
	struct addr *sender = NULL;
	struct stat st;
	struct gist g;
	int r;

	if (s->kept == NULL || !kept_knows(s->kept, id))
		return read_file(s, p, id, tell, arg, ret_why);
	msgid_format(id, name);
	if ((r = fs_stat_at(s->dir[p], name, &st)) < 0)
		return r;
	if (!kept_find(s->kept, id, gist_mark(&st), &g))
		return read_file(s, p, id, tell, arg, ret_why);
	if (g.sender.p == NULL) {
		sender = message_sender(s, g.uid);
		g.sender = span_of(sender->text);
	}
	tell(arg, &g);
	addr_free(sender);
	return 0;
}

static void
tell_nobody(void *arg, const struct gist *g)
{
	(void)arg;
	(void)g;
}

bool
store_gist_ahead(struct store *s, enum place p, msgid id)
{
	const char *why;

	if (s->kept == NULL || kept_is_full(s->kept))
		return false;
	if (!kept_knows(s->kept, id))
		(void)read_file(s, p, id, tell_nobody, NULL, &why);
	return true;
}
