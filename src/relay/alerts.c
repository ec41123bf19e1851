#include "relay/alerts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/helper.h"
#include "relay/own.h"
#include "relay/troubles.h"

#define COMMAND_MS   60000
#define COMMAND_MAX  4096               /* of its output, which nobody reads */
#define COMMAND_ARGS 64                 /* … of the configuration; ours come behind */
#define LINE_MAX_N   200

enum event { EVENT_NONE, EVENT_TROUBLE, EVENT_WELL };

/* What is to be said by alert-command, in its own words: the relay may be gone by then. */
struct call {
	char       relay[64];
	enum event event;
	char       text[512];
	char       hint[512];
};

struct alerts {
	struct event_base   *base;
	struct store        *store;
	const struct config *conf;      /* of the last look */
	struct troubles      troubles;
	uint64_t             carried[TROUBLES_MAX]; /* of troubles.trouble[i], when it was told */

	struct call          calls[TROUBLES_MAX];   /* that wait for their turn, one a relay */
	size_t               ncalls;
	struct helper       *command;
	struct call          running;
	bool                 stopped;

	void               (*said)(void *arg, const char *line);
	void                *said_arg;
	char                 line[LINE_MAX_N + 1];
};

static void run_next(struct alerts *a);

/* ---- the command ---- */

static void
drop_call(struct alerts *a, size_t i)
{
	a->ncalls--;
	memmove(&a->calls[i], &a->calls[i + 1], (a->ncalls - i) * sizeof(a->calls[0]));
}

static size_t
find_call(const struct alerts *a, const char *relay)
{
	size_t i = 0;

	while (i < a->ncalls && strcmp(a->calls[i].relay, relay) != 0)
		i++;
	return i;
}

static void
on_done(void *arg, const struct helper_answer *answer)
{
	struct alerts *a = arg;

	a->command = NULL;
	if (!answer->ok)
		log_err("alert-command: %s: nobody may have heard that relay %s %s", answer->why, a->running.relay,
		    a->running.event == EVENT_WELL ? "is well again" : "needs attention");
	run_next(a);
}

static void
run_next(struct alerts *a)
{
	const char *argv[COMMAND_ARGS + 5];
	size_t      n = 0;

	if (a->command != NULL || a->ncalls == 0 || a->stopped)
		return;
	a->running = a->calls[0];
	drop_call(a, 0);
	for (char **w = a->conf->alert_command; w != NULL && *w != NULL && n < COMMAND_ARGS; w++)
		argv[n++] = *w;
	if (n == 0)
		return;
	argv[n++] = a->running.event == EVENT_WELL ? "well" : "trouble";
	argv[n++] = a->running.relay;
	argv[n++] = a->running.text;
	argv[n++] = a->running.hint;
	argv[n] = NULL;
	a->command = helper_run(a->base, argv, COMMAND_MS, COMMAND_MAX, on_done, a);
}

/* Trouble that was not told yet and is over is not told any more. */
static void
call(struct alerts *a, enum event event, const char *relay, const char *text, const char *hint)
{
	size_t i = find_call(a, relay);

	if (a->conf->alert_command == NULL)
		return;
	if (i < a->ncalls) {
		bool untold = a->calls[i].event == EVENT_TROUBLE;

		drop_call(a, i);
		if (untold && event == EVENT_WELL)
			return;
	}
	assert(a->ncalls < TROUBLES_MAX);
	i = a->ncalls++;
	a->calls[i].event = event;
	snprintf(a->calls[i].relay, sizeof(a->calls[i].relay), "%s", relay);
	snprintf(a->calls[i].text, sizeof(a->calls[i].text), "%s", text);
	snprintf(a->calls[i].hint, sizeof(a->calls[i].hint), "%s", hint != NULL ? hint : "");
	run_next(a);
}

/* ---- mail ---- */

static bool
another_may_carry(const struct fleet *f, const struct upstream *u)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->up[i] != u && !upstream_needs_person(f->up[i]) && !upstream_is_paused(f->up[i]))
			return true;
	return false;
}

static bool
mail(struct alerts *a, const char *subject, struct buf *text)
{
	char id[ID_LEN + 1];
	int  err = own_tell_root(a->conf, a->store, subject, buf_view(text), id);

	if (err == 0)
		log_info("alert: \"%s\" to root is %s", subject, id);
	else
		log_err("alert: \"%s\" to root cannot be written: %s", subject, strerror(-err));
	return err == 0;
}

static bool
mail_trouble(struct alerts *a, const struct upstream *u)
{
	const struct status *why = upstream_trouble(u);
	const char          *name = upstream_conf(u)->name;
	char                 subject[128];
	struct buf           b;
	bool                 done;

	snprintf(subject, sizeof(subject), "Relay %s needs attention", name);
	buf_init(&b, 8192);
	buf_printf(&b, "This is Postern, the mail relay of %s.\n\n"
	    "The relay %s cannot be used until somebody sees to it:\n\n    ", a->conf->hostname, name);
	text_put_printable(&b, span_of(why->text));
	buf_str(&b, "\n");
	if (why->hint != NULL)
		buf_printf(&b, "\nWhat to do: %s\n", why->hint);
	buf_printf(&b, "\nNo mail is lost. It goes by another relay, as this one does, or waits.\n"
	    "The relay is tried again by itself from time to time, and at once after\n\n"
	    "    postern reload\n\nHow it is: postern status. You are told when it works again.\n");
	done = mail(a, subject, &b);
	buf_done(&b);
	return done;
}

static void
mail_well(struct alerts *a, const char *name, int64_t since_s)
{
	char       subject[128];
	struct buf b;

	snprintf(subject, sizeof(subject), "Relay %s works again", name);
	buf_init(&b, 8192);
	buf_printf(&b, "This is Postern, the mail relay of %s.\n\n"
	    "The relay %s takes mail again. It was in trouble since\n", a->conf->hostname, name);
	text_put_date(&b, since_s);
	buf_str(&b, ".\n");
	(void)mail(a, subject, &b);
	buf_done(&b);
}

/* ---- looking ---- */

static bool
look_at(struct alerts *a, const struct fleet *f, const struct upstream *u)
{
	const struct status *why = upstream_trouble(u);
	const char          *name = upstream_conf(u)->name;
	struct trouble      *x;

	if (upstream_needs_person(u)) {
		if ((x = troubles_news(&a->troubles, name, why, clock_wall_s())) == NULL)
			return false;
		a->carried[x - a->troubles.trouble] = upstream_carried(u);
		call(a, EVENT_TROUBLE, name, why->text, why->hint);
		x->mailed = another_may_carry(f, u) && mail_trouble(a, u);
		return true;
	}
	x = troubles_find(&a->troubles, name);
	/* A relay that was not tried since a reload says nothing; one that took a message does. */
	if (x == NULL || !x->standing || upstream_well(u) != WELL ||
	    upstream_carried(u) <= a->carried[x - a->troubles.trouble])
		return false;
	x->standing = false;
	call(a, EVENT_WELL, name, "it takes mail again", NULL);
	if (x->mailed)
		mail_well(a, name, x->told_s);
	return true;
}

static void
put_line(struct buf *b, const struct fleet *f)
{
	const struct upstream *first = NULL;
	size_t                 persons = 0, resting = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct upstream *u = f->up[i];

		persons += upstream_needs_person(u);
		resting += upstream_well(u) != WELL;
		if (first == NULL || (upstream_needs_person(u) && !upstream_needs_person(first)))
			first = upstream_well(u) != WELL ? u : first;
	}
	if (resting == 0) {
		buf_printf(b, f->n == 1 ? "the relay is well" : "all %zu relays are well", f->n);
		return;
	}
	buf_printf(b, "relay %s %s: ", upstream_conf(first)->name, persons > 0 ? "needs attention" : "rests");
	text_put_printable(b, span_of(upstream_trouble(first)->text));
	if (resting > 1)
		buf_printf(b, " (and %zu more)", resting - 1);
}

static void
say(struct alerts *a, const struct fleet *f)
{
	struct buf b;
	char       line[LINE_MAX_N + 1];

	buf_init(&b, 2048);
	put_line(&b, f);
	snprintf(line, sizeof(line), "%s", buf_cstr(&b));
	buf_done(&b);
	if (strcmp(line, a->line) == 0)
		return;
	memcpy(a->line, line, sizeof(line));
	if (a->said != NULL)
		a->said(a->said_arg, line);
}

static void
save(struct alerts *a)
{
	int err = troubles_write(&a->troubles, store_spool_fd(a->store));

	if (err != 0)
		log_warn("state/alerts cannot be written: %s; after a restart a relay's trouble is told again",
		    strerror(-err));
}

void
alerts_look(struct alerts *a, const struct fleet *f)
{
	bool news = false;

	if (a->stopped)
		return;
	a->conf = f->conf;
	for (size_t i = 0; i < f->n; i++)
		news |= look_at(a, f, f->up[i]);
	if (news)
		save(a);
	say(a, f);
}

/* ---- life ---- */

struct alerts *
alerts_new(struct event_base *base, struct store *store)
{
	struct alerts *a = xcalloc(1, sizeof(*a));

	a->base = base;
	a->store = store;
	return a;
}

void
alerts_start(struct alerts *a)
{
	int err = troubles_read(&a->troubles, store_spool_fd(a->store));

	if (err != 0)
		log_warn("state/alerts cannot be read: %s; a relay's trouble may be told again", strerror(-err));
}

void
alerts_listen(struct alerts *a, void (*said)(void *arg, const char *line), void *arg)
{
	a->said = said;
	a->said_arg = arg;
	if (said != NULL && a->line[0] != '\0')
		said(arg, a->line);
}

static bool
forget(struct alerts *a, const struct call *c)
{
	struct trouble *x = troubles_find(&a->troubles, c->relay);

	if (x == NULL || c->event != EVENT_TROUBLE)
		return false;
	x->told_s = 0;
	return true;
}

void
alerts_stop(struct alerts *a)
{
	bool untold = false;

	if (a->stopped)
		return;
	a->stopped = true;
	if (a->command != NULL)
		untold |= forget(a, &a->running);
	for (size_t i = 0; i < a->ncalls; i++)
		untold |= forget(a, &a->calls[i]);
	helper_cancel(a->command);
	a->command = NULL;
	a->ncalls = 0;
	if (untold)
		save(a);
}

void
alerts_free(struct alerts *a)
{
	if (a == NULL)
		return;
	alerts_stop(a);
	free(a);
}
