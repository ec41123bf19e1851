/*
 * client.c - one client.  The engine says what it waits for; this file waits
 * for it.  take() is the only way octets get to the engine, and settle() the
 * only place that looks at what it wants, so no state is without a deadline.
 */
#include "posternd/client.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/conn.h"
#include "net/loop.h"
#include "posternd/accept.h"
#include "posternd/entry.h"
#include "posternd/upload.h"
#include "smtp/limits.h"
#include "smtp/server.h"

#define HOLD_MAX   (64u << 10)          /* read from a client and not taken yet */
#define UNSENT_MAX (32u << 10)          /* replies; then nothing is taken */
#define NAME_MAX_  64
#define MECHANISMS SCRAM_MECHANISM " PLAIN LOGIN"

struct client {
	struct reception *r;
	const void       *owner;
	struct setting   *setting;
	struct whence     whence;
	uid_t             uid;
	char              name[NAME_MAX_];      /* for the log */
	struct conn      *conn;
	struct server    *server;
	struct timer     *deadline;
	struct client    *next, *prev;

	bool              shaking;
	bool              choked;       /* it reads no replies */
	bool              leaving;      /* its last words are on their way */
	int64_t           barren_ms;    /* when it came, or gave its last message */
	int64_t           content_ms;
	uint64_t          content_n;

	struct upload    *upload;
	bool              ending;       /* its last piece is being written */

	struct entry      entry;
};

static void settle(struct client *c, bool progress);
static void resume(struct client *c);

/* ---- the end ---- */

static void
unlink_client(struct client *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->r->clients = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->r->nclients--;
}

/* A message whose last piece is on its way becomes one, though nobody hears of it. */
static void
release(struct client *c)
{
	unlink_client(c);
	timer_free(c->deadline);
	conn_free(c->conn);
	server_free(c->server);
	upload_drop(c->upload);
	entry_done(&c->entry);
	setting_unref(c->setting);
	free(c);
}

/* ---- logins ---- */

static void
on_entry(void *arg)
{
	struct client *c = arg;

	if (c->entry.failed >= CLIENT_LOGINS && !c->entry.waiting)
		server_end(c->server, 421, "4.7.0", "too many failed logins");
	resume(c);
}

static void
on_login(void *arg, const struct login *l)
{
	struct client *c = arg;

	entry_login(&c->entry, l);
}

/* The one mechanism that the engine does not do itself. */
static void
on_sasl(void *arg, const char *mechanism, bool begins, struct span message)
{
	struct client *c = arg;

	(void)mechanism;
	entry_scram(&c->entry, begins, message);
}

/* ---- messages ---- */

static void
on_mail(void *arg, struct envelope *e, uint64_t size)
{
	struct client *c = arg;
	uint64_t       room = store_free_bytes(c->r->store);

	(void)e;
	if (room < c->setting->limits.min_free || room - c->setting->limits.min_free < size)
		server_answer(c->server, 452, "4.3.1", "no room for it now");
	else
		server_accept(c->server);
}

static void on_upload(void *arg);

static void
begin_content(struct client *c)
{
	c->content_ms = clock_mono_ms();
	c->content_n = 0;
}

static void
on_data(void *arg, struct envelope *e)
{
	struct client *c = arg;

	accept_fill(e, &(struct accept_from){ c->setting->hostname, &c->whence, c->uid, c->entry.user },
	    c->server);
	upload_drop(c->upload);
	c->upload = upload_new(&c->r->pool, store_spool_fd(c->r->store), &c->setting->limits, e,
	    on_upload, c);
	begin_content(c);
	server_accept(c->server);
}

static void
on_content(void *arg, struct span bytes)
{
	struct client *c = arg;

	upload_add(c->upload, bytes);
}

static void
on_end(void *arg, struct envelope *e)
{
	struct client *c = arg;

	(void)e;
	c->ending = true;
	upload_push(c->upload, true);
}

static void
on_reset(void *arg)
{
	struct client *c = arg;

	upload_drop(c->upload);
	c->upload = NULL;
}

static void
on_starttls(void *arg)
{
	struct client *c = arg;

	server_accept(c->server);
}

static void
answer_message(struct client *c)
{
	bool maybe;
	int  error = upload_error(c->upload, &maybe);

	c->ending = false;
	if (error == 0) {
		log_info("%s: from %s by %s%s%s", upload_id(c->upload), c->name,
		    server_envelope(c->server)->via.with, c->entry.user != NULL ? ", user " : "",
		    c->entry.user != NULL ? c->entry.user : "");
		server_answer(c->server, 250, "2.0.0", "accepted as %s", upload_id(c->upload));
		c->barren_ms = clock_mono_ms();
	} else {
		accept_refuse(c->server, c->name, error, maybe, &c->setting->limits);
	}
	upload_drop(c->upload);
	c->upload = NULL;
}

static void
on_upload(void *arg)
{
	struct client *c = arg;

	if (c->ending)
		answer_message(c);
	resume(c);
}

static const struct server_ops server_ops = {
	.mail = on_mail, .data = on_data, .content = on_content, .end = on_end, .reset = on_reset,
	.starttls = on_starttls, .login = on_login, .sasl = on_sasl,
};

/* ---- octets ---- */

static bool
may_take(const struct client *c)
{
	enum server_wants w = server_wants(c->server);

	return (w == SERVER_COMMAND || w == SERVER_CONTENT) && !c->choked && !c->leaving &&
	    (c->upload == NULL || !upload_is_busy(c->upload));
}

/* True: there was something. */
static bool
send_replies(struct client *c)
{
	struct buf *out = server_out(c->server);
	bool        any = out->n > 0;

	if (any)
		conn_write(c->conn, buf_view(out));
	buf_clear(out);
	c->choked = conn_queued(c->conn) >= UNSENT_MAX;
	return any;
}

static void
write_full_piece(struct client *c)
{
	if (c->upload != NULL && !upload_is_busy(c->upload) && upload_is_full(c->upload) &&
	    server_wants(c->server) == SERVER_CONTENT)
		upload_push(c->upload, false);
}

/* How many octets; *progress: a command was answered, a piece of content came. */
static size_t
take(struct client *c, struct span bytes, bool *progress)
{
	struct span rest = bytes;
	size_t      n;

	do {
		bool content = server_wants(c->server) == SERVER_CONTENT;

		n = server_take(c->server, rest);
		rest.p += n;
		rest.n -= n;
		if (content)
			c->content_n += n;
		else if (server_wants(c->server) == SERVER_CONTENT && c->upload == NULL)
			begin_content(c);       /* a chunk that is refused: on_data is not asked */
		*progress = send_replies(c) || (content && n > 0) || *progress;
		write_full_piece(c);
	} while (rest.n > 0 && n > 0 && may_take(c));
	return bytes.n - rest.n;
}

static size_t
on_bytes(void *arg, struct span bytes)
{
	struct client *c = arg;
	bool           progress = false;
	size_t         n = 0;

	if (may_take(c)) {
		n = take(c, bytes, &progress);
		settle(c, progress);
	}
	return n;
}

/* The engine has an answer, or a full socket has room again. */
static void
resume(struct client *c)
{
	bool progress = true;

	if (!c->leaving)
		take(c, (struct span){ NULL, 0 }, &progress);
	if (may_take(c))
		conn_reading(c->conn, true);
	settle(c, true);
}

static void
on_room(void *arg)
{
	struct client *c = arg;

	if (c->leaving) {
		release(c);
		return;
	}
	if (!c->choked)
		return;
	c->choked = false;
	resume(c);
}

static void
on_gone(void *arg, const char *why, bool tls, bool clean)
{
	struct client *c = arg;

	(void)clean;
	if (!server_lost(c->server) || tls)
		log_info("listen: %s: %s: %s", c->name,
		    c->shaking ? "no TLS handshake" : "lost in the middle of a message", why);
	release(c);
}

/* ---- TLS ---- */

static unsigned
flags(const struct client *c, bool secured)
{
	const struct setting *s = c->setting;
	unsigned              f = 0;

	if (s->mode == TLS_STARTTLS && !secured)
		f |= SERVER_STARTTLS;
	if (s->users != NULL && (secured || whence_is_local(&c->whence)))
		f |= SERVER_AUTH;
	if (setting_welcome(s, &c->whence) != WELCOME_MAIL)
		f |= SERVER_NEEDS_AUTH;
	return f;
}

static void
shake(struct client *c)
{
	c->shaking = true;
	timer_set(c->deadline, CLIENT_TLS_MS < c->setting->idle_ms ? CLIENT_TLS_MS : c->setting->idle_ms);
	conn_accept_tls(c->conn, c->setting->tls);
}

static void
on_secure(void *arg)
{
	struct client *c = arg;

	c->shaking = false;
	server_secured(c->server, flags(c, true));
	if (c->setting->mode == TLS_IMPLICIT)
		server_greet(c->server);
	send_replies(c);
	settle(c, true);
}

static const struct conn_ops conn_ops = {
	.bytes = on_bytes, .room = on_room, .secure = on_secure, .gone = on_gone,
};

/* ---- deadlines ---- */

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What is left of the time for all of the content: idle, and more with what comes. */
static int64_t
content_left_ms(const struct client *c)
{
	int64_t may = c->setting->idle_ms + (int64_t)(c->content_n * 1000 / CLIENT_MIN_RATE);

	return c->content_ms + may - clock_mono_ms();
}

static int64_t
barren_left_ms(const struct client *c)
{
	return c->barren_ms + CLIENT_BARREN_MS - clock_mono_ms();
}

static void
arm(struct client *c, bool progress)
{
	int64_t left;

	switch (server_wants(c->server)) {
	case SERVER_COMMAND:
		left = barren_left_ms(c);
		break;
	case SERVER_CONTENT:
		left = content_left_ms(c);
		break;
	default:
		if (c->entry.waiting)
			timer_set(c->deadline, ENTRY_FAILED_MS);
		else
			timer_off(c->deadline);         /* ours to answer */
		return;
	}
	if (!c->choked && c->upload != NULL && upload_is_busy(c->upload))
		timer_off(c->deadline);
	else if (progress || !timer_is_set(c->deadline))
		timer_set(c->deadline, least(c->setting->idle_ms, left > 0 ? left : 0));
}

static void
leave(struct client *c)
{
	c->leaving = true;
	conn_reading(c->conn, false);
	conn_flush(c->conn);
	if (conn_queued(c->conn) == 0) {
		release(c);
		return;
	}
	conn_set_low(c->conn, 0);
	timer_set(c->deadline, CLIENT_LAST_MS);
}

static void
settle(struct client *c, bool progress)
{
	enum server_wants w = server_wants(c->server);

	if (c->leaving)
		return;
	conn_flush(c->conn);
	if (w == SERVER_OVER)
		leave(c);
	else if (w == SERVER_HANDSHAKE && !c->shaking)
		shake(c);
	else if (!c->shaking)
		arm(c, progress);
}

static void
end(struct client *c, const char *dsn, const char *text)
{
	server_end(c->server, 421, dsn, "%s", text);
	send_replies(c);
	settle(c, true);
}

static void
on_deadline(void *arg)
{
	struct client *c = arg;

	if (c->entry.waiting) {
		entry_say_no(&c->entry);
		on_entry(c);
	} else if (c->leaving) {
		release(c);
	} else if (c->shaking) {
		log_info("listen: %s: no TLS handshake in time", c->name);
		release(c);
	} else {
		log_info("listen: %s: %s", c->name,
		    server_wants(c->server) == SERVER_CONTENT ? "too slow" : "idle too long");
		end(c, "4.4.2", "you take too long; come again");
	}
}

/* ---- clients come ---- */

static struct server *
new_server(const struct setting *s, unsigned f, const struct server_ops *o, void *arg)
{
	struct server_config config = {
		.name = s->hostname, .flags = f, .mechanisms = MECHANISMS,
		.max_message = s->limits.max_message, .max_header = LIMIT_HEADER_BLOCK,
		.max_rcpts = s->recipients, .max_errors = s->errors,
	};

	return server_new(&config, o, arg);
}

static void
name_client(struct client *c)
{
	struct buf b;

	buf_init(&b, sizeof(c->name) - 1);
	if (c->whence.unix_socket) {
		buf_printf(&b, "uid %lu", (unsigned long)c->uid);
	} else {
		buf_char(&b, '[');
		address_put(&b, &c->whence.address, false);
		buf_char(&b, ']');
	}
	memcpy(c->name, buf_cstr(&b), b.n + 1);
	buf_done(&b);
}

void
client_new(struct reception *r, const void *owner, struct setting *s, int fd, const struct whence *w,
    uid_t uid)
{
	struct client *c = xcalloc(1, sizeof(*c));

	c->r = r;
	c->owner = owner;
	c->setting = setting_ref(s);
	c->whence = *w;
	c->uid = uid;
	c->barren_ms = clock_mono_ms();
	name_client(c);
	c->conn = conn_new(r->base, fd, HOLD_MAX, &conn_ops, c);
	conn_set_low(c->conn, UNSENT_MAX / 2);
	c->deadline = timer_new(r->base, on_deadline, c);
	c->server = new_server(s, flags(c, false), &server_ops, c);
	c->entry = (struct entry){
		.guess = &r->guess, .pool = r->pool, .users = s->users, .server = c->server,
		.address = &c->whence.address, .name = c->name, .moved = on_entry, .arg = c,
	};
	c->next = r->clients;
	if (c->next != NULL)
		c->next->prev = c;
	r->clients = c;
	r->nclients++;
	if (s->mode == TLS_IMPLICIT) {
		shake(c);
		return;
	}
	server_greet(c->server);
	send_replies(c);
	settle(c, true);
}

/* One that begins with TLS would not understand it. */
void
client_refuse(const struct setting *s, int fd, int code, const char *dsn, const char *text)
{
	struct server *server = new_server(s, 0, &server_ops, NULL);

	server_end(server, code, dsn, "%s", text);
	if (s->mode != TLS_IMPLICIT)
		(void)!send(fd, server_out(server)->p, server_out(server)->n,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	server_free(server);
	close(fd);
}

static bool
is_from(const struct client *c, const struct whence *w)
{
	return !c->whence.unix_socket && !w->unix_socket &&
	    memcmp(&c->whence.address, &w->address, sizeof(w->address)) == 0;
}

unsigned
client_count(const struct reception *r, const void *owner, const struct whence *w)
{
	unsigned n = 0;

	for (const struct client *c = r->clients; c != NULL; c = c->next)
		n += c->owner == owner && (w == NULL || is_from(c, w));
	return n;
}

void
client_end_all(struct reception *r, const void *owner)
{
	struct client *next;

	for (struct client *c = r->clients; c != NULL; c = next) {
		next = c->next;
		if (owner != NULL && c->owner != owner)
			continue;
		if (c->shaking || c->entry.waiting)
			release(c);
		else if (!c->leaving)
			end(c, "4.3.2", "this service closes; come again");
	}
}

void
client_free_all(struct reception *r)
{
	while (r->clients != NULL)
		release(r->clients);
}
