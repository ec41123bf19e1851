#include "relay/work.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/bounce.h"
#include "relay/compose.h"
#include "relay/retry.h"
#include "relay/route.h"
#include "relay/session.h"

#define PATIENCE 3      /* rounds in a row that a server may end without a verdict */

/* Where a recipient of the envelope stands in this round. */
struct standing {
	struct status status;           /* VERDICT_NONE: not settled, or was before this round */
	bool          waits;            /* not settled for good */
	bool          untold;           /* sent by a server that reports no deliveries */
	size_t        as;               /* it shares the wire address of this recipient; else its own index */
};

struct work {
	struct work_env  env;
	struct entry    *e;
	struct message  *msg;
	struct standing *to;            /* one a recipient of the envelope */
	struct mail     *todo;
	unsigned         out;
	size_t           waiting;       /* recipients that wait */
	bool             sent_some;     /* in this round */
	bool             unreturnable;  /* somebody's failure, and nobody to tell */
	char             remote[256];   /* the host that said the last refusal */
	struct work     *next;
};

/* ---- a round's beginning ---- */

/* Put a verdict on a recipient, and on those that share its address. */
static void
stand(struct work *w, size_t index, const struct status *st)
{
	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		struct standing *t = &w->to[i];

		if (t->as != index || !t->waits)
			continue;
		t->status = *st;
		if (st->verdict == VERDICT_SENT) {
			t->waits = false;
			w->waiting--;
			w->sent_some = true;
		}
		if (w->msg->env.nrcpts == 1)
			return;
	}
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
	int err = compose(w->env.conf, w->env.relay, m);

	if (err == 0)
		return true;
	if (err == -EMSGSIZE)
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.3.4", "the header block is too large");
	else
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.3.0",
		    "the message cannot be read from the spool: %s", strerror(-err));
	for (size_t i = 0; i < m->nrcpt; i++)
		stand(w, m->rcpt[i].index, &st);
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

/* Recipients a transaction: halved with each round in which the server asked for fewer. */
static size_t
ceiling(const struct work *w)
{
	unsigned halvings = w->e->again < 31 ? w->e->again : 31;
	size_t most = w->env.relay->recipients_per_message >> halvings;

	return most > 0 ? most : 1;
}

/*
 * Route the recipients that wait and cut them into mails.  Several local
 * names often end at the same local-mail: that address gets one copy.
 */
static void
make_mails(struct work *w)
{
	const struct config *c = w->env.conf;
	const struct envelope *env = &w->msg->env;
	size_t most = ceiling(w), left = w->waiting;
	struct mail **end = &w->todo, *m = NULL;
	size_t local = SIZE_MAX;
	const char *why;

	for (size_t i = 0; i < env->nrcpts; i++) {
		struct addr *to;

		if (!w->to[i].waits)
			continue;
		to = route_recipient(c, env->host, env->rcpts[i].addr, &why);
		if (to == NULL) {
			status_local(&w->to[i].status, VERDICT_REJECT, SCOPE_RECIPIENT, "5.1.3", "%s", why);
			left--;
			continue;
		}
		if (c->local_mail != NULL && addr_eq(to, c->local_mail)) {
			if (local != SIZE_MAX) {
				w->to[i].as = local;
				addr_free(to);
				left--;
				continue;
			}
			local = i;
		}
		if (m == NULL)
			m = new_mail(w, smaller(most, left));
		m->rcpt[m->nrcpt++] = (struct mail_rcpt){ .index = i, .to = to };
		left--;
		if (m->nrcpt == most) {
			add_mail(&end, m);
			m = NULL;
		}
	}
	if (m != NULL)
		add_mail(&end, m);
}

static void
log_arrival(const struct work *w)
{
	char id[ID_LEN + 1];

	msgid_format(w->e->id, id);
	log_info("%s: uid=%u, from=<%s>, size=%llu, nrcpt=%zu", id, (unsigned)w->msg->uid, w->msg->env.sender->text,
	    (unsigned long long)w->msg->size, w->msg->env.nrcpts);
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
	w->to = xcalloc(msg->env.nrcpts, sizeof(*w->to));
	for (size_t i = 0; i < msg->env.nrcpts; i++) {
		enum outcome o = msg->notes[i].what;

		w->to[i].as = i;
		w->to[i].waits = o != OUTCOME_SENT && o != OUTCOME_FAILED;
		w->waiting += w->to[i].waits;
		/* In an earlier round, or one that a crash ended: what stands in no report must stay to be seen. */
		w->unreturnable |= o == OUTCOME_FAILED && addr_is_null(msg->env.sender);
	}
	if (e->last_s == 0 && e->again == 0)
		log_arrival(w);
	make_mails(w);
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

const struct relay_conf *
work_relay(const struct work *w)
{
	return w->env.relay;
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

static const char *
status_word(const struct status *st)
{
	switch (st->verdict) {
	case VERDICT_SENT:
		return "sent";
	case VERDICT_REJECT:
		return "bounced";
	default:
		return "deferred";
	}
}

/* delays=a/b/c/d as Postfix counts them: before the queue, in it, connecting, transmitting. */
static void
put_delays(struct buf *b, const struct work *w, struct session *s, const struct mail *m)
{
	double total = (double)(clock_wall_us() - msgid_time_us(w->e->id)) / 1e6;
	double d = (double)(clock_mono_ms() - m->began_ms) / 1e3;
	double queued = (double)(m->began_ms - w->e->since_ms) / 1e3;
	double c = (double)session_setup_ms(s) / 1e3, before;

	c = c < queued ? c : queued;
	before = total - d - queued;
	buf_printf(b, "delay=%.3g, delays=%.2g/%.2g/%.2g/%.2g", total > 0 ? total : 0, before > 0 ? before : 0,
	    queued - c, c, d);
}

static void
log_verdict(const struct work *w, struct session *s, const struct mail *m, const struct mail_rcpt *to)
{
	const struct status *st = &to->status;
	const struct addr *orig = w->msg->env.rcpts[to->index].addr;
	char id[ID_LEN + 1];
	struct buf b;

	msgid_format(w->e->id, id);
	buf_init(&b, 4096);
	buf_printf(&b, "%s: to=<%s>, ", id, to->to->text);
	if (!addr_eq(orig, to->to))
		buf_printf(&b, "orig_to=<%s>, ", orig->text);
	buf_printf(&b, "relay=%s, ", session_peer(s));
	put_delays(&b, w, s, m);
	buf_printf(&b, ", dsn=%s, status=%s (", st->dsn, status_word(st));
	if (st->code != 0)
		buf_printf(&b, "%d ", st->code);
	buf_printf(&b, "%s)", st->text);
	if (st->hint != NULL)
		buf_printf(&b, ", hint=%s", st->hint);
	log_info("%s", buf_cstr(&b));
	buf_done(&b);
}

static struct outcome_note
note_of(const struct work *w, const struct status *st, int64_t now_s)
{
	struct outcome_note n = { .time_s = now_s, .code = st->code, .text = (char *)(uintptr_t)st->text };

	n.what = st->verdict == VERDICT_SENT ? OUTCOME_SENT :
	    st->verdict == VERDICT_REJECT ? OUTCOME_FAILED : OUTCOME_DEFERRED;
	snprintf(n.dsn, sizeof(n.dsn), "%s", st->dsn);
	snprintf(n.relay, sizeof(n.relay), "%s", w->env.relay->name);
	return n;
}

/* A journal that cannot be written risks a duplicate, which is better than a loss; it is said. */
static void
note(struct work *w, size_t i, const struct status *st, bool sync)
{
	struct outcome_note n = note_of(w, st, clock_wall_s());
	int err = message_note(w->msg, i, &n, sync);
	char id[ID_LEN + 1];

	if (err == 0)
		return;
	msgid_format(w->e->id, id);
	log_err("%s: journal cannot be written (%s): after a crash recipient %zu may get a duplicate", id,
	    strerror(-err), i + 1);
}

/* Is anything of the message still open after this mail?  Then what was sent must survive a crash. */
static void
note_sent(struct work *w, const struct mail *m)
{
	size_t last = SIZE_MAX;

	if (w->waiting == 0)
		return;                         /* the file goes away with its last recipient */
	for (size_t i = 0; i < w->msg->env.nrcpts; i++)
		for (size_t k = 0; k < m->nrcpt; k++)
			if (w->to[i].as == m->rcpt[k].index && w->to[i].status.verdict == VERDICT_SENT) {
				if (last != SIZE_MAX)
					note(w, last, &w->to[last].status, false);
				last = i;
			}
	if (last != SIZE_MAX)
		note(w, last, &w->to[last].status, true);
}

void
work_withdraw(struct work *w)
{
	struct mail *m;

	while ((m = w->todo) != NULL) {
		w->todo = m->next;
		for (size_t k = 0; k < m->nrcpt; k++)
			w->to[m->rcpt[k].index].status = (struct status){ .verdict = VERDICT_RECONNECT };
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
		stand(w, to->index, &to->status);
		back |= given_back(&to->status);
		/* Given back is no news, unless it went out and nobody knows what became of it. */
		if (!given_back(&to->status) || (m->content_out && to->status.code == 0))
			log_verdict(w, s, m, to);
		w->to[to->index].untold = !m->dsn;
		if (to->status.code != 0)
			snprintf(w->remote, sizeof(w->remote), "%.*s", (int)strcspn(remote, "["), remote);
	}
	note_sent(w, m);
	mail_free(m);
	if (back)
		work_withdraw(w);
}

void
work_defer_all(struct work *w, const struct status *why)
{
	work_withdraw(w);
	for (size_t i = 0; i < w->msg->env.nrcpts; i++)
		if (w->to[i].waits)
			w->to[i].status = *why;
}

/* ---- a round's end ---- */

static struct bounced
bounced_of(const struct work *w, size_t i, bool expired)
{
	const struct status *st = &w->to[i].status;

	return (struct bounced){
		.index = i, .dsn = st->dsn, .code = st->code, .text = st->text, .hint = st->hint,
		.remote = st->code != 0 ? w->remote : NULL, .expired = expired,
	};
}

static bool
is_delayed(const struct standing *t)
{
	return t->waits && t->status.verdict == VERDICT_DEFER;
}

static bool
is_untold(const struct standing *t)
{
	return t->status.verdict == VERDICT_SENT && t->untold;
}

/* A courtesy: one that cannot be written is said in the log, and changes nothing. */
static void
tell(struct work *w, enum report_action action, bool (*about)(const struct standing *t))
{
	struct bounced *b = xcalloc(w->msg->env.nrcpts, sizeof(*b));
	char id[ID_LEN + 1], report_id[ID_LEN + 1];
	size_t n = 0;
	int err;

	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		if (about(&w->to[w->to[i].as])) {
			b[n] = bounced_of(w, i, false);
			b[n++].action = action;
		}
	}
	msgid_format(w->e->id, id);
	err = bounce_write(w->env.conf, w->env.store, w->msg, b, n, report_id);
	if (err == 0)
		log_info("%s: notice to <%s> is %s", id, w->msg->env.sender->text, report_id);
	else if (err != -ENOMSG)
		log_err("%s: the notice to <%s> cannot be written: %s", id, w->msg->env.sender->text, strerror(-err));
	free(b);
}

/* The submitter asked to hear of success, and the server will not tell him (RFC 3461 §5.2.2). */
static void
tell_relayed(struct work *w)
{
	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		if ((w->msg->env.rcpts[i].notify & NOTIFY_SUCCESS) && is_untold(&w->to[w->to[i].as])) {
			tell(w, REPORT_RELAYED, is_untold);
			return;
		}
	}
}

/* Once, when the message itself is deferred for so long.  A relay that rests is the admin's to hear of: a notice
   could not leave before the message does. */
static void
tell_delayed(struct work *w, int64_t now_s)
{
	int64_t age_s = now_s - msgid_time_us(w->e->id) / 1000000, after_s = w->env.conf->warn_after_s;

	if (after_s == 0 || age_s < after_s || w->msg->warned)
		return;
	tell(w, REPORT_DELAYED, is_delayed);
	(void)message_note_warned(w->msg, now_s);       /* at worst he is told twice */
}

/*
 * One report for all recipients that failed in this round.  If it cannot be
 * written they are deferred instead: the server will refuse them again.
 */
static void
report(struct work *w, const struct bounced *b, size_t n)
{
	char id[ID_LEN + 1], report_id[ID_LEN + 1];
	int err = bounce_write(w->env.conf, w->env.store, w->msg, b, n, report_id);

	msgid_format(w->e->id, id);
	if (err != 0 && err != -ENOMSG) {
		log_err("%s: the report to <%s> cannot be written: %s; tried again later", id,
		    w->msg->env.sender->text, strerror(-err));
		for (size_t k = 0; k < n; k++)
			w->to[b[k].index].status.verdict = VERDICT_DEFER;
		return;
	}
	if (err == 0)
		log_info("%s: report to <%s> is %s", id, w->msg->env.sender->text, report_id);
	else if (addr_is_null(w->msg->env.sender))
		w->unreturnable = true;
	for (size_t k = 0; k < n; k++) {
		struct standing *t = &w->to[b[k].index];

		t->status.verdict = VERDICT_REJECT;
		t->waits = false;
		w->waiting--;
	}
}

static void
report_failed(struct work *w, bool expired)
{
	struct bounced *b = xcalloc(w->msg->env.nrcpts, sizeof(*b));
	size_t n = 0;

	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		const struct standing *t = &w->to[i];
		bool late = expired && t->status.verdict == VERDICT_DEFER;

		if (t->waits && (t->status.verdict == VERDICT_REJECT || late))
			b[n++] = bounced_of(w, i, late);
	}
	if (n > 0)
		report(w, b, n);
	free(b);
}

/* What stays gets its lines: the reason in mailq, and the time of this attempt. */
static void
note_rest(struct work *w)
{
	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		const struct standing *t = &w->to[i];

		if (t->status.verdict == VERDICT_DEFER || t->status.verdict == VERDICT_REJECT)
			note(w, i, &t->status, false);
	}
}

enum fate
work_finish(struct work *w, int64_t now_s)
{
	bool deferred = false, back = false, counts = false;
	bool expired = retry_expired(msgid_time_us(w->e->id) / 1000000, now_s, w->env.conf->expire_s);

	report_failed(w, expired);
	for (size_t i = 0; i < w->msg->env.nrcpts; i++) {
		const struct standing *t = &w->to[i];

		if (!t->waits)
			continue;
		deferred |= t->status.verdict == VERDICT_DEFER;
		back |= t->status.verdict != VERDICT_DEFER;
		counts |= t->status.code != 0 && (t->status.verdict == VERDICT_RECONNECT ||
		    (t->status.verdict == VERDICT_SPLIT && (t->status.scope == SCOPE_MESSAGE || !w->sent_some)));
	}
	tell_relayed(w);
	if (deferred)
		tell_delayed(w, now_s);
	if (deferred || back || w->unreturnable)
		note_rest(w);
	w->e->again = counts ? w->e->again + 1 : 0;
	if (back)
		return FATE_AGAIN;
	if (deferred)
		return FATE_LATER;
	return w->unreturnable ? FATE_DEAD : FATE_GONE;
}

int
work_remove(struct work *w)
{
	int err = message_remove(w->env.store, PLACE_CUR, w->msg);

	if (err == 0)
		w->msg = NULL;
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
	free(w->to);
	free(w);
}
