/*
 * request.h - what postern-oauth is asked: lines of NAME VALUE, values in
 * percent encoding (base/text), up to an empty line or the end.  Secrets come
 * in here and nowhere else: arguments and environment are for everybody to see.
 */
#ifndef OAUTH_REQUEST_H
#define OAUTH_REQUEST_H

#include <stdint.h>

#include "base/buf.h"

#define REQUEST_MAX_BYTES (64u << 10)

/*
 * All strings are NULL where they were not given.  See the table in
 * request.c for the names on the lines: '-' for '_'.
 */
struct request {
	char *ask;              /* "token", "authorize", "device" */
	char *flow;             /* "refresh", "client-credentials", "service-account" */
	char *authorize_endpoint;
	char *token_endpoint;
	char *device_endpoint;
	char *discovery;        /* an issuer: what of the endpoints is missing is found there */
	char *authorize_extra;  /* "access_type=offline&prompt=consent" */
	char *scope;
	char *client_id;
	char *client_secret;
	char *key_file;
	char *subject;
	char *token_file;
	char *ca_file;
	char *redirect_host;    /* authorize: what the registration calls this machine; 127.0.0.1 without it */
	char *redirect_port;    /* authorize: where to listen; any free one without it */
	char *login_hint;       /* authorize: the account */
	char *relay;            /* what it is for, said to the person */
	char *not_serial;       /* token: the server refused the one with this serial */
};

/* 0, or -EINVAL with one line in *why. */
int  request_parse(struct span text, struct request *ret, struct buf *why);
void request_done(struct request *r);   /* wipes */

#endif
