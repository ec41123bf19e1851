/*
 * redirect.h - where a consent comes back to (RFC 8252 §7.3): a listener on
 * the loopback that a browser is sent to, or the address it was sent to,
 * pasted by a person whose browser is elsewhere.
 */
#ifndef OAUTH_REDIRECT_H
#define OAUTH_REDIRECT_H

#include "base/buf.h"

#define REDIRECT_MAX_BYTES 16384        /* of a browser's request, or of a pasted line */

struct redirect;

/* port 0: any.  NULL: *ret_errno. */
struct redirect *redirect_open(unsigned port, int *ret_errno);
unsigned         redirect_port(const struct redirect *r);

/*
 * Wait for one that has `code` or `error` among its parameters, at most
 * limit_ms; lines of in_fd count like requests ("paste ADDRESS"); -1: there
 * are none.  0 and its query in *ret; -ETIMEDOUT; -EINVAL: a line was pasted that
 * is none, so wait again.
 */
int              redirect_wait(struct redirect *r, int in_fd, int limit_ms, struct buf *ret);

/* What the browser that brought it shows; nothing where it was pasted. */
void             redirect_answer(struct redirect *r, const char *title, const char *text);
void             redirect_close(struct redirect *r);    /* NULL is fine */

/* The query of a request's first line, or of an address; empty: none.  Pure. */
struct span      redirect_query(struct span text);

#endif
