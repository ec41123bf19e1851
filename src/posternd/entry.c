#include "posternd/entry.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "smtp/limits.h"

static void
forget(struct entry *e)
{
	attempt_drop(e->attempt);
	e->attempt = NULL;
	scram_free(e->scram);
	e->scram = NULL;
}

static void
set_user(struct entry *e, struct span user)
{
	free(e->user);
	e->user = user.n > 0 ? span_dup(user) : NULL;
}

static void
say_in_log(const struct entry *e, const char *what)
{
	struct buf name;

	buf_init(&name, USERS_NAME_MAX);
	text_put_printable(&name, span_of(e->user));
	log_info("listen: %s: login as \"%s\" %s", e->name, buf_cstr(&name), what);
	buf_done(&name);
}

static void
came_in(struct entry *e)
{
	forget(e);
	guess_came_in(e->guess, e->address);
	say_in_log(e, "accepted");
	server_accept(e->server);
}

/* The answer waits: who guesses gets few tries in his time. */
static void
failed(struct entry *e)
{
	forget(e);
	guess_failed(e->guess, e->address, clock_mono_ms());
	say_in_log(e, "refused");
	e->failed++;
	e->waiting = true;
}

void
entry_say_no(struct entry *e)
{
	e->waiting = false;
	set_user(e, SPAN(""));
	server_answer(e->server, 535, "5.7.8", "the user or the password is wrong");
	server_take(e->server, (struct span){ NULL, 0 });
}

/* True: it was answered. */
static bool
is_shut_out(struct entry *e)
{
	if (!guess_is_shut(e->guess, e->address, clock_mono_ms()))
		return false;
	server_answer(e->server, 454, "4.7.0", "too many failed logins from your address; try later");
	return true;
}

/* ---- PLAIN and LOGIN ---- */

static void
on_attempt(void *arg)
{
	struct entry *e = arg;

	if (attempt_fits(e->attempt))
		came_in(e);
	else
		failed(e);
	e->moved(e->arg);
}

void
entry_login(struct entry *e, const struct login *l)
{
	forget(e);
	if (is_shut_out(e))
		return;
	set_user(e, l->user);
	e->attempt = attempt_new(e->pool, e->users, l, on_attempt, e);
}

/* ---- SCRAM ---- */

static bool
find_keys(void *arg, struct span user, struct scram_keys *ret)
{
	const struct entry      *e = arg;
	const struct scram_keys *k = users_find(e->users, user);

	if (k != NULL)
		*ret = *k;
	return k != NULL;
}

static void
step(struct entry *e, struct span message)
{
	struct buf      out;
	enum scram_step s;

	buf_init(&out, LIMIT_AUTH_LINE / 2);
	s = scram_take(e->scram, message, &out);
	set_user(e, span_of(scram_user(e->scram)));
	if (s == SCRAM_MORE)
		server_challenge(e->server, buf_view(&out));
	else if (s == SCRAM_IN)
		came_in(e);
	else
		failed(e);
	buf_done(&out);
}

void
entry_scram(struct entry *e, bool begins, struct span message)
{
	if (begins)
		forget(e);
	if (e->scram == NULL) {
		if (is_shut_out(e))
			return;
		e->scram = scram_new(find_keys, e);
	}
	if (e->scram == NULL)
		server_answer(e->server, 454, "4.7.0", "not now");
	else if (message.p == NULL)
		server_challenge(e->server, SPAN(""));
	else
		step(e, message);
}

void
entry_done(struct entry *e)
{
	forget(e);
	set_user(e, SPAN(""));
}
