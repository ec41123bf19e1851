/*
 * buf.h - bytes: owned (struct buf) and borrowed (struct span).
 *
 * Every parser of the project takes a span, never a C string: a span has an
 * end, so it cannot run off a missing NUL.  Everything that grows is a buf,
 * and a buf is born with its hard maximum.  Knows memory; knows no format.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A view of somebody else's bytes.  Who owns them says how long it lives. */
struct span {
	const char *p;
	size_t      n;
};

#define SPAN(literal) ((struct span){ (literal), sizeof(literal) - 1 })

struct span span_of(const char *cstr);                  /* NULL: empty */
bool        span_eq(struct span a, struct span b);
bool        span_ieq(struct span a, struct span b);     /* ASCII case */
bool        span_starts(struct span s, struct span prefix);
bool        span_istarts(struct span s, struct span prefix);
bool        span_icontains(struct span s, struct span needle);
struct span span_trim(struct span s);                   /* blanks, tabs, CR, LF at both ends */

/*
 * Take the part of *rest before the first sep into *ret and leave in *rest
 * what stands behind it.  False, and an empty part, when *rest was empty from
 * the start; a text without sep is one last part.
 */
bool        span_cut(struct span *rest, char sep, struct span *ret);

/* A heap copy with a NUL, the caller's to free().  Never NULL. */
char       *span_dup(struct span s);

/*
 * Owned, growing, always NUL-terminated once something was added.  An append
 * that would pass max sets `over` and adds nothing, and so does every later
 * one: write a whole thing, then look at `over` once.  Growing moves the
 * bytes and leaves the old ones behind: a buf for a secret asks for all its
 * room at the start, with buf_room(b, b->max).  Out of memory ends
 * the process: the spool is made to survive that, half-built text is not.
 */
struct buf {
	char  *p;
	size_t n;
	size_t cap;
	size_t max;
	bool   over;
};

void        buf_init(struct buf *b, size_t max_bytes);  /* allocates nothing */
void        buf_done(struct buf *b);                    /* frees; may be init'ed again */
void        buf_wipe(struct buf *b);                    /* buf_done after overwriting: secrets */
void        buf_clear(struct buf *b);                   /* empty, memory kept, over forgotten */
void        buf_drop(struct buf *b, size_t n);          /* remove n bytes at the front */
void        buf_cut(struct buf *b, size_t n);           /* keep the first n bytes only */
void        buf_add(struct buf *b, const void *p, size_t n);
void        buf_span(struct buf *b, struct span s);
void        buf_str(struct buf *b, const char *cstr);
void        buf_char(struct buf *b, char c);
void        buf_printf(struct buf *b, const char *fmt, ...)
            __attribute__((format(printf, 2, 3)));
void        buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/*
 * Room for n more bytes at the end, to be written by the caller (read(2));
 * NULL and over if that would pass max.  buf_took() then counts them in.
 */
char       *buf_room(struct buf *b, size_t n);
void        buf_took(struct buf *b, size_t n);

struct span buf_view(const struct buf *b);              /* valid until the next append */
const char *buf_cstr(const struct buf *b);              /* "" when empty */
struct span buf_steal(struct buf *b);                   /* b is empty; the bytes are yours to free() */

/* malloc, calloc and strdup that end the process instead of returning NULL. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);

#endif
