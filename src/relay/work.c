/* work.c - a round: cut into mails, taken back, noted in the journal; see work.h. */
#include "relay/work.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "idna/idna.h"
#include "relay/allowance.h"
#include "relay/compose.h"
#include "relay/retry.h"
#include "relay/sender.h"
#include "relay/session.h"
#include "relay/work_private.h"

#define PATIENCE 3      /* rounds in a row that a server may end without a verdict */

/* ---- a round's beginning ---- */

/* Put a verdict on an address. */
static void
stand(struct work *w, size_t part, const struct status *st)
{
	parts_stand(&w->to, &w->to.part[part], st);
	w->sent_some |= st->verdict == VERDICT_SENT;
}

/*
 * Only when a session is about to carry it: a header of a megabyte in each
 * of ten thousand transactions is more than a machine has.  False: it cannot
 * be sent, and its recipients have their verdict.
 */
static bool
compose_mail(struct work *w, struct mail *m)
{
	struct status st;
	const char *why = "";
	int err = compose(w->env.conf, w->env.relay, m);

	if (err == 0)
		return true;
	if (err == -EMSGSIZE)
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.3.4", "the header block is too large");
	else if (err == -EDOM && idna_addr(m->from, &why) == NULL)
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.1.8",
		    "the sender's domain is none: %s (%s)", m->from->text, why);
	else
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.3.0",
		    "the message cannot be read from the spool: %s", strerror(-err));
	for (size_t i = 0; i < m->nrcpt; i++)
		stand(w, m->rcpt[i].part, &st);
	mail_free(m);
	return false;
}

static void
add_mail(struct mail ***end, struct mail *m)
{
	**end = m;
	*end = &m->next;
}

static struct mail *
new_mail(struct work *w, size_t room)
{
	struct mail *m = xcalloc(1, sizeof(*m));

	m->msg = w->msg;
	m->owner = w;
	m->rcpt = xcalloc(room, sizeof(*m->rcpt));
	return m;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Recipients a transaction: as the relay has learnt, and not more than what
 * is halved with each round that ended without a verdict.
 */
static size_t
ceiling(const struct work *w)
{
	unsigned halvings = w->e->again < 31 ? w->e->again : 31;
	size_t most = smaller(allowance_recipients(w->env.relay) >> halvings, w->env.recipients);

	return most > 0 ? most : 1;
}

/* ---- the journal ---- */

static struct outcome_note
note_of(const struct work *w, const struct status *st, int64_t now_s)
{
	struct outcome_note n = { .time_s = now_s, .code = st->code, .text = (char *)(uintptr_t)st->text };

	n.what = st->verdict == VERDICT_SENT ? OUTCOME_SENT :
	    st->verdict == VERDICT_REJECT ? OUTCOME_FAILED : OUTCOME_DEFERRED;
	snprintf(n.dsn, sizeof(n.dsn), "%s", st->dsn);
	snprintf(n.relay, sizeof(n.relay), "%s", w->env.relay != NULL ? w->env.relay->name : "");
	return n;
}

/* A journal that cannot be written risks a duplicate, which is better than a loss; it is said. */
static void
note(struct work *w, size_t i, const struct part *p, bool whole, bool sync)
{
	struct outcome_note n = note_of(w, &p->status, clock_wall_s());
	char id[ID_LEN + 1];
	int err;

	n.to = whole || p->to == NULL ? NULL : p->to->text;
	err = message_note(w->msg, i, &n, sync);
	if (err == 0)
		return;
	msgid_format(w->e->id, id);
	log_err("%s: journal cannot be written (%s): after a crash recipient %zu may get a duplicate", id,
	    strerror(-err), i + 1);
}

/* One line a recipient when all of him is settled, else one for each address just sent. */
struct noting {
	struct work       *w;
	const struct part *p;           /* the line that is not written yet; NULL: none */
	size_t             rcpt;
	bool               whole;
};

static void
note_next(struct noting *n, size_t rcpt, const struct part *p, bool whole)
{
	if (n->p != NULL)
		note(n->w, n->rcpt, n->p, n->whole, p == NULL);
	n->p = p;
	n->rcpt = rcpt;
	n->whole = whole;
}

/*
 * Is anything of the message still open?  Then what was sent must survive a
 * crash: the last line is synced, and the others with it.
 */
static void
note_fresh(struct work *w)
{
	struct noting n = { .w = w };

	if (w->to.waiting == 0)
		return;                         /* the file goes away with its last recipient */
	for (size_t i = 0; i < w->to.nrcpts; i++) {
		bool whole = !parts_wait(&w->to, i);

		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			const struct part *p = parts_at(&w->to, i, k);

			if (!p->fresh)
				continue;
			note_next(&n, i, p, whole);
			if (whole)
				break;
		}
	}
	note_next(&n, 0, NULL, false);
	for (size_t i = 0; i < w->to.n; i++)
		w->to.part[i].fresh = false;
}

/* ---- mails ---- */

/* Is this round about him?  What has no address is the first round's of a turn. */
static bool
is_tried(const struct work *w, const struct part *p)
{
	if (!p->waits || p->to == NULL)
		return p->waits && w->first;
	return p->lane == w->env.lane && (w->e->lanes & work_bit(p->lane)) != 0;
}

/* Is a mail to be made for it? */
static bool
is_to_send(const struct work *w, const struct part *p)
{
	return p->to != NULL && is_tried(w, p);
}

/* How many of each owner's addresses there are. */
static size_t *
count_groups(const struct work *w)
{
	size_t *n = xcalloc(w->to.owners.n + 1, sizeof(*n));

	for (size_t i = 0; i < w->to.n; i++)
		n[w->to.part[i].group] += is_to_send(w, &w->to.part[i]);
	return n;
}

/* Cut what can be sent into mails; those of a list have its owner as their sender. */
static void
make_mails(struct work *w)
{
	size_t most = ceiling(w), *left = count_groups(w);
	struct mail **open = xcalloc(w->to.owners.n + 1, sizeof(struct mail *)), **end = &w->todo;

	for (size_t i = 0; i < w->to.n; i++) {
		const struct part *p = &w->to.part[i];
		struct mail *m = open[p->group];

		if (!is_to_send(w, p))
			continue;
		if (m == NULL) {
			m = open[p->group] = new_mail(w, smaller(most, left[p->group]));
			m->list_owner = p->owner;
		}
		m->rcpt[m->nrcpt++] = (struct mail_rcpt){
			.index = p->rcpt, .part = i, .to = addr_dup(p->to),
		};
		left[p->group]--;
		if (m->nrcpt == most || left[p->group] == 0) {
			add_mail(&end, m);
			open[p->group] = NULL;
		}
	}
	free(open);
	free(left);
}

int
work_load(const struct work_env *env, struct entry *e, struct work **ret, const char **ret_why)
{
	struct message *msg;
	struct work *w;
	int err;

	*ret_why = NULL;
	if ((err = store_load(env->store, PLACE_CUR, e->id, &msg, ret_why)) != 0)
		return err;
	w = xcalloc(1, sizeof(*w));
	w->env = *env;
	w->e = e;
	w->msg = msg;
	entry_seen(e, clock_wall_s(), msg->first_s);
	w->new = e->last_s == 0 && !e->known;
	w->first = e->lanes == 0;
	w->sender = sender_of(env->conf, msg);
	parts_init(&w->to, msg->env.nrcpts);
	if (w->new)
		work_log_arrival(w);
	work_route(w);
	note_fresh(w);
	if (env->relay != NULL)
		make_mails(w);
	e->known = true;
	*ret = w;
	return 0;
}

struct entry *
work_entry(const struct work *w)
{
	return w->e;
}

struct work *
work_of(const struct mail *m)
{
	return m->owner;
}

struct work **
work_next(struct work *w)
{
	return &w->next;
}

struct mail *
work_take(struct work *w)
{
	struct mail *m;

	while ((m = w->todo) != NULL) {
		w->todo = m->next;
		m->next = NULL;
		if (compose_mail(w, m)) {
			w->out++;
			return m;
		}
	}
	return NULL;
}

bool
work_has_more(const struct work *w)
{
	return w->todo != NULL;
}

const struct work_env *
work_env(const struct work *w)
{
	return &w->env;
}

bool
work_is_back(const struct work *w)
{
	return w->todo == NULL && w->out == 0;
}

/* ---- a verdict ---- */

static bool
given_back(const struct status *st)
{
	return st->verdict == VERDICT_RECONNECT || st->verdict == VERDICT_SPLIT || status_is_relay(st);
}

/* A server that ends round after round without a verdict is a deferral; so is a "split" of one recipient. */
static void
bound_patience(struct work *w, const struct mail *m, struct status *st)
{
	bool stuck = (st->verdict == VERDICT_RECONNECT && w->e->again >= PATIENCE) ||
	    (st->verdict == VERDICT_SPLIT && m->nrcpt == 1);

	if (stuck) {
		st->verdict = VERDICT_DEFER;
		st->scope = SCOPE_MESSAGE;
	}
}

void
work_withdraw(struct work *w)
{
	struct mail *m;

	while ((m = w->todo) != NULL) {
		w->todo = m->next;
		for (size_t k = 0; k < m->nrcpt; k++)
			stand(w, m->rcpt[k].part, &(struct status){ .verdict = VERDICT_RECONNECT });
		mail_free(m);
	}
}

void
work_settle(struct work *w, struct session *s, struct mail *m)
{
	const char *remote = session_peer(s);
	bool back = false;

	assert(w->out > 0);
	w->out--;
	for (size_t k = 0; k < m->nrcpt; k++) {
		struct mail_rcpt *to = &m->rcpt[k];

		bound_patience(w, m, &to->status);
		stand(w, to->part, &to->status);
		back |= given_back(&to->status);
		/* Given back is no news, unless it went out and nobody knows what became of it. */
		if (!given_back(&to->status) || (m->content_out && to->status.code == 0))
			work_log_verdict(w, s, m, to);
		w->to.part[to->part].untold = !m->dsn || m->list_owner != NULL;
		if (to->status.code != 0)
			snprintf(w->remote, sizeof(w->remote), "%.*s", (int)strcspn(remote, "["), remote);
	}
	note_fresh(w);
	mail_free(m);
	if (back)
		work_withdraw(w);
}

void
work_defer_all(struct work *w, const struct status *why)
{
	work_withdraw(w);
	for (size_t i = 0; i < w->to.n; i++)
		if (is_tried(w, &w->to.part[i]) && w->to.part[i].status.verdict != VERDICT_REJECT)
			parts_stand(&w->to, &w->to.part[i], why);
}

/* ---- a round's end ---- */

/* A recipient's failures of this round: one line when he is settled, else one an address. */
static void
note_failed(struct work *w, size_t rcpt)
{
	bool whole = !parts_wait(&w->to, rcpt);

	for (size_t k = 0; k < parts_count(&w->to, rcpt); k++) {
		const struct part *p = parts_at(&w->to, rcpt, k);

		if (p->status.verdict != VERDICT_REJECT)
			continue;
		note(w, rcpt, p, whole, false);
		if (whole)
			return;
	}
}

/* What stays gets its lines: the reason in mailq, and the time of this attempt. */
static void
note_rest(struct work *w)
{
	for (size_t i = 0; i < w->to.nrcpts; i++) {
		note_failed(w, i);
		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			const struct part *p = parts_at(&w->to, i, k);

			if (p->waits && p->status.verdict == VERDICT_DEFER) {
				note(w, i, p, true, false);
				break;
			}
		}
	}
}

enum fate
work_finish(struct work *w, int64_t now_s)
{
	bool deferred = false, back = false, behind = false, counts = false, rest = false;
	bool expired = retry_expired(entry_arrival_s(w->e), now_s, w->env.conf->expire_s);

	work_report_failed(w, expired);
	for (size_t i = 0; i < w->to.n; i++) {
		const struct part *t = &w->to.part[i];

		if (!t->waits)
			continue;
		if (!is_tried(w, t)) {
			rest = true;
			continue;
		}
		deferred |= t->status.verdict == VERDICT_DEFER;
		back |= t->status.verdict != VERDICT_DEFER;
		behind |= t->status.verdict != VERDICT_DEFER && t->status.unsure;
		counts |= t->status.code != 0 && (t->status.verdict == VERDICT_RECONNECT ||
		    (t->status.verdict == VERDICT_SPLIT && (t->status.scope == SCOPE_MESSAGE || !w->sent_some)));
	}
	work_tell_relayed(w);
	if (deferred)
		work_tell_delayed(w, now_s);
	if (deferred || back || rest || w->unreturnable)
		note_rest(w);
	w->e->again = counts ? w->e->again + 1 : 0;
	if (back)
		return behind ? FATE_BEHIND : FATE_AGAIN;
	w->e->lanes &= ~work_bit(w->env.lane);
	if (w->e->lanes != 0)
		return FATE_ONWARD;
	if (deferred || rest)
		return FATE_LATER;
	return w->unreturnable ? FATE_DEAD : FATE_GONE;
}

/* What this round settled of a recipient; one line says it of all his addresses. */
static const struct part *
news_of(const struct work *w, size_t rcpt)
{
	for (size_t k = 0; k < parts_count(&w->to, rcpt); k++) {
		const struct part *p = parts_at(&w->to, rcpt, k);

		if (p->fresh || p->status.verdict == VERDICT_REJECT)
			return p;
	}
	return NULL;
}

/* Not before it is known that the file stays: nearly each one goes, and its lines would go with it. */
static int
note_settled(struct work *w)
{
	size_t last = w->to.nrcpts;
	int err = 0;

	while (last > 0 && news_of(w, last - 1) == NULL)
		last--;
	for (size_t i = 0; i < last && err == 0; i++) {
		const struct part *p = news_of(w, i);
		struct outcome_note n;

		if (p == NULL)
			continue;
		n = note_of(w, &p->status, clock_wall_s());
		err = message_note(w->msg, i, &n, i + 1 == last);
	}
	return err;
}

int
work_remove(struct work *w, bool *ret_noted)
{
	int err = message_remove(w->env.store, PLACE_CUR, w->msg);

	if (err == 0)
		w->msg = NULL;
	else
		*ret_noted = note_settled(w) == 0;
	work_free(w);
	return err;
}

void
work_free(struct work *w)
{
	if (w == NULL)
		return;
	assert(w->out == 0);
	work_withdraw(w);
	message_close(w->env.store, w->msg);
	parts_done(&w->to);
	addr_free(w->sender);
	free(w);
}
