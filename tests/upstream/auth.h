/*
 * auth.h - AUTH PLAIN and LOGIN, the server's side (RFC 4954, RFC 4616).
 */
#ifndef UPSTREAM_AUTH_H
#define UPSTREAM_AUTH_H

#include <stdbool.h>

#include "base/buf.h"

struct wire;

/*
 * Hold the exchange that "AUTH arg" began.  True: the right user and
 * password, and the 235 is the caller's to say.  False: it was answered with
 * 5xx, or the connection is gone.
 */
bool auth_check(struct wire *w, const char *user, const char *password, const char *mechanisms,
         struct span arg);

#endif
