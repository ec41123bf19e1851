/*
 * loginfiles.h - the files that one relay's login depends on, all of them:
 * where its password is, what its tokens are asked for with, whom its TLS
 * trusts and what it shows.  Remembers how each was when it was last read,
 * and while a relay rests, tells when one is no longer so: somebody may have
 * put right what is wrong.  Reads none of them.
 */
#ifndef RELAY_LOGINFILES_H
#define RELAY_LOGINFILES_H

#include <stdbool.h>

#include "config/config.h"

struct event_base;
struct loginfiles;

enum loginfile {
	LOGINFILE_SECRET,       /* read for each login, or for each token */
	LOGINFILE_TOKEN,        /* written here, too */
	LOGINFILE_TLS,          /* read for a TLS context */
};

/* relay outlives it.  All count as seen; changed() comes from the loop, while they are watched. */
struct loginfiles *loginfiles_new(struct event_base *base, const struct relay_conf *relay,
                                  void (*changed)(void *arg), void *arg);
void     loginfiles_free(struct loginfiles *f);         /* NULL is fine */

/* Those of this kind are about to be read: a change between the two is found later. */
void     loginfiles_see(struct loginfiles *f, enum loginfile kind);
bool     loginfiles_are_other(const struct loginfiles *f, enum loginfile kind); /* than when they were seen */
unsigned loginfiles_version(const struct loginfiles *f);        /* of the secrets: goes up when others are seen */

/* From now on: changed(), once. */
void     loginfiles_watch(struct loginfiles *f);
void     loginfiles_unwatch(struct loginfiles *f);

void     loginfiles_poll_each(int ms);                  /* tests: not after seconds */

#endif
