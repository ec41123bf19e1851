/* upstream_login.c - what a login is made of, and what may have become of it since; see upstream_private.h. */
#include "base/log.h"
#include "relay/password.h"
#include "relay/token.h"
#include "relay/trust.h"
#include "relay/upstream_private.h"

/* ---- tokens, passwords, files ---- */

static void
on_secret(void *arg)
{
	upstream_offer(arg);
}

static void
on_no_secret(void *arg, const struct status *why)
{
	struct upstream *u = arg;

	if (!u->quitting && !upstream_is_away(u) && u->well != RESTING)
		upstream_rest(u, why);
}

/* Somebody did something about it. */
static void
on_files(void *arg)
{
	struct upstream *u = arg;

	log_info("relay=%s, status=probing, reason=a file that its login depends on was changed", u->relay->name);
	loginfiles_see(u->files, LOGINFILE_SECRET);
	loginfiles_see(u->files, LOGINFILE_TOKEN);
	if (u->token != NULL)
		token_changed(u->token);
	if (u->password != NULL)
		password_changed(u->password);
	upstream_probe(u);
}

static const struct token_ops token_ops = {
	.came = on_secret, .failed = on_no_secret,
};

static const struct password_ops password_ops = {
	.came = on_secret, .failed = on_no_secret,
};

/*
 * Whom to trust, and what to show, is put in place between connections: they
 * borrow it.  What cannot be used, half-written perhaps, is told once.
 */
struct tls *
upstream_trust(struct upstream *u)
{
	struct buf why;

	if (u->links != NULL || !loginfiles_are_other(u->files, LOGINFILE_TLS))
		return trust_tls(u->trust);
	loginfiles_see(u->files, LOGINFILE_TLS);
	buf_init(&why, 8192);
	if (!trust_renew(u->trust, &why))
		log_err("relay=%s, %s; what was read before stays in use", u->relay->name, buf_cstr(&why));
	buf_done(&why);
	return trust_tls(u->trust);
}

/* An open session proves nothing about a password that was changed since. */
bool
upstream_is_of_old(const struct upstream *u, const struct link *l)
{
	return u->password != NULL && (l->secrets != loginfiles_version(u->files) ||
	    loginfiles_are_other(u->files, LOGINFILE_SECRET));
}

/* False: not now; there is trouble, or it is on its way. */
bool
upstream_get_secret(struct upstream *u, struct buf *ret)
{
	struct span token;

	loginfiles_see(u->files, LOGINFILE_SECRET);
	if (u->password != NULL)
		return password_ask(u->password, ret);
	if (u->token == NULL)
		return true;
	if (!token_ask(u->token, &token))
		return false;
	buf_span(ret, token);
	return true;
}

/*
 * A token may have been revoked, or a clock have slept; a password may just
 * have been changed: another one says which (the caller rests otherwise).
 */
bool
upstream_gets_another_secret(const struct upstream *u, const struct status *why, bool was_up)
{
	bool another;

	if (was_up || why->code == 0 || why->verdict != VERDICT_CREDENTIAL)
		return false;
	another = u->token != NULL ? token_refused(u->token) : u->password != NULL && password_refused(u->password);
	if (another)
		log_info("relay=%s, status=%s-refused, reason=%s; another is asked for", u->relay->name,
		    u->token != NULL ? "token" : "password", why->text);
	return another;
}

void
upstream_login_worked(struct upstream *u)
{
	if (u->token != NULL)
		token_worked(u->token);
	if (u->password != NULL)
		password_worked(u->password);
}

/* ---- life ---- */

bool
upstream_login_start(struct upstream *u, struct buf *why)
{
	u->files = loginfiles_new(u->base, u->relay, on_files, u);      /* before one of them is read */
	u->trust = trust_new(u->base, u->relay, why);
	if (u->trust == NULL) {
		loginfiles_free(u->files);
		return false;
	}
	if (u->relay->oauth != NULL)
		u->token = token_new(u->base, u->relay, &token_ops, u);
	else if (relay_conf_with(u->relay) == WITH_PASSWORD)
		u->password = password_new(u->base, u->relay, &password_ops, u);
	return true;
}

void
upstream_login_done(struct upstream *u)
{
	token_free(u->token);
	password_free(u->password);
	trust_free(u->trust);
	loginfiles_free(u->files);
}
