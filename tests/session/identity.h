/*
 * identity.h - the certificates the upstream shows, made anew in memory for
 * each run of the ring: no file of this repository ever expires.
 */
#ifndef SESSION_IDENTITY_H
#define SESSION_IDENTITY_H

#include <openssl/ssl.h>

#include "script.h"

/* Make the CA and write it as PEM to a temporary file; its name. */
const char *identity_ca_file(void);
SSL_CTX    *identity_server(enum identity who);
void        identity_forget(void);

#endif
