/*
 * work.h - one round of a message: loaded, its recipients routed, those of
 * one lane cut into mails, and what they came to.  A round ends when every
 * mail is back; its fate then says what becomes of the file.
 *
 * The journal is written so that a crash can only repeat, never lose: a
 * recipient that was sent while others wait is noted and synced before
 * anything else happens; a recipient that failed is noted when its report is
 * durable.
 */
#ifndef RELAY_WORK_H
#define RELAY_WORK_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/alias.h"
#include "relay/entry.h"
#include "relay/mail.h"

struct session;
struct work;

enum fate {
	FATE_GONE,      /* every recipient is settled for good: remove it */
	FATE_LATER,     /* some wait for their next attempt */
	FATE_AGAIN,     /* some were given back: due at once, no attempt counted */
	FATE_BEHIND,    /* the same, once the others had their turn */
	FATE_ONWARD,    /* this lane is through; others of the entry are still to try some */
	FATE_DEAD,      /* failed, and no report can be sent */
};

struct work_env {
	const struct config     *conf;
	const struct relay_conf *relay;         /* NULL: none, to see which lanes it needs */
	size_t                   recipients;    /* of a transaction, that it takes */
	size_t                   lane;          /* in conf; LANES_MAX: none */
	struct store            *store;
	const struct aliases    *aliases;       /* NULL: none; looked at by work_load() alone */
};

/*
 * Read the message of e from cur/ and make its mails for this lane and relay.
 * When its turn begins (e->lanes is 0) e->lanes gets the lanes it needs.  0;
 * -EBADMSG: does not parse (*ret_why); other -errno.  A message none of whose
 * recipients can be tried, or not in this lane, has no mails: go on to
 * work_finish().
 */
int work_load(const struct work_env *env, struct entry *e, struct work **ret, const char **ret_why);

struct entry *work_entry(const struct work *w);
struct mail  *work_take(struct work *w);        /* the next mail to carry; NULL: none is left that can be sent */
bool          work_has_more(const struct work *w);       /* there are mails to take */
const struct work_env *work_env(const struct work *w);
bool          work_is_back(const struct work *w);
struct work  *work_of(const struct mail *m);

/* A mail came back from a session.  Notes and logs its recipients, frees it. */
void work_settle(struct work *w, struct session *s, struct mail *m);

/* The mails that nobody pulled yet are given back: another relay, another
   configuration, or none is to carry them. */
void work_withdraw(struct work *w);

/* Nobody carries it: every recipient of the lane that waits is deferred for
   this reason (expiry while its relays rest). */
void work_defer_all(struct work *w, const struct status *why);

/* After the last mail: reports, and the fate.  The lane leaves e->lanes, unless it is to be tried again. */
enum fate work_finish(struct work *w, int64_t now_s);

/*
 * The file's last step, through the store; frees w.  -errno: it stays, and
 * *ret_noted says whether its journal, on the disk, has that it is settled:
 * then no restart sends it again.
 */
int  work_remove(struct work *w, bool *ret_noted);
void work_free(struct work *w);                 /* closes the file, which stays; NULL is fine */

struct work **work_next(struct work *w);        /* the queue's list */

#endif
