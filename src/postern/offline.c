/* offline.c - the queue as the spool has it, for when the daemon is down. */
#include <errno.h>
#include <string.h>

#include "postern/offline.h"
#include "spool/store.h"

struct walk {
	struct store   *store;
	enum place      place;
	struct listing *l;
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
			listing_recipient(l, span_of(m->env.rcpts[i].addr->text), span_of(m->notes[i].text));
}

static int
show(void *arg, const struct stored *st)
{
	struct walk *w = arg;
	struct listing_message shown = { .mark = ' ', .size = (uint64_t)st->size };
	struct message *m = NULL;
	char id[ID_LEN + 1];
	const char *why = NULL;
	size_t i;
	int rc = store_load(w->store, w->place, st->id, &m, &why);

	if (rc == -ENOENT)
		return 0;               /* gone since the folder was read */
	msgid_format(st->id, id);
	shown.id = id;
	shown.time_s = msgid_time_us(st->id) / 1000000;
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (places[i].place == w->place) {
			shown.mark = places[i].mark;
			shown.reason = span_of(places[i].reason);
		}
	}
	if (rc == 0) {
		shown.size = m->size;
		shown.sender = addr_is_null(m->env.sender) ? SPAN("") : span_of(m->env.sender->text);
	} else {
		shown.sender = SPAN("?");
		if (shown.reason.n == 0)
			shown.reason = span_of(why != NULL ? why : strerror(-rc));
	}
	listing_message(w->l, &shown);
	if (rc == 0)
		show_recipients(w->l, m);
	message_close(w->store, m);
	return 0;
}

int
offline_list(const char *spool, struct listing *l, struct buf *why)
{
	struct walk w = { .l = l };
	const char *what = spool;
	size_t i;
	int rc;

	rc = store_open(spool, false, &w.store, &what);
	if (rc < 0) {
		buf_printf(why, "%s: %s", what, strerror(-rc));
		return rc;
	}
	for (i = 0; rc == 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		w.place = places[i].place;
		rc = store_scan(w.store, w.place, true, show, &w);
		if (rc < 0)
			buf_printf(why, "%s/%s: %s", spool, place_name(w.place), strerror(-rc));
	}
	store_close(w.store);
	return rc;
}
