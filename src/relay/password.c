#include "relay/password.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/watch.h"
#include "config/secret.h"
#include "net/helper.h"
#include "net/loop.h"

#define COMMAND_LIMIT_MS 30000
#define COMMAND_MAX      16384          /* a password has 8192 bytes; what `pass` shows beside it may follow */
#define UNUSED_MS        60000          /* a password that nobody fetches is not kept longer than this */

struct password {
	struct event_base       *base;
	const struct relay_conf *relay;
	struct password_ops      ops;
	void                    *arg;
	char                     path[4096];    /* of the file; "" where there is none */
	struct stat              used;          /* it, as it was when it was read */
	struct timer            *say;           /* failed(), from the loop */
	struct status            why;

	struct helper           *run;
	struct timer            *forget;
	struct buf               kept;          /* a command's; empty: none */
	int64_t                  good_ms;       /* its end */
	bool                     fresh;         /* nobody has had it yet */
	bool                     cached;        /* the last that was given had been used before */
	bool                     again;         /* the last was got for a refusal */
};

/* ---- the file ---- */

static void
look(const struct password *p, struct stat *ret)
{
	if (p->path[0] == '\0' || stat(p->path, ret) != 0)
		memset(ret, 0, sizeof(*ret));
}

/* ---- trouble ---- */

static void
on_say(void *arg)
{
	struct password *p = arg;

	p->ops.failed(p->arg, &p->why);
}

static void
fail(struct password *p, enum verdict v, const char *text)
{
	status_local(&p->why, v, SCOPE_RELAY, "4.7.0", "%s", text);
	timer_set(p->say, 0);
}

/* ---- the command ---- */

static void
drop(struct password *p)
{
	buf_wipe(&p->kept);
	p->fresh = false;
	timer_off(p->forget);
}

static void
on_forget(void *arg)
{
	drop(arg);
}

static void
on_answer(void *arg, const struct helper_answer *a)
{
	struct password *p = arg;
	struct buf why;
	int64_t ttl_ms = p->relay->password_ttl_s * 1000;

	p->run = NULL;
	buf_init(&why, 1024);
	if (!a->ok) {
		buf_printf(&why, "password-command: %s", a->why);
		fail(p, VERDICT_PAUSE, buf_cstr(&why));
	} else {
		buf_room(&p->kept, p->kept.max);        /* growth would leave copies behind */
		if (secret_take(p->relay, a->out, &p->kept, &why) != 0) {
			drop(p);
			fail(p, VERDICT_CREDENTIAL, buf_cstr(&why));
		} else {
			p->fresh = true;
			p->good_ms = clock_mono_ms() + ttl_ms;
			timer_set(p->forget, ttl_ms > UNUSED_MS ? ttl_ms : UNUSED_MS);
			p->ops.came(p->arg);
		}
	}
	buf_done(&why);
}

static void
start(struct password *p)
{
	if (p->run == NULL)
		p->run = helper_run(p->base, (const char *const *)p->relay->password_command, COMMAND_LIMIT_MS,
		    COMMAND_MAX, on_answer, p);
}

static bool
ask_command(struct password *p, struct buf *ret)
{
	bool good = p->kept.n > 0 && (p->fresh || clock_mono_ms() < p->good_ms);

	if (!good) {
		drop(p);
		start(p);
		return false;
	}
	p->cached = !p->fresh;
	p->fresh = false;
	buf_span(ret, buf_view(&p->kept));
	if (clock_mono_ms() >= p->good_ms)
		drop(p);
	return true;
}

/* ---- asking ---- */

bool
password_ask(struct password *p, struct buf *ret)
{
	struct buf why;
	int rc;

	if (p->relay->password_command != NULL)
		return ask_command(p, ret);
	buf_init(&why, 1024);
	look(p, &p->used);              /* before it is read: a change between the two is found later */
	rc = secret_read(p->relay, ret, &why);
	if (rc != 0)
		fail(p, rc == EX_TEMPFAIL ? VERDICT_PAUSE : VERDICT_CREDENTIAL, buf_cstr(&why));
	buf_done(&why);
	return rc == 0;
}

bool
password_refused(struct password *p)
{
	bool another = p->cached;
	struct stat now;

	look(p, &now);
	if (p->path[0] != '\0')
		another = !watch_is_same(&now, &p->used);
	drop(p);
	p->cached = false;
	if (another && !p->again) {
		p->again = true;
		return true;
	}
	p->again = false;
	return false;
}

void
password_worked(struct password *p)
{
	p->again = false;
}

void
password_changed(struct password *p)
{
	p->again = false;
}

/* ---- life ---- */

struct password *
password_new(struct event_base *base, const struct relay_conf *relay, const struct password_ops *ops, void *arg)
{
	struct password *p = xcalloc(1, sizeof(*p));
	struct buf path;

	p->base = base;
	p->relay = relay;
	p->ops = *ops;
	p->arg = arg;
	buf_init(&path, sizeof(p->path) - 1);
	secret_put_path(relay, &path);
	snprintf(p->path, sizeof(p->path), "%s", buf_cstr(&path));
	buf_done(&path);
	buf_init(&p->kept, COMMAND_MAX);
	p->say = timer_new(base, on_say, p);
	p->forget = timer_new(base, on_forget, p);
	return p;
}

void
password_free(struct password *p)
{
	if (p == NULL)
		return;
	helper_cancel(p->run);
	timer_free(p->say);
	timer_free(p->forget);
	buf_wipe(&p->kept);
	free(p);
}
