/* dial.c - resolve, race, report. */
#include <sys/socket.h>
#include <sys/types.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/avoided.h"
#include "net/dial.h"
#include "net/helper.h"

#define STAGGER_MS      250     /* RFC 8305 §5 */
#define CACHE_SLOTS     16
#define CACHE_MS        (60 * 1000)
#define ANSWER_MAX      (16 * 1024)
#define WHY_MAX         4096
#define EX_NOHOST       68      /* postern-resolve: there is no such name */

struct try {
	struct dial  *dial;
	struct event *ready;
	int           fd;               /* -1: not begun, or over */
	int           error;            /* 0: not begun, or in progress */
	char          address[ADDRESS_TEXT_MAX];
};

struct dial {
	struct event_base *base;
	char              *host;        /* own */
	unsigned           port;
	int                limit_ms;
	int64_t            asked_ms;    /* the resolver; 0: nobody did */
	int64_t            resolve_ms;
	struct helper     *helper;      /* while resolving */
	struct event      *begin;       /* first turn; then: the next try's turn */
	struct event      *limit;
	size_t             n;
	size_t             begun;
	size_t             running;
	size_t             last;        /* the one that failed last */
	struct sockaddr_storage a[DIAL_ADDRESSES_MAX];
	struct try         tries[DIAL_ADDRESSES_MAX];
	bool               finished;    /* done() is running */
	void             (*done)(void *arg, const struct dialled *d);
	void              *arg;
};

struct remembered {
	char                    *host;
	int64_t                  until_ms;
	size_t                   n;
	struct sockaddr_storage *a;
};

static char             *resolver;
static struct remembered cache[CACHE_SLOTS];

void
dial_set_resolver(const char *path)
{
	free(resolver);
	resolver = path != NULL ? xstrdup(path) : NULL;
}

const char *
dial_resolver(void)
{
	return resolver;
}

/* The memory. */

static void
forget(struct remembered *r)
{
	free(r->host);
	free(r->a);
	*r = (struct remembered){ 0 };
}

void
dial_forget(void)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		forget(&cache[i]);
	avoided_forget();
}

static struct remembered *
find(const char *host)
{
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		if (cache[i].host != NULL && strcmp(cache[i].host, host) == 0)
			return &cache[i];
	return NULL;
}

static void
remember(const struct dial *d)
{
	struct remembered *r = find(d->host);

	/* A new host takes the place of the one that would go first. */
	for (size_t i = 0; r == NULL && i < CACHE_SLOTS; i++)
		if (cache[i].host == NULL)
			r = &cache[i];
	if (r == NULL) {
		r = &cache[0];
		for (size_t i = 1; i < CACHE_SLOTS; i++)
			if (cache[i].until_ms < r->until_ms)
				r = &cache[i];
	}
	forget(r);
	r->host = xstrdup(d->host);
	r->until_ms = clock_mono_ms() + CACHE_MS;
	r->n = d->n;
	r->a = xcalloc(d->n, sizeof(*r->a));
	memcpy(r->a, d->a, d->n * sizeof(*r->a));
}

static bool
recall(struct dial *d)
{
	struct remembered *r = find(d->host);

	if (r == NULL)
		return false;
	if (clock_mono_ms() >= r->until_ms) {
		forget(r);
		return false;
	}
	d->n = r->n;
	memcpy(d->a, r->a, r->n * sizeof(*r->a));
	return true;
}

/* The order. */

void
dial_interleave(struct sockaddr_storage *a, size_t n)
{
	int family = AF_INET6;
	struct sockaddr_storage next;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = i; j < n && a[j].ss_family != family; j++)
			;
		if (j == n)
			return;         /* one family is all that is left, in its order */
		next = a[j];
		memmove(&a[i + 1], &a[i], (j - i) * sizeof(*a));
		a[i] = next;
		family = family == AF_INET6 ? AF_INET : AF_INET6;
	}
}

/* The end. */

static void
end_try(struct try *t)
{
	if (t->ready != NULL)
		event_free(t->ready);
	t->ready = NULL;
	if (t->fd >= 0) {
		close(t->fd);
		t->dial->running--;
	}
	t->fd = -1;
}

static void
stop(struct dial *d)
{
	helper_cancel(d->helper);
	d->helper = NULL;
	event_del(d->begin);
	event_del(d->limit);
	for (size_t i = 0; i < d->begun; i++)
		end_try(&d->tries[i]);
}

static void
destroy(struct dial *d)
{
	stop(d);
	event_free(d->begin);
	event_free(d->limit);
	free(d->host);
	free(d);
}

static void
finish(struct dial *d, const struct dialled *result)
{
	stop(d);
	d->finished = true;
	d->done(d->arg, result);
	destroy(d);
}

static void
fail_resolving(struct dial *d, const char *why)
{
	struct dialled result = { .fd = -1, .address = "", .resolver = true };
	struct buf text;

	buf_init(&text, WHY_MAX);
	buf_printf(&text, "resolve %s: %s", d->host, why);
	result.why = buf_cstr(&text);
	finish(d, &result);
	buf_done(&text);
}

static void
put_tried(const struct dial *d, struct buf *why)
{
	for (size_t i = 0; i < d->begun; i++)
		buf_printf(why, "%s%s[%s]:%u: %s",
		    i == 0 ? "connect to " : "; ", d->host,
		    d->tries[i].address, d->port,
		    strerror(d->tries[i].error != 0 ?
		    d->tries[i].error : ETIMEDOUT));
}

static void
fail_connecting(struct dial *d)
{
	struct dialled result = { .fd = -1, .addresses = d->n, .resolve_ms = d->resolve_ms };
	struct remembered *r = find(d->host);
	struct buf why;

	if (r != NULL)
		forget(r);
	buf_init(&why, WHY_MAX);
	put_tried(d, &why);
	result.why = buf_cstr(&why);
	result.address = d->tries[d->last].address;
	finish(d, &result);
	buf_done(&why);
}

/* The race. */

static void next_try(struct dial *d);

static void
lose(struct try *t, int error)
{
	struct dial *d = t->dial;

	t->error = error;
	d->last = (size_t)(t - d->tries);
	end_try(t);
}

static void
win(struct try *t)
{
	struct dial *d = t->dial;
	struct dialled result = {
		.fd = t->fd, .address = t->address, .why = "", .addresses = d->n, .resolve_ms = d->resolve_ms,
	};
	int on = 1;

	/* Whole flights are written at once; nothing is gained by waiting. */
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	t->fd = -1;
	d->running--;
	finish(d, &result);
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct try *t = arg;
	struct dial *d = t->dial;
	int error = 0;
	socklen_t n = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	if (error == 0) {
		win(t);
		return;
	}
	lose(t, error);
	next_try(d);
}

/* 0: in progress. */
static int
begin_try(struct try *t, const struct sockaddr_storage *a)
{
	socklen_t n = a->ss_family == AF_INET6 ?
	    sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	struct dial *d = t->dial;

	avoided_text(a, t->address);
	t->fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return errno;
	d->running++;
	if (connect(t->fd, (const struct sockaddr *)a, n) < 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		return errno;
	/* Connected at once is writable at once: the loop brings that too. */
	t->ready = event_new(d->base, t->fd, EV_WRITE, on_ready, t);
	assert(t->ready != NULL);
	event_add(t->ready, NULL);
	return 0;
}

static void
next_try(struct dial *d)
{
	static const struct timeval stagger = { 0, STAGGER_MS * 1000 };
	struct try *t;
	int r;

	while (d->begun < d->n) {
		t = &d->tries[d->begun];
		t->dial = d;
		r = begin_try(t, &d->a[d->begun]);
		d->begun++;
		if (r == 0) {
			if (d->begun < d->n)
				event_add(d->begin, &stagger);
			return;
		}
		lose(t, r);
	}
	event_del(d->begin);
	if (d->running == 0)
		fail_connecting(d);
}

static void
race(struct dial *d)
{
	in_port_t port = htons((in_port_t)d->port);

	for (size_t i = 0; i < d->n; i++)
		if (d->a[i].ss_family == AF_INET6)
			((struct sockaddr_in6 *)&d->a[i])->sin6_port = port;
		else
			((struct sockaddr_in *)&d->a[i])->sin_port = port;
	dial_interleave(d->a, d->n);
	avoided_order(d->a, d->n);
	next_try(d);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd, (void)what;
	if (d->begun == 0) {
		fail_resolving(d, "no answer in time");
		return;
	}
	for (size_t i = 0; i < d->begun; i++)
		if (d->tries[i].fd >= 0)
			lose(&d->tries[i], ETIMEDOUT);
	fail_connecting(d);
}

/* The addresses. */

static bool
add_literal(struct dial *d, struct span text)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	char *host;
	int r;

	host = span_dup(text);
	r = getaddrinfo(host, NULL, &hints, &ai);
	free(host);
	if (r != 0)
		return false;
	if (ai->ai_family == AF_INET || ai->ai_family == AF_INET6)
		memcpy(&d->a[d->n++], ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(ai);
	return d->n > 0;
}

static void
on_resolved(void *arg, const struct helper_answer *answer)
{
	struct dial *d = arg;
	struct span rest = answer->out, line;

	d->helper = NULL;
	d->resolve_ms = clock_mono_ms() - d->asked_ms;
	if (!answer->ok) {
		fail_resolving(d, answer->exit == EX_NOHOST ?
		    "no such host" : answer->why);
		return;
	}
	while (d->n < DIAL_ADDRESSES_MAX && span_cut(&rest, '\n', &line))
		add_literal(d, span_trim(line));
	if (d->n == 0) {
		fail_resolving(d, "the resolver found no address");
		return;
	}
	remember(d);
	race(d);
}

static void
resolve(struct dial *d)
{
	struct buf port;

	buf_init(&port, 16);
	buf_printf(&port, "%u", d->port);
	d->asked_ms = clock_mono_ms();
	d->helper = helper_run(d->base, (const char *const[]){
	    resolver, d->host, buf_cstr(&port), NULL }, d->limit_ms,
	    ANSWER_MAX, on_resolved, d);
	buf_done(&port);
}

/* First to find the addresses; from then on each time for one more try. */
static void
on_begin(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;

	(void)fd, (void)what;
	if (d->n > 0)
		next_try(d);
	else if (add_literal(d, span_of(d->host)) || recall(d))
		race(d);
	else if (resolver == NULL)
		fail_resolving(d, "no resolver is set");
	else
		resolve(d);
}

struct dial *
dial_start(struct event_base *base, const char *host, unsigned port,
    int limit_ms, void (*done)(void *arg, const struct dialled *d), void *arg)
{
	struct dial *d = xcalloc(1, sizeof(*d));
	struct timeval now = { 0, 0 };
	struct timeval limit = { limit_ms / 1000, limit_ms % 1000 * 1000 };

	d->base = base;
	d->host = xstrdup(host);
	d->port = port;
	d->limit_ms = limit_ms;
	d->done = done;
	d->arg = arg;
	d->begin = evtimer_new(base, on_begin, d);
	d->limit = evtimer_new(base, on_limit, d);
	assert(d->begin != NULL && d->limit != NULL);
	event_add(d->begin, &now);
	event_add(d->limit, &limit);
	return d;
}

void
dial_cancel(struct dial *d)
{
	if (d != NULL && !d->finished)
		destroy(d);
}
