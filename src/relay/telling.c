#include "relay/telling.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "mail/header.h"
#include "net/loop.h"
#include "relay/digest.h"
#include "relay/own.h"
#include "relay/submitted.h"
#include "relay/whose.h"

#define SLICE      32           /* messages read in one turn */
#define DIGEST_MAX (192u << 10)

struct telling {
	struct store        *store;
	struct timer        *turn;
	void               (*done)(void *arg, int err);
	void                *arg;
	const struct config *conf;      /* NULL: nothing goes on */
	struct digest       *digest;
	msgid               *id;
	size_t               n, cap, at;
};

static int
collect(void *arg, const struct stored *m)
{
	struct telling *t = arg;

	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? 2 * t->cap : 256;
		t->id = xrealloc(t->id, t->cap * sizeof(*t->id));
	}
	t->id[t->n++] = m->id;
	return 0;
}

static struct span
subject_of(struct span fields)
{
	struct field f;

	while (header_next(&fields, &f))
		if (header_is(&f, "Subject"))
			return f.body;
	return SPAN("");
}

static void
add(struct telling *t, struct message *m)
{
	struct submitted sub;
	struct whose     w;

	whose(m, &w);
	if (submitted_read(m, &sub) != 0)
		sub.fields = SPAN("");
	digest_add(t->digest, &(struct digest_item){
		.who = w.name, .user = w.user, .shared = w.shared, .sender = m->env.sender->text,
		.subject = subject_of(sub.fields), .arrived_s = msgid_time_us(m->id) / 1000000,
	});
	submitted_done(&sub);
}

static int
write_digest(struct telling *t)
{
	struct buf subject, limit, text;
	char       id[ID_LEN + 1];
	int        err;

	buf_init(&subject, 1024);
	buf_init(&limit, 128);
	buf_init(&text, DIGEST_MAX);
	buf_printf(&limit, "%u messages in ", t->conf->flood.per_user);
	text_put_duration(&limit, t->conf->flood.per_s);
	digest_put_subject(t->digest, &subject);
	digest_put_text(t->digest, t->conf->hostname, buf_cstr(&limit), &text);
	err = own_tell_root(t->conf, t->store, buf_cstr(&subject), buf_view(&text), id);
	if (err == 0)
		log_info("flood: %zu messages stand in hold/, and %s tells root of them", digest_count(t->digest), id);
	else
		log_err("flood: the digest for root cannot be written: %s; tried again later", strerror(-err));
	buf_done(&subject);
	buf_done(&limit);
	buf_done(&text);
	return err;
}

static void
on_turn(void *arg)
{
	struct telling *t = arg;
	struct message *m;
	const char     *why;
	int             err = 0;

	for (int n = 0; n < SLICE && t->at < t->n; n++) {
		if (store_load(t->store, PLACE_HOLD, t->id[t->at++], &m, &why) != 0)
			continue;               /* released meanwhile, or of no use to anybody */
		if (strcmp(m->held_by, "flood") == 0)
			add(t, m);
		message_close(t->store, m);
	}
	if (t->at < t->n) {
		timer_set(t->turn, 0);
		return;
	}
	if (digest_count(t->digest) > 0)
		err = write_digest(t);
	telling_stop(t);
	t->done(t->arg, err);
}

struct telling *
telling_new(struct event_base *base, struct store *store, void (*done)(void *arg, int err), void *arg)
{
	struct telling *t = xcalloc(1, sizeof(*t));

	t->store = store;
	t->done = done;
	t->arg = arg;
	t->turn = timer_new(base, on_turn, t);
	return t;
}

void
telling_start(struct telling *t, const struct config *c)
{
	int err;

	telling_stop(t);
	t->conf = c;
	t->digest = digest_new();
	err = store_scan(t->store, PLACE_HOLD, false, collect, t);
	if (err != 0)
		log_err("hold/ cannot be read: %s", strerror(-err));
	timer_set(t->turn, 0);
}

bool
telling_is_going(const struct telling *t)
{
	return t->conf != NULL;
}

void
telling_stop(struct telling *t)
{
	timer_off(t->turn);
	digest_free(t->digest);
	free(t->id);
	t->conf = NULL;
	t->digest = NULL;
	t->id = NULL;
	t->n = t->cap = t->at = 0;
}

void
telling_free(struct telling *t)
{
	if (t == NULL)
		return;
	telling_stop(t);
	timer_free(t->turn);
	free(t);
}
