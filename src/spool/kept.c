/*
 * kept.c - see kept.h.  A message's gist is packed into octets: numbers in as
 * few as they need, a text as its length and itself, and of a reply, which is
 * a text of its own (code, dsn, relay, words), the address of where it lies.
 *
 * A hundred thousand messages of one script have one sender, and often one
 * recipient: such an address is kept once, in a seat that its hash gives, and
 * its number, an octet or two, stands for it.  Addresses that find their seat
 * taken stand where they are.  A table that takes them all, as that of the
 * replies does, would cost three times the address where each has its own.
 */
#include "spool/kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define PACKED_MAX (64u << 10)          /* of one message: a longer gist is read again */
#define NUMBERS_MAX 128                 /* and lengths, of a recipient, at their longest */
#define HEAP_EXTRA 16                   /* what malloc needs beside each piece, and its chain */
#define SEATS      512
#define WORTH_SEAT 4                    /* octets: a shorter address is as short as its number */

/* What a server said, and about how many recipients. */
struct reply {
	struct hash_node node;          /* n: octets of p */
	uint32_t         users;
	char             p[];
};

/* An address, and about how many places say it. */
struct seated {
	uint32_t users, n;
	char     p[];
};

/* A senders' table that recipients cannot fill, and theirs. */
enum seats { SEATS_SENDER, SEATS_RCPT, NSEATS };

struct packed {
	struct hash_node node;          /* likewise */
	msgid            id;
	uint64_t         mark;
	char             p[];
};

struct kept {
	size_t      max, bytes;
	bool        full;               /* something found no room since anything was dropped */
	struct hash packed, replies;
	struct seated *seat[NSEATS][SEATS];
	struct buf  out;                /* a gist as it is packed */
	struct gist_rcpt *rcpts;        /* as it is unpacked */
	size_t      cap;
};

struct kept *
kept_new(size_t max_bytes)
{
	struct kept *k = xcalloc(1, sizeof(*k));

	k->max = max_bytes;
	buf_init(&k->out, PACKED_MAX);
	return k;
}

size_t
kept_bytes(const struct kept *k)
{
	return k->bytes;
}

bool
kept_is_full(const struct kept *k)
{
	return k->full;
}

/* ---- numbers and texts ---- */

static void
put_number(struct buf *b, uint64_t n)
{
	for (; n > 127; n >>= 7)
		buf_char(b, (char)(n | 128));
	buf_char(b, (char)n);
}

static uint64_t
get_number(const char **at)
{
	uint64_t n = 0;
	unsigned shift = 0;

	do
		n |= (uint64_t)(**at & 127) << shift;
	while (shift += 7, (*(*at)++ & 128) != 0);
	return n;
}

/* 0: there is none. */
static void
put_text(struct buf *b, struct span s)
{
	put_number(b, s.p == NULL ? 0 : s.n + 1);
	buf_span(b, s);
}

static struct span
get_text(const char **at)
{
	uint64_t n = get_number(at);
	struct span s = { n == 0 ? NULL : *at, n == 0 ? 0 : (size_t)n - 1 };

	*at += s.n;
	return s;
}

/* ---- addresses ---- */

/* Its seat, taken or made; SEATS: it has none. */
static size_t
take_seat(struct kept *k, enum seats which, struct span s)
{
	size_t at = hash_span(s) % SEATS;
	struct seated **x = &k->seat[which][at];

	if (s.n < WORTH_SEAT)
		return SEATS;
	if (*x == NULL) {
		*x = xrealloc(NULL, sizeof(**x) + s.n);
		**x = (struct seated){ .n = (uint32_t)s.n };
		memcpy((*x)->p, s.p, s.n);
		k->bytes += sizeof(**x) + s.n + HEAP_EXTRA;
	} else if (!span_eq(s, (struct span){ (*x)->p, (*x)->n })) {
		return SEATS;
	}
	(*x)->users++;
	return at;
}

static void
leave_seat(struct kept *k, enum seats which, size_t at)
{
	struct seated **x = &k->seat[which][at];

	if (--(*x)->users > 0)
		return;
	k->bytes -= sizeof(**x) + (*x)->n + HEAP_EXTRA;
	free(*x);
	*x = NULL;
}

/* 0: there is none.  Odd: a seat.  Even: its length, and itself. */
static void
put_addr(struct kept *k, enum seats which, struct span s)
{
	size_t at = s.p == NULL ? SEATS : take_seat(k, which, s);

	if (at < SEATS) {
		put_number(&k->out, 2 * at + 1);
		return;
	}
	put_number(&k->out, s.p == NULL ? 0 : 2 * (s.n + 1));
	buf_span(&k->out, s);
}

static struct span
get_addr(const struct kept *k, enum seats which, const char **at)
{
	uint64_t n = get_number(at);
	const struct seated *x;
	struct span s;

	if ((n & 1) != 0) {
		x = k->seat[which][n / 2];
		return (struct span){ x->p, x->n };
	}
	s = (struct span){ n == 0 ? NULL : *at, n == 0 ? 0 : (size_t)n / 2 - 1 };
	*at += s.n;
	return s;
}

static void
leave_addr(struct kept *k, enum seats which, const char **at)
{
	const char *number = *at;
	uint64_t n = get_number(&number);

	get_addr(k, which, at);
	if ((n & 1) != 0)
		leave_seat(k, which, (size_t)n / 2);
}

/* ---- replies ---- */

static struct reply *
reply_of(struct hash_node *x)
{
	return (struct reply *)x;
}

static struct reply *
take_reply(struct kept *k, struct span s)
{
	uint32_t hash = hash_span(s);
	struct hash_node *x = hash_find(&k->replies, hash);
	struct reply *r;

	while (x != NULL && !span_eq(s, (struct span){ reply_of(x)->p, reply_of(x)->node.n }))
		x = hash_next(x);
	if (x == NULL) {
		r = xrealloc(NULL, sizeof(*r) + s.n);
		*r = (struct reply){ .node = { .hash = hash, .n = (uint32_t)s.n } };
		memcpy(r->p, s.p, s.n);
		hash_add(&k->replies, &r->node);
		k->bytes += sizeof(*r) + s.n + HEAP_EXTRA;
		x = &r->node;
	}
	reply_of(x)->users++;
	return reply_of(x);
}

static void
leave_reply(struct kept *k, struct reply *r)
{
	if (--r->users > 0)
		return;
	hash_remove(&k->replies, &r->node);
	k->bytes -= sizeof(*r) + r->node.n + HEAP_EXTRA;
	free(r);
}

static struct reply *
get_reply(const char **at)
{
	struct reply *r;

	memcpy(&r, *at, sizeof(r));
	*at += sizeof(r);
	return r;
}

/* ---- gists ---- */

/* Packed behind what is packed already, made one with its like, and its address in its place. */
static void
pack_reply(struct kept *k, const struct gist_rcpt *to)
{
	size_t start = k->out.n;
	struct reply *r;

	put_number(&k->out, (uint64_t)to->code);
	put_text(&k->out, to->dsn);
	put_text(&k->out, to->relay);
	put_text(&k->out, to->text);
	r = take_reply(k, (struct span){ k->out.p + start, k->out.n - start });
	buf_cut(&k->out, start);
	buf_add(&k->out, &r, sizeof(r));
}

static void
pack_rcpt(struct kept *k, const struct gist_rcpt *to)
{
	put_addr(k, SEATS_RCPT, to->addr);
	put_number(&k->out, to->what);
	if (to->what == OUTCOME_NONE)
		return;
	put_number(&k->out, (uint64_t)to->time_s);
	pack_reply(k, to);
}

static void
unpack_rcpt(const struct kept *k, const char **at, struct gist_rcpt *ret)
{
	const char *reply;

	*ret = (struct gist_rcpt){ .addr = get_addr(k, SEATS_RCPT, at) };
	ret->what = (enum outcome)get_number(at);
	if (ret->what == OUTCOME_NONE)
		return;
	ret->time_s = (int64_t)get_number(at);
	reply = get_reply(at)->p;
	ret->code = (int)get_number(&reply);
	ret->dsn = get_text(&reply);
	ret->relay = get_text(&reply);
	ret->text = get_text(&reply);
}

static void
unpack(struct kept *k, const struct packed *x, struct gist *ret)
{
	const char *at = x->p;

	*ret = (struct gist){ .id = x->id, .size = get_number(&at) };
	ret->uid = (uid_t)get_number(&at);
	ret->attempts = (unsigned)get_number(&at);
	ret->held_by = get_text(&at);
	ret->sender = get_addr(k, SEATS_SENDER, &at);
	ret->nrcpts = (size_t)get_number(&at);
	if (ret->nrcpts > k->cap) {
		k->cap = ret->nrcpts;
		k->rcpts = xrealloc(k->rcpts, k->cap * sizeof(*k->rcpts));
	}
	ret->rcpts = k->rcpts;
	for (size_t i = 0; i < ret->nrcpts; i++)
		unpack_rcpt(k, &at, &k->rcpts[i]);
}

static struct packed *
find(const struct kept *k, msgid id)
{
	struct hash_node *x = hash_find(&k->packed, hash_number(id));

	while (x != NULL && ((struct packed *)x)->id != id)
		x = hash_next(x);
	return (struct packed *)x;
}

static size_t
size_of(size_t n)
{
	return offsetof(struct packed, p) + n + HEAP_EXTRA;
}

/* What it has in common with others; of its recipients that of the first `most`. */
static void
leave_shared(struct kept *k, const char *at, uint64_t most)
{
	uint64_t n;

	get_number(&at);
	get_number(&at);
	get_number(&at);
	get_text(&at);
	leave_addr(k, SEATS_SENDER, &at);
	n = get_number(&at);
	for (uint64_t i = 0; i < n && i < most; i++) {
		leave_addr(k, SEATS_RCPT, &at);
		if (get_number(&at) == OUTCOME_NONE)
			continue;
		get_number(&at);
		leave_reply(k, get_reply(&at));
	}
}

static void
forget(struct kept *k, struct packed *x)
{
	hash_remove(&k->packed, &x->node);
	k->bytes -= size_of(x->node.n);
	leave_shared(k, x->p, UINT64_MAX);
	free(x);
}

void
kept_drop(struct kept *k, msgid id)
{
	struct packed *x = find(k, id);

	if (x == NULL)
		return;
	forget(k, x);
	k->full = false;
}

static bool
has_room_for(const struct kept *k, const struct gist_rcpt *to)
{
	return k->out.n + to->addr.n + to->dsn.n + to->relay.n + to->text.n + NUMBERS_MAX <= PACKED_MAX;
}

/* False: it is too long. */
static bool
pack(struct kept *k, const struct gist *g)
{
	buf_clear(&k->out);
	put_number(&k->out, g->size);
	put_number(&k->out, g->uid);
	put_number(&k->out, g->attempts);
	put_text(&k->out, g->held_by);
	put_addr(k, SEATS_SENDER, g->sender);
	put_number(&k->out, g->nrcpts);
	for (size_t i = 0; i < g->nrcpts; i++) {
		if (!has_room_for(k, &g->rcpts[i])) {
			leave_shared(k, k->out.p, i);
			return false;
		}
		pack_rcpt(k, &g->rcpts[i]);
	}
	assert(!k->out.over);
	return true;
}

void
kept_put(struct kept *k, const struct gist *g, uint64_t mark)
{
	struct packed *x;
	size_t n;

	kept_drop(k, g->id);
	if (!pack(k, g))
		return;
	n = k->out.n;
	x = xrealloc(NULL, offsetof(struct packed, p) + n);
	*x = (struct packed){ .node = { .hash = hash_number(g->id), .n = (uint32_t)n }, .id = g->id, .mark = mark };
	memcpy(x->p, k->out.p, n);
	hash_add(&k->packed, &x->node);
	k->bytes += size_of(n);
	if (k->bytes > k->max) {
		forget(k, x);
		k->full = true;
	}
}

bool
kept_knows(const struct kept *k, msgid id)
{
	return find(k, id) != NULL;
}

bool
kept_find(struct kept *k, msgid id, uint64_t mark, struct gist *ret)
{
	const struct packed *x = find(k, id);

	if (x == NULL || x->mark != mark)
		return false;
	unpack(k, x, ret);
	return true;
}

void
kept_free(struct kept *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < k->packed.nchains; i++)
		for (struct hash_node *x = k->packed.chain[i], *next; x != NULL; x = next) {
			next = x->next;
			free(x);
		}
	for (size_t i = 0; i < k->replies.nchains; i++)
		for (struct hash_node *x = k->replies.chain[i], *next; x != NULL; x = next) {
			next = x->next;
			free(x);
		}
	for (int which = 0; which < NSEATS; which++)
		for (size_t i = 0; i < SEATS; i++)
			free(k->seat[which][i]);
	hash_done(&k->packed);
	hash_done(&k->replies);
	buf_done(&k->out);
	free(k->rcpts);
	free(k);
}
