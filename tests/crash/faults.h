/*
 * faults.h - the system calls of base/fs, each of which can fail, stop
 * half-way, or be the last thing the process did.
 *
 * Only the thread that armed them is counted, so that the spool's helper
 * thread does not make call 7 a different one on every run.
 */
#ifndef CRASH_FAULTS_H
#define CRASH_FAULTS_H

#include <stdbool.h>

#include "base/buf.h"

enum fault {
	FAULT_NONE,
	FAULT_ONCE,             /* call k fails */
	FAULT_LASTING,          /* call k and all behind it fail */
	FAULT_SHORT,            /* call k, if it reads or writes, does half */
	FAULT_DIE_BEFORE,       /* the process ends instead of call k */
	FAULT_DIE_HALF,         /* … when half of call k's octets are written */
	FAULT_DIE_AFTER,        /* … when call k is done */
};

#define FAULT_EXIT 90           /* the exit status of a death */

/* From now on call number `at` (from 1 on) meets `fault`; error: what it says when it fails. */
void faults_arm(enum fault fault, int at, int error);

/* Calls since then, the table as it was again; true: `at` was reached. */
bool faults_disarm(int *ret_calls);

/* As on file systems that cannot rename without replacing, until disarmed. */
void faults_no_noreplace(void);

/* What was called since faults_arm, a word a call: "openat write fsync:FILE …";
   FILE is the last two parts of the descriptor's path, the digits of IDs as '#'. */
const char *faults_log(void);

/* The ways to try every call in. */
struct fault_way {
	const char *name;
	enum fault  fault;
	int         error;
};

extern const struct fault_way fault_ways[];
extern const int              nfault_ways;

#endif
