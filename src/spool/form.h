/*
 * form.h - the two lines of a spool file that are neither envelope nor
 * message: the head before them, and the journal's first behind them.
 *
 *   postern 1 00000000000312 00000000018245     envelope octets, message octets
 *   1764000000 stored 8bit longest=1204 dots    what was seen of the message
 */
#ifndef SPOOL_FORM_H
#define SPOOL_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/lines.h"

/* Fixed width: in a large file it is written last, over zeros. */
#define HEAD_MAGIC   "postern 1 "
#define HEAD_LEN     (sizeof(HEAD_MAGIC) - 1 + 14 + 1 + 14 + 1)
#define HEAD_LEN_MAX 99999999999999u

/* The journal's first line is shorter than this. */
#define STORED_MAX   96

void   head_put(char p[static HEAD_LEN], uint64_t envelope, uint64_t message);

/* p begins with HEAD_LEN octets, the magic among them.  False: no lengths. */
bool   head_lengths(const char p[static HEAD_LEN], uint64_t *ret_envelope, uint64_t *ret_message);

/* How many octets; l has seen all of the message. */
size_t stored_put(char p[static STORED_MAX], int64_t time_s, const struct lines *l);

#endif
