/*
 * exchange.h - the requests to a provider's endpoints, each a form: what
 * the client says of itself is added here.
 */
#ifndef OAUTH_EXCHANGE_H
#define OAUTH_EXCHANGE_H

#include "oauth/answer.h"
#include "oauth/request.h"

/*
 * Fill in what of the endpoints is missing from the issuer's document.  0, or
 * -1 and *t: it cannot be had, or the one that is needed is not in it.
 */
enum endpoint { ENDPOINT_TOKEN = 1, ENDPOINT_AUTHORIZE = 2, ENDPOINT_DEVICE = 4 };
int exchange_discover(struct request *r, unsigned needed, struct trouble *t);

/* The grants (RFC 6749 §§6, 4.4, 4.1.3, RFC 7523 §2.1, RFC 8628 §3.4).  0 and *ret, or -1 and *t. */
int exchange_refresh(const struct request *r, const char *refresh, struct token_answer *ret, struct trouble *t);
int exchange_credentials(const struct request *r, struct token_answer *ret, struct trouble *t);
int exchange_key(const struct request *r, struct token_answer *ret, struct trouble *t);
int exchange_code(const struct request *r, const char *code, const char *verifier, const char *redirect,
                  struct token_answer *ret, struct trouble *t);
int exchange_device_code(const struct request *r, const char *device_code, struct token_answer *ret,
                         struct trouble *t);

/* RFC 8628 §3.1. */
int exchange_device(const struct request *r, struct device_answer *ret, struct trouble *t);

#endif
