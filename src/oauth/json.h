/*
 * json.h - one JSON object of somebody else's, read through jansson, whose
 * header stays in this folder.
 */
#ifndef OAUTH_JSON_H
#define OAUTH_JSON_H

#include <stdint.h>

#include "base/buf.h"

#define JSON_MAX_BYTES (64u << 10)      /* answers are of 4 kB, discovery documents of 10 */

struct json;

struct json *json_parse(struct span text);              /* NULL: no object, or too long */
void         json_done(struct json *j);                 /* NULL is fine */

/*
 * A copy, the caller's to free; NULL: no string of that name, or one that is
 * empty, longer than max or has a control character or a byte beyond ASCII.
 */
char        *json_text(const struct json *j, const char *name, size_t max);

/* The same with whatever bytes, but NUL: a PEM key, a description for people. */
char        *json_bytes(const struct json *j, const char *name, size_t max);

/* A number, also one in a string as some services have it; `otherwise` where there is none. */
int64_t      json_number(const struct json *j, const char *name, int64_t otherwise);

#endif
