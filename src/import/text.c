/* text.c - lines, words, pairs, endpoints. */
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/text.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int
text_open(struct text *t, struct import *im, const char *path)
{
	int r;

	memset(t, 0, sizeof(*t));
	t->im = im;
	buf_init(&t->bytes, IMPORT_TEXT_MAX + 1);
	t->at = model_place(im, path, 0);
	r = im->read(im->arg, path, &t->bytes);
	t->rest = buf_view(&t->bytes);
	return r;
}

void
text_done(struct text *t)
{
	buf_wipe(&t->bytes);
}

bool
text_open_named(struct text *t, struct import *im, const char *path, struct place from, struct span what)
{
	int r = text_open(t, im, path);

	if (r < 0)
		model_left(im, from, what, "%s: %s", path, strerror(-r));
	return r == 0;
}

void
text_beside(const char *path, const char *name, struct buf *ret)
{
	const char *slash = strrchr(path, '/');

	buf_add(ret, path, slash != NULL ? (size_t)(slash - path) + 1 : 0);
	buf_str(ret, name);
}

bool
text_line(struct text *t, struct span *ret)
{
	struct span line;

	while (span_cut(&t->rest, '\n', &line)) {
		t->at.line = ++t->lines;
		line = span_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		*ret = line;
		return true;
	}
	return false;
}

struct span
text_word(struct span *rest)
{
	struct span s = span_trim(*rest), w = { s.p, 0 };

	while (w.n < s.n && !is_blank(s.p[w.n]))
		w.n++;
	*rest = span_trim((struct span){ s.p + w.n, s.n - w.n });
	return w;
}

bool
text_pair(struct span line, const char *between, struct span *ret_key, struct span *ret_value)
{
	struct span s = span_trim(line), key = { s.p, 0 };

	while (key.n < s.n && !is_blank(s.p[key.n]) && strchr(between, s.p[key.n]) == NULL)
		key.n++;
	if (key.n == 0)
		return false;
	s = span_trim((struct span){ s.p + key.n, s.n - key.n });
	if (s.n > 0 && s.p[0] != '\0' && strchr(between, s.p[0]) != NULL)
		s = span_trim((struct span){ s.p + 1, s.n - 1 });
	*ret_key = key;
	*ret_value = s;
	return true;
}

struct span
text_unquoted(struct span s)
{
	if (s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') && s.p[s.n - 1] == s.p[0])
		return (struct span){ s.p + 1, s.n - 2 };
	return s;
}

bool
text_cut_last(struct span s, char sep, struct span *ret_left, struct span *ret_right)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == sep) {
			*ret_left = (struct span){ s.p, i - 1 };
			*ret_right = (struct span){ s.p + i, s.n - i };
			return true;
		}
	return false;
}

static bool
is_port(struct span s)
{
	uint64_t n;

	if (text_number(s, 65535, &n) == 0)
		return n > 0;
	return span_ieq(s, SPAN("smtp")) || span_ieq(s, SPAN("submission")) || span_ieq(s, SPAN("smtps")) ||
	    span_ieq(s, SPAN("submissions")) || span_ieq(s, SPAN("ssmtp"));
}

static struct span
port_number(struct span s)
{
	if (span_ieq(s, SPAN("smtp")))
		return SPAN("25");
	if (span_ieq(s, SPAN("submission")))
		return SPAN("587");
	return s.n > 0 && s.p[0] >= '0' && s.p[0] <= '9' ? s : SPAN("465");
}

static bool
is_v6(struct span s)
{
	unsigned char addr[16];
	char         *text = span_dup(s);
	bool          ok = inet_pton(AF_INET6, text, addr) == 1;

	free(text);
	return ok;
}

/* A colon is part of a v6 address, or stands in front of a port; brackets tell, else their number. */
static bool
split(struct span s, struct span *host, struct span *port)
{
	const char *close;
	size_t      colons = 0;

	*port = (struct span){ NULL, 0 };
	if (s.n > 0 && s.p[0] == '[') {
		if ((close = memchr(s.p, ']', s.n)) == NULL)
			return false;
		*host = (struct span){ s.p + 1, (size_t)(close - s.p) - 1 };
		s = (struct span){ close + 1, s.n - (size_t)(close - s.p) - 1 };
		if (span_istarts(*host, SPAN("ipv6:")))
			*host = (struct span){ host->p + 5, host->n - 5 };
		if (s.n == 0)
			return host->n > 0;
		*port = (struct span){ s.p + 1, s.n - 1 };
		return host->n > 0 && s.p[0] == ':' && is_port(*port);
	}
	for (size_t i = 0; i < s.n; i++)
		colons += s.p[i] == ':';
	*host = s;
	if (colons == 0 || is_v6(s) || (colons > 1 && !(colons == 2 && memmem(s.p, s.n, "::", 2) != NULL)))
		return s.n > 0;
	text_cut_last(s, ':', host, port);
	if (host->n > 0 && host->p[host->n - 1] == ':')
		host->n--;
	return host->n > 0 && is_port(*port);
}

bool
text_endpoint(struct import *im, struct section *relay, struct span s, struct span what, struct place at)
{
	struct span host, port;

	if (!split(span_trim(s), &host, &port)) {
		model_left(im, at, what, "not a host, or a host and its port");
		return false;
	}
	model_set(im, relay, "host", host, at);
	if (port.n > 0)
		model_set(im, relay, "port", port_number(port), at);
	return model_value(relay, "host").n > 0;
}

bool
text_is_endpoint(const struct section *relay, struct span s)
{
	struct span host, port;

	return split(span_trim(s), &host, &port) && span_ieq(host, model_value(relay, "host")) &&
	    (port.n == 0 || span_eq(port_number(port), model_value(relay, "port")));
}

bool
text_is_yes(struct span s)
{
	static const char *const yes[] = { "yes", "y", "on", "true", "t", "1" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (span_ieq(s, span_of(yes[i])))
			return true;
	return false;
}
