/* session_write.c - the cursor that says commands and content; see session_private.h. */
#include "relay/session_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "relay/adapt.h"
#include "relay/trace.h"
#include "smtp/command.h"

/*
 * A command was put on the way: go on to `next`, or wait for its reply where
 * the RFCs ask for it.  A line that command.h would not make ends the
 * session: addresses are safe from birth, so it never comes to that.
 */
static void
sent(struct session *s, int err, struct mail *m, bool sync, enum phase next)
{
	if (err != 0) {
		session_abandon(s, "4.3.0", "a command could not be formed");
		return;
	}
	flight_expect(&s->flight, s->phase, m, s->next_rcpt);
	if (sync || !session_has(s, EXT_PIPELINING)) {
		s->waiting = true;
		session_arm(s);
	} else {
		session_advance(s, next);
	}
}

/* ---- between messages ---- */

static bool
wants_more(const struct session *s)
{
	if (s->flight.n >= (session_has(s, EXT_PIPELINING) ? s->depth : 1))
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
		session_hand_back(s);
	}
	if (s->ehlo.mail_max > 0 && s->pulled >= s->ehlo.mail_max)
		session_quit(s);
	s->waiting = true;
	if (s->ending && s->flight.n == 0) {
		session_advance(s, QUIT);
	} else if (!s->ending && wants_more(s) && (m = pull(s)) != NULL) {
		s->writing = m;
		session_advance(s, ADAPT);
	} else if (session_owed(s) == 0) {
		session_arm(s);
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
		.eightbit = session_has(s, EXT_8BITMIME), .utf8 = session_has(s, EXT_SMTPUTF8),
	};
	struct mail *m = s->writing;
	struct status st;

	switch (adapt(m, &server, &st)) {
	case ADAPT_MORE:
		s->waiting = true;
		session_kick(s);
		break;
	case ADAPT_READY:
		session_advance(s, s->clean ? MAIL : RSET);
		break;
	case ADAPT_REFUSED:
		mail_settle_rest(m, &st);
		session_advance(s, IDLE);
		break;
	}
}

static void
rset_enter(struct session *s)
{
	sent(s, command_rset(conn_out(s->conn)), s->writing, false, MAIL);
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

	if (session_has(s, EXT_SIZE))
		p.size = body_size(&m->content);
	if (session_has(s, EXT_8BITMIME) && m->eightbit)
		p.body = "8BITMIME";
	p.smtputf8 = m->utf8;
	m->dsn = session_has(s, EXT_DSN);
	if (m->dsn && m->list_owner == NULL) {  /* a list's mail is another message: RFC 3461 §5.2.7.3 */
		p.ret = env->ret == RET_FULL ? "FULL" : env->ret == RET_HDRS ? "HDRS" : NULL;
		p.envid = env->envid;
	}
	s->clean = false;
	s->next_rcpt = 0;
	sent(s, command_mail(conn_out(s->conn), m->from, &p), m, false, RCPT);
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
	sent(s, err, m, false, s->next_rcpt + 1 < m->nrcpt ? RCPT : session_content(s));
	s->next_rcpt++;
}

static void
data_enter(struct session *s)
{
	sent(s, command_data(conn_out(s->conn)), s->writing, true, TEXT);
}

/*
 * A 354 although nobody was accepted asks for a lone dot (RFC 2920 §3.1);
 * with somebody accepted a lone dot would deliver an empty message, so then
 * the content always follows.
 */
static void
text_enter(struct session *s)
{
	static const struct body_source nothing;
	struct mail *m = s->writing;

	body_start(&s->body, m->accepted > 0 ? &m->content : &nothing, true);
	flight_expect(&s->flight, END, m, 0);
	session_advance(s, BODY);
}

/* The reply to BDAT LAST is the end of data's, and the content follows at once (RFC 3030 §2). */
static void
bdat_enter(struct session *s)
{
	struct mail *m = s->writing;

	if (command_bdat(conn_out(s->conn), body_size(&m->content), true) != 0) {
		session_abandon(s, "4.3.0", "a command could not be formed");
		return;
	}
	body_start(&s->body, &m->content, false);
	flight_expect(&s->flight, END, m, 0);
	session_advance(s, BODY);
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
	session_end_because(s, &st);
	s->waiting = true;
	if (s->flight.first == s->broken)
		session_finish(s, &s->why);
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
		session_advance(s, session_has(s, EXT_PIPELINING) ? IDLE : END);
	}
}

static void
quit_enter(struct session *s)
{
	sent(s, command_quit(conn_out(s->conn)), NULL, true, DEAD);
}

/* ---- the cursor ---- */

static void (*const enter[NPHASE])(struct session *) = {
	[IDLE]  = idle_enter,
	[ADAPT] = adapt_enter,
	[RSET]  = rset_enter,
	[MAIL]  = mail_enter,
	[RCPT]  = rcpt_enter,
	[DATA]  = data_enter,
	[TEXT]  = text_enter,
	[BDAT]  = bdat_enter,
	[BODY]  = body_enter,
	[QUIT]  = quit_enter,
};

static bool
may_write(const struct session *s)
{
	return !s->over && !s->waiting && session_owed(s) < FLIGHT_MAX_OWED && conn_queued(s->conn) < SESSION_OUT_HIGH;
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

	if (m == NULL || s->phase == TEXT || s->phase == BODY || s->phase == IDLE || !(m->closed || s->ending))
		return;
	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "the connection ended before its turn came");
	mail_settle_rest(m, &st);
	m->closed = true;
	session_advance(s, IDLE);
}

void
session_pump(struct session *s)
{
	while (may_write(s)) {
		leave_if_pointless(s);
		enter[s->phase](s);
	}
	if (s->over)
		return;
	conn_flush(s->conn);
	session_hand_back(s);
}

void
session_room(void *arg)
{
	struct session *s = arg;

	if (s->over)
		return;
	session_arm(s);
	session_pump(s);
}
