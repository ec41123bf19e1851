/* buf.c - owned and borrowed bytes; see buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define FIRST_BYTES 64

struct span
span_of(const char *cstr)
{
	return (struct span){ cstr, cstr == NULL ? 0 : strlen(cstr) };
}

bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/*
 * ASCII by hand and not tolower(3): under a Turkish locale that maps 'I' to
 * something else, and a keyword of the protocol would stop matching.
 */
static unsigned char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : (unsigned char)c;
}

bool
span_ieq(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_eq((struct span){ s.p, prefix.n }, prefix);
}

bool
span_istarts(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_ieq((struct span){ s.p, prefix.n }, prefix);
}

bool
span_icontains(struct span s, struct span needle)
{
	if (needle.n == 0)
		return true;
	for (size_t at = 0; at + needle.n <= s.n; at++)
		if (span_ieq((struct span){ s.p + at, needle.n }, needle))
			return true;
	return false;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct span
span_trim(struct span s)
{
	while (s.n > 0 && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
span_cut(struct span *rest, char sep, struct span *ret)
{
	const char *hit;

	*ret = (struct span){ rest->p, 0 };
	if (rest->n == 0)
		return false;
	hit = memchr(rest->p, sep, rest->n);
	if (hit == NULL) {
		ret->n = rest->n;
		rest->p += rest->n;
		rest->n = 0;
		return true;
	}
	ret->n = (size_t)(hit - rest->p);
	rest->p += ret->n + 1;
	rest->n -= ret->n + 1;
	return true;
}

char *
span_dup(struct span s)
{
	char *p = xrealloc(NULL, s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

void
buf_init(struct buf *b, size_t max_bytes)
{
	assert(max_bytes < SIZE_MAX / 2);       /* so that no sum below can wrap */
	*b = (struct buf){ .max = max_bytes };
}

void
buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_done(b);
}

void
buf_clear(struct buf *b)
{
	buf_cut(b, 0);
	b->over = false;
}

void
buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (n == 0)
		return;
	b->n -= n;
	memmove(b->p, b->p + n, b->n + 1);      /* the NUL moves too */
}

void
buf_cut(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n = n;
	if (b->p != NULL)
		b->p[n] = '\0';
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (b->over || n > b->max - b->n) {
		b->over = true;
		return NULL;
	}
	need = b->n + n + 1;
	if (need > b->cap) {
		cap = b->cap == 0 ? FIRST_BYTES : b->cap * 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		if (cap < need)
			cap = need;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
		b->p[b->n] = '\0';
	}
	return b->p + b->n;
}

void
buf_took(struct buf *b, size_t n)
{
	assert(n < b->cap - b->n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_room(b, n);

	if (to == NULL)
		return;
	if (n > 0)
		memcpy(to, p, n);
	buf_took(b, n);
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_str(struct buf *b, const char *cstr)
{
	buf_add(b, cstr, strlen(cstr));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

/*
 * Into the room there is, which is enough for nearly all: to measure first
 * would format everything twice.  What does not fit is taken back, since
 * "adds nothing" is the promise, and formatted again into room for it.
 */
void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	size_t left = b->over ? 0 : b->cap - b->n;
	va_list again;
	char *to;
	int n;

	va_copy(again, ap);
	n = vsnprintf(left > 0 ? b->p + b->n : NULL, left, fmt, again);
	va_end(again);
	assert(n >= 0);
	if ((size_t)n < left && (size_t)n <= b->max - b->n) {
		buf_took(b, (size_t)n);
		return;
	}
	if (left > 0)
		b->p[b->n] = '\0';
	to = buf_room(b, (size_t)n);
	if (to == NULL)
		return;
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	buf_took(b, (size_t)n);
}

struct span
buf_view(const struct buf *b)
{
	return (struct span){ buf_cstr(b), b->n };
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p == NULL ? "" : b->p;
}

struct span
buf_steal(struct buf *b)
{
	struct span s = { b->p == NULL ? xstrdup("") : b->p, b->n };

	*b = (struct buf){ .max = b->max };
	return s;
}

/*
 * 75 and not abort(): for the shim it is the true answer (nothing queued,
 * try again), and a supervisor restarts the daemon after either.
 */
static _Noreturn void
out_of_memory(void)
{
	static const char line[] = "out of memory\n";

	(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
	_exit(EX_TEMPFAIL);
}

void *
xcalloc(size_t count, size_t size)
{
	void *p;

	if (count == 0 || size == 0)
		count = size = 1;
	p = calloc(count, size);
	if (p == NULL)
		out_of_memory();
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	p = realloc(p, n == 0 ? 1 : n);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
xstrdup(const char *s)
{
	return span_dup(span_of(s));
}
