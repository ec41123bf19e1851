/*
 * body.c - a message's content as it goes on the wire.
 */
#include "smtp/body.h"

#include <errno.h>
#include <string.h>

#include "smtp/limits.h"

uint64_t
body_size(const struct body_source *src)
{
	return src->head.n + src->n;
}

void
body_start(struct body *b, const struct body_source *src, bool dots)
{
	memset(b, 0, sizeof(*b));
	b->src = *src;
	b->dots = dots;
	/* Nothing sent yet is as good as a line just ended. */
	memcpy(b->tail, "\r\n", 2);
}

static void
took(struct body *b, const char *p, size_t n)
{
	b->done += n;
	if (n >= 2) {
		memcpy(b->tail, p + n - 2, 2);
	} else if (n == 1) {
		b->tail[0] = b->tail[1];
		b->tail[1] = p[0];
	}
}

/*
 * The first dot of p[at…n) that begins a line, or n.  `before` is the byte
 * before p[0].  Looks for dots, not for line ends: the contents that are
 * large are base64, which has none.  A line begins behind any LF, not only
 * behind CRLF: a server that takes LF for a line end must not see our LF.LF
 * as the end of the data.
 */
static size_t
line_dot(const char *p, size_t at, size_t n, char before)
{
	const char *dot;

	while (at < n && (dot = memchr(p + at, '.', n - at)) != NULL) {
		at = (size_t)(dot - p);
		if ((at > 0 ? p[at - 1] : before) == '\n')
			return at;
		at++;
	}
	return n;
}

static size_t
count_line_dots(const char *p, size_t at, size_t n, char before)
{
	size_t dots = 0;

	while ((at = line_dot(p, at, n, before)) < n) {
		dots++;
		at++;
	}
	return dots;
}

/*
 * Double the dots of out's last n bytes in place.  What stands from the
 * first of them on moves up once, by what it will grow, and comes down again
 * piece by piece: no byte moves more than twice, whatever the content is.
 */
static int
stuff(struct buf *out, size_t n, char before)
{
	size_t base = out->n - n, first, dots, r, w, piece;
	char *p = out->p + base;

	first = line_dot(p, 0, n, before);
	dots = count_line_dots(p, first, n, before);
	if (dots == 0)
		return 0;
	if (buf_room(out, dots) == NULL)
		return -EMSGSIZE;
	p = out->p + base;
	memmove(p + first + dots, p + first, n - first);
	for (r = first + dots, w = first; r < n + dots; r += piece, w += piece) {
		p[w++] = '.';
		piece = line_dot(p + r, 1, n + dots - r, '\0');
		memmove(p + w, p + r, piece);
	}
	buf_took(out, dots);
	return 0;
}

/* The next bytes of head or file, at most n, to p.  How many, or -errno. */
static ssize_t
take(const struct body *b, char *p, size_t n)
{
	const struct body_source *src = &b->src;
	uint64_t at;
	ssize_t r;

	if (b->done < src->head.n) {
		if (n > src->head.n - b->done)
			n = (size_t)(src->head.n - b->done);
		memcpy(p, src->head.p + b->done, n);
		return (ssize_t)n;
	}
	at = b->done - src->head.n;
	if (n > src->n - at)
		n = (size_t)(src->n - at);
	r = src->read(src->arg, src->at + at, p, n);
	/* More than asked for is as wrong as nothing: neither is our file's content. */
	if (r == 0 || r > (ssize_t)n)
		return -EIO;
	return r;
}

static int
fill_some(struct body *b, size_t n, struct buf *out)
{
	char before = b->tail[1];
	char *p = buf_room(out, n);
	ssize_t r;

	if (p == NULL)
		return -EMSGSIZE;
	r = take(b, p, n);
	if (r < 0)
		return (int)r;
	took(b, p, (size_t)r);
	buf_took(out, (size_t)r);
	return b->dots ? stuff(out, (size_t)r, before) : 0;
}

/* RFC 5321 §4.1.1.4: the CRLF before the dot is the content's own, when it ends in one. */
static int
finish(struct body *b, struct buf *out)
{
	if (b->dots) {
		if (memcmp(b->tail, "\r\n", 2) != 0)
			buf_str(out, "\r\n");
		buf_str(out, ".\r\n");
	}
	if (out->over)
		return -EMSGSIZE;
	b->ended = true;
	return 0;
}

int
body_fill(struct body *b, size_t max, struct buf *out)
{
	uint64_t size = body_size(&b->src), left;
	size_t goal = out->n + (max > 0 ? max : 1), n;
	int rc;

	if (b->ended)
		return 0;
	while (b->done < size) {
		if (out->n >= goal)
			return 1;
		left = size - b->done;
		n = goal - out->n < LIMIT_BODY_CHUNK ? goal - out->n : LIMIT_BODY_CHUNK;
		n = n < left ? n : (size_t)left;
		rc = fill_some(b, n, out);
		if (rc < 0)
			return rc;
	}
	return finish(b, out);
}
