/*
 * auth.h - AUTH PLAIN and LOGIN, the server's side (RFC 4954, RFC 4616), and
 * the two that carry tokens (Google's XOAUTH2, RFC 7628).
 */
#ifndef UPSTREAM_AUTH_H
#define UPSTREAM_AUTH_H

#include <stdbool.h>

#include "base/buf.h"

struct options;
struct wire;

/*
 * Hold the exchange that "AUTH arg" began.  True: the right user and
 * password, or a token of the file (lines of TOKEN and when it ends), and the 235 is the caller's to say.  False: it was answered with
 * 5xx, or the connection is gone.
 */
bool auth_check(struct wire *w, const struct options *o, struct span arg);

#endif
