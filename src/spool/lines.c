/* lines.c - line ends made uniform; see lines.h. */
#include "spool/lines.h"

#include <stdint.h>
#include <string.h>

void
lines_init(struct lines *l)
{
	*l = (struct lines){ 0 };
}

/* Eight octets at a time: this pass sees every octet of every message. */
static bool
has_high(const char *p, size_t n)
{
	uint64_t word, all = 0;

	for (; n >= sizeof(word); p += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		all |= word;
	}
	for (; n > 0; p++, n--)
		all |= (unsigned char)*p;
	return (all & 0x8080808080808080u) != 0;
}

static void
blank_out(char *p, size_t n, char c)
{
	char *end = p + n;

	while ((p = memchr(p, c, (size_t)(end - p))) != NULL)
		*p++ = ' ';
}

/* Part of one line, no LF in it. */
static void
put_text(struct lines *l, const char *p, size_t n, char *out)
{
	if (n == 0)
		return;
	memcpy(out, p, n);
	blank_out(out, n, '\r');
	blank_out(out, n, '\0');
	l->eightbit = l->eightbit || has_high(out, n);
	l->dots = l->dots || (l->column == 0 && out[0] == '.');
	l->column += n;
}

static void
end_line(struct lines *l, char *out)
{
	out[0] = '\r';
	out[1] = '\n';
	if (l->column > l->longest)
		l->longest = l->column;
	l->column = 0;
	l->cr = false;
}

static void
take(struct span *s, size_t n)
{
	s->p += n;
	s->n -= n;
}

/*
 * A CR at the end of what is at hand is put off, whether the input or the
 * room ended there: only the next octet tells what it is.
 */
size_t
lines_put(struct lines *l, struct span *in, char *out, size_t room)
{
	size_t done = 0;

	while (in->n > 0 && room - done >= LINES_ROOM) {
		size_t      n = room - done - LINES_ROOM + 1;
		const char *lf;

		if (*in->p == '\n') {
			end_line(l, out + done);
			done += 2;
			take(in, 1);
			continue;
		}
		if (l->cr) {
			put_text(l, " ", 1, out + done++);
			l->cr = false;
		}
		if (n > in->n)
			n = in->n;
		if ((lf = memchr(in->p, '\n', n)) != NULL)
			n = (size_t)(lf - in->p);
		l->cr = in->p[n - 1] == '\r';
		put_text(l, in->p, n - l->cr, out + done);
		done += n - l->cr;
		take(in, n);
	}
	return done;
}

size_t
lines_end(struct lines *l, char *out)
{
	size_t done = 0;

	if (l->cr)
		put_text(l, " ", 1, out + done++);
	l->cr = false;
	if (l->column == 0)
		return 0;
	end_line(l, out + done);
	return done + 2;
}
