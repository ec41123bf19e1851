/*
 * roll.h - every message by arrival, for somebody who asked, made in slices:
 * what memory knows is copied at once, the folders that it does not know are
 * walked some hundred files at a time, and the whole is sorted as runs that
 * roll_next() merges.  So a listing of a hundred thousand holds nobody up.
 */
#ifndef RELAY_ROLL_H
#define RELAY_ROLL_H

#include <stdbool.h>

#include "relay/shown.h"

struct roll;

/* Takes the list, whatever its order. */
struct roll *roll_new(struct store *store, struct shown_list *list);

bool   roll_turn(struct roll *r);                       /* one slice of making it; false: it is made */
size_t roll_count(const struct roll *r);
bool   roll_next(struct roll *r, struct shown *ret);    /* false: that was the last; of one that is made */
void   roll_free(struct roll *r);                       /* NULL is fine */

#endif
