#include "script.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <sys/socket.h>

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "link.h"

#define MAX_TRACE (1u << 20)

struct script {
	struct shared          shared;
	struct evconnlistener *listener;
	int                    kept;    /* the port while nobody listens, or -1 */
	int                    held[8]; /* silent: what fills the backlog */
	unsigned               nheld;
	unsigned               port;
};

static void
on_accept(struct evconnlistener *e, evutil_socket_t fd, struct sockaddr *sa, int n, void *arg)
{
	struct script *s = arg;

	(void)e;
	(void)sa;
	(void)n;
	link_new(&s->shared, fd);
}

/* *port: the one wanted, or 0; then the one it has. */
static int
bound_socket(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)*port) };
	socklen_t          n = sizeof(a);
	int                fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0
	    || getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		abort();
	*port = ntohs(a.sin_port);
	return fd;
}

/* A listener whose backlog is full drops SYNs: the connect hangs. */
static void
fill_backlog(struct script *s, int fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listen(fd, 0) != 0)
		abort();
	s->held[s->nheld++] = fd;
	for (unsigned i = 0; i < 4; i++) {
		int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		(void)connect(c, (struct sockaddr *)&a, sizeof(a));
		s->held[s->nheld++] = c;
	}
}

static void
hear(struct script *s, int fd)
{
	(void)evutil_make_socket_nonblocking(fd);
	s->listener = evconnlistener_new(s->shared.p.base, on_accept, s, LEV_OPT_CLOSE_ON_FREE, 64, fd);
	assert(s->listener != NULL);
}

struct script *
script_new(const struct script_params *p)
{
	struct script *s = xcalloc(1, sizeof(*s));
	int            fd;

	s->shared.p = *p;
	s->kept = -1;
	buf_init(&s->shared.breaches, MAX_TRACE);
	buf_init(&s->shared.trace, MAX_TRACE);
	fd = bound_socket(&s->port);
	if (p->refuse) {
		(void)close(fd);
	} else if (p->silent) {
		fill_backlog(s, fd);
	} else {
		hear(s, fd);
	}
	return s;
}

void
script_listen(struct script *s, bool on)
{
	if (on == (s->listener != NULL))
		return;
	if (on) {
		hear(s, s->kept);
		s->kept = -1;
	} else {
		/* Bound and deaf: refused all the same, and the port is nobody else's meanwhile. */
		evconnlistener_free(s->listener);
		s->listener = NULL;
		s->kept = bound_socket(&s->port);
	}
}

void
script_free(struct script *s)
{
	if (s == NULL)
		return;
	link_free_all(&s->shared);
	if (s->listener != NULL)
		evconnlistener_free(s->listener);
	if (s->kept >= 0)
		(void)close(s->kept);
	for (unsigned i = 0; i < s->nheld; i++)
		(void)close(s->held[i]);
	accepted_free(s->shared.accepted);
	buf_done(&s->shared.breaches);
	buf_done(&s->shared.trace);
	free(s);
}

unsigned
script_port(const struct script *s)
{
	return s->port;
}

unsigned
script_moments(const struct script *s)
{
	return s->shared.moments;
}

unsigned
script_connections(const struct script *s)
{
	return s->shared.connections;
}

unsigned
script_count(const struct script *s, const char *verb)
{
	struct span rest = buf_view(&s->shared.trace), line;
	unsigned    n = 0;

	while (span_cut(&rest, '\n', &line))
		n += span_istarts(line, span_of(verb));
	return n;
}

const struct accepted *
script_accepted(const struct script *s)
{
	return s->shared.accepted;
}

struct span
script_breaches(const struct script *s)
{
	return buf_view(&s->shared.breaches);
}
