#include "posternd/setting.h"

#include <stdlib.h>
#include <string.h>

#include "config/secret.h"

static bool
read_files(struct setting *s, const struct listen_conf *l, struct buf *why)
{
	if (l->tls != TLS_NONE) {
		if (secret_check_file(l->key, why) != 0)
			return false;
		s->tls = tls_server(l->cert, l->key, l->tls_min, why);
		if (s->tls == NULL)
			return false;
	}
	if (l->users_file != NULL)
		s->users = users_read(l->users_file, why);
	return l->users_file == NULL || s->users != NULL;
}

struct setting *
setting_new(const struct config *c, const struct listen_conf *l, struct buf *why)
{
	struct setting *s = xcalloc(1, sizeof(*s));

	s->refs = 1;
	s->hostname = xstrdup(c->hostname);
	s->limits = (struct draft_limits){ c->max_message, c->min_free };
	s->nallow = l->nallow;
	s->allow = xcalloc(l->nallow + 1, sizeof(*s->allow));
	if (l->nallow > 0)
		memcpy(s->allow, l->allow, l->nallow * sizeof(*s->allow));
	s->mode = l->tls;
	s->auth_required = l->auth_required;
	s->clients = l->clients;
	s->clients_per_address = l->clients_per_address;
	s->recipients = l->recipients;
	s->errors = l->errors;
	s->idle_ms = l->idle_s * 1000;
	if (read_files(s, l, why))
		return s;
	setting_unref(s);
	return NULL;
}

struct setting *
setting_ref(struct setting *s)
{
	s->refs++;
	return s;
}

void
setting_unref(struct setting *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	free(s->hostname);
	free(s->allow);
	tls_free(s->tls);
	users_free(s->users);
	free(s);
}

bool
whence_is_local(const struct whence *w)
{
	return w->unix_socket || address_is_loopback(&w->address);
}

static bool
is_allowed(const struct setting *s, const struct whence *w)
{
	for (size_t i = 0; !w->unix_socket && i < s->nallow; i++)
		if (network_has(&s->allow[i], &w->address))
			return true;
	return false;
}

/*
 * Nobody is let in by default but this machine, and that only while nothing
 * is said: whoever writes users or networks down means those.
 */
enum welcome
setting_welcome(const struct setting *s, const struct whence *w)
{
	bool known = is_allowed(s, w);

	if (s->nallow == 0 && s->users == NULL)
		known = whence_is_local(w);
	if (s->auth_required && s->nallow > 0)
		return known ? WELCOME_LOGIN : WELCOME_NOT;
	if (known && !s->auth_required)
		return WELCOME_MAIL;
	return s->users != NULL ? WELCOME_LOGIN : WELCOME_NOT;
}
