/* session.c - the session's life: its phases, its end, and the owner's side; see session.h. */
#include "relay/session_private.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/loop.h"
#include "relay/login.h"

/* What each phase is called, and how long the server may take over it (RFC 5321 §4.5.3.2). */
static const struct {
	const char *name;
	int         limit_s;
} steps[NPHASE] = {
	[LOGIN] = { "login",       0 },         /* login has its own deadlines */
	[IDLE]  = { "idle",        0 },         /* the relay's `idle` */
	[ADAPT] = { "adapting",    300 },       /* our own work */
	[RSET]  = { "RSET",        300 },
	[MAIL]  = { "MAIL",        300 },
	[RCPT]  = { "RCPT",        300 },
	[DATA]  = { "DATA",        120 },
	[TEXT]  = { "content",     180 },
	[BDAT]  = { "BDAT",        180 },
	[BODY]  = { "content",     180 },       /* a block, not the whole */
	[END]   = { "end of data", 600 },
	[QUIT]  = { "QUIT",        5 },
	[DEAD]  = { "dead",        0 },
};

/* ---- what both cursors need ---- */

const char *
session_phase_name(enum phase phase)
{
	return steps[phase].name;
}

unsigned
session_owed(const struct session *s)
{
	return flight_owed(&s->flight);
}

static bool
is_up(const struct session *s)
{
	return s->conn != NULL;
}

bool
session_has(const struct session *s, unsigned ext)
{
	if ((ext == EXT_PIPELINING && s->p.lacks->pipelining) || (ext == EXT_CHUNKING && s->p.lacks->chunking))
		return false;
	if (ext == EXT_CHUNKING && !s->p.relay->chunking)
		return false;
	return (s->ehlo.ext & ext) != 0;
}

enum phase
session_content(const struct session *s)
{
	return session_has(s, EXT_CHUNKING) ? BDAT : DATA;
}

/* The phase the server is at: that of the oldest reply it owes; else the writer's. */
static enum phase
server_at(const struct session *s)
{
	const struct expect *e;

	if (session_owed(s) == 0)
		return s->phase;
	e = flight_head(&s->flight);
	return e->phase == END && !e->mail->content_out ? BODY : (enum phase)e->phase;
}

void
session_arm(struct session *s)
{
	enum phase at = server_at(s);

	timer_set(s->deadline, (at == IDLE ? s->p.relay->idle_s : steps[at].limit_s) * INT64_C(1000));
}

void
session_advance(struct session *s, enum phase next)
{
	s->phase = next;
	s->waiting = next == END;               /* there alone is nothing to write */
	session_arm(s);
}

void
session_hand_back(struct session *s)
{
	struct mail *m;

	while ((m = flight_landed(&s->flight)) != NULL) {
		s->ended++;
		assert(mail_is_settled(m));
		s->p.ops->settled(s->p.owner, s, m);
	}
}

/* ---- the end ---- */

void
session_give_back(struct mail *m, const struct status *why)
{
	struct status st = *why;

	if (m->content_out && why->verdict == VERDICT_RECONNECT && why->code == 0)
		snprintf(st.text, sizeof(st.text), "%.400s; may be duplicated", why->text);
	mail_settle_rest(m, &st);
}

void
session_finish(struct session *s, const struct status *cause)
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
		session_give_back(m, m == s->flight.first && cause->verdict != VERDICT_SENT ? cause : &rest);
	flight_forget(&s->flight);
	session_hand_back(s);
	timer_set(s->later, 0);
}

void
session_end_because(struct session *s, const struct status *why)
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

	session_end_because(s, why);
	if (m == NULL)
		st = s->why;
	else if (m->content_out)
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2",
		    "%s after the end of data; may be duplicated", why->text);
	else if (s->stopping || (!m->answered && s->ended > 0))
		status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, "4.4.2", "%s", why->text);
	else
		status_local(&st, VERDICT_DEFER, SCOPE_MESSAGE, "4.4.2", "%s at %s", why->text,
		    session_phase_name(server_at(s)));
	session_finish(s, &st);
}

void
session_abandon(struct session *s, const char *dsn, const char *what)
{
	struct status st;

	status_local(&st, VERDICT_RECONNECT, SCOPE_SESSION, dsn, "%s: %s", s->peer, what);
	lose(s, &st);
}

void
session_close(struct session *s, const char *what)
{
	struct status st;

	status_local(&st, VERDICT_SENT, SCOPE_SESSION, "2.0.0", "%s", what);
	session_end_because(s, &st);
	session_finish(s, &s->why);
}

static void
on_deadline(void *arg)
{
	struct session *s = arg;
	char what[80];

	switch (server_at(s)) {
	case QUIT:
		session_close(s, "no answer to QUIT");
		break;
	case IDLE:
		session_quit(s);
		break;
	default:
		snprintf(what, sizeof(what), "timed out at %s", session_phase_name(server_at(s)));
		session_abandon(s, "4.4.2", what);
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
		session_close(s, why);          /* after our last business it is nobody's trouble */
		return;
	}
	snprintf(what, sizeof(what), "lost connection: %s", why);
	session_abandon(s, "4.4.2", what);
}

/* ---- the owner's side ---- */

static const struct conn_ops conn_ops = { .line = session_line, .room = session_room, .gone = on_gone };

static void
on_up(void *arg)
{
	struct session *s = arg;

	snprintf(s->peer, sizeof(s->peer), "%s", login_peer(s->login));
	s->conn = login_take(s->login, &s->ehlo);
	conn_give(s->conn, &conn_ops, s);
	conn_set_low(s->conn, SESSION_OUT_LOW);
	s->clean = true;
	s->up_ms = clock_mono_ms();
	s->p.ops->up(s->p.owner, s);
	session_advance(s, IDLE);
	session_pump(s);
}

static void
on_login_failed(void *arg, const struct status *why)
{
	struct session *s = arg;

	snprintf(s->peer, sizeof(s->peer), "%s", login_peer(s->login));
	session_end_because(s, why);
	session_finish(s, &s->why);
}

static void
on_later(void *arg)
{
	struct session *s = arg;

	if (s->over) {
		s->p.ops->over(s->p.owner, s, &s->why);
	} else if ((s->phase == IDLE || s->phase == ADAPT) && s->waiting) {
		s->waiting = false;
		session_pump(s);
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
		session_close(s, "closed");
		return;
	}
	status_local(&st, VERDICT_SENT, SCOPE_SESSION, "2.0.0", "closed");
	session_end_because(s, &st);
	session_kick(s);
}

void
session_stop(struct session *s)
{
	s->stopping = true;
	if (!s->over)
		session_abandon(s, "4.4.2", "stopped");
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
