/*
 * pin.h - the fingerprint of a public key: the SHA-256 of its
 * SubjectPublicKeyInfo (RFC 7469 §2.4), which outlives a renewed certificate
 * that keeps its key.
 */
#ifndef BASE_PIN_H
#define BASE_PIN_H

#include <stdbool.h>

#include "base/buf.h"

#define PIN_BYTES 32

struct pin {
	unsigned char sha256[PIN_BYTES];
};

/*
 * base64, or hex with or without colons; before it may stand "sha256:",
 * "SHA256:" or curl's "sha256//".  False: it is no such thing.
 */
bool pin_parse(struct span text, struct pin *ret);

/* "sha256:" and base64: what pin_parse() reads, to be copied from a log line. */
void pin_put(struct buf *b, const struct pin *p);

#endif
