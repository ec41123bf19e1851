#include "relay/session.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/loop.h"
#include "smtp/body.h"
#include "smtp/command.h"
#include "smtp/ehlo.h"
#include "smtp/limits.h"
#include "smtp/reply.h"
#include "smtp/sasl.h"

#define OUT_HIGH    (2 * LIMIT_BODY_CHUNK)      /* the writer stops here … */
#define OUT_LOW     LIMIT_BODY_CHUNK            /* … and goes on here */
#define FLIGHT_MAX_OWED  512                         /* commands without their reply: the writer rests at that */
#define MAX_ANSWERS 8                           /* to challenges: no mechanism has more than a few */

#define OUT_HIGH    (2 * LIMIT_BODY_CHUNK)      /* the writer stops here … */
#define OUT_LOW     LIMIT_BODY_CHUNK            /* … and goes on here */

enum phase { LOGIN, IDLE, RSET, MAIL, RCPT, DATA, BDAT, BODY, END, QUIT, DEAD, NPHASE };

struct session {
	struct session_params p;
	struct login   *login;          /* until it is up */
	struct conn    *conn;           /* from then on */
	struct timer   *deadline;
	struct timer   *later;          /* kicks, and the end, from the loop */
	char            peer[320];
	struct ehlo     ehlo;
	struct reply    reply;
	int64_t         began_ms, up_ms;

	/* The writer. */
	enum phase      phase;          /* what it writes next, or waits for */
	bool            waiting;        /* at a synchronisation point, or for the owner */
	bool            clean;          /* no transaction is open, for certain */
	struct mail    *writing;
	struct mail    *broken;         /* its content cannot be read: nothing more may be written */
	size_t          next_rcpt;
	struct body     body;

	/* The reader. */
	struct flight   flight;
	unsigned        depth;          /* mails it may hold */
	unsigned long   pulled;
	unsigned long   ended;          /* mails that came to an end here */

	bool            ending;         /* no more pulls: collect what is owed, then QUIT */
	bool            over;
	struct status   why;
};

struct step {
	const char  *name;
	void       (*enter)(struct session *s);                 /* writes, never decides */
	enum phase (*reply)(struct session *s, const struct reply *r, const struct expect *e);
	                                                        /* decides, never writes */
	int          limit_s;                                   /* RFC 5321 §4.5.3.2 */
};

static void idle_enter(struct session *), rset_enter(struct session *), mail_enter(struct session *),
    rcpt_enter(struct session *), data_enter(struct session *), bdat_enter(struct session *),
    body_enter(struct session *), quit_enter(struct session *);
typedef enum phase reply_fn(struct session *, const struct reply *, const struct expect *);
static reply_fn rset_reply, mail_reply, rcpt_reply, data_reply, end_reply, quit_reply;

/* The conversation from the login on, in the order of RFC 5321. */
static const struct step steps[NPHASE] = {
	[LOGIN] = { "login",       NULL,       NULL,       0 },         /* login has its own deadlines */
	[IDLE]  = { "idle",        idle_enter, NULL,       0 },         /* the relay's `idle` */
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

/* ---- the two drivers' common ground ---- */

static bool
has(const struct session *s, unsigned ext)
{
	if ((ext == EXT_PIPELINING && s->p.lacks->pipelining) || (ext == EXT_CHUNKING && s->p.lacks->chunking))
		return false;
	if (ext == EXT_CHUNKING && !s->p.relay->chunking)
		return false;
	return (s->ehlo.ext & ext) != 0;
}

/* The deadline of what is owed next; of the writer's own phase when nothing is. */
static void
arm(struct session *s)
{
	enum phase at = flight_owed(&s->flight) > 0 ? flight_head(&s->flight)->phase : s->phase;
	int64_t ms;

	if (at == CONNECT) {
		timer_off(s->deadline);         /* dial has its own */
		return;
	}
	if (at == END && !flight_head(&s->flight)->mail->content_out)
		at = BODY;
	ms = (at == IDLE ? s->p.relay->idle_s : steps[at].limit_s) * INT64_C(1000);
	if (s->p.limit_divisor > 1)
		ms /= s->p.limit_divisor;
	timer_set(s->deadline, ms);
}

/* The only place the writer's phase changes. */
static void
advance(struct session *s, enum phase next)
{
	s->phase = next;
	s->waiting = steps[next].enter == NULL;
	arm(s);
}

/* ---- mails in flight ---- */

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

static void
writing_done(struct session *s)
{
	s->writing->written = true;
	s->writing = NULL;
}

/* ---- the end ---- */

static void
on_later(void *arg)
{
	struct session *s = arg;

	if (s->over) {
		s->p.ops->over(s->p.owner, s, &s->why);
		return;
	}
	if (s->phase == IDLE && s->waiting) {
		s->waiting = false;
		pump(s);
	}
}

/*
 * It is over now; the owner hears of it from the loop.  `cause` settles the
 * first mail (the one the server was at), the others are nobody's fault.
 */
static void
finish(struct session *s, const struct status *cause)
{
	struct status rest;
	struct mail *m;

	if (s->over)
		return;
	s->over = true;
	s->phase = DEAD;
	timer_off(s->deadline);
	dial_cancel(s->dial);
	s->dial = NULL;
	if (s->conn != NULL)
		conn_stop(s->conn);
	status_local(&rest, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "the connection ended before its turn came");
	s->writing = NULL;
	s->head = s->tail;
	for (m = s->flight; m != NULL; m = m->next) {
		mail_settle_rest(m, m == s->flight ? cause : &rest);
		m->written = true;
		m->waiting = 0;
	}
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
 *  - all its content was out: unknown, it may have been accepted (design: the
 *    third outcome).  Counted for it alone, so a message that breaks every
 *    session cannot hold up the rest;
 *  - nothing of it was answered, and the connection had been idle or busy
 *    with others before: the server closed while we began.  Not counted;
 *  - otherwise it is a suspect too.
 */
static void
lose(struct session *s, const struct status *why)
{
	const struct mail *m = s->flight;
	struct status st = *why;

	end_because(s, why);
	if (m == NULL) {
		finish(s, why);
		return;
	}
	if (m->content_out)
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2",
		    "%s after the end of data; may be duplicated", why->text);
	else if (!m->answered && s->ended > 0)
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "%s", why->text);
	else
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2", "%s in %s", why->text,
		    steps[flight_owed(&s->flight) > 0 ? flight_head(&s->flight)->phase : s->phase].name);
	finish(s, &st);
}

/*
 * Before we are logged in everything is the relay's trouble; afterwards a
 * lost link is nobody's, except that the breaker counts sessions that came
 * to nothing.
 */
static void
abandon(struct session *s, const char *dsn, const char *what)
{
	struct status st;

	if (s->up)
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, dsn, "%s: %s", s->peer, what);
	else
		status_local(&st, VERDICT_PAUSE, SCOPE_RELAY, dsn, "%s: %s", s->peer, what);
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
	enum phase at = flight_owed(&s->flight) > 0 ? flight_head(&s->flight)->phase : s->phase;
	char what[80];

	if (at == QUIT) {
		close_quietly(s, "no answer to QUIT");
	} else if (at == IDLE) {
		session_quit(s);
	} else {
		snprintf(what, sizeof(what), "timed out at %s", steps[at].name);
		abandon(s, "4.4.2", what);
	}
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	struct session *s = arg;
	struct status st;

	(void)clean;
	if (s->phase == QUIT || (s->up && s->flight.first == NULL)) {
		/* What happens after our last business is nobody's trouble. */
		close_quietly(s, why);
		return;
	}
	if (s->up)
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "lost connection with %s: %s", s->peer, why);
	else if (tls)
		status_local(&st, VERDICT_PAUSE, SCOPE_RELAY, "4.7.5", "TLS with %s: %s", s->peer, why);
	else
		status_local(&st, VERDICT_PAUSE, SCOPE_RELAY, "4.4.2", "lost connection with %s at %s: %s", s->peer,
		    steps[s->phase].name, why);
	lose(s, &st);
}

/* ---- the reader ---- */

static void
judge(const struct session *s, enum when when, const struct reply *r, const struct mail *m, struct status *ret)
{
	struct judged at = {
		.when = when,
		.some_accepted = m != NULL && m->accepted > 0,
		.have_credential = s->p.relay->user != NULL,
	};

	rules_judge(&s->p.relay->rules, &at, r, ret);
}

/* The relay's trouble before any message: the session's end. */
static enum phase
trouble(struct session *s, enum when when, const struct reply *r)
{
	struct status st;

	judge(s, when, r, NULL, &st);
	end_because(s, &st);
	return r->code == 421 ? DEAD : QUIT;
}

static enum phase
refuse(struct session *s, enum verdict v, const char *dsn, const char *what)
{
	struct status st;

	status_local(&st, v, SCOPE_RELAY, dsn, "%s", what);
	end_because(s, &st);
	return QUIT;
}

/*
 * A command that ran ahead was called unknown or out of order, though all
 * before it in its transaction was in order: the server promised an
 * extension that it does not have.
 */
static bool
extension_failed(struct session *s, const struct reply *r, const struct expect *e)
{
	bool sequence = r->code == 500 || r->code == 502 || r->code == 503;

	if (!sequence || e->mail == NULL || e->mail->closed)
		return false;
	if (e->phase == END && e->mail->accepted > 0 && has(s, EXT_CHUNKING))
		s->p.lacks->chunking = true;
	else if (e->ahead && e->phase != END)
		s->p.lacks->pipelining = true;
	else
		return false;
	return true;
}

static const struct status *
status_with(struct status *ret, enum verdict v, const struct status *from)
{
	*ret = *from;
	ret->verdict = v;
	ret->scope = SCOPE_SESSION;
	return ret;
}

/*
 * A refusal inside a transaction.  A verdict about the message or one
 * recipient settles that; the relay's trouble and a wish to reconnect give
 * the mail back as it is and end the session, after what is owed.
 */
static enum phase
refusal(struct session *s, enum when when, const struct reply *r, const struct expect *e)
{
	struct mail *m = e->mail;
	struct status st, closing;

	s->depth = 1;
	judge(s, when, r, m, &st);
	if (extension_failed(s, r, e))
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.5.1", "%s answered %d to %s: going on without %s",
		    s->peer, r->code, steps[e->phase].name, e->phase == END ? "BDAT" : "pipelining");
	if (st.verdict == VERDICT_RECONNECT || status_is_relay(&st))
		end_because(s, &st);
	else if (r->code == 421)
		end_because(s, status_with(&closing, VERDICT_RECONNECT, &st));
	if (e->phase == RCPT && st.scope == SCOPE_RECIPIENT) {
		m->rcpt[e->rcpt].status = st;
	} else {
		mail_settle_rest(m, &st);
		m->closed = true;
	}
	if (s->ending && (r->code == 421 || st.verdict == VERDICT_RECONNECT)) {
		/* Commands behind a 421 are never executed; after a lost extension the answers mean nothing. */
		finish(s, &s->why);
		return DEAD;
	}
	return IDLE;
}

/* Is a reply of this class an answer to that command at all? */
static bool
fits(enum phase phase, int code)
{
	switch (code / 100) {
	case 2:
		return phase != DATA;
	case 3:
		return phase == DATA || phase == AUTH || phase == ANSWER;
	default:
		return true;
	}
}

static bool
next_expect(struct session *s, struct expect *ret)
{
	if (s->phase == BANNER)
		*ret = (struct expect){ .phase = BANNER };
	else if (flight_owed(&s->flight) > 0)
		*ret = s->fifo[s->head++ % FLIGHT_MAX_OWED];
	else
		return false;
	if (ret->mail != NULL) {
		ret->mail->waiting--;
		ret->mail->answered = true;
	}
	return true;
}

static void
on_reply(struct session *s, bool more)
{
	const struct reply *r = &s->reply;
	struct expect e;
	enum phase next;
	bool caught_up;

	if (!next_expect(s, &e) || !fits(e.phase, r->code)) {
		/* A 421 with nothing owed is a server that closes an idle connection (facts: "connection expired"). */
		if (r->code == 421 && s->up && s->flight.first == NULL)
			close_quietly(s, buf_cstr(&r->text));
		else
			abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	caught_up = flight_owed(&s->flight) == 0;
	if (caught_up && more && !s->up) {
		/* Bytes that answer nothing, before we are logged in: an injection (RFC 3207 §4.2). */
		abandon(s, "4.5.0", "the server spoke out of turn");
		return;
	}
	next = steps[e.phase].reply(s, r, &e);
	if (s->over)
		return;
	if (next == DEAD) {
		finish(s, &s->why);
		return;
	}
	if (s->phase == IDLE)
		s->waiting = false;
	else if (s->waiting && s->phase == e.phase && caught_up)
		advance(s, next);
	hand_back(s);
	if (caught_up && more && s->phase != QUIT) {
		/* We had pipelined nothing, so these bytes answer nothing: a server out of step.  The reply
		   itself stands. */
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
			pump(s);
		return;
	}
}

/* ---- the writer ---- */

static bool
may_write(const struct session *s)
{
	return !s->over && !s->waiting && flight_owed(&s->flight) < FLIGHT_MAX_OWED && (s->conn == NULL || conn_queued(s->conn) < OUT_HIGH);
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
	if (s->conn != NULL)
		conn_flush(s->conn);
	hand_back(s);
}

static void
on_room(void *arg)
{
	struct session *s = arg;

	arm(s);
	pump(s);
}

/*
 * A command was put on the way: go on to `next`, or wait for its reply where
 * the RFCs ask for it.  A line that command.h would not make (it never
 * should: addresses are safe from birth) ends the session.
 */
static void
sent(struct session *s, int err, enum phase now, struct mail *m, bool sync, enum phase next)
{
	if (err != 0) {
		abandon(s, "4.3.0", "a command could not be formed");
		return;
	}
	flight_expect(&s->flight, now, m, s->next_rcpt);
	if (sync || !has(s, EXT_PIPELINING)) {
		s->waiting = true;
		arm(s);
	} else {
		advance(s, next);
	}
}

/* ---- login ---- */

static void on_gone(void *arg, const char *why, bool tls, bool clean);
static void on_line(void *arg, struct span line, bool more);

static const struct conn_ops conn_ops = { .line = on_line, .room = on_room, .gone = on_gone };

static void
on_up(void *arg)
{
	struct session *s = arg;

	snprintf(s->peer, sizeof(s->peer), "%s", login_peer(s->login));
	s->conn = login_take(s->login, &s->ehlo);
	login_free(s->login);
	s->login = NULL;
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
	finish(s, why);
}

/* ---- between messages ---- */

/* Can this server take this message at all?  If not, its recipients are settled. */
static bool
acceptable(struct session *s, struct mail *m)
{
	uint64_t size = body_size(&m->content);
	struct status st = { .verdict = VERDICT_NONE };

	if (s->ehlo.size > 0 && size > s->ehlo.size)
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.3.4",
		    "the message has %llu bytes, %s takes %llu", (unsigned long long)size, s->peer,
		    (unsigned long long)s->ehlo.size);
	else if (m->eightbit && !has(s, EXT_8BITMIME))
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.6.3",
		    "the message has 8-bit content, %s does not offer 8BITMIME", s->peer);
	else if (m->utf8 && !has(s, EXT_SMTPUTF8))
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.6.7",
		    "the message needs SMTPUTF8, %s does not offer it", s->peer);
	if (st.verdict == VERDICT_NONE)
		return true;
	mail_settle_rest(m, &st);
	return false;
}

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
	m->closed = m->written = m->content_out = m->answered = false;
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
		writing_done(s);
		hand_back(s);
	}
	if (s->ehlo.mail_max > 0 && s->pulled >= s->ehlo.mail_max)
		session_quit(s);
	s->waiting = true;
	if (s->ending && s->flight.n == 0) {
		advance(s, QUIT);
	} else if (!s->ending && wants_more(s) && (m = pull(s)) != NULL) {
		s->writing = m;
		if (acceptable(s, m))
			advance(s, s->clean ? MAIL : RSET);
		else
			s->waiting = false;
	} else if (flight_owed(&s->flight) == 0) {
		arm(s);
	}
}

static void
rset_enter(struct session *s)
{
	sent(s, command_rset(conn_out(s->conn)), RSET, s->writing, false, MAIL);
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
	if (has(s, EXT_DSN)) {
		p.ret = env->ret == RET_FULL ? "FULL" : env->ret == RET_HDRS ? "HDRS" : NULL;
		p.envid = env->envid;
	}
	s->clean = false;
	s->next_rcpt = 0;
	sent(s, command_mail(conn_out(s->conn), m->from, &p), MAIL, m, false, RCPT);
}

static enum phase
mail_reply(struct session *s, const struct reply *r, const struct expect *e)
{
	return r->code / 100 == 2 ? RCPT : refusal(s, WHEN_MAIL, r, e);
}

static enum phase
to_content(const struct session *s)
{
	return has(s, EXT_CHUNKING) ? BDAT : DATA;
}

static void
rcpt_enter(struct session *s)
{
	struct mail *m = s->writing;
	const struct mail_rcpt *to = &m->rcpt[s->next_rcpt];
	const struct rcpt *as = &m->msg->env.rcpts[to->index];
	struct rcpt_params p = { 0 };
	char notify[32];

	if (has(s, EXT_DSN)) {
		p.notify = notify_text(as->notify, notify, sizeof(notify));
		p.orcpt = as->orcpt;
	}
	/* expect() notes next_rcpt, so it moves on only behind it. */
	sent(s, command_rcpt(conn_out(s->conn), to->to, &p), RCPT, m, false,
	    s->next_rcpt + 1 < m->nrcpt ? RCPT : to_content(s));
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
	sent(s, command_data(conn_out(s->conn)), DATA, s->writing, true, BODY);
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
		s->clean = flight_owed(&s->flight) == 0 && s->flight.first == m && (s->writing == NULL || s->writing == m);
		return IDLE;
	}
	if (r->code / 100 == 2) {
		abandon(s, "4.5.0", "the message was accepted before it was sent");
		return DEAD;
	}
	if (m->accepted > 0 && !m->closed)
		refusal(s, WHEN_END, r, e);
	m->closed = true;
	if (!m->content_out && !s->over) {
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
	sent(s, command_quit(conn_out(s->conn)), QUIT, NULL, true, DEAD);
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

struct session *
session_new(const struct session_params *p)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->p = *p;
	s->depth = 1;
	buf_init(&s->secret, LIMIT_AUTH_LINE);
	buf_span(&s->secret, p->secret);
	reply_init(&s->reply);
	snprintf(s->peer, sizeof(s->peer), "%s:%u", p->relay->host, p->relay->port);
	s->deadline = timer_new(p->base, on_deadline, s);
	s->later = timer_new(p->base, on_later, s);
	advance(s, CONNECT);
	pump(s);
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

	status_local(&st, VERDICT_SENT, SCOPE_SESSION, "2.0.0", "closed");
	end_because(s, &st);
	if (s->up)
		session_kick(s);
	else
		finish(s, &s->why);
}

void
session_stop(struct session *s)
{
	if (!s->over)
		abandon(s, "4.4.2", "stopped");
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	assert(s->over && s->flight.first == NULL);
	conn_free(s->conn);
	sasl_free(s->sasl);
	buf_wipe(&s->secret);
	reply_done(&s->reply);
	timer_free(s->deadline);
	timer_free(s->later);
	free(s);
}

bool
session_is_idle(const struct session *s)
{
	return s->up && !s->ending && s->flight.n == 0;
}

bool
session_is_up(const struct session *s)
{
	return s->up && !s->ending;
}

bool
session_was_up(const struct session *s)
{
	return s->up;
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
	return s->up ? s->up_ms - s->dialled_ms : 0;
}
