/*
 * token.h - one relay's OAuth token: asked of postern-oauth, kept in memory
 * while it is good, renewed before its end while the present one is in use.
 * Also now and then when there is no mail, since providers let a consent die
 * that nobody uses, and an admin should hear of that before the mail that
 * matters.  Knows no connections.
 */
#ifndef RELAY_TOKEN_H
#define RELAY_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/config.h"
#include "smtp/status.h"

struct event_base;
struct token;

/* All from the loop. */
struct token_ops {
	void (*came)(void *arg);                                /* one that was asked for */
	void (*failed)(void *arg, const struct status *why);    /* the relay's trouble; lent, but for the hint */
};

/* relay has oauth, and outlives it. */
struct token *token_new(struct event_base *base, const struct relay_conf *relay, const struct token_ops *ops,
                        void *arg);

/*
 * What a login needs now: true and *ret, lent until the loop's next turn.
 * False: it is being asked for, and came() or failed() will come.
 */
bool token_ask(struct token *t, struct span *ret);

/*
 * The server refused it.  True: another is being asked for, as by token_ask().
 * False: it was made for a refusal itself, so the token is not the cause.
 */
bool token_refused(struct token *t);
void token_worked(struct token *t);             /* the server took it */
void token_changed(struct token *t);            /* somebody changed a file that it depends on: another is asked for */

/* Wall seconds; 0: not known, or nobody had to agree.  ends: of the consent, if nothing is done. */
int64_t token_expires_s(const struct token *t);
int64_t token_ends_s(const struct token *t);
const char *token_scope(const struct token *t);         /* what was granted; "": not known */

/* A renewal that has been asked for comes to its end (helper_leave()): killed between the provider's answer and
   the file it could cost the consent. */
void token_free(struct token *t);               /* NULL is fine */

/* The path of postern-oauth; before any token. */
void token_set_helper(const char *path);

#endif
