/*
 * census.h - how many messages stand in the folders that no memory knows:
 * new/, hold/, dead/, bad/.  Counted in steps of some hundred, and not again
 * while the folder has not changed; so what an admin removes by hand is
 * counted too.
 */
#ifndef POSTERND_CENSUS_H
#define POSTERND_CENSUS_H

#include <stdbool.h>

#include "spool/store.h"

struct census;

struct census *census_new(struct store *store);
void           census_begin(struct census *c);          /* a run; one that goes on already is joined */
bool           census_turn(struct census *c);           /* a step of it; false: the counts are there */
size_t         census_count(const struct census *c, enum place p);
void           census_free(struct census *c);           /* NULL is fine */

#endif
