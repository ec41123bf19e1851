/*
 * delay-proxy - a TCP relay that makes a far network of the loopback: every
 * byte arrives N ms after it was sent, in order, at full bandwidth, in both
 * directions, and so do the opening and the end of a connection.
 *
 *   delay-proxy --delay MS --to ADDRESS:PORT [--listen ADDRESS:PORT] [--port-file FILE]
 */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "lib/port.h"

#define LINKS_MAX   256
#define FLIGHT_MAX  (16u << 20)         /* bytes under way in one direction: a window, not a loss */
#define PIECE_BYTES (64u << 10)

/* Bytes read together.  n 0: the end of the stream. */
struct piece {
	struct piece *next;
	int64_t       due_us;
	size_t        n;
	size_t        done;
	char          bytes[];
};

/* One direction.  Descriptors are the link's. */
struct lane {
	int           from;
	int           to;
	size_t        flight;
	bool          ended;            /* end of stream read */
	bool          finished;         /* and passed on */
	bool          blocked;          /* the receiver's window is full */
	struct piece *first, **last;
};

struct link {
	int64_t     open_us;            /* the far side is not there before */
	struct lane lane[2];
};

static struct link *links[LINKS_MAX];
static size_t       nlinks;
static int64_t      delay_us;
static const char  *target;

static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
lane_init(struct lane *l, int from, int to)
{
	memset(l, 0, sizeof(*l));
	l->from = from;
	l->to = to;
	l->last = &l->first;
}

static void
link_close(size_t i)
{
	struct link *k = links[i];

	for (int d = 0; d < 2; d++) {
		while (k->lane[d].first != NULL) {
			struct piece *p = k->lane[d].first;

			k->lane[d].first = p->next;
			free(p);
		}
	}
	close(k->lane[0].from);
	close(k->lane[1].from);
	free(k);
	links[i] = links[--nlinks];
}

static void
ready_socket(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/*
 * The client believes itself connected at once, which on a far network takes
 * a round trip, and the server learns of it half a trip later: so nothing
 * moves before three half trips are over.
 */
static void
link_open(int listener)
{
	int near = accept4(listener, NULL, NULL, SOCK_CLOEXEC), far;
	struct link *k;

	if (near < 0)
		return;
	far = nlinks < LINKS_MAX ? port_connect(target) : -EMFILE;
	if (far < 0) {
		close(near);
		return;
	}
	ready_socket(near);
	ready_socket(far);
	k = xcalloc(1, sizeof(*k));
	k->open_us = now_us() + 3 * delay_us;
	lane_init(&k->lane[0], near, far);
	lane_init(&k->lane[1], far, near);
	links[nlinks++] = k;
}

/* Take what is there, stamped with its time of arrival.  False: the link is dead. */
static bool
lane_read(struct link *k, struct lane *l)
{
	struct piece *p = xcalloc(1, sizeof(*p) + PIECE_BYTES);
	ssize_t got = read(l->from, p->bytes, PIECE_BYTES);
	int64_t due = now_us() + delay_us;

	if (got < 0) {
		bool again = errno == EAGAIN || errno == EINTR;

		free(p);
		return again;
	}
	p = xrealloc(p, sizeof(*p) + (size_t)got);
	p->n = (size_t)got;
	/* From the server: its first words left when the opening reached it. */
	p->due_us = due > k->open_us + delay_us || l == &k->lane[0] ? due : k->open_us + delay_us;
	if (l == &k->lane[0] && p->due_us < k->open_us)
		p->due_us = k->open_us;
	l->ended = got == 0;
	l->flight += p->n;
	*l->last = p;
	l->last = &p->next;
	return true;
}

static void
lane_drop_first(struct lane *l)
{
	struct piece *p = l->first;

	l->first = p->next;
	if (l->first == NULL)
		l->last = &l->first;
	l->flight -= p->n;
	free(p);
}

/* Pass on what is due.  False: the link is dead. */
static bool
lane_write(struct lane *l, int64_t now)
{
	l->blocked = false;
	while (l->first != NULL && l->first->due_us <= now) {
		struct piece *p = l->first;
		ssize_t put;

		if (p->n == 0) {
			shutdown(l->to, SHUT_WR);
			l->finished = true;
			lane_drop_first(l);
			continue;
		}
		put = send(l->to, p->bytes + p->done, p->n - p->done, MSG_NOSIGNAL);
		if (put < 0 && errno == EAGAIN) {
			l->blocked = true;
			return true;
		}
		if (put < 0 && errno != EINTR)
			return false;
		p->done += put < 0 ? 0 : (size_t)put;
		if (p->done == p->n)
			lane_drop_first(l);
	}
	return true;
}

/* Each socket is the source of one lane and the sink of the other. */
static void
fill_polls(struct pollfd *fds, int64_t *ret_next_us)
{
	for (size_t i = 0; i < nlinks; i++) {
		for (int d = 0; d < 2; d++) {
			struct lane *in = &links[i]->lane[d], *out = &links[i]->lane[1 - d];
			struct pollfd *f = &fds[2 * i + (size_t)d];

			f->fd = in->from;
			f->events = 0;
			if (!in->ended && in->flight < FLIGHT_MAX)
				f->events |= POLLIN;
			if (out->blocked)
				f->events |= POLLOUT;
			if (f->events == 0)
				f->fd = -1;     /* POLLHUP would spin */
			if (in->first != NULL && !in->blocked && in->first->due_us < *ret_next_us)
				*ret_next_us = in->first->due_us;
		}
	}
}

static bool
link_turn(struct link *k, const struct pollfd *fds, int64_t now)
{
	for (int d = 0; d < 2; d++) {
		struct lane *l = &k->lane[d];

		if (fds[d].fd >= 0 && (fds[d].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    !l->ended && !lane_read(k, l))
			return false;
		if (!lane_write(l, now))
			return false;
	}
	return !k->lane[0].finished || !k->lane[1].finished;
}

static void
turn(int listener)
{
	static struct pollfd fds[1 + 2 * LINKS_MAX];
	int64_t next = INT64_MAX, now = now_us(), wait;
	struct timespec ts;
	size_t n = nlinks;

	fds[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	fill_polls(fds + 1, &next);
	wait = next > now ? next - now : 0;
	ts = (struct timespec){ wait / 1000000, wait % 1000000 * 1000 };
	if (ppoll(fds, 1 + 2 * n, next == INT64_MAX ? NULL : &ts, NULL) < 0)
		return;
	now = now_us();
	/* From the end: closing moves the last link into the gap. */
	for (size_t i = n; i-- > 0;) {
		if (!link_turn(links[i], fds + 1 + 2 * i, now))
			link_close(i);
	}
	if ((fds[0].revents & POLLIN) != 0)
		link_open(listener);
}

static void __attribute__((noreturn))
usage(void)
{
	fputs("usage: delay-proxy --delay MS --to ADDRESS:PORT"
	    " [--listen ADDRESS:PORT] [--port-file FILE]\n", stderr);
	exit(EX_USAGE);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "delay", required_argument, NULL, 'd' }, { "to", required_argument, NULL, 't' },
		{ "listen", required_argument, NULL, 'l' },
		{ "port-file", required_argument, NULL, 'p' }, { NULL, 0, NULL, 0 },
	};
	const char *where = "127.0.0.1:0", *port_file = NULL;
	uint64_t ms = 0;
	int c, listener;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'd' && text_number(span_of(optarg), 60000, &ms) == 0)
			delay_us = (int64_t)ms * 1000;
		else if (c == 't')
			target = optarg;
		else if (c == 'l')
			where = optarg;
		else if (c == 'p')
			port_file = optarg;
		else
			usage();
	}
	if (target == NULL || optind != argc)
		usage();
	signal(SIGPIPE, SIG_IGN);
	listener = port_listen(where, port_file);
	if (listener < 0) {
		fprintf(stderr, "delay-proxy: %s: %s\n", where, strerror(-listener));
		return EX_OSERR;
	}
	for (;;)
		turn(listener);
}
