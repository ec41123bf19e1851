#include "relay/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/loop.h"
#include "relay/adapt.h"
#include "relay/flight.h"
#include "relay/login.h"
#include "relay/trace.h"
#include "smtp/body.h"
#include "smtp/command.h"
#include "smtp/ehlo.h"
#include "smtp/limits.h"
#include "smtp/reply.h"

#define OUT_HIGH (2 * LIMIT_BODY_CHUNK)         /* the writer stops here … */
#define OUT_LOW  LIMIT_BODY_CHUNK               /* … and goes on here */

enum phase { LOGIN, IDLE, ADAPT, RSET, MAIL, RCPT, DATA, BDAT, BODY, END, QUIT, DEAD, NPHASE };

struct session {
	struct session_params p;
	struct login  *login;           /* until it is up */
	struct conn   *conn;            /* from then on */
	struct timer  *deadline;
	struct timer  *later;           /* kicks, and the end, from the loop */
	char           peer[320];
	struct ehlo    ehlo;
	struct reply   reply;
	int64_t        began_ms, up_ms;

	/* The writer. */
	enum phase     phase;           /* what it writes next, or waits for */
	bool           waiting;         /* at a synchronisation point, or for the owner */
	bool           clean;           /* no transaction is open, for certain */
	struct mail   *writing;
	struct mail   *broken;          /* its content cannot be read: nothing more may be written */
	size_t         next_rcpt;
	struct body    body;

	/* The reader. */
	struct flight  flight;
	unsigned       depth;           /* mails it may hold */
	unsigned long  pulled;
	unsigned long  ended;           /* mails that came to an end here */

	bool           ending;          /* no more pulls: collect what is owed, then QUIT */
	bool           stopping;        /* the end is our own wish */
	bool           over;
	struct status  why;
};

struct step {
	const char  *name;
	void       (*enter)(struct session *s);                 /* writes, never decides */
	enum phase (*reply)(struct session *s, const struct reply *r, const struct expect *e);
	                                                        /* decides, never writes */
	int          limit_s;                                   /* RFC 5321 §4.5.3.2 */
};

static void idle_enter(struct session *), adapt_enter(struct session *), rset_enter(struct session *),
    mail_enter(struct session *), rcpt_enter(struct session *), data_enter(struct session *),
    bdat_enter(struct session *), body_enter(struct session *), quit_enter(struct session *);
static enum phase rset_reply(struct session *, const struct reply *, const struct expect *),
    mail_reply(struct session *, const struct reply *, const struct expect *),
    rcpt_reply(struct session *, const struct reply *, const struct expect *),
    data_reply(struct session *, const struct reply *, const struct expect *),
    end_reply(struct session *, const struct reply *, const struct expect *),
    quit_reply(struct session *, const struct reply *, const struct expect *);

/* The conversation from the login on, in the order of RFC 5321. */
static const struct step steps[NPHASE] = {
	[LOGIN] = { "login",       NULL,       NULL,       0 },         /* login has its own deadlines */
	[IDLE]  = { "idle",        idle_enter, NULL,       0 },         /* the relay's `idle` */
	[ADAPT] = { "adapting",    adapt_enter, NULL,      300 },       /* our own work */
	[RSET]  = { "RSET",        rset_enter, rset_reply, 300 },
	[MAIL]  = { "MAIL",        mail_enter, mail_reply, 300 },
	[RCPT]  = { "RCPT",        rcpt_enter, rcpt_reply, 300 },
	[DATA]  = { "DATA",        data_enter, data_reply, 120 },
	[BDAT]  = { "BDAT",        bdat_enter, NULL,       180 },
	[BODY]  = { "content",     body_enter, NULL,       180 },       /* a block, not the whole */
	[END]   = { "end of data", NULL,       end_reply,  600 },
	[QUIT]  = { "QUIT",        quit_enter, quit_reply, 5 },
	[DEAD]  = { "dead",        NULL,       NULL,       0 },
};

static void pump(struct session *s);

/* ---- what both cursors need ---- */

static unsigned
owed(const struct session *s)
{
	return flight_owed(&s->flight);
}

static bool
is_up(const struct session *s)
{
	return s->conn != NULL;
}

static bool
has(const struct session *s, unsigned ext)
{
	if ((ext == EXT_PIPELINING && s->p.lacks->pipelining) || (ext == EXT_CHUNKING && s->p.lacks->chunking))
		return false;
	if (ext == EXT_CHUNKING && !s->p.relay->chunking)
		return false;
	return (s->ehlo.ext & ext) != 0;
}

/* The phase the server is at: that of the oldest reply it owes; else the writer's. */
static enum phase
server_at(const struct session *s)
{
	const struct expect *e;

	if (owed(s) == 0)
		return s->phase;
	e = flight_head(&s->flight);
	return e->phase == END && !e->mail->content_out ? BODY : (enum phase)e->phase;
}

static void
arm(struct session *s)
{
	enum phase at = server_at(s);

	timer_set(s->deadline, (at == IDLE ? s->p.relay->idle_s : steps[at].limit_s) * INT64_C(1000));
}

/* The only place the writer's phase changes. */
static void
advance(struct session *s, enum phase next)
{
	s->phase = next;
	s->waiting = steps[next].enter == NULL;
	arm(s);
}

static void
hand_back(struct session *s)
{
	struct mail *m;

	while ((m = flight_landed(&s->flight)) != NULL) {
		s->ended++;
		assert(mail_is_settled(m));
		s->p.ops->settled(s->p.owner, s, m);
	}
}

/* ---- the end ---- */

/*
 * Give it another try for something that is not its fault.  If its content is
 * out it may be taken all the same, and nobody reads that answer any more.
 */
static void
give_back(struct mail *m, const struct status *why)
{
	struct status st = *why;

	if (m->content_out && why->verdict == VERDICT_RECONNECT && why->code == 0)
		snprintf(st.text, sizeof(st.text), "%.400s; may be duplicated", why->text);
	mail_settle_rest(m, &st);
}

/*
 * It is over now; the owner hears of it from the loop.  `cause` settles the
 * first mail (the one the server was at), the others are nobody's fault.
 */
static void
finish(struct session *s, const struct status *cause)
{
	struct status rest;

	if (s->over)
		return;
	s->over = true;
	s->phase = DEAD;
	s->writing = NULL;
	timer_off(s->deadline);
	if (s->login != NULL)
		login_stop(s->login);
	if (s->conn != NULL)
		conn_stop(s->conn);
	status_local(&rest, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "the connection ended before its turn came");
	/* An orderly end is no verdict: what is in flight even so was not sent. */
	for (struct mail *m = s->flight.first; m != NULL; m = m->next)
		give_back(m, m == s->flight.first && cause->verdict != VERDICT_SENT ? cause : &rest);
	flight_forget(&s->flight);
	hand_back(s);
	timer_set(s->later, 0);
}

/* Record for whose sake the session ends; the first reason stands. */
static void
end_because(struct session *s, const struct status *why)
{
	if (!s->ending)
		s->why = *why;
	s->ending = true;
}

/*
 * The link is gone, or must not be trusted any more.  What that means for
 * the mail at the head of the line depends on how far it was:
 *  - all its content was out: unknown, it may have been accepted.  Counted as
 *    an attempt of it alone, so a message that breaks every session cannot
 *    hold up the rest;
 *  - it is our own wish, or nothing of it was answered and others had been
 *    carried before (the server closed while we began): not counted;
 *  - otherwise it is a suspect too.
 */
static void
lose(struct session *s, const struct status *why)
{
	const struct mail *m = s->flight.first;
	struct status st = *why;

	end_because(s, why);
	if (m == NULL)
		st = s->why;
	else if (m->content_out)
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2",
		    "%s after the end of data; may be duplicated", why->text);
	else if (s->stopping || (!m->answered && s->ended > 0))
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "%s", why->text);
	else
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2", "%s at %s", why->text,
		    steps[server_at(s)].name);
	finish(s, &st);
}

/* A lost link is nobody's trouble by itself; the owner counts sessions that came to nothing. */
static void
abandon(struct session *s, const char *dsn, const char *what)
{
	struct status st;

	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, dsn, "%s: %s", s->peer, what);
	lose(s, &st);
}

/* The orderly end: nothing is owed to anyone. */
static void
close_quietly(struct session *s, const char *what)
{
	struct status st;

	status_local(&st, VERDICT_SENT, SCOPE_SESSION, "2.0.0", "%s", what);
	end_because(s, &st);
	finish(s, &s->why);
}

static void
on_deadline(void *arg)
{
	struct session *s = arg;
	char what[80];

	switch (server_at(s)) {
	case QUIT:
		close_quietly(s, "no answer to QUIT");
		break;
	case IDLE:
		session_quit(s);
		break;
	default:
		snprintf(what, sizeof(what), "timed out at %s", steps[server_at(s)].name);
		abandon(s, "4.4.2", what);
	}
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	struct session *s = arg;
	char what[400];

	(void)tls;
	(void)clean;
	if (s->phase == QUIT || s->flight.first == NULL) {
		close_quietly(s, why);          /* after our last business it is nobody's trouble */
		return;
	}
	snprintf(what, sizeof(what), "lost connection: %s", why);
	abandon(s, "4.4.2", what);
}

/* ---- the reader ---- */

static void
judge(const struct session *s, enum when when, const struct reply *r, const struct mail *m, struct status *ret)
{
	struct judged at = {
		.when = when, .some_accepted = m->accepted > 0, .with = relay_conf_with(s->p.relay),
	};

	rules_judge(&s->p.relay->rules, &at, r, ret);
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
	if (e->phase == END && e->mail->accepted > 0 && has(s, EXT_CHUNKING)) {
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
		    s->peer, r->code, steps[e->phase].name, lost);
	end = st;
	if (!status_is_relay(&st) && r->code == 421)
		end.verdict = VERDICT_RECONNECT;
	if (end.verdict == VERDICT_RECONNECT || status_is_relay(&end))
		end_because(s, &end);
	/* The relay's trouble comes to one recipient, too: the content may be on its way to the others. */
	if (e->phase == RCPT && (st.scope == SCOPE_RECIPIENT || status_is_relay(&st))) {
		m->rcpt[e->rcpt].status = st;
	} else {
		give_back(m, &st);
		m->closed = true;
	}
	return end.verdict == VERDICT_RECONNECT || r->code == 421 ? DEAD : IDLE;
}

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
			close_quietly(s, buf_cstr(&r->text));
		else
			abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	caught_up = owed(s) == 0;
	trace_reply(s->p.trace, steps[e.phase].name, r, e.mail, e.rcpt);
	next = steps[e.phase].reply(s, r, &e);
	if (s->over)
		return;
	if (next == DEAD) {
		finish(s, &s->why);
		return;
	}
	/* The writer follows only if it waited for just this reply; elsewhere it is ahead. */
	if (s->phase == IDLE)
		s->waiting = false;
	else if (s->waiting && s->phase == (enum phase)e.phase && caught_up)
		advance(s, next);
	hand_back(s);
	if (caught_up && more && s->phase != QUIT) {
		/* Nothing else was asked, so these bytes answer nothing: the server is out of step.  The
		   reply itself stands. */
		abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	arm(s);
	if (s->broken != NULL && s->flight.first == s->broken)
		finish(s, &s->why);
}

static void
on_line(void *arg, struct span line, bool more)
{
	struct session *s = arg;
	const char *why;

	if (s->over)
		return;
	switch (reply_line(&s->reply, line, &why)) {
	case REPLY_MORE:
		return;
	case REPLY_BAD:
		abandon(s, "4.5.0", why);
		return;
	case REPLY_DONE:
		on_reply(s, more);
		reply_clear(&s->reply);
		if (!s->over && !more)
			pump(s);                /* behind the last reply of the batch: one write for all */
	}
}

/* ---- the writer ---- */

static bool
may_write(const struct session *s)
{
	return !s->over && !s->waiting && owed(s) < FLIGHT_MAX_OWED && conn_queued(s->conn) < OUT_HIGH;
}

/*
 * Between two commands: is the mail under the writer's hand still worth its
 * next one?  Not when it was refused meanwhile, nor when the session is
 * ending.  Content that was begun is always finished.
 */
static void
leave_if_pointless(struct session *s)
{
	struct mail *m = s->writing;
	struct status st;

	if (m == NULL || s->phase == BODY || s->phase == IDLE || !(m->closed || s->ending))
		return;
	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "the connection ended before its turn came");
	mail_settle_rest(m, &st);
	m->closed = true;
	advance(s, IDLE);
}

static void
pump(struct session *s)
{
	while (may_write(s)) {
		leave_if_pointless(s);
		steps[s->phase].enter(s);
	}
	if (s->over)
		return;
	conn_flush(s->conn);
	hand_back(s);
}

static void
on_room(void *arg)
{
	struct session *s = arg;

	if (s->over)
		return;
	arm(s);
	pump(s);
}

/*
 * A command was put on the way: go on to `next`, or wait for its reply where
 * the RFCs ask for it.  A line that command.h would not make ends the
 * session: addresses are safe from birth, so it never comes to that.
 */
static void
sent(struct session *s, int err, struct mail *m, bool sync, enum phase next)
{
	if (err != 0) {
		abandon(s, "4.3.0", "a command could not be formed");
		return;
	}
	flight_expect(&s->flight, s->phase, m, s->next_rcpt);
	if (sync || !has(s, EXT_PIPELINING)) {
		s->waiting = true;
		arm(s);
	} else {
		advance(s, next);
	}
}

/* ---- between messages ---- */

static bool
wants_more(const struct session *s)
{
	if (s->flight.n >= (has(s, EXT_PIPELINING) ? s->depth : 1))
		return false;
	return s->ehlo.mail_max == 0 || s->pulled < s->ehlo.mail_max;   /* RFC 9422 §4 */
}

static struct mail *
pull(struct session *s)
{
	struct mail *m = s->p.ops->next(s->p.owner, s);

	if (m == NULL)
		return NULL;
	m->waiting = 0;
	m->accepted = 0;
	m->closed = m->written = m->content_out = m->taken = m->answered = false;
	m->began_ms = clock_mono_ms();
	s->pulled++;
	flight_add(&s->flight, m);
	return m;
}

static void
idle_enter(struct session *s)
{
	struct mail *m;

	if (s->writing != NULL) {
		s->writing->written = true;
		s->writing = NULL;
		hand_back(s);
	}
	if (s->ehlo.mail_max > 0 && s->pulled >= s->ehlo.mail_max)
		session_quit(s);
	s->waiting = true;
	if (s->ending && s->flight.n == 0) {
		advance(s, QUIT);
	} else if (!s->ending && wants_more(s) && (m = pull(s)) != NULL) {
		s->writing = m;
		advance(s, ADAPT);
	} else if (owed(s) == 0) {
		arm(s);
	}
}

/*
 * Into a form that this server takes, a slice at a time: the next one comes
 * from the loop, when all others had their turn.  What it cannot take has its
 * verdict here.
 */
static void
adapt_enter(struct session *s)
{
	struct adapt_server server = {
		.name = s->peer, .size = s->ehlo.size,
		.eightbit = has(s, EXT_8BITMIME), .utf8 = has(s, EXT_SMTPUTF8),
	};
	struct mail *m = s->writing;
	struct status st;

	switch (adapt(m, &server, &st)) {
	case ADAPT_MORE:
		s->waiting = true;
		session_kick(s);
		break;
	case ADAPT_READY:
		advance(s, s->clean ? MAIL : RSET);
		break;
	case ADAPT_REFUSED:
		mail_settle_rest(m, &st);
		advance(s, IDLE);
		break;
	}
}

static void
rset_enter(struct session *s)
{
	sent(s, command_rset(conn_out(s->conn)), s->writing, false, MAIL);
}

static enum phase
rset_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	struct status st;

	if (r->code / 100 == 2)
		return MAIL;
	extension_failed(s, r, e);
	/* Which transaction is open now is anybody's guess. */
	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.0", "RSET was refused: %s", buf_cstr(&r->text));
	end_because(s, &st);
	return DEAD;
}

/* ---- a transaction ---- */

static const char *
notify_text(unsigned notify, char *buf, size_t n)
{
	if (notify == 0)
		return NULL;
	if (notify & NOTIFY_NEVER)
		return "NEVER";
	snprintf(buf, n, "%s%s%s", notify & NOTIFY_SUCCESS ? ",SUCCESS" : "", notify & NOTIFY_FAILURE ? ",FAILURE" : "",
	    notify & NOTIFY_DELAY ? ",DELAY" : "");
	return buf + 1;
}

static void
mail_enter(struct session *s)
{
	struct mail *m = s->writing;
	const struct envelope *env = &m->msg->env;
	struct mail_params p = { 0 };

	if (has(s, EXT_SIZE))
		p.size = body_size(&m->content);
	if (has(s, EXT_8BITMIME) && m->eightbit)
		p.body = "8BITMIME";
	p.smtputf8 = m->utf8;
	m->dsn = has(s, EXT_DSN);
	if (m->dsn && m->list_owner == NULL) {  /* a list's mail is another message: RFC 3461 §5.2.7.3 */
		p.ret = env->ret == RET_FULL ? "FULL" : env->ret == RET_HDRS ? "HDRS" : NULL;
		p.envid = env->envid;
	}
	s->clean = false;
	s->next_rcpt = 0;
	sent(s, command_mail(conn_out(s->conn), m->from, &p), m, false, RCPT);
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
to_content(const struct session *s)
{
	return has(s, EXT_CHUNKING) ? BDAT : DATA;
}

/*
 * An ORCPT that cannot be said (not a word, too long) is left unsaid: were
 * the session to end over it, one submitter's whim would be everybody's
 * trouble.  An ENVID was looked at when the file was read.
 */
static void
rcpt_enter(struct session *s)
{
	struct mail *m = s->writing;
	const struct mail_rcpt *to = &m->rcpt[s->next_rcpt];
	const struct rcpt *as = &m->msg->env.rcpts[to->index];
	struct rcpt_params p = { 0 };
	char notify[32];
	int err;

	if (m->dsn && m->list_owner == NULL) {
		p.notify = notify_text(as->notify, notify, sizeof(notify));
		p.orcpt = as->orcpt;
	}
	err = command_rcpt(conn_out(s->conn), to->to, &p);
	if (err != 0 && p.orcpt != NULL) {
		p.orcpt = NULL;
		err = command_rcpt(conn_out(s->conn), to->to, &p);
	}
	/* The expectation notes next_rcpt, so that moves on only behind it. */
	sent(s, err, m, false, s->next_rcpt + 1 < m->nrcpt ? RCPT : to_content(s));
	s->next_rcpt++;
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
	return m->accepted > 0 ? to_content(s) : IDLE;
}

static void
data_enter(struct session *s)
{
	sent(s, command_data(conn_out(s->conn)), s->writing, true, BODY);
}

/*
 * A 354 although nobody was accepted asks for a lone dot (RFC 2920 §3.1);
 * with somebody accepted a lone dot would deliver an empty message, so then
 * the content always follows.
 */
static enum phase
data_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	static const struct body_source nothing;
	struct mail *m = e->mail;

	if (r->code == 354) {
		body_start(&s->body, m->accepted > 0 ? &m->content : &nothing, true);
		flight_expect(&s->flight, END, m, 0);
		return BODY;
	}
	if (m->accepted == 0 || m->closed) {
		m->closed = true;               /* a consequence: the replies to RCPT decide */
		return IDLE;
	}
	return refusal(s, WHEN_DATA, r, e);
}

/* The reply to BDAT LAST is the end of data's, and the content follows at once (RFC 3030 §2). */
static void
bdat_enter(struct session *s)
{
	struct mail *m = s->writing;

	if (command_bdat(conn_out(s->conn), body_size(&m->content), true) != 0) {
		abandon(s, "4.3.0", "a command could not be formed");
		return;
	}
	body_start(&s->body, &m->content, false);
	flight_expect(&s->flight, END, m, 0);
	advance(s, BODY);
}

/*
 * The file cannot be read to its end: nothing may follow on this connection,
 * or the server would take what it has for the whole.  Mails before this one
 * still get their replies.
 */
static void
break_off(struct session *s, int err)
{
	struct status st;

	status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.3.0", "the message cannot be read from the spool: %s",
	    strerror(-err));
	mail_settle_rest(s->writing, &st);
	s->broken = s->writing;
	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.3.0", "broken off in the middle of a message");
	end_because(s, &st);
	s->waiting = true;
	if (s->flight.first == s->broken)
		finish(s, &s->why);
}

static void
body_enter(struct session *s)
{
	struct mail *m = s->writing;
	int more = body_fill(&s->body, LIMIT_BODY_CHUNK, conn_out(s->conn));

	if (more < 0) {
		break_off(s, more);
	} else if (more == 0) {
		m->content_out = true;
		trace_content(s->p.trace, body_size(&m->content), s->body.dots ? "DATA" : "BDAT");
		advance(s, has(s, EXT_PIPELINING) ? IDLE : END);
	}
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
		s->clean = owed(s) == 0 && s->flight.first == m && (s->writing == NULL || s->writing == m);
		return IDLE;
	}
	if (r->code / 100 == 2) {
		abandon(s, "4.5.0", "the message was accepted before it was sent");
		return DEAD;
	}
	if (m->accepted > 0 && !m->closed && refusal(s, WHEN_END, r, e) == DEAD)
		return DEAD;
	m->closed = true;
	if (!m->content_out) {
		/* Judged in the middle of the content: what the rest would be taken for is anybody's guess. */
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.0", "refused in the middle of a message");
		end_because(s, &st);
		return DEAD;
	}
	return IDLE;
}

/* ---- the end of the session ---- */

static void
quit_enter(struct session *s)
{
	sent(s, command_quit(conn_out(s->conn)), NULL, true, DEAD);
}

static enum phase
quit_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	(void)s;
	(void)r;
	(void)e;
	return DEAD;
}

/* ---- the owner's side ---- */

static const struct conn_ops conn_ops = { .line = on_line, .room = on_room, .gone = on_gone };

static void
on_up(void *arg)
{
	struct session *s = arg;

	snprintf(s->peer, sizeof(s->peer), "%s", login_peer(s->login));
	s->conn = login_take(s->login, &s->ehlo);
	conn_give(s->conn, &conn_ops, s);
	conn_set_low(s->conn, OUT_LOW);
	s->clean = true;
	s->up_ms = clock_mono_ms();
	s->p.ops->up(s->p.owner, s);
	advance(s, IDLE);
	pump(s);
}

static void
on_login_failed(void *arg, const struct status *why)
{
	struct session *s = arg;

	snprintf(s->peer, sizeof(s->peer), "%s", login_peer(s->login));
	end_because(s, why);
	finish(s, &s->why);
}

static void
on_later(void *arg)
{
	struct session *s = arg;

	if (s->over) {
		s->p.ops->over(s->p.owner, s, &s->why);
	} else if ((s->phase == IDLE || s->phase == ADAPT) && s->waiting) {
		s->waiting = false;
		pump(s);
	}
}

struct session *
session_new(const struct session_params *p)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct login_params lp = {
		.base = p->base, .relay = p->relay, .helo = p->helo, .tls = p->tls, .secret = p->secret,
		.trace = p->trace, .up = on_up, .failed = on_login_failed, .arg = s,
	};

	s->p = *p;
	s->p.secret = (struct span){ 0 };
	s->depth = 1;
	s->phase = LOGIN;
	s->waiting = true;
	s->began_ms = clock_mono_ms();
	reply_init(&s->reply);
	snprintf(s->peer, sizeof(s->peer), "%s:%u", p->relay->host, p->relay->port);
	s->deadline = timer_new(p->base, on_deadline, s);
	s->later = timer_new(p->base, on_later, s);
	s->login = login_start(&lp);
	return s;
}

void
session_kick(struct session *s)
{
	if (!s->over && !timer_is_set(s->later))
		timer_set(s->later, 0);
}

void
session_quit(struct session *s)
{
	struct status st;

	if (!is_up(s)) {
		close_quietly(s, "closed");
		return;
	}
	status_local(&st, VERDICT_SENT, SCOPE_SESSION, "2.0.0", "closed");
	end_because(s, &st);
	session_kick(s);
}

void
session_stop(struct session *s)
{
	s->stopping = true;
	if (!s->over)
		abandon(s, "4.4.2", "stopped");
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	assert(s->over && s->flight.first == NULL);
	login_free(s->login);
	conn_free(s->conn);
	reply_done(&s->reply);
	timer_free(s->deadline);
	timer_free(s->later);
	free(s);
}

bool
session_is_idle(const struct session *s)
{
	return session_is_up(s) && s->flight.n == 0;
}

bool
session_is_up(const struct session *s)
{
	return is_up(s) && !s->ending;
}

bool
session_was_up(const struct session *s)
{
	return is_up(s);
}

const char *
session_peer(const struct session *s)
{
	return s->peer;
}

unsigned
session_depth(const struct session *s)
{
	return s->depth;
}

int64_t
session_setup_ms(const struct session *s)
{
	return is_up(s) ? s->up_ms - s->began_ms : 0;
}
