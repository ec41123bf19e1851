/*
 * msgid.h - the name of a message: 16 upper-case hex digits, 13 of
 * microseconds since the epoch and 3 random.  So names sort by arrival, and
 * match the [A-F0-9]+ that scripts look for in mailq's output.
 */
#ifndef SPOOL_MSGID_H
#define SPOOL_MSGID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_LEN 16

/* An ID as a number: the 64 bits its 16 hex digits say. */
typedef uint64_t msgid;

msgid   msgid_new(void);                        /* another one on every call, almost surely */
bool    msgid_parse(const char *name, msgid *ret);
void    msgid_format(msgid id, char ret[static ID_LEN + 1]);
int64_t msgid_time_us(msgid id);                /* arrival */

#endif
