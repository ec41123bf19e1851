/*
 * fuzz_session.c - a server that says whatever it likes, in pieces of any
 * size, and hangs up: the session is then over, by itself and without waiting
 * for anything, and each recipient has its one verdict, in words that a log
 * and a report can hold.  Nobody's message is sent without a reply of class 2
 * for it.
 *
 * The first octet: with a login or without, pipelining, BDAT, whether the
 * owner ends it early, and whether the server speaks out of turn; the second:
 * how much it says at a time.  dial.h's functions are here: the connection is
 * a pair of sockets.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "fuzz/fuzz.h"
#include "net/dial.h"
#include "net/loop.h"
#include "relay/session.h"
#include "session/cargo.h"

#define TURNS 20000             /* far more than it can need: nothing here waits */

static struct event_base *base;

/* ---- the connection ---- */

struct dial {
	struct timer *soon;
	void        (*done)(void *arg, const struct dialled *d);
	void         *arg;
};

static int far = -1;            /* the server's end; -1: nobody has dialled yet */
static bool dialled;

static void
on_soon(void *arg)
{
	struct dial *dial = arg, mine = *dial;
	struct dialled d = { .fd = -1, .address = "192.0.2.1", .why = "connection refused", .addresses = 1 };
	int pair[2];

	timer_free(dial->soon);
	free(dial);
	if (!dialled) {
		dialled = true;
		must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
		far = pair[0];
		d.fd = pair[1];
	}
	mine.done(mine.arg, &d);
}

struct dial *
dial_start(struct event_base *of, const char *host, unsigned port, int limit_ms,
    void (*done)(void *arg, const struct dialled *d), void *arg)
{
	struct dial *d = xcalloc(1, sizeof(*d));

	(void)host;
	(void)port;
	(void)limit_ms;
	*d = (struct dial){ .soon = timer_new(of, on_soon, d), .done = done, .arg = arg };
	timer_set(d->soon, 0);
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (d == NULL)
		return;
	timer_free(d->soon);
	free(d);
}

void
dial_set_resolver(const char *path)
{
	(void)path;
}

const char *
dial_resolver(void)
{
	return NULL;
}

void
dial_forget(void)
{
}

void
dial_interleave(struct sockaddr_storage *a, size_t n)
{
	(void)a;
	(void)n;
}

/* ---- the owner ---- */

static struct owner {
	struct session *session;
	struct cargo    cargo[CARGO_MAX];
	size_t          ncargo;
	struct mail    *ready;
	unsigned        out, sent;
	bool            over;
} owner;

static void
push(struct mail *m)
{
	struct mail **at = &owner.ready;

	while (*at != NULL)
		at = &(*at)->next;
	m->next = NULL;
	*at = m;
}

static struct mail *
on_next(void *arg, struct session *s)
{
	struct owner *o = arg;
	struct mail  *m = o->ready;

	must(s == o->session && session_is_up(s));
	if (m != NULL) {
		o->ready = m->next;
		m->next = NULL;
		o->out++;
	}
	return m;
}

static void
on_settled(void *arg, struct session *s, struct mail *m)
{
	struct owner *o = arg;
	struct cargo *c = cargo_of(m);
	bool          sent = false;

	must(s == o->session && o->out > 0);
	o->out--;
	for (size_t i = 0; i < m->nrcpt; i++) {
		const struct status *st = &m->rcpt[i].status;
		struct end          *e = &c->end[m->rcpt[i].index];

		must(st->verdict != VERDICT_NONE && e->finals + e->kept == 0);
		must(memchr(st->text, '\0', sizeof(st->text)) != NULL && memchr(st->dsn, '\0', sizeof(st->dsn)) != NULL);
		e->status = *st;
		e->kept += st->verdict == VERDICT_RECONNECT || st->verdict == VERDICT_SPLIT;
		e->finals += st->verdict != VERDICT_RECONNECT && st->verdict != VERDICT_SPLIT;
		sent = sent || st->verdict == VERDICT_SENT;
	}
	o->sent += sent;
	mail_free(m);
	if (o->out == 0 && o->ready == NULL)
		session_quit(s);
}

static void
on_up(void *arg, struct session *s)
{
	must(s == ((struct owner *)arg)->session);
}

static void
on_over(void *arg, struct session *s, const struct status *why)
{
	struct owner *o = arg;

	must(s == o->session && !o->over && o->out == 0);
	must(why->verdict != VERDICT_NONE && !session_is_up(s) && !session_is_idle(s));
	for (const char *p = why->text; *p != '\0'; p++)
		must((unsigned char)*p >= ' ' && *p != 127);
	o->over = true;
	o->session = NULL;
	session_free(s);
}

static const struct session_ops ops = { .next = on_next, .settled = on_settled, .up = on_up, .over = on_over };

static const char *const said_quota[] = { "quota", NULL };
static const char *const said_many[] = { "too many", NULL };

static struct rule rules[] = {
	{ .verdict = VERDICT_PAUSE, .when = WHEN_ANY, .pause_s = 60, .contains = (char **)said_quota, .hint = (char *)"wait" },
	{ .verdict = VERDICT_SPLIT, .when = WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END, .code = 452, .contains = (char **)said_many },
};

static void
start(struct relay_conf *r, struct relay_lacks *lacks, uint8_t how)
{
	struct session_params p = {
		.base = base, .relay = r, .helo = "client.example", .secret = SPAN("pencil"), .lacks = lacks, .ops = &ops,
		.owner = &owner,
	};

	*r = (struct relay_conf){
		.name = (char *)"test", .host = (char *)"192.0.2.1", .port = 25, .user = (char *)((how & 1) ? "alice" : NULL),
		.tls = TLS_NONE, .connections = 1, .pipeline_depth = (how & 2) ? 8 : 1, .idle_s = 30,
		.recipients_per_message = 100, .null_sender = true, .chunking = (how & 4) == 0,
		.rules = { .rule = rules, .n = sizeof(rules) / sizeof(rules[0]) },
	};
	owner = (struct owner){ .out = 0 };
	owner.ncargo = cargo_load("ab|8c|0d|e|Df|ug|Gh|Mi", owner.cargo);
	for (size_t i = 0; i < owner.ncargo; i++)
		push(cargo_mail(&owner.cargo[i], NULL));
	dialled = false;
	owner.session = session_new(&p);
}

/* ---- the server ---- */

/* To the end of the next reply, or as much of it as fits the piece. */
static size_t
reply_length(struct span said)
{
	struct span rest = said, line;

	while (span_cut(&rest, '\n', &line) && line.n > 3 && line.p[3] == '-')
		;
	return said.n - rest.n;
}

/* When all is said it hangs up. */
static void
say(struct span *said, size_t piece, bool heedless)
{
	size_t most = heedless ? said->n : reply_length(*said);
	ssize_t n = send(far, said->p, most < piece ? most : piece, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
		said->n = 0;
	if (n > 0) {
		said->p += n;
		said->n -= (size_t)n;
	}
	if (said->n == 0)
		shutdown(far, SHUT_WR);
}

/* False: the client waits. */
static bool
hear(void)
{
	static char piece[65536];
	bool any = false;

	while (recv(far, piece, sizeof(piece), 0) > 0)
		any = true;
	return any;
}

static void
converse(struct span said, size_t piece, bool heedless, unsigned quit_at)
{
	bool ended = false;

	for (unsigned i = 0; i < TURNS && !owner.over; i++) {
		loop_turn(base);
		if (far < 0)
			continue;
		if ((!hear() || heedless) && !ended)
			say(&said, piece, heedless);
		ended = said.n == 0;
		if (i == quit_at && owner.session != NULL)
			session_quit(owner.session);
	}
	must(owner.over);
	if (far >= 0)
		close(far);
	far = -1;
	loop_turn(base);
	loop_turn(base);
}

static unsigned
replies_of_class_2(struct span said)
{
	struct span line;
	unsigned n = 0;

	while (span_cut(&said, '\n', &line))
		n += span_starts(line, SPAN("2"));
	return n;
}

static void
check(struct span said)
{
	struct buf wrong;
	struct mail *m;

	while ((m = owner.ready) != NULL) {
		owner.ready = m->next;
		for (size_t i = 0; i < m->nrcpt; i++)
			cargo_of(m)->end[m->rcpt[i].index].kept++;
		mail_free(m);
	}
	buf_init(&wrong, 1 << 20);
	for (size_t i = 0; i < owner.ncargo; i++) {
		cargo_check_verdicts(&owner.cargo[i], &wrong);
		cargo_done(&owner.cargo[i]);
	}
	if (wrong.n > 0)
		fprintf(stderr, "%s", buf_cstr(&wrong));
	must(wrong.n == 0);
	must(owner.sent <= replies_of_class_2(said));
	buf_done(&wrong);
}

static void
end(void)
{
	loop_free(base);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span said = { (const char *)data + 2, n - 2 };
	struct relay_lacks lacks = { .pipelining = false };
	static struct buf log_text;
	struct relay_conf relay;

	if (n < 2)
		return 0;
	if (base == NULL) {
		base = loop_new();
		buf_init(&log_text, 16u << 20);
		atexit(end);
	}
	log_capture(&log_text);
	start(&relay, &lacks, data[0]);
	converse(said, data[1] == 0 ? SIZE_MAX : data[1], (data[0] & 16) != 0, (data[0] & 8) ? data[0] / 32u * 8 : TURNS);
	check(said);
	log_capture(NULL);
	buf_done(&log_text);
	return 0;
}
