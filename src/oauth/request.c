#include "oauth/request.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define FIELD(name) { #name, offsetof(struct request, name) }

static const struct {
	const char *name;
	size_t      at;
} fields[] = {
	FIELD(ask), FIELD(flow), FIELD(authorize_endpoint), FIELD(token_endpoint), FIELD(device_endpoint),
	FIELD(discovery), FIELD(authorize_extra), FIELD(scope), FIELD(client_id), FIELD(client_secret),
	FIELD(key_file), FIELD(subject), FIELD(token_file), FIELD(ca_file), FIELD(redirect_host),
	FIELD(redirect_port), FIELD(login_hint), FIELD(relay), FIELD(not_serial),
};

#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static char **
field(struct request *r, size_t i)
{
	return (char **)((char *)r + fields[i].at);
}

static bool
is_name(struct span s, const char *name)
{
	size_t i;

	for (i = 0; i < s.n && name[i] != '\0'; i++)
		if (s.p[i] != (name[i] == '_' ? '-' : name[i]))
			return false;
	return i == s.n && name[i] == '\0';
}

static char **
find(struct request *r, struct span name)
{
	for (size_t i = 0; i < NFIELDS; i++)
		if (is_name(name, fields[i].name))
			return field(r, i);
	return NULL;
}

static int
take(struct request *r, struct span line, struct buf *why)
{
	struct span name;
	struct buf value;
	char **into;
	int rc = 0;

	span_cut(&line, ' ', &name);
	into = find(r, name);
	buf_init(&value, REQUEST_MAX_BYTES);
	if (into == NULL)
		buf_printf(why, "request: what is %.*s?", (int)(name.n < 60 ? name.n : 60), name.p);
	else if (*into != NULL)
		buf_printf(why, "request: %.*s stands there twice", (int)name.n, name.p);
	else if (line.n == 0 || text_percent(line, &value) < 0 || value.over ||
	    memchr(value.p, '\0', value.n) != NULL)
		buf_printf(why, "request: no value for %.*s", (int)name.n, name.p);
	else
		*into = span_dup(buf_view(&value));
	if (why->n > 0)
		rc = -EINVAL;
	buf_wipe(&value);
	return rc;
}

int
request_parse(struct span text, struct request *ret, struct buf *why)
{
	struct request r = { 0 };
	struct span line;

	while (span_cut(&text, '\n', &line) && line.n > 0) {
		if (take(&r, line, why) < 0) {
			request_done(&r);
			return -EINVAL;
		}
	}
	*ret = r;
	return 0;
}

void
request_done(struct request *r)
{
	for (size_t i = 0; i < NFIELDS; i++) {
		char *value = *field(r, i);

		if (value != NULL)
			explicit_bzero(value, strlen(value));
		free(value);
	}
	memset(r, 0, sizeof(*r));
}
