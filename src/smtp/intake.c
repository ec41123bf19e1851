/* intake.c - content on its way in; see intake.h. */
#include "smtp/intake.h"

#include <string.h>

void
intake_start(struct intake *k, uint64_t max, uint64_t max_header, bool lenient, bool lf_seen)
{
	*k = (struct intake){
		.max = max, .max_header = max_header,
		.lf = lenient && lf_seen, .decided = !lenient || lf_seen,
	};
}

/* ---- limits ---- */

/*
 * One octet of the header: is the header over with it?  A line that can be
 * no field is the body's first, as the spool's readers see it.
 */
static bool
header_ends(struct intake *k, char c)
{
	bool blank = c == ' ' || c == '\t';

	switch (k->header) {
	case HEADER_START:
		k->header = c == '\r' ? HEADER_CR : blank ? HEADER_REST : HEADER_NAME;
		return c == '\n' || c == ':';
	case HEADER_NAME:
		k->header = c == ':' ? HEADER_REST : blank ? HEADER_COLON : HEADER_NAME;
		return c <= ' ' && k->header == HEADER_NAME;
	case HEADER_COLON:
		k->header = c == ':' ? HEADER_REST : HEADER_COLON;
		return c != ':' && !blank;
	case HEADER_REST:
		k->header = c == '\n' ? HEADER_START : HEADER_REST;
		return false;
	default:
		return true;
	}
}

static void
watch_header(struct intake *k, struct span s)
{
	for (size_t i = 0; i < s.n && k->header != HEADER_OVER; i++) {
		k->header_n++;
		if (header_ends(k, s.p[i]))
			k->header = HEADER_OVER;
		else if (k->header_n > k->max_header)
			k->over = INTAKE_HEADER_TOO_LONG;
	}
}

/* Counted without end: a client's sum wraps in no lifetime. */
static void
pass(struct intake *k, struct span s, intake_give *give, void *arg)
{
	if (s.n == 0)
		return;
	k->n += s.n;
	if (k->max_header > 0)
		watch_header(k, s);
	if (k->max > 0 && k->n > k->max)
		k->over = INTAKE_TOO_LONG;
	if (k->over == INTAKE_FITS)
		give(arg, s);
}

void
intake_chunk(struct intake *k, struct span bytes, intake_give *give, void *arg)
{
	pass(k, bytes, give, arg);
}

/* ---- lines ---- */

/* A line of text goes on at p[i]; the place behind it, or n. */
static size_t
text(struct intake *k, const char *p, size_t i, size_t n)
{
	const char *lf = memchr(p + i, '\n', n - i);
	size_t      end;

	if (lf == NULL) {
		k->cr = p[n - 1] == '\r';
		return n;
	}
	end = (size_t)(lf - p);
	if (end > i)
		k->cr = p[end - 1] == '\r';
	if (!k->decided)
		k->lf = !k->cr;
	k->decided = true;
	if (k->cr || k->lf)
		k->at = INTAKE_START;
	k->cr = false;
	return end + 1;
}

/* The octet behind a dot that began a line.  True: the line was the last one. */
static bool
behind_dot(struct intake *k, char c, intake_give *give, void *arg)
{
	bool cr = k->at == INTAKE_DOT_CR;

	if (c == '\n' && (cr || k->lf || !k->decided))
		return true;
	if (c == '\r' && !cr) {
		k->at = INTAKE_DOT_CR;
		return false;
	}
	/* The dot was a stuffed one and goes; the CR was not and stays. */
	if (cr)
		pass(k, SPAN("\r"), give, arg);
	k->at = INTAKE_TEXT;
	k->cr = cr;
	return false;
}

bool
intake_data(struct intake *k, struct span *in, intake_give *give, void *arg)
{
	const char *p = in->p;
	size_t      n = in->n, i = 0, from = 0;
	bool        end = false;

	while (i < n && !end) {
		if (k->at == INTAKE_START && p[i] == '.') {
			pass(k, (struct span){ p + from, i - from }, give, arg);
			k->at = INTAKE_DOT;
			from = ++i;
		} else if (k->at == INTAKE_START || k->at == INTAKE_TEXT) {
			k->at = INTAKE_TEXT;
			i = text(k, p, i, n);
		} else {
			end = behind_dot(k, p[i], give, arg);
			if (end || k->at == INTAKE_DOT_CR)
				from = ++i;
		}
	}
	pass(k, (struct span){ p + from, i - from }, give, arg);
	in->p += i;
	in->n -= i;
	return end;
}
