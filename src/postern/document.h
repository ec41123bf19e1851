/*
 * document.h - what --json prints: one document, by names that stay.  Over
 * jansson; all bytes of it are ASCII, so that nothing of what strangers
 * wrote reaches a terminal.
 */
#ifndef POSTERN_DOCUMENT_H
#define POSTERN_DOCUMENT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "postern/queued.h"

/* Octets that are no UTF-8 become U+FFFD.  NULL text: null. */
json_t *document_text(const char *text);
json_t *document_span(struct span s);
void    document_set(json_t *o, const char *key, json_t *value);       /* takes value */
json_t *document_number(struct span digits);    /* null when it is none */
json_t *document_time(int64_t s);       /* seconds since the epoch; 0: null */

/* A field of a record; null without one. */
void    document_told(json_t *o, const char *key, struct span fields, const char *field);

json_t *document_queued(const struct queued *q);

/*
 * Print o, and free it.  A whole document ends in a line end; a part of one
 * stands on one line.
 */
void    document_print(FILE *out, json_t *o);
void    document_print_part(FILE *out, json_t *o);

/* All was written?  EX_OK, or EX_IOERR and the reason said. */
int     document_finish(FILE *out);

#endif
