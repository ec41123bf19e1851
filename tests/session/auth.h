/*
 * auth.h - does an answer to AUTH say what it should?  Decodes strictly;
 * knows nothing of the exchange.
 */
#ifndef SESSION_AUTH_H
#define SESSION_AUTH_H

#include <stdbool.h>

#include "base/buf.h"

/* NULL stands for "". */
bool auth_is(struct span base64, const char *want);
bool auth_is_plain(struct span base64, const char *user, const char *password);

#endif
