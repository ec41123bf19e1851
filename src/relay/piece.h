/*
 * piece.h - how many recipients one server takes in a transaction, learnt
 * from what it refused: a message of a thousand finds it out, the next ones
 * come in such pieces at once.  Pure.
 *
 * It is held for a day.  What was learnt may have been a mood of the server's,
 * and nothing else would ever show it: in pieces that fit there is nothing to
 * refuse.  A message a day that finds it out anew costs one refusal.
 */
#ifndef RELAY_PIECE_H
#define RELAY_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/mail.h"

struct piece {
	size_t  most;           /* recipients; 0: nothing learnt */
	int64_t learnt_ms;      /* clock_mono_ms() */
};

/*
 * A mail came back.  At RCPT the server said where its ceiling is, if it took
 * nobody behind that; a mailbox that is full has the same code.  At the
 * content it only said that these were too many: half of them, until it says
 * so of one, which takes back all.  True: this is news.
 */
bool piece_learn(struct piece *p, const struct mail *m, int64_t now_ms);

size_t piece_most(const struct piece *p, int64_t now_ms);       /* 0: as many as one likes */

#endif
