/*
 * hash.h - what mechanisms count with that show a password without saying
 * it.  Over libcrypto, which wipes what it copied of a key; knows no messages.
 * Each returns 0, or -ENOTSUP: the library does not do that hash (MD5, under
 * FIPS 140).
 */
#ifndef SMTP_HASH_H
#define SMTP_HASH_H

#include <stdbool.h>

#include "base/buf.h"

enum hash { HASH_NONE, HASH_MD5, HASH_SHA1, HASH_SHA256 };

#define HASH_MAX 32

size_t hash_size(enum hash h);

int hash_of(enum hash h, struct span text, unsigned char *ret);
int hash_mac(enum hash h, struct span key, struct span text, unsigned char *ret);      /* HMAC, RFC 2104 */

/* Hi() of RFC 5802 §2.2; the password is a prepared one. */
int hash_salted(enum hash h, struct span password, struct span salt, unsigned iterations, unsigned char *ret);

/* How long it takes says nothing about how many octets fit. */
bool hash_same(const unsigned char *a, const unsigned char *b, size_t n);

#endif
