/* challenge.c - PLAIN and LOGIN from the server's side; see challenge.h. */
#include "smtp/challenge.h"

#include <errno.h>
#include <string.h>

#include "smtp/limits.h"

/* All the room at once: a buf that grows leaves copies behind. */
void
challenge_init(struct challenge *c)
{
	*c = (struct challenge){ .mechanism = CHALLENGE_NONE };
	buf_init(&c->said, LIMIT_AUTH_LINE);
}

void
challenge_done(struct challenge *c)
{
	buf_wipe(&c->said);
	c->mechanism = CHALLENGE_NONE;
	c->begun = false;
}

bool
challenge_start(struct challenge *c, struct span mechanism)
{
	challenge_done(c);
	if (span_ieq(mechanism, SPAN("PLAIN")))
		c->mechanism = CHALLENGE_PLAIN;
	else if (span_ieq(mechanism, SPAN("LOGIN")))
		c->mechanism = CHALLENGE_LOGIN;
	else
		return false;
	buf_room(&c->said, c->said.max);
	return true;
}

/* LOGIN was never specified; these are the words that all its clients know. */
struct span
challenge_prompt(const struct challenge *c)
{
	if (c->mechanism == CHALLENGE_PLAIN)
		return SPAN("");
	return c->begun ? SPAN("Password:") : SPAN("Username:");
}

/* authzid NUL authcid NUL password (RFC 4616 §2). */
static int
take_plain(struct challenge *c, struct span message, struct login *ret)
{
	struct span rest, part[3];
	size_t      n = 0;

	buf_span(&c->said, message);
	rest = buf_view(&c->said);
	while (n < 3) {
		const char *nul = memchr(rest.p, '\0', rest.n);
		size_t      len = nul != NULL ? (size_t)(nul - rest.p) : rest.n;

		if ((nul != NULL) != (n < 2))
			return -EINVAL;
		part[n++] = (struct span){ rest.p, len };
		rest.p += len + (nul != NULL);
		rest.n -= len + (nul != NULL);
	}
	*ret = (struct login){ .act_as = part[0], .user = part[1], .password = part[2] };
	return ret->user.n > 0 && ret->password.n > 0 ? 0 : -EINVAL;
}

static int
take_login(struct challenge *c, struct span message, struct login *ret)
{
	size_t user_n = c->said.n;

	if (message.n == 0 || memchr(message.p, '\0', message.n) != NULL)
		return -EINVAL;
	buf_span(&c->said, message);
	if (!c->begun) {
		c->begun = true;
		return 1;
	}
	if (c->said.over)
		return -EINVAL;
	*ret = (struct login){
		.user = { c->said.p, user_n },
		.password = { c->said.p + user_n, c->said.n - user_n },
	};
	return 0;
}

int
challenge_take(struct challenge *c, struct span message, struct login *ret)
{
	if (c->mechanism == CHALLENGE_PLAIN)
		return take_plain(c, message, ret);
	return take_login(c, message, ret);
}
