/*
 * submission.h - a struct message by hand, without a spool: its bytes in an
 * unnamed file, its envelope as asked for.
 */
#ifndef TESTS_SUBMISSION_H
#define TESTS_SUBMISSION_H

#include "spool/store.h"

#define SUBMISSION_ID     UINT64_C(0x0123456789ABCDEF)
#define SUBMISSION_TIME_S INT64_C(1764000000)   /* Mon, 24 Nov 2025 16:00:00 +0000 */

/* From uid 1000, alice on web1.example.com; sender NULL: the null path. */
struct message *submission_new(struct span text, const char *sender);
void            submission_add(struct message *m, const char *rcpt, unsigned notify);

#endif
