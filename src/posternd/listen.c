#include "posternd/listen.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/acceptor.h"
#include "posternd/client.h"
#include "posternd/sockets.h"

#define COMPLAIN_MS (60 * 1000) /* a full house is logged this often */
#define OF_ONE      50          /* clients of one address beyond this machine, when nothing is said */

struct listener;

struct socket {
	struct listener *of;
	int              fd;
	struct acceptor *acceptor;      /* NULL: pausing, or not begun */
};

struct listener {
	struct listen   *of;
	char            *at;
	enum listen_kind kind;
	struct setting  *setting;       /* NULL: of another configuration than the coming one */
	struct setting  *next_setting;
	struct socket    sockets[SOCKETS_MAX];
	int              n;
	int64_t          complained_ms;
	struct listener *next;
};

struct listen {
	struct reception r;
	struct queue    *queue;
	struct listener *listeners;
};

/* ---- clients come ---- */

static bool
read_whence(int fd, const struct sockaddr_storage *from, struct whence *ret, uid_t *ret_uid)
{
	const struct sockaddr_in  *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	struct ucred               who;
	socklen_t                  n = sizeof(who);
	int                        one = 1;

	memset(ret, 0, sizeof(*ret));
	*ret_uid = geteuid();
	switch (from->ss_family) {
	case AF_INET:
		memset(ret->address.octet + 10, 0xff, 2);
		memcpy(ret->address.octet + 12, &v4->sin_addr, 4);
		break;
	case AF_INET6:
		memcpy(ret->address.octet, &v6->sin6_addr, 16);
		break;
	default:
		/* The kernel's word, as at the second door: the message is that user's. */
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0)
			return false;
		ret->unix_socket = true;
		*ret_uid = who.uid;
		return true;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

static void
complain(struct listener *l, const char *who, unsigned n)
{
	if (l->complained_ms != 0 && clock_mono_ms() - l->complained_ms < COMPLAIN_MS)
		return;
	log_warn("listen \"%s\": %u clients %s, more are told to come again", l->at, n, who);
	l->complained_ms = clock_mono_ms();
}

static unsigned
of_one_max(const struct setting *s, const struct whence *w)
{
	if (s->clients_per_address > 0)
		return s->clients_per_address;
	return whence_is_local(w) ? s->clients : OF_ONE;
}

static bool
has_room(struct listener *l, const struct whence *w)
{
	const struct setting *s = l->setting;
	unsigned              all = client_count(&l->of->r, l, NULL);
	unsigned              one = w->unix_socket ? 0 : client_count(&l->of->r, l, w);

	if (all >= s->clients)
		complain(l, "at once", all);
	else if (!w->unix_socket && one >= of_one_max(s, w))
		complain(l, "of one address", one);
	else
		return true;
	return false;
}

static void
log_stranger(const struct listener *l, const struct whence *w)
{
	struct buf b;

	buf_init(&b, 64);
	address_put(&b, &w->address, false);
	log_info("listen \"%s\": [%s] is not allowed", l->at, buf_cstr(&b));
	buf_done(&b);
}

static void
greet(struct listener *l, int fd, const struct sockaddr_storage *from)
{
	struct whence w;
	uid_t         uid;

	if (!read_whence(fd, from, &w, &uid)) {
		close(fd);
	} else if (setting_welcome(l->setting, &w) == WELCOME_NOT) {
		log_stranger(l, &w);
		client_refuse(l->setting, fd, 554, "5.7.1", "you may not send here");
	} else if (!has_room(l, &w)) {
		client_refuse(l->setting, fd, 421, "4.3.2", "too many connections; come again");
	} else {
		client_new(&l->of->r, l, l->setting, fd, &w, uid);
	}
}

static void
on_connection(void *arg, int fd)
{
	struct socket          *s = arg;
	struct sockaddr_storage from = { .ss_family = AF_UNIX };
	socklen_t               n = sizeof(from);

	if (getpeername(fd, (struct sockaddr *)&from, &n) == 0)
		greet(s->of, fd, &from);
	else
		close(fd);                      /* gone already */
}

static void
begin(struct listener *l)
{
	for (int i = 0; i < l->n; i++)
		if (l->sockets[i].acceptor == NULL)
			l->sockets[i].acceptor = acceptor_new(l->of->r.base, l->sockets[i].fd, on_connection,
			    &l->sockets[i]);
}

static void
pause_all(struct listener *l)
{
	for (int i = 0; i < l->n; i++) {
		acceptor_free(l->sockets[i].acceptor);
		l->sockets[i].acceptor = NULL;
	}
}

/* ---- configurations come and go ---- */

static void
listener_free(struct listener *l)
{
	int fd[SOCKETS_MAX];

	pause_all(l);
	for (int i = 0; i < l->n; i++)
		fd[i] = l->sockets[i].fd;
	sockets_close(l->at, l->kind, fd, l->n);
	setting_unref(l->setting);
	setting_unref(l->next_setting);
	free(l->at);
	free(l);
}

static struct listener *
find(struct listen *l, const char *at)
{
	struct listener *k = l->listeners;

	while (k != NULL && strcmp(k->at, at) != 0)
		k = k->next;
	return k;
}

/* A listener without a setting yet, at the front. */
static struct listener *
add(struct listen *l, const struct listen_conf *conf, struct buf *why)
{
	struct listener *k;
	int              fd[SOCKETS_MAX], n = sockets_open(conf, fd, why);

	if (n < 0)
		return NULL;
	k = xcalloc(1, sizeof(*k));
	k->of = l;
	k->at = xstrdup(conf->at);
	k->kind = conf->kind;
	k->n = n;
	for (int i = 0; i < n; i++)
		k->sockets[i] = (struct socket){ .of = k, .fd = fd[i] };
	k->next = l->listeners;
	l->listeners = k;
	return k;
}

/* Each listener with a next_setting, or, which is about to go, without; a new one has nothing else. */
bool
listen_prepare(struct listen *l, const struct config *c, struct buf *why)
{
	for (size_t i = 0; i < c->nlistens; i++) {
		const struct listen_conf *conf = &c->listens[i];
		struct setting           *s = setting_new(c, conf, why);
		struct listener          *k = find(l, conf->at);

		if (s == NULL || (k == NULL && (k = add(l, conf, why)) == NULL)) {
			setting_unref(s);
			listen_discard(l);
			return false;
		}
		k->next_setting = s;
	}
	return true;
}

/* Keep those that keep() is true of. */
static void
sweep(struct listen *l, bool (*keep)(const struct listener *k))
{
	struct listener **at = &l->listeners, *k;

	while ((k = *at) != NULL) {
		if (keep(k)) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		client_end_all(&l->r, k);
		listener_free(k);
	}
}

static bool
was_there(const struct listener *k)
{
	return k->setting != NULL;
}

static bool
is_to_be(const struct listener *k)
{
	return k->next_setting != NULL;
}

void
listen_discard(struct listen *l)
{
	sweep(l, was_there);
	for (struct listener *k = l->listeners; k != NULL; k = k->next) {
		setting_unref(k->next_setting);
		k->next_setting = NULL;
	}
}

/* A descriptor for each client, and one for the message of each; as many as may be had. */
static void
want_descriptors(const struct listen *l)
{
	struct rlimit r;
	rlim_t        want = 256;

	for (const struct listener *k = l->listeners; k != NULL; k = k->next)
		want += 2 * k->setting->clients;
	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
		return;
	r.rlim_cur = r.rlim_max == RLIM_INFINITY || r.rlim_max >= want ? want : r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur < want)
		log_info("listen: only %lu descriptors for as many clients as the configuration allows",
		    (unsigned long)r.rlim_cur);
}

void
listen_commit(struct listen *l)
{
	sweep(l, is_to_be);
	for (struct listener *k = l->listeners; k != NULL; k = k->next) {
		setting_unref(k->setting);
		k->setting = k->next_setting;
		k->next_setting = NULL;
		if (!l->r.leaving)
			begin(k);
	}
	if (l->listeners != NULL)
		want_descriptors(l);
}

/* ---- start and stop ---- */

struct listen *
listen_start(struct event_base *base, struct queue *q, struct buf *why)
{
	struct listen *l = xcalloc(1, sizeof(*l));
	int            err;

	l->r.base = base;
	l->r.store = queue_store(q);
	l->queue = q;
	l->r.pool = pool_new(base, LISTEN_THREADS, &err);
	if (l->r.pool == NULL)
		buf_printf(why, "no descriptor for the threads: %s", strerror(-err));
	if (l->r.pool == NULL || !listen_prepare(l, queue_conf(q), why)) {
		listen_stop(l);
		return NULL;
	}
	listen_commit(l);
	return l;
}

void
listen_quit(struct listen *l)
{
	l->r.leaving = true;
	for (struct listener *k = l->listeners; k != NULL; k = k->next)
		pause_all(k);
	client_end_all(&l->r, NULL);
}

void
listen_stop(struct listen *l)
{
	struct listener *k;

	if (l == NULL)
		return;
	listen_quit(l);
	pool_free(l->r.pool);
	l->r.pool = NULL;
	client_free_all(&l->r);
	while ((k = l->listeners) != NULL) {
		l->listeners = k->next;
		listener_free(k);
	}
	free(l);
}
