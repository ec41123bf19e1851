#include "oauth/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct json *
json_parse(struct span text)
{
	json_t *j;

	if (text.n > JSON_MAX_BYTES)
		return NULL;
	j = json_loadb(text.n > 0 ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(j))
		return (struct json *)j;
	json_decref(j);
	return NULL;
}

void
json_done(struct json *j)
{
	json_decref((json_t *)j);
}

char *
json_bytes(const struct json *j, const char *name, size_t max)
{
	const json_t *value = json_object_get((const json_t *)j, name);
	size_t n = json_is_string(value) ? json_string_length(value) : 0;

	if (n == 0 || n > max || memchr(json_string_value(value), '\0', n) != NULL)
		return NULL;
	return xstrdup(json_string_value(value));
}

char *
json_text(const struct json *j, const char *name, size_t max)
{
	char *s = json_bytes(j, name, max);

	for (const char *c = s; c != NULL && *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			free(s);
			return NULL;
		}
	}
	return s;
}

int64_t
json_number(const struct json *j, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get((const json_t *)j, name);
	uint64_t n;

	if (json_is_integer(value))
		return json_integer_value(value);
	if (json_is_string(value) && text_number(span_of(json_string_value(value)), INT32_MAX, &n) == 0)
		return (int64_t)n;
	return otherwise;
}
