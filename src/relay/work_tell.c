/* work_tell.c - what is said of a round: lines in the log, reports to the sender; see work.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/bounce.h"
#include "relay/session.h"
#include "relay/work_private.h"

/* ---- the log ---- */

void
work_log_arrival(const struct work *w)
{
	char id[ID_LEN + 1];

	msgid_format(w->e->id, id);
	log_info("%s: uid=%u, from=<%s>, size=%llu, nrcpt=%zu", id, (unsigned)w->msg->uid,
	    w->sender->text, (unsigned long long)w->msg->size, w->msg->env.nrcpts);
	if (!addr_eq(w->sender, w->msg->env.sender))
		log_warn("%s: %s is not in trusted-users: sent from <%s>, not from <%s>", id,
		    w->msg->env.user, w->sender->text, w->msg->env.sender->text);
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

void
work_log_verdict(const struct work *w, struct session *s, const struct mail *m,
    const struct mail_rcpt *to)
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

void
work_log_unrouted(const struct work *w, size_t rcpt, const struct status *st)
{
	char id[ID_LEN + 1];

	msgid_format(w->e->id, id);
	log_info("%s: to=<%s>, relay=none, dsn=%s, status=%s (%s)", id,
	    w->msg->env.rcpts[rcpt].addr->text, st->dsn, status_word(st), st->text);
}

/* ---- the sender ---- */

static struct bounced
bounced_of(const struct work *w, size_t rcpt, const struct part *p, bool expired)
{
	const struct status *st = &p->status;

	return (struct bounced){
		.index = rcpt, .to = p->to,
		.dsn = st->dsn, .code = st->code, .text = st->text, .hint = st->hint,
		.remote = st->code != 0 ? w->remote : NULL, .expired = expired, .owner = p->owner,
	};
}

static bool
is_delayed(const struct part *p)
{
	return p->waits && p->status.verdict == VERDICT_DEFER;
}

static bool
is_untold(const struct part *p)
{
	return p->status.verdict == VERDICT_SENT && p->untold;
}

/* Who is told about a group of parts: group 0 the sender, the others the owners of lists. */
static const char *
told_of(const struct work *w, size_t group)
{
	return group > 0 ? w->to.owners.addr[group - 1]->text : w->sender->text;
}

static void
write_notice(struct work *w, size_t group, const struct bounced *b, size_t n)
{
	char id[ID_LEN + 1], report_id[ID_LEN + 1];
	int err = bounce_write(w->env.conf, w->env.store, w->msg, b, n, report_id);

	msgid_format(w->e->id, id);
	if (err == 0)
		log_info("%s: notice to <%s> is %s", id, told_of(w, group), report_id);
	else if (err != -ENOMSG)
		log_err("%s: the notice to <%s> cannot be written: %s", id, told_of(w, group), strerror(-err));
}

/* The submitter hears that it went to the list; who is on it is not his to know. */
static struct bounced
relayed(const struct work *w, size_t rcpt, const struct part *p)
{
	struct bounced b = bounced_of(w, rcpt, p, false);

	b.action = REPORT_RELAYED;
	b.to = p->owner != NULL ? NULL : b.to;
	b.owner = NULL;
	return b;
}

static void
tell_relayed(struct work *w)
{
	struct bounced *b = xcalloc(w->to.nref + 1, sizeof(*b));
	size_t n = 0;

	for (size_t i = 0; i < w->to.nrcpts; i++) {
		bool list = false;

		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			const struct part *p = parts_at(&w->to, i, k);

			if (!is_untold(p) || (p->owner != NULL && list))
				continue;
			list |= p->owner != NULL;
			b[n++] = relayed(w, i, p);
		}
	}
	write_notice(w, 0, b, n);
	free(b);
}

static void
tell_delayed(struct work *w, size_t group)
{
	struct bounced *b = xcalloc(w->to.nref + 1, sizeof(*b));
	size_t n = 0;

	for (size_t i = 0; i < w->to.nrcpts; i++) {
		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			const struct part *p = parts_at(&w->to, i, k);

			if (p->group != group || !is_delayed(p))
				continue;
			b[n] = bounced_of(w, i, p, false);
			b[n++].action = REPORT_DELAYED;
		}
	}
	write_notice(w, group, b, n);
	free(b);
}

/* The submitter asked to hear of success, and the server will not tell him (RFC 3461 §5.2.2). */
void
work_tell_relayed(struct work *w)
{
	for (size_t i = 0; i < w->to.nrcpts; i++) {
		if ((w->msg->env.rcpts[i].notify & NOTIFY_SUCCESS) == 0)
			continue;
		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			if (is_untold(parts_at(&w->to, i, k))) {
				tell_relayed(w);
				return;
			}
		}
	}
}

/* Once, when the message itself is deferred for so long.  A relay that rests is the admin's to hear of: a notice
   could not leave before the message does. */
void
work_tell_delayed(struct work *w, int64_t now_s)
{
	int64_t age_s = now_s - entry_arrival_s(w->e), after_s = w->env.conf->warn_after_s;

	if (after_s == 0 || age_s < after_s || w->msg->warned)
		return;
	for (size_t g = 0; g <= w->to.owners.n; g++)
		tell_delayed(w, g);
	(void)message_note_warned(w->msg, now_s);       /* at worst he is told twice */
}

/*
 * One report for all recipients that failed in this round.  If it cannot be
 * written they are deferred instead: the server will refuse them again.
 */
static void
report(struct work *w, size_t group, const struct bounced *b, struct part *const *failed, size_t n)
{
	char id[ID_LEN + 1], report_id[ID_LEN + 1];
	int err = bounce_write(w->env.conf, w->env.store, w->msg, b, n, report_id);

	msgid_format(w->e->id, id);
	if (err != 0 && err != -ENOMSG) {
		log_err("%s: the report to <%s> cannot be written: %s; tried again later", id,
		    told_of(w, group), strerror(-err));
		for (size_t k = 0; k < n; k++)
			failed[k]->status.verdict = VERDICT_DEFER;
		return;
	}
	if (err == 0)
		log_info("%s: report to <%s> is %s", id, told_of(w, group), report_id);
	else if (addr_is_null(w->sender))
		w->unreturnable = true;
	for (size_t k = 0; k < n; k++)
		parts_give_up(&w->to, failed[k]);
}

static void
report_group(struct work *w, size_t group, bool expired)
{
	struct bounced *b = xcalloc(w->to.nref + 1, sizeof(*b));
	struct part **failed = xcalloc(w->to.nref + 1, sizeof(struct part *));
	size_t n = 0;

	for (size_t i = 0; i < w->to.nrcpts; i++) {
		for (size_t k = 0; k < parts_count(&w->to, i); k++) {
			struct part *p = parts_at(&w->to, i, k);
			bool late = expired && p->status.verdict == VERDICT_DEFER;

			if (p->group != group || !p->waits || (p->status.verdict != VERDICT_REJECT && !late))
				continue;
			b[n] = bounced_of(w, i, p, late);
			failed[n++] = p;
		}
	}
	if (n > 0)
		report(w, group, b, failed, n);
	free(b);
	free(failed);
}

void
work_report_failed(struct work *w, bool expired)
{
	for (size_t g = 0; g <= w->to.owners.n; g++)
		report_group(w, g, expired);
}
