/*
 * url.h - as much of URLs (RFC 3986) as OAuth needs: whether a secret may be
 * sent to one, and the parameters of queries and forms.
 */
#ifndef BASE_URL_H
#define BASE_URL_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * May a secret go there?  https, or http to this machine itself.  No user in
 * it, no fragment, nothing but printable ASCII.  False: *ret_why is a
 * constant text.
 */
bool        url_is_safe(struct span url, const char **ret_why);
bool        url_is_plain(struct span url);              /* http: of those that are safe, to this machine */
struct span url_host(struct span url);                  /* without port and brackets; empty: none */

/* 127/8, ::1, localhost. */
bool        url_is_loopback(struct span host);

/* Append NAME=VALUE, encoded (application/x-www-form-urlencoded), with "&" before it unless the text
   is empty or ends in "?". */
void        url_put_param(struct buf *b, const char *name, struct span value);

/* The value of a parameter of a query, decoded, appended.  -ENOENT; -EINVAL: not decodable; neither adds anything. */
int         url_param(struct span query, const char *name, struct buf *ret);

#endif
