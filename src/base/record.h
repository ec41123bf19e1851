/*
 * record.h - a field of a record: " key=value", the value percent-encoded, so
 * that nothing a message or a server says can begin a key or a line; and the
 * lines of requests, answers and files that hold one each: "name value".
 * Knows no kinds of records; posternd/records.h lists them.
 */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include <stdint.h>

#include "base/buf.h"

void record_text(struct buf *b, const char *key, const char *value);
void record_span(struct buf *b, const char *key, struct span value);
void record_number(struct buf *b, const char *key, uint64_t n);
void record_word(struct buf *b, const char *key, const char *word);     /* one of ours, with nothing to encode */

void record_line(struct buf *b, const char *name, struct span value);

#endif
