#include "base/url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static const struct span https = { "https://", 8 }, http = { "http://", 7 };

bool
url_is_plain(struct span url)
{
	return span_istarts(url, http);
}

static struct span
skip(struct span s, size_t n)
{
	return (struct span){ s.p + n, s.n - n };
}

/* Between the scheme and the path: host and port. */
static struct span
authority(struct span url)
{
	size_t n = 0;

	if (span_istarts(url, https))
		url = skip(url, https.n);
	else if (span_istarts(url, http))
		url = skip(url, http.n);
	else
		return (struct span){ url.p, 0 };
	while (n < url.n && url.p[n] != '/' && url.p[n] != '?')
		n++;
	return (struct span){ url.p, n };
}

struct span
url_host(struct span url)
{
	struct span a = authority(url), host;
	const char *end;

	if (a.n > 0 && a.p[0] == '[') {
		end = memchr(a.p, ']', a.n);
		return end == NULL ? (struct span){ a.p, 0 } :
		    (struct span){ a.p + 1, (size_t)(end - a.p) - 1 };
	}
	return span_cut(&a, ':', &host) ? host : (struct span){ a.p, 0 };
}

bool
url_is_loopback(struct span host)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, text, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return span_ieq(host, SPAN("localhost"));
}

bool
url_is_safe(struct span url, const char **ret_why)
{
	struct span host = url_host(url);

	for (size_t i = 0; i < url.n; i++) {
		if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("\"<>\\^`{|}#", url.p[i]) != NULL) {
			*ret_why = "a character that no such address has";
			return false;
		}
	}
	if (host.n == 0 || memchr(authority(url).p, '@', authority(url).n) != NULL)
		*ret_why = "it does not begin with https:// and a host";
	else if (url_is_plain(url) && !url_is_loopback(host))
		*ret_why = "a secret would go there in the clear";
	else
		return true;
	return false;
}

static bool
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._~", c) != NULL);
}

void
url_put_param(struct buf *b, const char *name, struct span value)
{
	static const char hex[] = "0123456789ABCDEF";

	if (b->n > 0 && b->p[b->n - 1] != '?')
		buf_char(b, '&');
	buf_str(b, name);
	buf_char(b, '=');
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (is_unreserved((char)c)) {
			buf_char(b, (char)c);
		} else {
			buf_char(b, '%');
			buf_char(b, hex[c >> 4]);
			buf_char(b, hex[c & 15]);
		}
	}
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
decode(struct span s, struct buf *ret)
{
	size_t start = ret->n;

	while (s.n > 0) {
		char c = s.p[0];

		if (c == '%') {
			if (s.n < 3 || hex_value(s.p[1]) < 0 || hex_value(s.p[2]) < 0) {
				buf_cut(ret, start);
				return -EINVAL;
			}
			buf_char(ret, (char)(hex_value(s.p[1]) << 4 | hex_value(s.p[2])));
			s = skip(s, 3);
			continue;
		}
		buf_char(ret, c == '+' ? ' ' : c);
		s = skip(s, 1);
	}
	return 0;
}

int
url_param(struct span query, const char *name, struct buf *ret)
{
	struct span pair, left;

	while (span_cut(&query, '&', &pair))
		if (span_cut(&pair, '=', &left) && span_eq(left, span_of(name)))
			return decode(pair, ret);
	return -ENOENT;
}
