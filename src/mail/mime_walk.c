/*
 * mime_walk.c - walk the parts of a message; see mime_walk.h.  Below,
 * feed_*: lines, or the pieces of overlong ones, out of a source; above it
 * the states of the walk.
 */
#include "mail/mime_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

#define CHUNK     16384         /* read at a time */
#define WHOLE_MAX 1024          /* a line up to this long comes in one piece: no delimiter is longer */

/* ---- lines ---- */

struct piece {
	struct span text;
	struct span eol;        /* CRLF or LF; empty: the line goes on, or the body ended */
	bool        begins;     /* a line begins with it */
	bool        whole;      /* and is complete */
};

struct feed {
	struct mime_source src;
	uint64_t           pos;         /* octets of the source in buf or behind it */
	size_t             at, have;    /* of buf: the unread part */
	bool               mid_line;
	char               buf[CHUNK];
};

static int
feed_fill(struct feed *f)
{
	memmove(f->buf, f->buf + f->at, f->have - f->at);
	f->have -= f->at;
	f->at = 0;
	while (f->have < CHUNK && f->pos < f->src.n) {
		uint64_t left = f->src.n - f->pos;
		size_t   n = left < CHUNK - f->have ? (size_t)left : CHUNK - f->have;
		ssize_t  r = f->src.read(f->src.arg, f->src.at + f->pos, f->buf + f->have, n);

		if (r <= 0 || (size_t)r > n)
			return r < 0 ? (int)r : -EIO;
		f->have += (size_t)r;
		f->pos += (uint64_t)r;
	}
	return 0;
}

/* 1: a piece; 0: the end; -errno. */
static int
feed_next(struct feed *f, struct piece *ret)
{
	const char *p, *lf;
	size_t      n;
	int         e;

	if (f->have - f->at < WHOLE_MAX + 2 && f->pos < f->src.n && (e = feed_fill(f)) < 0)
		return e;
	if (f->have == f->at)
		return 0;
	p = f->buf + f->at;
	n = f->have - f->at;
	lf = memchr(p, '\n', n);
	ret->begins = !f->mid_line;
	if (lf != NULL) {
		n = (size_t)(lf - p);
		if (n > 0 && p[n - 1] == '\r')
			n--;
	} else if (p[n - 1] == '\r' && f->pos < f->src.n)
		n--;                            /* perhaps half a line end */
	ret->text = (struct span){ p, n };
	ret->eol = (struct span){ p + n, lf != NULL ? (size_t)(lf + 1 - p) - n : 0 };
	ret->whole = ret->begins && (lf != NULL || f->pos == f->src.n);
	f->mid_line = lf == NULL;
	f->at += n + ret->eol.n;
	return 1;
}

/* ---- the walk ---- */

/* An open multipart, or (without boundary) an open message within one. */
struct level {
	bool   is_digest;
	size_t n;
	char   boundary[MIME_BOUNDARY_MAX];
};

enum state { HEADER, LEAF, GAP };

struct mime_walk {
	struct feed        feed;
	enum state         state;
	struct mime_entity entity;
	size_t             index;       /* of the next entity */
	bool               is_message;  /* HEADER: whose block it is */
	bool               epilogue;
	struct buf         header;
	const char        *frozen;
	bool               begun;

	struct piece       piece;       /* the one in hand */
	bool               in_hand;
	char               held[2];     /* a line end that may yet belong to a delimiter */
	size_t             held_n;
	char               out[2 * 2 + WHOLE_MAX];

	size_t             depth;
	struct level       level[MIME_DEPTH_MAX];
};

struct mime_walk *
mime_walk_new(struct span head, const struct mime_source *src, const char *frozen)
{
	struct mime_walk *w = xcalloc(1, sizeof(*w));

	w->feed.src = *src;
	w->frozen = frozen;
	w->state = HEADER;
	w->is_message = true;
	buf_init(&w->header, head.n > MIME_HEADER_MAX ? head.n : MIME_HEADER_MAX);
	buf_span(&w->header, head);
	return w;
}

void
mime_walk_free(struct mime_walk *w)
{
	if (w == NULL)
		return;
	buf_done(&w->header);
	free(w);
}

/* Could a delimiter of one pass for one of the other's? */
static bool
collide(struct span a, struct span b)
{
	static const struct span dashes = { "--", 2 };

	if (a.n > b.n)
		return collide(b, a);
	return span_starts(b, a) &&
	    (b.n == a.n || span_eq((struct span){ b.p + a.n, b.n - a.n }, dashes));
}

static int
push(struct mime_walk *w, const struct mime_entity *e)
{
	struct span   boundary = { e->boundary, e->boundary_n };
	struct level *l;

	if (w->depth == MIME_DEPTH_MAX)
		return -ELOOP;
	for (size_t i = 0; i < w->depth && boundary.n > 0; i++) {
		l = &w->level[i];
		if (l->n > 0 && collide((struct span){ l->boundary, l->n }, boundary))
			return -ELOOP;
	}
	l = &w->level[w->depth++];
	l->is_digest = e->is_digest;
	l->n = boundary.n;
	memcpy(l->boundary, boundary.p, boundary.n);
	return 0;
}

/* Is the piece a delimiter, of which level, and the last one of it? */
static bool
is_delimiter(const struct mime_walk *w, size_t *ret_level, bool *ret_close)
{
	struct span line = w->piece.text;

	if (!w->piece.whole || line.n < 3 || line.n > WHOLE_MAX || line.p[0] != '-' || line.p[1] != '-')
		return false;
	while (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t')
		line.n--;
	for (size_t i = w->depth; i-- > 0;) {
		const struct level *l = &w->level[i];
		size_t              n = 2 + l->n;

		if (l->n == 0 || line.n < n || memcmp(line.p + 2, l->boundary, l->n) != 0)
			continue;
		if (line.n != n && (line.n != n + 2 || line.p[n] != '-' || line.p[n + 1] != '-'))
			continue;
		*ret_level = i;
		*ret_close = line.n != n;
		return true;
	}
	return false;
}

static int
give(const struct mime_walk *w, struct mime_event *ret, enum mime_what what, struct span bytes)
{
	memset(ret, 0, sizeof(*ret));
	ret->what = what;
	ret->bytes = bytes;
	if (w->state != GAP) {
		ret->entity = &w->entity;
		ret->index = w->index - 1;
	}
	ret->epilogue = w->epilogue;
	return 1;
}

/* ---- headers ---- */

/*
 * A header block is complete (or, `torn`, ends at something that no reader
 * agrees about): what is behind it?
 */
static int
end_header(struct mime_walk *w, const char *torn, struct mime_event *ret)
{
	bool in_digest = w->depth > 0 && w->level[w->depth - 1].is_digest;
	int  e = 0;

	mime_entity_read(buf_view(&w->header), w->is_message, in_digest && !w->is_message, &w->entity);
	if (torn != NULL || w->frozen != NULL) {
		w->entity.kind = MIME_FROZEN;
		w->entity.why = torn != NULL ? torn : w->frozen;
		w->entity.header_too = true;
	}
	w->index++;
	w->begun = true;
	w->state = LEAF;
	give(w, ret, MIME_HEADER, buf_view(&w->header));
	if (w->entity.kind == MIME_MULTIPART) {
		w->state = GAP;
		w->epilogue = false;
		e = push(w, &w->entity);
	} else if (w->entity.kind == MIME_MESSAGE) {
		w->state = HEADER;
		w->is_message = true;
		e = push(w, &w->entity);
	}
	return e < 0 ? e : 1;
}

static void
begin_header(struct mime_walk *w, bool is_message)
{
	w->state = HEADER;
	w->is_message = is_message;
	buf_clear(&w->header);
}

/* 1: an event; 0: the piece was taken in, go on. */
static int
header_piece(struct mime_walk *w, struct mime_event *ret)
{
	const struct piece *p = &w->piece;
	bool                blank = p->text.n > 0 && (p->text.p[0] == ' ' || p->text.p[0] == '\t');

	if (p->begins && p->text.n > 0 && !(blank && w->header.n > 0) && !header_starts_field(p->text))
		return end_header(w, "the header of a part does not end properly", ret);
	if (w->header.n + p->text.n + p->eol.n > MIME_HEADER_MAX)
		return end_header(w, "the header of a part is too long", ret);
	buf_span(&w->header, p->text);
	buf_span(&w->header, p->eol);
	w->in_hand = false;
	if (p->begins && p->text.n == 0)
		return end_header(w, NULL, ret);
	return 0;
}

/* ---- what is no header ---- */

static int
text_piece(struct mime_walk *w, struct mime_event *ret)
{
	const struct piece *p = &w->piece;

	if (p->begins && w->held_n > 0) {
		memcpy(w->out, w->held, w->held_n);
		give(w, ret, MIME_EOL, (struct span){ w->out, w->held_n });
		w->held_n = 0;
		return 1;
	}
	memcpy(w->held, p->eol.p, p->eol.n);
	w->held_n = p->eol.n;
	w->in_hand = false;
	return p->text.n > 0 ? give(w, ret, MIME_TEXT, p->text) : 0;
}

static int
end_leaf(struct mime_walk *w, bool last, struct mime_event *ret)
{
	give(w, ret, MIME_END, (struct span){ w->out, 0 });
	ret->last = last;
	w->state = GAP;
	w->epilogue = true;
	return 1;
}

static int
delimiter(struct mime_walk *w, size_t level, bool close, struct mime_event *ret)
{
	const struct piece *p = &w->piece;
	size_t              n = 0;
	bool                partless;

	if (w->state == HEADER)
		return end_header(w, NULL, ret);
	if (w->state == LEAF)
		return end_leaf(w, false, ret);
	partless = !w->epilogue && level + 1 < w->depth;
	memcpy(w->out, w->held, w->held_n);
	n = w->held_n;
	w->held_n = 0;
	memcpy(w->out + n, p->text.p, p->text.n);
	n += p->text.n;
	memcpy(w->out + n, p->eol.p, p->eol.n);
	n += p->eol.n;
	w->in_hand = false;
	w->state = GAP;
	give(w, ret, MIME_DELIMITER, (struct span){ w->out, n });
	ret->partless = partless;
	w->depth = close ? level : level + 1;
	w->epilogue = close;
	if (!close)
		begin_header(w, false);
	return 1;
}

static int
at_end(struct mime_walk *w, struct mime_event *ret)
{
	if (w->state == HEADER)
		return end_header(w, NULL, ret);
	if (w->held_n > 0) {
		give(w, ret, MIME_EOL, (struct span){ w->held, w->held_n });
		w->held_n = 0;
		return 1;
	}
	return w->state == LEAF ? end_leaf(w, true, ret) : 0;
}

/*
 * The block of a message within starts empty; its parent's was lent out with
 * the event before, so it is cleared only now.
 */
int
mime_walk_next(struct mime_walk *w, struct mime_event *ret)
{
	size_t level;
	bool   close;
	int    r;

	if (!w->begun)
		return end_header(w, NULL, ret);
	if (w->state == HEADER && w->entity.kind == MIME_MESSAGE && w->is_message)
		buf_clear(&w->header);
	for (;;) {
		if (!w->in_hand) {
			if ((r = feed_next(&w->feed, &w->piece)) < 0)
				return r;
			if (r == 0)
				return at_end(w, ret);
			w->in_hand = true;
		}
		if (is_delimiter(w, &level, &close))
			r = delimiter(w, level, close, ret);
		else if (w->state == HEADER)
			r = header_piece(w, ret);
		else
			r = text_piece(w, ret);
		if (r != 0)
			return r;
	}
}
