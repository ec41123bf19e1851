#include "smtp/bearer.h"

#include <errno.h>
#include <string.h>

#define END "\001"
#define STATUS_MAX 40

static bool
is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0;
}

static bool
is_user(const char *user)
{
	for (; *user != '\0'; user++)
		if ((unsigned char)*user < ' ' || *user == 127)
			return false;
	return true;
}

static void
put_token(struct buf *b, struct span token)
{
	buf_str(b, "auth=Bearer ");
	buf_span(b, token);
	buf_str(b, END END);
}

int
bearer_put_xoauth2(struct buf *b, const struct bearer *c)
{
	if (!is_token(c->token) || !is_user(c->user))
		return -EINVAL;
	buf_str(b, "user=");
	buf_str(b, c->user);
	buf_str(b, END);
	put_token(b, c->token);
	return 0;
}

/* saslname (RFC 5801 §4): a comma would begin the next field. */
static void
put_name(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ',')
			buf_str(b, "=2C");
		else if (*s == '=')
			buf_str(b, "=3D");
		else
			buf_char(b, *s);
	}
}

int
bearer_put_oauthbearer(struct buf *b, const struct bearer *c)
{
	if (!is_token(c->token) || !is_user(c->user))
		return -EINVAL;
	buf_str(b, "n,a=");
	put_name(b, c->user);
	buf_printf(b, "," END "host=%s" END "port=%u" END, c->host, c->port);
	put_token(b, c->token);
	return 0;
}

/* Behind the blanks and the colon that may follow a name of JSON. */
static struct span
skip_to_value(struct span s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t' || *s.p == '\r' || *s.p == '\n' || *s.p == ':'))
		s = (struct span){ s.p + 1, s.n - 1 };
	return s;
}

bool
bearer_status(struct span challenge, struct buf *ret)
{
	static const char name[] = "\"status\"";
	const char *at = challenge.n > 0 ?
	    memmem(challenge.p, challenge.n, name, sizeof(name) - 1) : NULL;
	struct span value;
	size_t i;

	if (at == NULL)
		return false;
	at += sizeof(name) - 1;
	value = skip_to_value((struct span){ at, challenge.n - (size_t)(at - challenge.p) });
	if (value.n > 0 && *value.p == '"')
		value = (struct span){ value.p + 1, value.n - 1 };
	for (i = 0; i < value.n && i < STATUS_MAX; i++) {
		char c = value.p[i];

		if (c <= ' ' || c > '~' || strchr("\",}\\", c) != NULL)
			break;
		buf_char(ret, c);
	}
	return i > 0;
}
