#include "driver.h"

#include <event2/event.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cargo.h"
#include "identity.h"
#include "leftovers.h"
#include "net/loop.h"
#include "net/tls.h"
#include "relay/session.h"
#include "vclock.h"

#define MAX_SESSIONS 6
#define MAX_AGAIN    3          /* the queue does not reconnect for ever either */
#define IDLE_S       30
#define DEPTH        8
#define WATCHDOG_S   (24 * 3600)

const char *const driver_modes[NMODES] = { "lock", "lock-bdat", "data", "bdat", "tls" };

static struct tls *client_tls;

/* One scenario on its way. */
struct run {
	struct trial       *trial;
	const struct row   *row;
	struct event_base  *base;
	struct script      *script;
	struct relay_conf   relay;
	struct relay_lacks  lacks;
	struct rule         rule;
	struct cargo        cargo[CARGO_MAX];
	size_t              ncargo;
	struct mail        *ready;              /* to be pulled */
	struct mail        *held;               /* for the next session */
	unsigned            out;                /* mails the session has */
	struct session     *session;
	unsigned            sessions, overs;
	char                over[MAX_SESSIONS + 1];
	char                last_text[512];
	struct buf          depths;
	bool                stopped;            /* the owner wanted it to end */
	bool                done;
	int64_t             began_ms, ended_ms;
	unsigned           *running;
	struct buf          wrong;
};

static void start_session(struct run *r);

/* ---- the owner ---- */

static void
push(struct mail **list, struct mail *m)
{
	while (*list != NULL)
		list = &(*list)->next;
	m->next = NULL;
	*list = m;
}

static void
act(struct run *r)
{
	if (r->session == NULL || r->stopped)
		return;
	switch (r->trial->action.what) {
	case DO_NOTHING:
		break;
	case DO_KICK:
		session_kick(r->session);
		break;
	case DO_QUIT:
		r->stopped = true;
		session_quit(r->session);
		break;
	case DO_STOP:
		r->stopped = true;
		session_stop(r->session);
		session_stop(r->session);       /* twice is fine */
		if (r->out != 0 || session_is_up(r->session))
			buf_printf(&r->wrong, "stopped, and keeps %u mails\n", r->out);
		break;
	}
}

static void
act_in(struct run *r, unsigned where)
{
	if ((unsigned)r->trial->action.where == where)
		act(r);
}

static void
on_moment(void *arg, unsigned n)
{
	struct run *r = arg;

	if (r->trial->action.where == AT_MOMENT && r->trial->action.moment == n)
		act(r);
}

static struct mail *
on_next(void *owner, struct session *s)
{
	struct run  *r = owner;
	struct mail *m = r->ready;

	if (s != r->session || !session_is_up(s))
		buf_str(&r->wrong, "asked for mail by a session that is not up\n");
	act_in(r, AT_NEXT);
	if (m == NULL || r->stopped)
		return NULL;
	r->ready = m->next;
	m->next = NULL;
	r->out++;
	return m;
}

/* A recipient has its verdict; true: it is to be tried again. */
static bool
take_verdict(struct run *r, struct mail *m, const struct mail_rcpt *to)
{
	struct end  *e = &cargo_of(m)->end[to->index];
	enum verdict v = to->status.verdict;

	if (v == VERDICT_NONE)
		buf_printf(&r->wrong, "%s came back without a verdict\n", to->to->text);
	if (e->finals > 0)
		buf_printf(&r->wrong, "%s was settled again\n", to->to->text);
	e->status = to->status;
	if ((v == VERDICT_RECONNECT || v == VERDICT_SPLIT) && e->again < MAX_AGAIN) {
		e->again++;
		return true;
	}
	e->finals++;
	return false;
}

static void
on_settled(void *owner, struct session *s, struct mail *m)
{
	struct run   *r = owner;
	struct cargo *c = cargo_of(m);
	bool         *again = xcalloc(c->nrcpt, sizeof(*again)), split = false, any = false;

	buf_printf(&r->depths, "%u", session_depth(s));
	if (r->out == 0)
		buf_str(&r->wrong, "more mails came back than went out\n");
	r->out--;
	for (size_t i = 0; i < m->nrcpt; i++) {
		if (!take_verdict(r, m, &m->rcpt[i]))
			continue;
		any = again[m->rcpt[i].index] = true;
		split = split || m->rcpt[i].status.verdict == VERDICT_SPLIT;
	}
	if (any) {
		push(split ? &r->ready : &r->held, cargo_mail(c, again));
		session_kick(s);
	}
	free(again);
	mail_free(m);
	act_in(r, AT_SETTLED);
	if (r->out == 0 && r->ready == NULL && r->held == NULL && (r->row->flags & ROW_IDLE) == 0
	    && !r->stopped)
		session_quit(s);
}

static void
on_up(void *owner, struct session *s)
{
	struct run *r = owner;

	if (s != r->session)
		buf_str(&r->wrong, "a session that is none came up\n");
	act_in(r, AT_UP);
}

static void
finish(struct run *r)
{
	r->done = true;
	r->ended_ms = vclock_ms();
	if (--*r->running == 0)
		(void)event_base_loopbreak(r->base);
}

static void
on_over(void *owner, struct session *s, const struct status *why)
{
	struct run  *r = owner;
	enum verdict verdict;

	if (s != r->session || r->session == NULL) {
		buf_str(&r->wrong, "over() came twice\n");
		return;
	}
	if (r->out != 0)
		buf_printf(&r->wrong, "the session is over and keeps %u mails\n", r->out);
	if (session_is_up(s) || session_is_idle(s))
		buf_str(&r->wrong, "the session is over and says it is up\n");
	verdict = why->verdict;                 /* of the session: gone with it */
	r->over[r->overs++] = cargo_letter(verdict);
	snprintf(r->last_text, sizeof(r->last_text), "%s", why->text);
	session_free(s);
	r->session = NULL;
	while (r->held != NULL) {
		struct mail *m = r->held;

		r->held = m->next;
		push(&r->ready, m);
	}
	if ((verdict == VERDICT_SENT || verdict == VERDICT_RECONNECT) && r->ready != NULL
	    && !r->stopped && r->sessions < MAX_SESSIONS)
		start_session(r);
	else
		finish(r);
}

static const struct session_ops ops = {
	.next = on_next, .settled = on_settled, .up = on_up, .over = on_over,
};

static void
start_session(struct run *r)
{
	struct session_params p = {
		.base = r->base, .relay = &r->relay, .helo = "client.example",
		.tls = r->relay.tls == TLS_NONE ? NULL : client_tls,
		.secret = SPAN("right"), .lacks = &r->lacks, .ops = &ops, .owner = r,
	};

	r->sessions++;
	r->session = session_new(&p);
	if (r->sessions == 1)
		act_in(r, AT_START);
}

/* ---- setting up ---- */

static unsigned
mode_offers(enum mode mode)
{
	unsigned all = OFFER_8BITMIME | OFFER_SMTPUTF8 | OFFER_SIZE | OFFER_AUTH | OFFER_ENHANCED;

	if (mode == MODE_DATA || mode == MODE_BDAT || mode == MODE_TLS)
		all |= OFFER_PIPELINING;
	if (mode == MODE_LOCK_BDAT || mode == MODE_BDAT || mode == MODE_TLS)
		all |= OFFER_CHUNKING;
	return all;
}

static void
set_script(struct run *r)
{
	const struct row    *row = r->row;
	struct script_params p = {
		.base = r->base, .tls = row->tls, .identity = row->identity,
		.turns = row->turns, .nturns = ROW_TURNS, .fault = r->trial->fault,
		.refuse = (row->flags & ROW_REFUSE) != 0, .silent = (row->flags & ROW_SILENT) != 0,
		.moment = on_moment, .arg = r,
	};

	if (r->trial->mode == MODE_TLS)
		p.tls = SCRIPT_IMPLICIT;
	p.server.offers = (mode_offers(r->trial->mode) | row->with) & ~row->without;
	if (p.tls == SCRIPT_STARTTLS && (row->without & OFFER_STARTTLS) == 0)
		p.server.offers |= OFFER_STARTTLS;
	p.server.size = row->size;
	p.server.mechanisms = row->mechanisms != NULL ? row->mechanisms : "PLAIN LOGIN";
	p.server.mail_max = row->mail_max;
	p.server.nameless = (row->flags & ROW_NAMELESS) != 0;
	if ((row->flags & ROW_NO_USER) == 0) {
		p.server.user = "alice";
		p.server.password = row->password != NULL ? row->password : "right";
	}
	r->script = script_new(&p);
	r->relay.tls = p.tls == SCRIPT_IMPLICIT ? TLS_IMPLICIT : p.tls == SCRIPT_STARTTLS ? TLS_STARTTLS : TLS_NONE;
}

static void
set_relay(struct run *r)
{
	const struct row *row = r->row;

	/* The session only reads these; the struct owns its strings elsewhere. */
	r->relay.name = (char *)"test";
	r->relay.host = (char *)((row->flags & ROW_NO_NAME) ? "no-such-host.invalid" : "127.0.0.1");
	r->relay.port = script_port(r->script);
	r->relay.user = (row->flags & ROW_NO_USER) ? NULL : (char *)"alice";
	r->relay.auth = (char *)row->auth;
	r->relay.verify = true;
	r->relay.connections = 1;
	r->relay.pipeline_depth = DEPTH;
	r->relay.idle_s = IDLE_S;
	r->relay.recipients_per_message = 100;
	r->relay.null_sender = true;
	r->relay.chunking = (row->flags & ROW_NO_BDAT) == 0;
	r->rule = row->rule;
	r->relay.rules.rule = &r->rule;
	r->relay.rules.n = row->rule.verdict != VERDICT_NONE;
}

static void
run_start(struct run *r, struct trial *t, struct event_base *base, unsigned *running)
{
	memset(r, 0, sizeof(*r));
	r->trial = t;
	r->row = t->row;
	r->base = base;
	r->running = running;
	buf_init(&r->wrong, 1u << 16);
	buf_init(&r->depths, 256);
	set_script(r);
	set_relay(r);
	r->ncargo = cargo_load(t->row->mails, r->cargo);
	for (size_t i = 0; i < r->ncargo; i++)
		push(&r->ready, cargo_mail(&r->cargo[i], NULL));
	r->began_ms = vclock_ms();
	start_session(r);
}

static void
drop_mails(struct mail *list)
{
	struct mail *next;

	for (; list != NULL; list = next) {
		next = list->next;
		mail_free(list);
	}
}

static void
run_free(struct run *r)
{
	drop_mails(r->ready);
	drop_mails(r->held);
	for (size_t i = 0; i < r->ncargo; i++)
		cargo_done(&r->cargo[i]);
	script_free(r->script);
	buf_done(&r->wrong);
	buf_done(&r->depths);
}

/* ---- checks ---- */

static void
note_kept(struct mail *list)
{
	for (; list != NULL; list = list->next) {
		for (size_t i = 0; i < list->nrcpt; i++) {
			struct end *e = &cargo_of(list)->end[list->rcpt[i].index];

			e->kept++;
			e->status.verdict = VERDICT_NONE;
		}
	}
}

static void
outcome(const struct run *r, struct buf *b)
{
	for (size_t i = 0; i < r->ncargo; i++) {
		if (i > 0)
			buf_char(b, '|');
		cargo_put_letters(&r->cargo[i], b);
	}
}

static void
check_status(struct run *r, const struct status *s)
{
	const struct row *row = r->row;

	if (row->code > 0 && s->code != row->code)
		buf_printf(&r->wrong, "code %d, not %d (%s)\n", s->code, row->code, s->text);
	if (row->code < 0 && s->code != 0)
		buf_printf(&r->wrong, "code %d of our own finding (%s)\n", s->code, s->text);
	if (row->dsn != NULL && strncmp(s->dsn, row->dsn, strlen(row->dsn)) != 0)
		buf_printf(&r->wrong, "enhanced code %s, not %s (%s)\n", s->dsn, row->dsn, s->text);
	if (row->text != NULL && !span_icontains(span_of(s->text), span_of(row->text)))
		buf_printf(&r->wrong, "\"%s\" without \"%s\"\n", s->text, row->text);
}

static void
check_lacks(struct run *r)
{
	enum lacks found = r->lacks.chunking ? LACKS_CHUNKING : r->lacks.pipelining ? LACKS_PIPELINING : LACKS_NONE;

	if (r->row->lacks != LACKS_ANY && (found != r->row->lacks || (r->lacks.chunking && r->lacks.pipelining)))
		buf_printf(&r->wrong, "lacks: chunking %d, pipelining %d\n", r->lacks.chunking, r->lacks.pipelining);
}

/* What the row itself expects: only when nothing else interfered. */
static void
check_row(struct run *r)
{
	const struct row *row = r->row;
	unsigned   took_s = (unsigned)((r->ended_ms - r->began_ms) / 1000);
	unsigned   most_s = row->most_s != 0 ? row->most_s : row->least_s + 60;
	unsigned   connections = row->connections != 0 ? row->connections : (unsigned)strlen(row->over);
	struct buf got;

	buf_init(&got, 4096);
	outcome(r, &got);
	if (strcmp(buf_cstr(&got), row->want) != 0)
		buf_printf(&r->wrong, "outcome %s, not %s\n", buf_cstr(&got), row->want);
	buf_done(&got);
	if (strcmp(r->over, row->over) != 0)
		buf_printf(&r->wrong, "sessions ended %s, not %s\n", r->over, row->over);
	if (row->over_text != NULL && !span_icontains(span_of(r->last_text), span_of(row->over_text)))
		buf_printf(&r->wrong, "over: \"%s\" without \"%s\"\n", r->last_text, row->over_text);
	/* libevent's clock is a coarse one: a timer may be early by that. */
	if (took_s + 1 < row->least_s || took_s > most_s)
		buf_printf(&r->wrong, "took %u s, not %u to %u\n", took_s, row->least_s, most_s);
	if ((row->flags & (ROW_REFUSE | ROW_SILENT | ROW_NO_NAME)) == 0
	    && script_connections(r->script) != connections)
		buf_printf(&r->wrong, "%u connections, not %u\n", script_connections(r->script), connections);
	if (row->depths != NULL && strcmp(buf_cstr(&r->depths), row->depths) != 0)
		buf_printf(&r->wrong, "depths %s, not %s\n", buf_cstr(&r->depths), row->depths);
	check_lacks(r);
	for (size_t i = 0; i < r->ncargo; i++) {
		for (size_t k = 0; k < r->cargo[i].nrcpt; k++) {
			const struct end *e = &r->cargo[i].end[k];

			if (e->finals > 0 && e->status.verdict != VERDICT_SENT)
				check_status(r, &e->status);
		}
	}
}

/* A fault of the line may delay a message, never refuse it. */
static void
check_refusals(struct run *r)
{
	struct buf  got;
	const char *want = r->row->want;

	buf_init(&got, 4096);
	outcome(r, &got);
	for (size_t i = 0; i < got.n && want[i] != '\0'; i++) {
		if (got.p[i] == 'R' && want[i] != 'R')
			buf_printf(&r->wrong, "outcome %s: refused by a fault of the line (%s)\n", buf_cstr(&got), want);
	}
	buf_done(&got);
}

static void
put_trial(const struct trial *t, struct buf *b)
{
	buf_printf(b, "%s [%s", t->row->name, driver_modes[t->mode]);
	if (t->fault.moment != 0)
		buf_printf(b, ", act %d%s at moment %u", t->fault.act, t->fault.say ? " behind the reply" : "",
		    t->fault.moment);
	if (t->action.what != DO_NOTHING)
		buf_printf(b, ", %s at %s %u", t->action.what == DO_QUIT ? "quit" : t->action.what == DO_STOP ? "stop" : "kick",
		    t->action.where == AT_MOMENT ? "moment" : t->action.where == AT_START ? "start" :
		    t->action.where == AT_UP ? "up" : t->action.where == AT_NEXT ? "next" : "settled", t->action.moment);
	buf_str(b, "]");
}

static void
run_check(struct run *r, struct buf *out)
{
	const struct trial *t = r->trial;
	bool        natural = t->fault.moment == 0 && t->action.what == DO_NOTHING;
	struct span rest, line;

	if (!r->done) {
		buf_str(&r->wrong, "it never ended\n");
	} else {
		note_kept(r->ready);
		if (r->overs != r->sessions)
			buf_printf(&r->wrong, "%u sessions, %u times over\n", r->sessions, r->overs);
		for (size_t i = 0; i < r->ncargo; i++)
			cargo_check_verdicts(&r->cargo[i], &r->wrong);
		cargo_check_accepted(r->cargo, r->ncargo, script_accepted(r->script),
		    (r->row->flags & ROW_LIES) == 0 && !r->stopped, &r->wrong);
		if (natural)
			check_row(r);
		else
			check_refusals(r);
	}
	if ((r->row->flags & ROW_LIES) == 0)
		rest = script_breaches(r->script);
	else
		rest = SPAN("");
	while (span_cut(&rest, '\n', &line))
		buf_printf(&r->wrong, "breach: %.*s\n", (int)line.n, line.p);
	rest = buf_view(&r->wrong);
	while (span_cut(&rest, '\n', &line)) {
		put_trial(t, out);
		buf_printf(out, ": %.*s\n", (int)line.n, line.p);
	}
}

/* ---- the whole ---- */

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(arg);
}

/* False: some never ended. */
static bool
turn_until_done(struct event_base *base, const unsigned *running)
{
	struct event  *watchdog = evtimer_new(base, on_watchdog, base);
	struct timeval t = { .tv_sec = WATCHDOG_S };

	(void)event_add(watchdog, &t);
	if (*running > 0)
		(void)event_base_dispatch(base);
	event_free(watchdog);
	return *running == 0;
}

bool
driver_run(struct trial *t, size_t n, struct buf *out)
{
	unsigned           before = leftovers_descriptors(), running = (unsigned)n, after;
	size_t             said = out->n;
	struct event_base *base = loop_new();
	struct run        *runs = xcalloc(n, sizeof(*runs));
	bool               all;

	vclock_on(true);
	for (size_t i = 0; i < n; i++)
		run_start(&runs[i], &t[i], base, &running);
	all = turn_until_done(base, &running);
	for (size_t i = 0; i < n; i++) {
		t[i].moments = script_moments(runs[i].script);
		run_check(&runs[i], out);
		/* One that never ended is a failure already; what it holds is left behind. */
		if (runs[i].done)
			run_free(&runs[i]);
	}
	if (all) {
		leftovers_events(base, out);
		loop_free(base);
		after = leftovers_descriptors();
		if (after != before)
			buf_printf(out, "%u descriptors before, %u after\n", before, after);
	}
	vclock_on(false);
	free(runs);
	return out->n == said;
}

void
driver_begin(void)
{
	struct tls_client_params p = { .ca_file = identity_ca_file(), .verify = true };
	struct buf               why;

	buf_init(&why, 1024);
	client_tls = tls_client(&p, &why);
	if (client_tls == NULL)
		fprintf(stderr, "tls_client: %s\n", buf_cstr(&why));
	assert(client_tls != NULL);
	buf_done(&why);
}

void
driver_end(void)
{
	tls_free(client_tls);
	client_tls = NULL;
}
