/*
 * record.h - a field of a record: " key=value", the value percent-encoded, so
 * that nothing a message or a server says can begin a key or a line.  Knows
 * no kinds of records; posternd/records.h lists them.
 */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include "base/buf.h"

void record_text(struct buf *b, const char *key, const char *value);
void record_span(struct buf *b, const char *key, struct span value);

#endif
