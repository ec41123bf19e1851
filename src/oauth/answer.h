/*
 * answer.h - what a provider's endpoints answer: their JSON as structs of
 * ours, or as trouble.  Pure; hostile bytes are expected.
 */
#ifndef OAUTH_ANSWER_H
#define OAUTH_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "oauth/trouble.h"

#define ANSWER_TOKEN_MAX 8192           /* in base64 it still fits an AUTH line (RFC 4954 §4) */

/* An HTTP answer. */
struct http_answer {
	long       status;
	int64_t    retry_after_s;       /* 0: not said */
	struct buf body;
};

struct token_answer {                   /* RFC 6749 §5.1 */
	char   *access;
	char   *refresh;                /* NULL: none, the old one stays */
	char   *scope;                  /* NULL: as asked for */
	int64_t life_s;
	int64_t refresh_life_s;         /* Google's refresh_token_expires_in: the consent has an end; 0: not said */
};

struct device_answer {                  /* RFC 8628 §3.2 */
	char   *device_code;
	char   *user_code;
	char   *uri;
	char   *uri_complete;           /* NULL: none */
	int64_t life_s;
	int64_t interval_s;
};

struct discovered {                     /* OpenID Connect Discovery §3, RFC 8414 §2; RFC 8628 §4 */
	char *authorize;                /* each may be NULL */
	char *token;
	char *device;
};

/* 0, or -1 and *t.  key: as trouble_judge(). */
int  answer_token(const struct http_answer *a, bool key, struct token_answer *ret, struct trouble *t);
int  answer_device(const struct http_answer *a, struct device_answer *ret, struct trouble *t);

/* issuer: what was asked; the document must say the same of itself (RFC 8414 §3.3), but for a "/" at the end. */
int  answer_discovery(const struct http_answer *a, const char *issuer, struct discovered *ret, struct trouble *t);

void token_answer_done(struct token_answer *a);         /* wipes */
void device_answer_done(struct device_answer *a);
void discovered_done(struct discovered *d);

#endif
