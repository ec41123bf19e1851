/*
 * http.h - one request to an endpoint, through libcurl and nowhere else.
 * TLS 1.2 or newer, the certificate checked; no redirect is followed; plain
 * http to this machine alone, and then through no proxy.  Proxies by the
 * usual variables of the environment.
 */
#ifndef OAUTH_HTTP_H
#define OAUTH_HTTP_H

#include "base/buf.h"
#include "oauth/answer.h"

/*
 * POST a form, or GET where form is NULL.  0: some answer, whatever its
 * status; http_answer_done() is the caller's.  -1: *t.
 */
int  http_ask(const char *url, const struct buf *form, const char *ca_file, struct http_answer *ret,
              struct trouble *t);
void http_answer_done(struct http_answer *a);           /* wipes */

#endif
