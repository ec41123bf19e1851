/*
 * session_read.c - the cursor that hears the replies, and what each means for
 * its mail; see session_private.h.  Nothing here reaches the connection.
 */
#include "relay/session_private.h"

#include "relay/trace.h"

/* ---- refusals ---- */

static bool
names(const void *mail, struct span text)
{
	return mail_names_recipient(mail, text);
}

static void
judge(const struct session *s, enum when when, const struct reply *r, const struct mail *m, struct status *ret)
{
	struct judged at = {
		.when = when, .some_accepted = m->accepted > 0, .with = relay_conf_with(s->p.relay),
		.names = names, .arg = m,
	};

	rules_judge(&s->p.relay->rules, &at, r, ret);
	if (ret->verdict == VERDICT_SPLIT && m->nrcpt == 1)
		status_no_help(ret);
}

/*
 * A command that ran ahead was called unknown or out of order, though all
 * before it in its transaction was in order: the server promised an
 * extension that it does not have.  NULL: it did not; else what is lost.
 */
static const char *
extension_failed(struct session *s, const struct reply *r, const struct expect *e)
{
	bool sequence = r->code == 500 || r->code == 502 || r->code == 503;

	if (!sequence || e->mail->closed)
		return NULL;
	if (e->phase == END && e->mail->accepted > 0 && session_has(s, EXT_CHUNKING)) {
		s->p.lacks->chunking = true;
		return "BDAT";
	}
	if (e->ahead && e->phase != END) {
		s->p.lacks->pipelining = true;
		return "pipelining";
	}
	return NULL;
}

/*
 * A refusal inside a transaction.  A verdict about the message or one
 * recipient settles that.  The relay's trouble and a wish to reconnect give
 * the mail back as it is and end the session; behind a 421 or a lost
 * extension no answer means anything, so then it ends here and now.
 */
static enum phase
refusal(struct session *s, enum when when, const struct reply *r, const struct expect *e)
{
	struct mail *m = e->mail;
	struct status st, end;
	const char *lost;

	s->depth = 1;
	judge(s, when, r, m, &st);
	if ((lost = extension_failed(s, r, e)) != NULL)
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.1",
		    "%s answered %d to %s: going on without %s",
		    s->peer, r->code, session_phase_name(e->phase), lost);
	end = st;
	if (!status_is_relay(&st) && r->code == 421)
		end.verdict = VERDICT_RECONNECT;
	if (end.verdict == VERDICT_RECONNECT || status_is_relay(&end))
		session_end_because(s, &end);
	/* The relay's trouble comes to one recipient, too: the content may be on its way to the others. */
	if (e->phase == RCPT && (st.scope == SCOPE_RECIPIENT || status_is_relay(&st))) {
		m->rcpt[e->rcpt].status = st;
	} else {
		if (st.named)
			mail_settle_named(m, &st, buf_view(&r->text));
		session_give_back(m, &st);
		m->closed = true;
	}
	return end.verdict == VERDICT_RECONNECT || r->code == 421 ? DEAD : IDLE;
}

/* ---- the replies, in the order of RFC 5321 ---- */

static enum phase
rset_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	struct status st;

	if (r->code / 100 == 2)
		return MAIL;
	extension_failed(s, r, e);
	/* Which transaction is open now is anybody's guess. */
	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.0", "RSET was refused: %s", buf_cstr(&r->text));
	session_end_because(s, &st);
	return DEAD;
}

static enum phase
mail_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	if (r->code / 100 != 2)
		return refusal(s, WHEN_MAIL, r, e);
	e->mail->taken = true;
	return RCPT;
}

static enum phase
rcpt_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	struct mail *m = e->mail;

	if (m->closed)
		return IDLE;
	if (r->code / 100 != 2) {
		if (refusal(s, WHEN_RCPT, r, e) == DEAD)
			return DEAD;
	} else {
		m->rcpt[e->rcpt].accepted = true;
		m->accepted++;
	}
	if (m->closed)
		return IDLE;
	if (e->rcpt + 1 < m->nrcpt)
		return RCPT;
	return m->accepted > 0 ? session_content(s) : IDLE;
}

static enum phase
data_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	struct mail *m = e->mail;

	if (r->code == 354)
		return TEXT;
	if (m->accepted == 0 || m->closed) {
		m->closed = true;               /* a consequence: the replies to RCPT decide */
		return IDLE;
	}
	return refusal(s, WHEN_DATA, r, e);
}

static enum phase
end_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	struct mail *m = e->mail;
	struct status st;

	if (r->code / 100 == 2 && m->content_out) {
		judge(s, WHEN_END, r, m, &st);
		if (m->accepted > 0 && !m->closed && s->depth < s->p.relay->pipeline_depth)
			s->depth++;
		mail_settle_rest(m, &st);
		s->clean = session_owed(s) == 0 && s->flight.first == m && (s->writing == NULL || s->writing == m);
		return IDLE;
	}
	if (r->code / 100 == 2) {
		session_abandon(s, "4.5.0", "the message was accepted before it was sent");
		return DEAD;
	}
	if (m->accepted > 0 && !m->closed && refusal(s, WHEN_END, r, e) == DEAD)
		return DEAD;
	m->closed = true;
	if (!m->content_out) {
		/* Judged in the middle of the content: what the rest would be taken for is anybody's guess. */
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.0", "refused in the middle of a message");
		session_end_because(s, &st);
		return DEAD;
	}
	return IDLE;
}

static enum phase
quit_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	(void)s;
	(void)r;
	(void)e;
	return DEAD;
}

static enum phase (*const reply[NPHASE])(struct session *, const struct reply *, const struct expect *) = {
	[RSET] = rset_reply,
	[MAIL] = mail_reply,
	[RCPT] = rcpt_reply,
	[DATA] = data_reply,
	[END]  = end_reply,
	[QUIT] = quit_reply,
};

/* ---- as they come ---- */

/* Is a reply of this class an answer to that command at all? */
static bool
fits(enum phase phase, int code)
{
	return code / 100 >= 4 || (code / 100 == 3) == (phase == DATA);
}

static void
on_reply(struct session *s, bool more)
{
	const struct reply *r = &s->reply;
	struct expect e;
	enum phase next;
	bool caught_up;

	if (!flight_reply(&s->flight, &e) || !fits(e.phase, r->code)) {
		/* A 421 with nothing owed: the server closes an idle connection. */
		if (r->code == 421 && s->flight.first == NULL)
			session_close(s, buf_cstr(&r->text));
		else
			session_abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	caught_up = session_owed(s) == 0;
	trace_reply(s->p.trace, session_phase_name(e.phase), r, e.mail, e.rcpt);
	next = reply[e.phase](s, r, &e);
	if (s->over)
		return;
	if (next == DEAD) {
		session_finish(s, &s->why);
		return;
	}
	/* The writer follows only if it waited for just this reply; elsewhere it is ahead. */
	if (s->phase == IDLE)
		s->waiting = false;
	else if (s->waiting && s->phase == (enum phase)e.phase && caught_up)
		session_advance(s, next);
	session_hand_back(s);
	if (caught_up && more && s->phase != QUIT) {
		/* Nothing else was asked, so these bytes answer nothing: the server is out of step.  The
		   reply itself stands. */
		session_abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	session_arm(s);
	if (s->broken != NULL && s->flight.first == s->broken)
		session_finish(s, &s->why);
}

void
session_line(void *arg, struct span line, bool more)
{
	struct session *s = arg;
	const char *why;

	if (s->over)
		return;
	switch (reply_line(&s->reply, line, &why)) {
	case REPLY_MORE:
		return;
	case REPLY_BAD:
		session_abandon(s, "4.5.0", why);
		return;
	case REPLY_DONE:
		on_reply(s, more);
		reply_clear(&s->reply);
		if (!s->over && !more)
			session_pump(s);        /* behind the last reply of the batch: one write for all */
	}
}
