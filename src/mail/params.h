/*
 * params.h - the body of a MIME field: "value; name=value; name=value"
 * (RFC 2045 §5.1, RFC 2183).  Works on spans of the field as it stands,
 * folds inside; changes nothing.  Knows the syntax, and how far mailers
 * leave it; knows no names.
 */
#ifndef MAIL_PARAMS_H
#define MAIL_PARAMS_H

#include <stdbool.h>

#include "base/buf.h"

struct param {
	struct span name;
	struct span value;      /* as written, quotes and all; empty without '=' */
};

/* The value in front of the parameters; *ret_rest is for params_next. */
struct span params_value(struct span body, struct span *ret_rest);

/* False: that was the last. */
bool        params_next(struct span *rest, struct param *ret);

/* The value without quotes, pairs and folds, appended. */
void        params_unquote(struct buf *out, struct span value);

#endif
