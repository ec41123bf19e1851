/*
 * speech.h - how a scripted upstream's words look on the wire.
 */
#ifndef SESSION_SPEECH_H
#define SESSION_SPEECH_H

#include <stdbool.h>

#include "base/buf.h"

/* '\n' to CRLF.  A trailing backslash takes the line end behind it away. */
void speech_put_wire(struct buf *b, struct span lines);

/* A line of 5000 bytes, or one of every byte there is. */
void speech_garbage(struct buf *b, bool overlong);

/* A reply of 151 lines. */
void speech_many(struct buf *b, const char *code);

#endif
