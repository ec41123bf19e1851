/*
 * mimetree.h - random messages of parts within parts, and a reader of such
 * messages that shares nothing with the code under test: it holds the whole
 * in memory and cuts it recursively.
 */
#ifndef UNIT_MIMETREE_H
#define UNIT_MIMETREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct tree_options {
	uint64_t seed;
	bool     compliant;     /* 7 bits and short lines from the start */
};

/*
 * Append a message to *message and to *said what a reader should find in it:
 * each part's kind, and a leaf's decoded octets.
 */
void tree_make(const struct tree_options *o, struct buf *message, struct buf *said);

/* What a reader finds.  False: it is not well-formed. */
bool tree_read(struct span message, struct buf *said);

/* Quoted-printable and base64 as strict as can be; false: not well-formed. */
bool tree_decode_qp(struct span s, struct buf *out);
bool tree_decode_base64(struct span s, struct buf *out);

/* The text of an unstructured field, its encoded words decoded. */
void tree_decode_words(struct span body, struct buf *out);

#endif
