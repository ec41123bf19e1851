/*
 * attempt.h - is this the user's password?  Answered by a thread, since the
 * answer takes milliseconds on purpose; and no sooner for a user that is not
 * there, so who asks learns no names.
 */
#ifndef POSTERND_ATTEMPT_H
#define POSTERND_ATTEMPT_H

#include <stdbool.h>

#include "config/users.h"
#include "posternd/pool.h"
#include "smtp/challenge.h"

struct attempt;

/* login is copied.  done() comes from the loop. */
struct attempt *attempt_new(struct pool *pool, const struct users *u, const struct login *login,
    void (*done)(void *arg), void *arg);
bool            attempt_fits(const struct attempt *a);

/* Wipes; while the thread is at it, afterwards, and then no done() comes.  NULL is fine. */
void            attempt_drop(struct attempt *a);

#endif
