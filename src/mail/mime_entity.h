/*
 * mime_entity.h - what a header block says about the body behind it
 * (RFC 2045): is it text of its own, a multipart, a message; how is it
 * encoded; may it be changed.  Knows fields; sees no body.
 */
#ifndef MAIL_MIME_ENTITY_H
#define MAIL_MIME_ENTITY_H

#include <stdbool.h>

#include "base/buf.h"

#define MIME_BOUNDARY_MAX 200           /* RFC 2046 §5.1.1 says 70; longer ones are met */

enum mime_kind {
	MIME_LEAF,                      /* a body that can have another encoding */
	MIME_MULTIPART,
	MIME_MESSAGE,                   /* a header block and a body again */
	MIME_FROZEN,                    /* to be sent as it is; `why` says why */
};

enum mime_encoding {
	MIME_7BIT,                      /* or none stated */
	MIME_8BIT,                      /* or binary */
	MIME_QP,
	MIME_BASE64,
	MIME_OTHER,
};

struct mime_entity {
	enum mime_kind     kind;
	enum mime_encoding encoding;
	const char        *why;         /* MIME_FROZEN: what is in the way (constant) */
	bool               has_type;
	bool               has_version;
	bool               is_message;  /* the block is a message's, not a part's */
	bool               is_digest;   /* its parts are messages unless they say otherwise */
	bool               header_too;  /* frozen, and its header with it */
	size_t             boundary_n;
	char               boundary[MIME_BOUNDARY_MAX];
};

/*
 * Read the block of a message, or of a part (in_digest: of a multipart/
 * digest, whose parts are messages by default, RFC 2046 §5.1.5).  A multipart
 * or message that is itself encoded, against RFC 2045 §6.4, shows no parts
 * and is a leaf.
 */
void mime_entity_read(struct span block, bool is_message, bool in_digest, struct mime_entity *ret);

/* Has it the seal of a server over header and body: DKIM-Signature (RFC 6376), ARC (RFC 8617)? */
bool mime_is_sealed(struct span block);

#endif
