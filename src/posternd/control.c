/* control.c - the control socket: askers, their request, their turns; see control.h. */
#include "posternd/control.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "posternd/control_private.h"
#include "posternd/local.h"
#include "posternd/records.h"
#include "relay/queue.h"

#define MAX_ASKERS    64
#define MAX_OF_USER   8                 /* so that no user keeps root from asking */
#define MAX_LARGE     3                 /* of admins, and of users: each holds 24 octets a message */
#define LINE_MAX_BYTES 1024
#define LINE_END_BYTES 65536            /* a longer one ends the connection before anybody can answer it */
#define OUT_ENOUGH    65536
#define SLICE_MS      2                 /* of a loop that nobody may hold up for 20: one asker's, */
#define TURN_MS       4                 /* and of all together, where the last may begin a slice yet */
#define ASKER_MS      60000             /* one that does not write, or does not read */
#define LIFE_MS       600000            /* one that does, an octet at a time */

static const struct request *const requests[] = {
	&control_mailq, &control_status, &control_show, &control_body, &control_retry, &control_hold, &control_release,
	&control_delete, &control_bounce, &control_requeue, &control_flush, &control_pause, &control_resume,
	&control_reload,
};

#define NREQUESTS (sizeof(requests) / sizeof(requests[0]))

/* ---- for the requests ---- */

static bool
is_admin(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool
asker_may_all(const struct asker *a)
{
	return is_admin(a->uid);
}

const char *
asker_name(const struct asker *a)
{
	return store_user(queue_store(a->control->queue), a->uid);
}

static void
put_error(struct buf *out, const char *kind, const char *text)
{
	buf_printf(out, "error %s", kind);
	record_text(out, "text", text);
	buf_char(out, '\n');
}

void
asker_error(struct asker *a, const char *kind, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, 8192);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	put_error(conn_out(a->conn), kind, buf_cstr(&text));
	buf_done(&text);
	a->closing = true;
}

bool
asker_has_room(const struct asker *a)
{
	return conn_queued(a->conn) < OUT_ENOUGH;
}

bool
asker_has_time(const struct asker *a)
{
	return clock_mono_ms() < a->control->slice_ms;
}

/* ---- an asker's end ---- */

static void begin(struct asker *a);

/*
 * Users never keep an admin waiting.  Nor do his own listings keep him from
 * acting, when they stand open in a pager: a list of IDs has a limit of its own.
 */
static unsigned *
places_for(struct asker *a)
{
	if (!a->request->large || (a->request->list && asker_may_all(a)))
		return NULL;
	return &a->control->nlarge[asker_may_all(a)];
}

/* Who waited longest for such a place. */
static void
let_next_in(struct control *c, const unsigned *places)
{
	struct asker *first = NULL;

	for (struct asker *a = c->askers; a != NULL; a = a->next)
		if (a->waits && places_for(a) == places && (first == NULL || a->number < first->number))
			first = a;
	if (first != NULL)
		begin(first);
}

static void
leave(struct asker *a)
{
	unsigned *places;

	if (!a->counted)
		return;
	a->counted = false;
	places = places_for(a);
	--*places;
	let_next_in(a->control, places);
}

static void
end_job(struct asker *a)
{
	if (a->job != NULL && a->request->end != NULL)
		a->request->end(a);
	a->job = NULL;
	idset_done(&a->ids);
	leave(a);
}

static void
drop(struct asker *a)
{
	struct asker **at = &a->control->askers;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	a->control->naskers--;
	end_job(a);
	conn_stop(a->conn);
	conn_free(a->conn);
	timer_free(a->deadline);
	timer_free(a->life);
	for (unsigned i = 0; i < a->nwords; i++)
		free(a->word[i]);
	free(a);
}

/* ---- turns ---- */

static void
finish(struct asker *a)
{
	if (!a->closing)
		buf_str(conn_out(a->conn), "end\n");
	a->closing = true;
	end_job(a);
}

static void
make_ready(struct asker *a)
{
	a->ready = true;
	timer_set(a->control->turn, 0);
}

/* The next one from the loop; or from on_room(), when what is written is read. */
static void
go_on(struct asker *a)
{
	conn_flush(a->conn);
	timer_set(a->deadline, ASKER_MS);
	if (conn_queued(a->conn) == 0 || (!a->closing && asker_has_room(a)))
		make_ready(a);
}

static void
take_turn(struct asker *a)
{
	a->ready = false;
	if (a->closing) {
		if (conn_queued(a->conn) == 0)
			drop(a);
		return;
	}
	a->control->slice_ms = clock_mono_ms() + SLICE_MS;
	if (!a->request->turn(a, conn_out(a->conn)) || a->closing)
		finish(a);
	go_on(a);
}

/* Behind the last one who was served, in the order in which they came, and then from the first on. */
static struct asker *
next_ready(const struct control *c)
{
	struct asker *behind = NULL, *first = NULL;

	for (struct asker *a = c->askers; a != NULL; a = a->next) {
		if (!a->ready)
			continue;
		if (a->number > c->served && (behind == NULL || a->number < behind->number))
			behind = a;
		if (first == NULL || a->number < first->number)
			first = a;
	}
	return behind != NULL ? behind : first;
}

/* One timer for all of them: thirty that ask at once would else take thirty slices between two looks at the sockets. */
static void
on_turn(void *arg)
{
	struct control *c = arg;
	int64_t until_ms = clock_mono_ms() + TURN_MS;
	struct asker *a;

	for (unsigned n = c->naskers; n > 0 && clock_mono_ms() < until_ms && (a = next_ready(c)) != NULL; n--) {
		c->served = a->number;
		take_turn(a);
	}
	if (next_ready(c) != NULL)
		timer_set(c->turn, 0);
}

static void
on_room(void *arg)
{
	struct asker *a = arg;

	if (a->closing || a->job != NULL)
		make_ready(a);
}

static void
begin(struct asker *a)
{
	unsigned *places = places_for(a);

	if (places != NULL && *places >= MAX_LARGE) {
		a->waits = true;
		timer_off(a->deadline);
		return;
	}
	a->waits = false;
	if ((a->counted = places != NULL))
		++*places;
	a->request->begin(a, conn_out(a->conn));
	if (a->closing || a->request->turn == NULL)
		finish(a);
	go_on(a);
}

/* ---- the request ---- */

static const struct request *
find(struct span name)
{
	for (size_t i = 0; i < NREQUESTS; i++)
		if (span_eq(name, span_of(requests[i]->name)))
			return requests[i];
	return NULL;
}

/* False: it does not decode, or there are too many. */
static bool
take_words(struct asker *a, struct span rest)
{
	struct span word;
	struct buf b;

	while (span_cut(&rest, ' ', &word)) {
		if (a->nwords == ASK_WORDS)
			return false;
		buf_init(&b, LINE_MAX_BYTES);
		if (text_percent(word, &b) < 0 || b.n == 0 || memchr(b.p, '\0', b.n) != NULL) {
			buf_done(&b);
			return false;
		}
		a->word[a->nwords++] = (char *)buf_steal(&b).p;
	}
	return true;
}

static void
take_request(struct asker *a, struct span line)
{
	struct span name = SPAN("");
	bool good;

	if (!span_cut(&line, ' ', &name) || (a->request = find(name)) == NULL) {
		asker_error(a, "unknown", "this daemon knows no request \"%.*s\"", (int)name.n, name.p);
		return;
	}
	good = take_words(a, line);
	if (a->request->root && !asker_may_all(a))
		asker_error(a, "denied", "%s is for root", a->request->name);
	else if (!good || a->nwords < a->request->least || a->nwords > a->request->most)
		asker_error(a, "usage", "write: %s%s%s", a->request->name, a->request->usage[0] != '\0' ? " " : "",
		    a->request->usage);
	else if (a->request->list)
		a->listing = true;
	else
		begin(a);
}

static void
take_id(struct asker *a, struct span line)
{
	char name[ID_LEN + 1];
	msgid id;

	if (span_eq(line, SPAN("."))) {
		a->listing = false;
		begin(a);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)line.n, line.p);
	if (line.n != ID_LEN || !msgid_parse(name, &id))
		asker_error(a, "usage", "\"%.*s\" is no message ID; it has %d digits as mailq shows it",
		    (int)(line.n < 80 ? line.n : 80), line.p, ID_LEN);
	else if (a->ids.n == ASK_LIST)
		asker_error(a, "usage", "more than %d IDs in one list; send the others in another", ASK_LIST);
	else
		idset_add(&a->ids, id);
}

static void
on_line(void *arg, struct span line, bool more)
{
	struct asker *a = arg;

	(void)more;
	if (a->closing || (a->request != NULL && !a->listing))
		return;
	timer_set(a->deadline, ASKER_MS);
	if (line.n > LINE_MAX_BYTES)
		asker_error(a, "usage", "a line of %zu octets; the longest has %d", line.n, LINE_MAX_BYTES);
	else if (a->request == NULL)
		take_request(a, line);
	else
		take_id(a, line);
	if (a->closing)
		go_on(a);
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	(void)why;
	(void)tls;
	(void)clean;
	drop(arg);
}

static void
on_deadline(void *arg)
{
	drop(arg);
}

static const struct conn_ops conn_ops = { .line = on_line, .room = on_room, .gone = on_gone };

/* ---- the socket ---- */

static bool
has_room(const struct control *c, uid_t uid)
{
	unsigned n = 0;

	for (const struct asker *a = c->askers; a != NULL; a = a->next)
		n += a->uid == uid;
	return c->naskers < MAX_ASKERS - (is_admin(uid) ? 0 : MAX_OF_USER) && (is_admin(uid) || n < MAX_OF_USER);
}

/* A line fits any socket's buffer; who has gone does not hear it. */
static void
turn_away(int fd, const char *text)
{
	struct buf line;

	buf_init(&line, 1024);
	put_error(&line, "failed", text);
	(void)!send(fd, line.p, line.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_done(&line);
	close(fd);
}

static void
on_connection(void *arg, int fd)
{
	struct control *c = arg;
	struct ucred who;
	socklen_t n = sizeof(who);
	struct asker *a;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) < 0) {
		turn_away(fd, "the daemon cannot tell who asks");
		return;
	}
	if (!has_room(c, who.uid)) {
		turn_away(fd, "too many ask at once; try again in a moment");
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->control = c;
	a->uid = who.uid;
	a->number = c->number++;
	a->conn = conn_new(c->base, fd, LINE_END_BYTES, &conn_ops, a);
	a->deadline = timer_new(c->base, on_deadline, a);
	a->life = timer_new(c->base, on_deadline, a);
	a->next = c->askers;
	c->askers = a;
	c->naskers++;
	timer_set(a->deadline, ASKER_MS);
	if (!asker_may_all(a))
		timer_set(a->life, LIFE_MS);
}

static bool
is_asked(void *arg)
{
	const struct control *c = arg;

	return c->naskers > 0;
}

struct control *
control_start(struct event_base *base, struct queue *q, const struct control_daemon *daemon, struct buf *why)
{
	struct control *c = xcalloc(1, sizeof(*c));

	c->base = base;
	c->queue = q;
	c->daemon = *daemon;
	c->started_s = clock_wall_s();
	c->number = 1;
	c->fd = local_listen("control", c->path, why);
	if (c->fd < 0) {
		free(c);
		return NULL;
	}
	c->turn = timer_new(base, on_turn, c);
	c->census = census_new(queue_store(q));
	c->ahead = ahead_new(base, q, is_asked, c);
	c->acceptor = acceptor_new(base, c->fd, on_connection, c);
	return c;
}

void
control_stop(struct control *c)
{
	if (c == NULL)
		return;
	acceptor_free(c->acceptor);
	while (c->askers != NULL)
		drop(c->askers);
	timer_free(c->turn);
	census_free(c->census);
	ahead_free(c->ahead);
	close(c->fd);
	unlink(c->path);
	free(c);
}
