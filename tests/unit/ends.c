/* ends.c - see ends.h. */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <check.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/ends.h"

#define WATCHDOG_S 5

struct event_base *base;
struct end         a, b;

static bool          looping;
static bool          late;
static struct event *watchdog;

/* Not ck_assert(): Check writes down where it is at each one, and there are
   millions of these. */
static void
come(struct end *e)
{
	if (!looping)
		ck_abort_msg("a callback from inside the call that asked");
	if (e->ngone > 0)
		ck_abort_msg("a callback after gone");
	if (e->over)
		ck_abort_msg("a callback after conn_stop");
}

static void
on_line(void *arg, struct span line, bool more)
{
	struct end *e = arg;

	come(e);
	e->nline++;
	e->bytes += line.n;
	if (!e->quiet) {
		buf_span(&e->lines, line);
		buf_str(&e->lines, more ? "+," : ",");
	}
	if (e->on_line != NULL)
		e->on_line(e, line, more);
}

static void
on_room(void *arg)
{
	struct end *e = arg;

	come(e);
	e->nroom++;
	if (e->on_room != NULL)
		e->on_room(e);
}

static void
on_secure(void *arg)
{
	struct end *e = arg;

	come(e);
	e->nsecure++;
	if (e->on_secure != NULL)
		e->on_secure(e);
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	struct end *e = arg;

	come(e);
	e->ngone++;
	snprintf(e->why, sizeof(e->why), "%s", why);
	e->tls = tls;
	e->clean = clean;
	if (e->on_gone != NULL)
		e->on_gone(e);
}

static const struct conn_ops ops = {
	.line = on_line, .room = on_room, .secure = on_secure, .gone = on_gone,
};

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	late = true;
}

void
ends_setup(void)
{
	base = event_base_new();
	watchdog = evtimer_new(base, on_late, NULL);
	ck_assert(base != NULL && watchdog != NULL);
}

void
ends_teardown(void)
{
	end_close(&a);
	end_close(&b);
	event_free(watchdog);
	looping = true;
	event_base_loop(base, EVLOOP_NONBLOCK);
	looping = false;
	ck_assert_int_eq(event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED), 0);
	event_base_free(base);
}

static void
tcp_pair(int ret[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t n = sizeof(sin);
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(l, (struct sockaddr *)&sin, sizeof(sin)), 0);
	ck_assert_int_eq(listen(l, 1), 0);
	ck_assert_int_eq(getsockname(l, (struct sockaddr *)&sin, &n), 0);
	ret[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(ret[0], (struct sockaddr *)&sin, sizeof(sin)), 0);
	ret[1] = accept(l, NULL, NULL);
	ck_assert_int_ge(ret[1], 0);
	close(l);
}

void
ends_pair(enum pair kind, int ret[2])
{
	if (kind == TCP_PAIR)
		tcp_pair(ret);
	else
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ret), 0);
}

void
end_open(struct end *e, int fd)
{
	end_close(e);
	e->fd = fd;
	buf_init(&e->lines, 1024 * 1024);
	e->conn = conn_new(base, fd, LINE_MAX_BYTES, &ops, e);
}

void
end_close(struct end *e)
{
	conn_free(e->conn);
	buf_done(&e->lines);
	*e = (struct end){ .fd = -1 };
}

void
ends_open(enum pair kind)
{
	int fd[2];

	ends_pair(kind, fd);
	end_open(&a, fd[0]);
	end_open(&b, fd[1]);
	a.other = &b;
	b.other = &a;
}

void
say(struct end *e, const char *text)
{
	conn_write(e->conn, span_of(text));
	conn_flush(e->conn);
}

void
put(int fd, const char *text, size_t n)
{
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
}

void
ends_watchdog(void)
{
	struct timeval tv = { WATCHDOG_S, 0 };

	late = false;
	event_add(watchdog, &tv);
}

void
ends_turn(const char *cond)
{
	looping = true;
	event_base_loop(base, EVLOOP_ONCE);
	looping = false;
	if (late)
		ck_abort_msg("waited in vain for: %s", cond);
}

unsigned
ends_turns_in_ms(int ms)
{
	struct timeval tv = { 0, ms * 1000 };
	unsigned n = 0;

	late = false;
	event_add(watchdog, &tv);
	looping = true;
	for (; !late; n++)
		event_base_loop(base, EVLOOP_ONCE);
	looping = false;
	return n;
}
