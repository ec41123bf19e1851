/*
 * pkce.h - what ties a consent to who asked for it: the verifier and its
 * challenge (RFC 7636, S256 alone), and the state.
 */
#ifndef OAUTH_PKCE_H
#define OAUTH_PKCE_H

#include <stdbool.h>

#include "base/buf.h"

/* 256 bits of chance as 43 letters: a verifier (RFC 7636 §4.1), a state, a jti. */
void pkce_random(struct buf *b);
void pkce_challenge(struct buf *b, struct span verifier);       /* RFC 7636 §4.2 */

/* In a time that says nothing about where they differ. */
bool pkce_same(struct span a, struct span b);

#endif
