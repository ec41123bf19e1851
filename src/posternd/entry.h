/*
 * entry.h - how a client logs in: the passwords and the exchanges, between
 * the protocol's engine and the users.  Knows no connection and no time: who
 * failed waits until its owner says so.
 */
#ifndef POSTERND_ENTRY_H
#define POSTERND_ENTRY_H

#include "posternd/attempt.h"
#include "posternd/guess.h"
#include "smtp/server.h"

#define ENTRY_FAILED_MS 2000            /* a login that failed is told so no sooner */

/* The first half is its owner's to fill in, and to keep alive. */
struct entry {
	struct guess         *guess;
	struct pool          *pool;
	const struct users   *users;
	struct server        *server;
	const struct address *address;
	const char           *name;     /* the client's, for the log */
	/* From the loop: the engine has its answer, or waiting is set. */
	void                (*moved)(void *arg);
	void                 *arg;

	char                 *user;     /* who logs in, who is in; NULL: nobody */
	struct attempt       *attempt;
	struct scram         *scram;
	unsigned              failed;
	bool                  waiting;  /* for entry_say_no(), after ENTRY_FAILED_MS */
};

void entry_login(struct entry *e, const struct login *l);
void entry_scram(struct entry *e, bool begins, struct span message);
void entry_say_no(struct entry *e);     /* and the engine has settled it */
void entry_done(struct entry *e);

#endif
