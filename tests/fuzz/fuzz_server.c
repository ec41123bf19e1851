/*
 * fuzz_server.c - a client that says anything: in one piece and cut up, with
 * answers at once and later, it hears the same; each reply is a line; the
 * owner is told of one thing after the other.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "smtp/server.h"

struct owner {
	struct server *s;
	struct buf     told;    /* a letter for each event, and the content */
	size_t         begun;   /* how much was told before the content that is open */
	bool           later, waits, open, challenge;
};

static void
give(struct owner *o)
{
	o->waits = false;
	if (o->challenge)
		server_challenge(o->s, SPAN("who?"));
	else if (o->told.n % 7 == 3)
		server_answer(o->s, 450, "4.7.1", "not\r\nnow %zu", o->told.n);
	else
		server_accept(o->s);
	o->challenge = false;
}

static void
asked(struct owner *o, char what)
{
	buf_char(&o->told, what);
	must(!o->waits && server_wants(o->s) == SERVER_ANSWER);
	o->waits = true;
	if (!o->later)
		give(o);
}

static void
on_mail(void *arg, struct envelope *e, uint64_t size)
{
	(void)size;
	must(e->sender != NULL && e->nrcpts == 0);
	asked(arg, 'M');
}

static void
on_rcpt(void *arg, const struct rcpt *r)
{
	must(!addr_is_null(r->addr));
	asked(arg, 'R');
}

/* What is accepted can be stored, and read again. */
static void
on_data(void *arg, struct envelope *e)
{
	struct envelope again;
	struct buf      head;
	const char     *why;

	must(e->nrcpts > 0);
	e->host = xstrdup("h");
	e->time_us = 1;
	buf_init(&head, ENVELOPE_MAX_BYTES);
	envelope_put(&head, e);
	must(envelope_parse(buf_view(&head), &again, &why) == 0);
	envelope_done(&again);
	buf_done(&head);
	((struct owner *)arg)->open = true;
	asked(arg, 'D');
	((struct owner *)arg)->begun = ((struct owner *)arg)->told.n;
}

static void
on_content(void *arg, struct span bytes)
{
	struct owner *o = arg;

	must(bytes.n > 0 && o->open);
	buf_span(&o->told, bytes);
}

static void
on_end(void *arg, struct envelope *e)
{
	struct owner *o = arg;

	must(o->open && e->nrcpts > 0);
	o->open = false;
	asked(o, 'E');
}

static void
on_reset(void *arg)
{
	struct owner *o = arg;

	/* How much of a message that became too long was given out is the pieces' matter. */
	if (o->open)
		buf_cut(&o->told, o->begun);
	buf_char(&o->told, 'X');
	o->open = false;
}

static void
on_starttls(void *arg)
{
	asked(arg, 'S');
}

static void
on_login(void *arg, const struct login *l)
{
	must(l->user.n > 0 && l->password.n > 0);
	asked(arg, 'L');
}

static void
on_sasl(void *arg, const char *mechanism, bool begins, struct span message)
{
	struct owner *o = arg;

	must(strcmp(mechanism, "TOY") == 0);
	must(message.p != NULL || begins);
	o->challenge = message.p == NULL;
	asked(o, 'A');
}

static const struct server_ops ops = {
	.mail = on_mail, .rcpt = on_rcpt, .data = on_data, .content = on_content, .end = on_end,
	.reset = on_reset, .starttls = on_starttls, .login = on_login, .sasl = on_sasl,
};

static void
drain(struct owner *o, struct buf *heard)
{
	buf_span(heard, buf_view(server_out(o->s)));
	buf_clear(server_out(o->s));
}

static void
say(struct owner *o, struct span in, struct buf *heard)
{
	do {
		size_t n = server_take(o->s, in);

		must(n <= in.n && (n > 0 || o->waits || in.n == 0));
		in.p += n;
		in.n -= n;
		drain(o, heard);
		if (o->waits)
			give(o);
		else if (in.n == 0)
			break;
	} while (true);
	if (server_wants(o->s) == SERVER_HANDSHAKE)
		server_secured(o->s, SERVER_AUTH);
}

/* The whole of it, `piece` octets at a time.  All that was heard and told. */
static void
talk(unsigned char how, struct span in, size_t piece, bool later, struct buf *ret)
{
	struct server_config config = {
		.name = "mx.x.org", .flags = how & 15, .mechanisms = "PLAIN LOGIN TOY",
		.max_message = how & 16 ? 200 : 0, .max_header = how & 32 ? 100 : 0,
		.max_rcpts = how & 64 ? 3 : 0, .max_errors = how & 128 ? 5 : 0,
	};
	struct owner o = { .later = later };

	buf_init(&o.told, ret->max);
	o.s = server_new(&config, &ops, &o);
	server_greet(o.s);
	while (in.n > 0) {
		size_t n = piece < in.n ? piece : in.n;

		say(&o, (struct span){ in.p, n }, ret);
		in.p += n;
		in.n -= n;
	}
	server_lost(o.s);
	drain(&o, ret);
	for (size_t i = 0; i < ret->n; i++)
		must(((unsigned char)ret->p[i] >= ' ' && ret->p[i] != 127) ||
		    (ret->p[i] == '\r' && ret->p[i + 1] == '\n') ||
		    (ret->p[i] == '\n' && i > 0 && ret->p[i - 1] == '\r'));
	buf_span(ret, buf_view(&o.told));
	must(!ret->over);
	server_free(o.s);
	buf_done(&o.told);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = { (const char *)data + 2, n < 2 ? 0 : n - 2 };
	struct buf  one, other;

	if (n < 2)
		return 0;
	buf_init(&one, 600 * n + 4096);
	buf_init(&other, one.max);
	talk(data[0], in, in.n, false, &one);
	/* With STARTTLS the rest of a piece is dropped: what is heard then depends on the cut. */
	talk(data[0], in, data[1] % 16 + 1, true, &other);
	if ((data[0] & SERVER_STARTTLS) == 0)
		must(span_eq(buf_view(&one), buf_view(&other)));
	buf_done(&other);
	buf_done(&one);
	return 0;
}
