#include "link.h"

#include <event2/event.h>

#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "peer.h"
#include "speech.h"

#define MAX_REPLY   (1u << 20)
#define LONGEST_CMD 12290               /* AUTH, RFC 4954 §4 */

#define DRIP_S   1
#define CRAWL_S  70
#define SLOW_S   20
#define BYE_S    10
#define SLOW_BYTES (256u << 10)

/* One connection. */
struct link {
	struct shared *script;
	unsigned       no;
	struct peer   *peer;
	struct server  server;
	struct buf     reply;           /* lines, not yet said */
	struct buf     slowly;          /* bytes that go one by one */
	int            every_s;
	struct event  *tick;
	uint64_t       content_bytes;   /* of the present one, so far */
	size_t         at;              /* input taken so far */
	bool           slow;
	size_t         gulp;            /* slow: bytes since the last rest */
	bool           leaving;         /* a 421 is due */
	bool           mute;            /* nothing more is said, what comes is thrown away */
	bool           busy;            /* dripping: no input is taken meanwhile */
	bool           starting_tls;
	struct link   *next;
};

static void process(struct link *l);
static void perform(struct link *l, enum act act);

/* ---- saying ---- */

static void
note_told(struct link *l, int from, int to)
{
	for (struct accepted *a = l->script->accepted; a != NULL; a = a->next) {
		if (a->link == l->no && (int)a->told == from)
			a->told = to;
	}
}

static void
speak(struct link *l)
{
	struct buf wire;

	if (l->mute || l->reply.n == 0)
		return;
	buf_init(&wire, MAX_REPLY);
	speech_put_wire(&wire, buf_view(&l->reply));
	buf_clear(&l->reply);
	peer_say(l->peer, buf_view(&wire));
	buf_done(&wire);
}

static void
wait_s(struct link *l, int s)
{
	struct timeval t = { .tv_sec = s };

	(void)event_add(l->tick, &t);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct link *l = arg;

	(void)fd;
	(void)what;
	if (l->slowly.n > 0) {
		peer_say(l->peer, (struct span){ l->slowly.p, 1 });
		buf_drop(&l->slowly, 1);
		wait_s(l, l->every_s);
		return;
	}
	if (l->leaving) {
		buf_str(&l->reply, "421 4.4.2 too long idle\n");
		perform(l, ACT_CLOSE);
		return;
	}
	if (l->busy) {
		l->busy = false;
		process(l);
	}
	if (l->slow)
		peer_reading(l->peer, true);
}

static void
speak_slowly(struct link *l, int every_s)
{
	struct buf said = l->reply;

	buf_init(&l->reply, MAX_REPLY);
	speech_put_wire(&l->slowly, buf_view(&said));
	buf_done(&said);
	l->every_s = every_s;
	l->busy = true;
	wait_s(l, every_s);
}

static void
mute(struct link *l)
{
	speak(l);
	l->mute = true;
}

/* The deed that follows what was said. */
static void
perform(struct link *l, enum act act)
{
	switch (act) {
	case ACT_SAY:
	case ACT_FORGET:
	case ACT_MANY:
		break;
	case ACT_STALL:
		mute(l);
		break;
	case ACT_DEAF:
		mute(l);
		peer_reading(l->peer, false);
		break;
	case ACT_CLOSE:
	case ACT_CUT:
		mute(l);
		peer_end(l->peer, act == ACT_CUT ? PEER_CUT : PEER_FIN);
		break;
	case ACT_RESET:
		mute(l);
		note_told(l, TOLD, TOLD_PERHAPS);
		peer_end(l->peer, PEER_RESET);
		break;
	case ACT_BYE:
		l->leaving = true;
		wait_s(l, BYE_S);
		break;
	case ACT_LONG:
	case ACT_BINARY:
		speech_garbage(&l->reply, act == ACT_LONG);
		mute(l);
		break;
	case ACT_DRIP:
		speak_slowly(l, DRIP_S);
		break;
	case ACT_CRAWL:
		speak_slowly(l, CRAWL_S);
		break;
	case ACT_SLOW:
		l->slow = true;
		break;
	}
}

/* ---- what the script has in mind ---- */

static bool
matches(const struct link *l, const struct turn *t, const char *word, struct span line, uint64_t from)
{
	if (t->conn != 0 && t->conn != l->no)
		return false;
	if (t->of != NULL && (l->server.from == NULL || strncmp(l->server.from, t->of, strlen(t->of)) != 0))
		return false;
	if (word == NULL)
		return span_istarts(line, span_of(t->when)) && strcmp(t->when, "end") != 0;
	return strcmp(t->when, word) == 0
	    && (strcmp(word, "content") != 0 || (t->at > from && t->at <= l->content_bytes));
}

static const struct turn *
find_turn(struct link *l, const char *word, struct span line, uint64_t from)
{
	struct shared *s = l->script;

	for (size_t i = 0; i < s->p.nturns && i < SCRIPT_MAX_TURNS && s->p.turns[i].when != NULL; i++) {
		const struct turn *t = &s->p.turns[i];

		if (!matches(l, t, word, line, from))
			continue;
		s->seen[i]++;
		if (t->nth == 0 || t->nth == s->seen[i])
			return t;
	}
	return NULL;
}

/* What is to happen at this moment: the fault, the turn, or nothing special. */
static struct turn
moment(struct link *l, const char *word, struct span line)
{
	struct shared     *s = l->script;
	const struct turn *t;
	struct turn        plan = { 0 };

	s->moments++;
	if (s->p.moment != NULL)
		s->p.moment(s->p.arg, s->moments);
	t = find_turn(l, word, line, 0);
	if (t != NULL)
		plan = *t;
	if (s->moments == s->p.fault.moment) {
		plan.act = s->p.fault.act;
		if (!s->p.fault.say)
			plan.say = NULL;
		else if (plan.say == NULL)
			plan.say = "*";
	}
	/* What was said before does not wait for it. */
	if (plan.act == ACT_DRIP || plan.act == ACT_CRAWL)
		speak(l);
	return plan;
}

/* What the server is told to answer: NULL is its own business. */
static const char *
forced(const struct turn *plan)
{
	bool own = plan->act == ACT_SAY || plan->act == ACT_DRIP || plan->act == ACT_CRAWL;

	if (plan->say == NULL)
		return own ? NULL : "";
	return strcmp(plan->say, "*") == 0 ? NULL : plan->say;
}

/* ---- moments ---- */

static void
take_greeting(struct link *l)
{
	struct turn plan = moment(l, "greeting", SPAN(""));
	const char *say = forced(&plan);

	if (plan.act == ACT_MANY)
		speech_many(&l->reply, "220");
	else if (say == NULL)
		buf_str(&l->reply, "220 fake.example ESMTP\n");
	else if (say[0] != '\0')
		buf_printf(&l->reply, "%s\n", say);
	perform(l, plan.act);
	speak(l);
}

static void
begin_tls(struct link *l)
{
	struct turn plan = moment(l, "handshake", SPAN(""));

	l->starting_tls = true;
	if (plan.act != ACT_SAY) {
		perform(l, plan.act);
		return;
	}
	if (plan.say != NULL) {
		/* Bytes that are no TLS. */
		buf_printf(&l->reply, "%s\n", plan.say);
		mute(l);
		return;
	}
	peer_accept_tls(l->peer, identity_server(l->script->p.identity));
}

/* Behind these nothing may be sent before the reply (RFC 2920 §3.1, RFC 3207 §4, RFC 4954 §4). */
static bool
is_last_of_group(struct span line)
{
	static const char *const words[] = { "EHLO", "HELO", "STARTTLS", "AUTH", "DATA", "QUIT", "NOOP" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (span_istarts(line, span_of(words[i])))
			return true;
	}
	return false;
}

static void
check_line(struct link *l, struct span line, size_t behind)
{
	struct server *v = &l->server;
	bool           answer = v->wants == WANT_ANSWER;

	if (line.n > LONGEST_CMD || memchr(line.p, '\r', line.n) != NULL || memchr(line.p, '\0', line.n) != NULL)
		server_breach(v, "a bad command line of %zu bytes", line.n);
	if (behind == 0 || span_istarts(line, SPAN("BDAT ")))
		return;
	if (answer || is_last_of_group(line))
		server_breach(v, "bytes behind %.*s", (int)line.n, line.p);
	else if ((v->conf->offers & OFFER_PIPELINING) == 0)
		server_breach(v, "pipelined behind %.*s", (int)line.n, line.p);
}

static void
take_line(struct link *l, struct span line)
{
	bool        answer = l->server.wants == WANT_ANSWER;
	struct turn plan = moment(l, answer ? "answer" : NULL, line);
	const char *say = forced(&plan);

	buf_span(&l->script->trace, line);
	buf_char(&l->script->trace, '\n');
	l->content_bytes = 0;
	if (plan.act == ACT_MANY) {
		struct buf own;

		buf_init(&own, MAX_REPLY);
		server_line(&l->server, line, say != NULL && say[0] != '\0' ? say : NULL, &own);
		speech_many(&l->reply, buf_cstr(&own));
		buf_done(&own);
	} else {
		server_line(&l->server, line, say, &l->reply);
	}
	if (plan.act == ACT_FORGET) {
		l->server.wants = WANT_LINE;
		l->server.swallow = l->server.said = l->server.chunked = false;
	}
	perform(l, plan.act);
	if (l->mute)
		return;
	if (span_istarts(line, SPAN("STARTTLS")) && l->reply.n > 3 && memcmp(l->reply.p, "220", 3) == 0) {
		speak(l);
		begin_tls(l);
	} else if (span_istarts(line, SPAN("QUIT")) && say == NULL && !l->busy) {
		/* The client may close: thousands of sockets in TIME_WAIT on our side would cost more than all the rest. */
		mute(l);
	}
}

static void
take_end(struct link *l)
{
	bool             last = l->server.wants != WANT_CHUNK || l->server.chunk_last;
	struct turn      plan = last ? moment(l, "end", SPAN("")) : (struct turn){ 0 };
	struct accepted *a;
	size_t           before = l->reply.n;

	a = server_end(&l->server, forced(&plan), &l->reply);
	if (a != NULL) {
		a->link = l->no;
		/* Half a line, or all but the last of several, tells nothing. */
		a->told = l->reply.n > before + 4 && l->reply.p[before + 3] != '-'
		    && l->reply.p[l->reply.n - 2] != '\\' ? TOLD : TOLD_NOT;
		a->next = l->script->accepted;
		l->script->accepted = a;
	}
	if (plan.act == ACT_MANY)
		speech_many(&l->reply, "250");
	perform(l, plan.act);
	if (plan.act == ACT_CRAWL)
		note_told(l, TOLD, TOLD_PERHAPS);
}

/* ---- input ---- */

static struct span
unread(struct link *l)
{
	const struct buf *in = peer_in(l->peer);

	return (struct span){ in->p + l->at, in->n - l->at };
}

static void
during_content(struct link *l, uint64_t bytes)
{
	uint64_t           from = l->content_bytes;
	const struct turn *t;

	l->content_bytes += bytes;
	t = find_turn(l, "content", SPAN(""), from);
	if (t == NULL)
		return;
	if (t->say != NULL)
		buf_printf(&l->reply, "%s\n", t->say);
	perform(l, t->act);
	speak(l);
}

/* A line of a DATA content.  False: there is none yet. */
static bool
step_dots(struct link *l)
{
	struct span in = unread(l), line;
	const char *lf = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;

	if (lf == NULL)
		return false;
	line = (struct span){ in.p, (size_t)(lf + 1 - in.p) };
	l->at += line.n;
	if (span_eq(line, SPAN(".\r\n"))) {
		if (unread(l).n > 0 && (l->server.conf->offers & OFFER_PIPELINING) == 0)
			server_breach(&l->server, "pipelined behind the final dot");
		take_end(l);
		return true;
	}
	if (line.n > 0 && line.p[0] == '.') {
		if (line.n < 3 || line.p[1] != '.')
			server_breach(&l->server, "a dot that was not doubled");
		line = (struct span){ line.p + 1, line.n - 1 };
	}
	server_content(&l->server, line);
	during_content(l, line.n);
	return true;
}

static bool
step_chunk(struct link *l)
{
	struct span in = unread(l);

	if (in.n > l->server.chunk_left)
		in.n = (size_t)l->server.chunk_left;
	if (in.n == 0 && l->server.chunk_left > 0)
		return false;
	server_content(&l->server, in);
	l->at += in.n;
	l->server.chunk_left -= in.n;
	during_content(l, in.n);
	if (l->server.chunk_left == 0 && !l->mute) {
		if (unread(l).n > 0 && (l->server.conf->offers & OFFER_PIPELINING) == 0)
			server_breach(&l->server, "pipelined behind BDAT");
		take_end(l);
	}
	return true;
}

static bool
step_line(struct link *l)
{
	struct span in = unread(l), line;
	const char *lf = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;

	if (lf == NULL) {
		if (in.n > LONGEST_CMD)
			server_breach(&l->server, "a command line without end");
		return false;
	}
	line = (struct span){ in.p, (size_t)(lf - in.p) };
	l->at += line.n + 1;
	if (line.n == 0 || line.p[line.n - 1] != '\r')
		server_breach(&l->server, "a command line ends in bare LF");
	else
		line.n--;
	check_line(l, line, unread(l).n);
	take_line(l, line);
	return true;
}

static bool
step(struct link *l)
{
	if (l->mute || l->busy || l->starting_tls)
		return false;
	switch (l->server.wants) {
	case WANT_DOTS:
		return step_dots(l);
	case WANT_CHUNK:
		return step_chunk(l);
	default:
		return step_line(l);
	}
}

static void
process(struct link *l)
{
	while (step(l))
		;
	if (l->mute) {
		buf_clear(peer_in(l->peer));
	} else {
		buf_drop(peer_in(l->peer), l->at);
		if (!l->busy)
			speak(l);
	}
	l->at = 0;
}

static void
on_bytes(void *arg)
{
	struct link *l = arg;

	l->gulp += peer_in(l->peer)->n;
	process(l);
	if (l->slow && !l->mute && l->gulp >= SLOW_BYTES) {
		l->gulp = 0;
		peer_reading(l->peer, false);
		wait_s(l, SLOW_S);
	}
}

static void
on_secure(void *arg, bool ok)
{
	struct link *l = arg;

	if (!ok) {
		l->mute = true;
		return;
	}
	l->starting_tls = false;
	server_secured(&l->server);
	if (l->script->p.tls == SCRIPT_IMPLICIT)
		take_greeting(l);
}

static void
on_gone(void *arg)
{
	struct link *l = arg;

	l->mute = true;
	(void)event_del(l->tick);
}

static void
on_sent(void *arg)
{
	(void)arg;
}

static const struct peer_ops peer_ops = {
	.bytes = on_bytes, .secure = on_secure, .gone = on_gone, .sent = on_sent,
};

/* ---- its life ---- */

void
link_new(struct shared *s, int fd)
{
	struct link *l = xcalloc(1, sizeof(*l));
	struct turn  plan;

	l->script = s;
	l->no = ++s->connections;
	l->peer = peer_new(s->p.base, fd, &peer_ops, l);
	l->tick = evtimer_new(s->p.base, on_tick, l);
	buf_init(&l->reply, MAX_REPLY);
	buf_init(&l->slowly, MAX_REPLY);
	server_init(&l->server, &s->p.server, &s->breaches);
	l->next = s->links;
	s->links = l;
	plan = moment(l, "accept", SPAN(""));
	if (plan.act != ACT_SAY)
		perform(l, plan.act);
	else if (s->p.tls == SCRIPT_IMPLICIT)
		begin_tls(l);
	else
		take_greeting(l);
}

static void
link_free(struct link *l)
{
	peer_free(l->peer);
	event_free(l->tick);
	server_done(&l->server);
	buf_done(&l->reply);
	buf_done(&l->slowly);
	free(l);
}

void
link_free_all(struct shared *s)
{
	struct link *next;

	for (struct link *l = s->links; l != NULL; l = next) {
		next = l->next;
		link_free(l);
	}
	s->links = NULL;
}
