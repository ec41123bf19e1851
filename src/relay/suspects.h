/*
 * suspects.h - whose fault is a refusal at MAIL?  Nobody has named a
 * recipient yet, so a 5yz there may mean this message's sender, or that the
 * account is suspended, unpaid or may not use this address at all; and few
 * servers say which.  One relay's notes of it; knows messages by their IDs,
 * and no queue.  Pure.
 *
 * What settles it is how other messages fare.  A message that is refused is
 * a suspect: it goes behind the others of its line, and nothing is said of
 * it.  Refused again, it is
 *  - guilty, when another one's MAIL was accepted meanwhile, and none was
 *    refused after that: the account works, the message does not;
 *  - else as much a suspect as before, and waits as what is deferred does.
 * Three of them in a row that were refused in the same words are the account.
 *
 * A suspect that is alone is never guilty: nothing tells its fault from the
 * account's.  Its sender hears of the delay after `warn-after`, and that notice
 * is the other message: when the server takes it, the suspect's next attempt
 * is its last.
 *
 * "Meanwhile" is told by numbers, since several connections answer out of
 * order: what was pulled before a refusal was known proves nothing about it.
 */
#ifndef RELAY_SUSPECTS_H
#define RELAY_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/status.h"
#include "spool/msgid.h"

#define SUSPECTS_IN_A_ROW 3

enum suspicion {
	SUSPECT_BEHIND,         /* try the others first */
	SUSPECT_WAITS,          /* a deferral */
	SUSPECT_GUILTY,         /* its own fault: the refusal stands */
	SUSPECT_ACCOUNT,        /* the account's trouble: the relay rests */
};

/* At the most, 24 octets each; the oldest is forgotten first, and would be a suspect anew. */
#define SUSPECTS_MAX 4096

struct suspect {
	msgid          id;
	uint64_t       nth;             /* its last refusal */
	enum suspicion found;
};

struct suspects {
	uint64_t        refusals;       /* so far: what is pulled notes the number */
	uint64_t        proof;          /* the highest such number of what was accepted */
	struct suspect *known;          /* a ring when it is full; owned */
	size_t          n, cap, oldest;

	/* Refused in a row, and how. */
	msgid           row[SUSPECTS_IN_A_ROW];
	size_t          nrow;
	int             code;
	char            dsn[12];
	bool            accused;        /* it was the account, and nothing was accepted since */
};

void suspects_done(struct suspects *s);

/* pulled: s->refusals when the mail was pulled. */
void           suspects_accepted(struct suspects *s, uint64_t pulled);
enum suspicion suspects_refused(struct suspects *s, msgid id, uint64_t pulled, const struct status *st);

#endif
