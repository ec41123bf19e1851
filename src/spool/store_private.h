/*
 * store_private.h - what store.c, message.c and people.c share, and nobody
 * else includes.
 */
#ifndef SPOOL_STORE_PRIVATE_H
#define SPOOL_STORE_PRIVATE_H

#include "spool/people.h"
#include "spool/store.h"

struct reaper;

struct store {
	int            spool;
	int            dir[NPLACE];
	bool           scanning[NPLACE];
	int            lock;            /* -1: only looking */
	bool           write;
	struct reaper *reaper;          /* NULL: only looking */
	struct people  people;
};

#endif
