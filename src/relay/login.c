#include "relay/login.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/avoided.h"
#include "net/conn.h"
#include "net/loop.h"
#include "net/tls.h"
#include "relay/reach.h"
#include "relay/trace.h"
#include "smtp/command.h"
#include "smtp/limits.h"
#include "smtp/reply.h"
#include "smtp/sasl.h"

#define TRIED_MAX      256
#define BINDING_MAX    64
#define MAX_CHALLENGES 8        /* no mechanism needs more; a server that asks for ever is broken off */

enum phase { CONNECT, TLS, BANNER, EHLO, HELO, STARTTLS, AUTH, ANSWER, UP, QUIT, DEAD, NPHASE };

struct login {
	struct login_params p;
	struct buf      secret;
	struct reach   *reach;          /* until there is a connection */
	struct conn    *conn;
	struct sasl    *sasl;
	const char     *answer;         /* to the last challenge */
	struct buf      tried;          /* mechanisms that are of no use here, blanks between */
	struct timer   *deadline;
	struct timer   *later;          /* the end, from the loop */
	char            peer[320];
	struct ehlo     ehlo;
	struct reply    reply;
	enum phase      phase;
	bool            greeted;
	bool            served;         /* it said what it can do, over TLS: this address works */
	char            address[ADDRESS_TEXT_MAX];
	unsigned        challenges;
	struct status   why;
};

struct step {
	const char  *name;
	void       (*enter)(struct login *l);                           /* writes, never decides */
	enum phase (*reply)(struct login *l, const struct reply *r);    /* decides, never writes */
	int          limit_s;                                           /* RFC 5321 §4.5.3.2 where it says */
};

static void connect_enter(struct login *), tls_enter(struct login *), ehlo_enter(struct login *),
    helo_enter(struct login *), starttls_enter(struct login *), auth_enter(struct login *),
    answer_enter(struct login *), up_enter(struct login *), quit_enter(struct login *), dead_enter(struct login *);
static enum phase banner_reply(struct login *, const struct reply *), ehlo_reply(struct login *, const struct reply *),
    helo_reply(struct login *, const struct reply *), starttls_reply(struct login *, const struct reply *),
    auth_reply(struct login *, const struct reply *), quit_reply(struct login *, const struct reply *);

static const struct step steps[NPHASE] = {
	[CONNECT]  = { "connect",  connect_enter,  NULL,           60 },
	[TLS]      = { "TLS",      tls_enter,      NULL,           60 },
	[BANNER]   = { "banner",   NULL,           banner_reply,   300 },
	[EHLO]     = { "EHLO",     ehlo_enter,     ehlo_reply,     300 },
	[HELO]     = { "HELO",     helo_enter,     helo_reply,     300 },
	[STARTTLS] = { "STARTTLS", starttls_enter, starttls_reply, 120 },
	[AUTH]     = { "AUTH",     auth_enter,     auth_reply,     300 },
	[ANSWER]   = { "AUTH",     answer_enter,   auth_reply,     300 },
	[UP]       = { "up",       up_enter,       NULL,           300 },
	[QUIT]     = { "QUIT",     quit_enter,     quit_reply,     5 },
	[DEAD]     = { "dead",     dead_enter,     NULL,           5 },
};

/* The only place a phase changes; every phase has its deadline. */
static void
advance(struct login *l, enum phase next)
{
	l->phase = next;
	trace_step(l->p.trace, steps[next].name);
	if (next == CONNECT)
		timer_off(l->deadline);         /* reach has its own */
	else
		timer_set(l->deadline, steps[next].limit_s * INT64_C(1000));
	if (steps[next].enter != NULL)
		steps[next].enter(l);
	if (l->conn != NULL && l->phase != DEAD)
		conn_flush(l->conn);
}

/* ---- the end ---- */

static void
on_later(void *arg)
{
	struct login *l = arg;

	if (l->phase == UP)
		l->p.up(l->p.arg);
	else
		l->p.failed(l->p.arg, &l->why);
}

static void
dead_enter(struct login *l)
{
	timer_off(l->deadline);
	reach_cancel(l->reach);
	l->reach = NULL;
	if (l->conn != NULL)
		conn_stop(l->conn);
	if (!l->served && l->why.verdict == VERDICT_PAUSE)
		avoided_add(l->address);        /* another of the host's may serve; "": there was no connection */
	timer_set(l->later, 0);
}

/* The first reason stands: what happens at QUIT adds nothing. */
static void
because(struct login *l, enum verdict v, const char *dsn, const char *what)
{
	if (l->why.verdict == VERDICT_NONE)
		status_local(&l->why, v, SCOPE_RELAY, dsn, "%s: %s", l->peer, what);
}

static void
give_up(struct login *l, const char *dsn, const char *what)
{
	if (l->phase == DEAD)
		return;
	because(l, VERDICT_PAUSE, dsn, what);
	advance(l, DEAD);
}

static enum phase
refuse(struct login *l, const char *dsn, const char *what)
{
	because(l, VERDICT_CONFIG, dsn, what);
	return QUIT;
}

static enum phase
refused(struct login *l, enum when when, const struct reply *r)
{
	struct judged at = { .when = when, .with = relay_conf_with(l->p.relay) };

	rules_judge(&l->p.relay->rules, &at, r, &l->why);
	return r->code == 421 ? DEAD : QUIT;
}

static void
on_deadline(void *arg)
{
	struct login *l = arg;
	char what[80];

	snprintf(what, sizeof(what), "timed out at %s", steps[l->phase].name);
	give_up(l, "4.4.2", what);
}

/* ---- lines ---- */

static void
on_reply(struct login *l, bool more)
{
	const struct reply *r = &l->reply;
	enum phase next;

	if (steps[l->phase].reply == NULL || (r->code / 100 == 3 && l->phase != AUTH && l->phase != ANSWER)) {
		give_up(l, "4.5.0", "the server spoke out of turn");
		return;
	}
	if (r->code != 334)             /* a challenge is nobody's to see */
		trace_reply(l->p.trace, steps[l->phase].name, r, NULL, 0);
	next = steps[l->phase].reply(l, r);
	if (more && next != DEAD && next != QUIT) {
		/* Nothing is pipelined here, so bytes behind a reply answer nothing.  Behind the 220 of
		   STARTTLS they are an injection (RFC 3207 §4.2). */
		give_up(l, "4.5.0", "the server spoke out of turn");
		return;
	}
	advance(l, next);
}

static void
on_line(void *arg, struct span line, bool more)
{
	struct login *l = arg;
	const char *why;

	if (l->phase == DEAD)
		return;
	switch (reply_line(&l->reply, line, &why)) {
	case REPLY_MORE:
		return;
	case REPLY_BAD:
		give_up(l, "4.5.0", why);
		return;
	case REPLY_DONE:
		on_reply(l, more);
		reply_clear(&l->reply);
	}
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	struct login *l = arg;
	char what[400];

	(void)clean;
	snprintf(what, sizeof(what), "%s: %s", steps[l->phase].name, why);
	if (l->phase == TLS)
		trace_insecure(l->p.trace, conn_ssl(l->conn));
	if (tls_is_stranger(conn_ssl(l->conn)))
		because(l, VERDICT_CONFIG, "4.7.5", what);
	give_up(l, tls ? "4.7.5" : "4.4.2", what);
}

/* A line that command.h would not make: a name in the configuration is at fault. */
static void
formed(struct login *l, int err)
{
	if (err != 0) {
		because(l, VERDICT_CONFIG, "4.3.5", "a command could not be formed: look at hostname and user");
		advance(l, DEAD);
	}
}

/* ---- connect, TLS ---- */

static void
on_secure(void *arg)
{
	struct login *l = arg;

	trace_secure(l->p.trace, conn_tls_summary(l->conn), conn_ssl(l->conn));
	advance(l, l->greeted ? EHLO : BANNER);
}

static const struct conn_ops conn_ops = { .line = on_line, .secure = on_secure, .gone = on_gone };

static void
on_reached(void *arg, const struct dialled *d)
{
	struct login *l = arg;

	l->reach = NULL;
	trace_dialled(l->p.trace, d);
	if (d->fd < 0) {
		status_local(&l->why, VERDICT_PAUSE, SCOPE_RELAY, d->resolver ? "4.4.3" : "4.4.1", "%s", d->why);
		advance(l, DEAD);
		return;
	}
	snprintf(l->address, sizeof(l->address), "%s", d->address);
	snprintf(l->peer, sizeof(l->peer), "%s[%s]:%u", l->p.relay->host, d->address, l->p.relay->port);
	l->conn = conn_new(l->p.base, d->fd, LIMIT_REPLY_LINE, &conn_ops, l);
	advance(l, l->p.relay->tls == TLS_IMPLICIT ? TLS : BANNER);
}

static void
connect_enter(struct login *l)
{
	l->reach = reach_start(l->p.base, l->p.relay, l->p.tls, steps[CONNECT].limit_s * 1000, on_reached, l);
}

static void
tls_enter(struct login *l)
{
	conn_start_tls(l->conn, l->p.tls, l->p.relay->host);
}

/* ---- greeting ---- */

static enum phase
banner_reply(struct login *l, const struct reply *r)
{
	l->greeted = true;
	return r->code / 100 == 2 ? EHLO : refused(l, WHEN_BANNER, r);
}

static void
ehlo_enter(struct login *l)
{
	formed(l, command_ehlo(conn_out(l->conn), l->p.helo));
}

/* With the best mechanism that was not tried. */
static int
begin_auth(struct login *l, const char **ret_why)
{
	const struct relay_conf *rc = l->p.relay;
	struct sasl_identity id = {
		.user = rc->user, .allowed = rc->auth, .tried = buf_cstr(&l->tried),
		.tls = conn_is_tls(l->conn), .plain_ok = rc->tls == TLS_NONE,
		.certificate = conn_is_tls(l->conn) && rc->client_cert != NULL,
		.token = rc->oauth != NULL, .host = rc->host, .port = rc->port,
	};
	struct buf binding;
	int r;

	if (l->secret.n > 0)
		id.secret = buf_view(&l->secret);
	buf_init(&binding, BINDING_MAX);
	id.unique = conn_binding(l->conn, &binding) == TLS_BINDING_UNIQUE;
	id.binding = buf_view(&binding);
	r = sasl_start(l->ehlo.auth, &id, &l->sasl, ret_why);
	buf_wipe(&binding);
	l->challenges = 0;
	return r;
}

/* Whether TLS and AUTH are still to come is decided here and nowhere else. */
static enum phase
after_ehlo(struct login *l)
{
	const struct relay_conf *rc = l->p.relay;
	const char *why;

	if (rc->tls == TLS_STARTTLS && !conn_is_tls(l->conn))
		return l->ehlo.ext & EXT_STARTTLS ? STARTTLS
		    : refuse(l, "5.7.10", "does not offer STARTTLS, and nothing is sent in the clear");
	l->served = true;
	if (rc->user == NULL)
		return UP;
	if (!(l->ehlo.ext & EXT_AUTH))
		return refuse(l, "5.7.4", "does not offer AUTH, but a user is configured");
	if (begin_auth(l, &why) != 0)
		return refuse(l, "5.7.4", why);
	return AUTH;
}

static enum phase
ehlo_reply(struct login *l, const struct reply *r)
{
	bool plain = l->p.relay->user == NULL && (conn_is_tls(l->conn) || l->p.relay->tls == TLS_NONE);

	if (r->code / 100 == 2) {
		ehlo_read(&l->ehlo, r);
		return after_ehlo(l);
	}
	return r->code / 100 == 5 && plain ? HELO : refused(l, WHEN_EHLO, r);
}

static void
helo_enter(struct login *l)
{
	formed(l, command_helo(conn_out(l->conn), l->p.helo));
}

static enum phase
helo_reply(struct login *l, const struct reply *r)
{
	memset(&l->ehlo, 0, sizeof(l->ehlo));
	return r->code / 100 == 2 ? UP : refused(l, WHEN_EHLO, r);
}

static void
starttls_enter(struct login *l)
{
	formed(l, command_starttls(conn_out(l->conn)));
}

static enum phase
starttls_reply(struct login *l, const struct reply *r)
{
	memset(&l->ehlo, 0, sizeof(l->ehlo));           /* nothing said in the clear is believed (RFC 3207 §4.2) */
	return r->code == 220 ? TLS : refused(l, WHEN_STARTTLS, r);
}

/* ---- AUTH (RFC 4954) ---- */

/*
 * As good as the secret: with all its room from the start it is not moved
 * while it grows, and conn_give() or conn_free() overwrites the only copy.
 */
static void
make_room(struct login *l)
{
	(void)buf_room(conn_out(l->conn), LIMIT_AUTH_LINE);
}

static void
auth_enter(struct login *l)
{
	make_room(l);
	trace_mechanism(l->p.trace, sasl_mechanism(l->sasl));
	formed(l, command_auth(conn_out(l->conn), sasl_mechanism(l->sasl), sasl_initial(l->sasl)));
}

static void
answer_enter(struct login *l)
{
	make_room(l);
	formed(l, command_auth_line(conn_out(l->conn), l->answer));
}

/* What the challenge said behind what is refused; the reply's own words are always the same. */
static void
quote_status(struct login *l)
{
	const char *status = sasl_status(l->sasl), *between = sasl_is_between(l->sasl);
	size_t n = strlen(l->why.text);

	if (status == NULL) {
		if (sasl_is_bound(l->sasl) && l->why.verdict != VERDICT_PAUSE)
			snprintf(l->why.text + n, sizeof(l->why.text) - n, " (a login by %s is refused, too, "
			    "where somebody stands in between)", sasl_mechanism(l->sasl));
		return;
	}
	if (between != NULL) {
		status_local(&l->why, VERDICT_CONFIG, SCOPE_RELAY, "5.7.0", "%s: %s (%s)", l->peer, between, status);
		return;
	}
	snprintf(l->why.text + n, sizeof(l->why.text) - n, " (%s%s)",
	    l->p.relay->oauth != NULL ? "token: " : "", status);
	/* A token made anew would be of the same scope (RFC 6750 §3.1). */
	if (strcmp(status, "insufficient_scope") == 0)
		status_local(&l->why, VERDICT_CONFIG, SCOPE_RELAY, "5.7.8", "%s: the token does not cover sending mail "
		    "(%s): look at scope, then agree again with postern login", l->peer, status);
}

static enum phase
challenged(struct login *l, const struct reply *r)
{
	if (++l->challenges > MAX_CHALLENGES) {
		because(l, VERDICT_PAUSE, "4.7.0", "asks for ever at AUTH");
		return QUIT;
	}
	l->answer = sasl_answer(l->sasl, span_trim(buf_view(&r->lines)));
	if (sasl_is_forged(l->sasl))
		return refuse(l, "5.7.0", "does not know the password that it asks for (its signature is wrong): "
		    "is this the right server?");
	if (l->answer == NULL)
		l->answer = "*";
	return ANSWER;
}

/*
 * The server has no such mechanism after all, or does it as nobody could.
 * Never behind a password that was refused: it would be as wrong by another.
 */
static enum phase
try_next(struct login *l, const struct reply *r)
{
	const char *why;

	if (l->tried.n > 0)
		buf_char(&l->tried, ' ');
	buf_str(&l->tried, sasl_mechanism(l->sasl));
	sasl_free(l->sasl);
	l->sasl = NULL;
	if (begin_auth(l, &why) == 0)
		return AUTH;
	return r->code == 504 ? refused(l, WHEN_AUTH, r) : refuse(l, "5.7.4", why);
}

static enum phase
auth_reply(struct login *l, const struct reply *r)
{
	enum phase next;

	if (r->code == 334)
		return challenged(l, r);
	if (r->code / 100 == 5 && (r->code == 504 || sasl_is_useless(l->sasl)))
		return try_next(l, r);
	if (r->code != 235) {
		next = refused(l, WHEN_AUTH, r);
		quote_status(l);
	} else if (!sasl_is_proved(l->sasl)) {
		next = refuse(l, "5.7.0", "accepts the login without having shown that it knows the password: "
		    "is this the right server?");
	} else {
		next = UP;
	}
	sasl_free(l->sasl);
	l->sasl = NULL;
	return next;
}

static void
up_enter(struct login *l)
{
	buf_wipe(&l->secret);
	timer_set(l->later, 0);
}

/* ---- parting without a login ---- */

static void
quit_enter(struct login *l)
{
	formed(l, command_quit(conn_out(l->conn)));
}

static enum phase
quit_reply(struct login *l, const struct reply *r)
{
	(void)l;
	(void)r;
	return DEAD;
}

/* ---- the owner's side ---- */

struct login *
login_start(const struct login_params *p)
{
	struct login *l = xcalloc(1, sizeof(*l));

	l->p = *p;
	buf_init(&l->secret, LIMIT_AUTH_LINE);
	buf_span(&l->secret, p->secret);
	buf_init(&l->tried, TRIED_MAX);
	reply_init(&l->reply);
	snprintf(l->peer, sizeof(l->peer), "%s:%u", p->relay->host, p->relay->port);
	l->deadline = timer_new(p->base, on_deadline, l);
	l->later = timer_new(p->base, on_later, l);
	advance(l, CONNECT);
	return l;
}

struct conn *
login_take(struct login *l, struct ehlo *ret)
{
	struct conn *c = l->conn;

	assert(l->phase == UP);
	*ret = l->ehlo;
	l->conn = NULL;
	timer_off(l->deadline);
	return c;
}

const char *
login_peer(const struct login *l)
{
	return l->peer;
}

void
login_stop(struct login *l)
{
	if (l->phase != DEAD)
		advance(l, DEAD);
	timer_off(l->later);
}

void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	login_stop(l);
	conn_free(l->conn);
	sasl_free(l->sasl);
	buf_wipe(&l->secret);
	buf_done(&l->tried);
	reply_done(&l->reply);
	timer_free(l->deadline);
	timer_free(l->later);
	free(l);
}
