#include "relay/sender.h"

#include <unistd.h>

/* What the daemon wrote itself came from a listener, which knows whom it lets in. */
static bool
is_trusted(const struct message *m)
{
	return m->uid == 0 || m->uid == getuid();
}

struct addr *
sender_of(const struct config *c, const struct message *m)
{
	const struct envelope *env = &m->env;
	struct addr           *own;

	if (is_trusted(m) || route_may_send(c, env->host, env->user, env->sender))
		return addr_dup(env->sender);
	own = addr_of_user(span_of(env->user), NULL);
	return own != NULL ? own : addr_null();
}

struct addr *
sender_for_null(const struct relay_conf *r)
{
	struct addr *user;

	if (r->null_sender)
		return addr_null();
	if (r->from != NULL)
		return addr_dup(r->from);
	user = r->user != NULL ? addr_parse(span_of(r->user), NULL) : NULL;
	if (user == NULL || addr_is_bare(user)) {
		addr_free(user);
		return addr_null();
	}
	return user;
}

/* The name is the submitter's claim: it counts where its uid is the file's. */
struct origin
sender_origin(const struct message *m)
{
	const struct envelope *env = &m->env;
	struct origin          from = { .host = env->host };

	if (env->via.user != NULL)
		from.user = env->via.user;
	else if (env->via.address == NULL && env->uid == m->uid)
		from.user = env->user;
	return from;
}
