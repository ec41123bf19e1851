#include "relay/loginfiles.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "base/watch.h"
#include "config/secret.h"
#include "net/loop.h"
#include "spool/place.h"

/*
 * No inotify: a secret's file is often a link into a folder that is put there
 * whole, which a watch of the file, or of the link's folder, does not see; a
 * look each few seconds sees all.
 */
#define POLL_MS   3000
#define FILES_MAX 8             /* see name_them() */

struct loginfile_seen {
	char          *path;
	enum loginfile kind;
	struct stat    st;      /* all zero: there was none */
	struct stat    told;    /* as it was when that was told: once is enough, whoever reads it when */
};

struct loginfiles {
	void                (*changed)(void *arg);
	void                 *arg;
	struct timer         *poll;
	unsigned              version;
	size_t                n;
	struct loginfile_seen file[FILES_MAX];
};

static int poll_ms = POLL_MS;

void
loginfiles_poll_each(int ms)
{
	poll_ms = ms;
}

static void
look(const struct loginfile_seen *file, struct stat *ret)
{
	if (stat(file->path, ret) != 0)
		memset(ret, 0, sizeof(*ret));
}

static bool
is_other(const struct loginfile_seen *file)
{
	struct stat now;

	look(file, &now);
	return !watch_is_same(&now, &file->st);
}

void
loginfiles_see(struct loginfiles *f, enum loginfile kind)
{
	bool others = false;

	for (size_t i = 0; i < f->n; i++) {
		if (f->file[i].kind != kind)
			continue;
		others |= is_other(&f->file[i]);
		look(&f->file[i], &f->file[i].st);
	}
	f->version += others && kind == LOGINFILE_SECRET;
}

bool
loginfiles_are_other(const struct loginfiles *f, enum loginfile kind)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->file[i].kind == kind && is_other(&f->file[i]))
			return true;
	return false;
}

unsigned
loginfiles_version(const struct loginfiles *f)
{
	return f->version;
}

/* ---- watching ---- */

static bool
is_news(struct loginfile_seen *file)
{
	struct stat now;

	look(file, &now);
	if (watch_is_same(&now, &file->st) || watch_is_same(&now, &file->told))
		return false;
	file->told = now;
	return true;
}

static void
on_poll(void *arg)
{
	struct loginfiles *f = arg;
	bool news = false;

	for (size_t i = 0; i < f->n; i++)
		news |= is_news(&f->file[i]);
	if (news)
		f->changed(f->arg);
	else
		timer_set(f->poll, poll_ms);
}

void
loginfiles_watch(struct loginfiles *f)
{
	if (f->n > 0)
		timer_set(f->poll, poll_ms);
}

void
loginfiles_unwatch(struct loginfiles *f)
{
	timer_off(f->poll);
}

/* ---- which ---- */

static void
add(struct loginfiles *f, enum loginfile kind, const char *path)
{
	if (path == NULL || path[0] == '\0')
		return;
	f->file[f->n] = (struct loginfile_seen){ .path = xstrdup(path), .kind = kind };
	look(&f->file[f->n], &f->file[f->n].st);
	f->n++;
}

static void
add_oauth(struct loginfiles *f, const struct relay_conf *r)
{
	struct buf token;

	buf_init(&token, 8192);
	if (r->oauth->token_file != NULL)
		buf_str(&token, r->oauth->token_file);
	else
		place_put_token(&token, r->name);
	add(f, LOGINFILE_TOKEN, buf_cstr(&token));
	add(f, LOGINFILE_SECRET, r->oauth->client_secret_file);
	add(f, LOGINFILE_SECRET, r->oauth->key_file);
	add(f, LOGINFILE_SECRET, r->oauth->ca_file);
	buf_done(&token);
}

static void
name_them(struct loginfiles *f, const struct relay_conf *r)
{
	struct buf secret;

	if (r->oauth != NULL) {
		add_oauth(f, r);
	} else {
		buf_init(&secret, 8192);
		secret_put_path(r, &secret);
		add(f, LOGINFILE_SECRET, buf_cstr(&secret));
		buf_done(&secret);
	}
	if (r->tls == TLS_NONE)
		return;
	add(f, LOGINFILE_TLS, r->ca_file);
	add(f, LOGINFILE_TLS, r->ca_path);
	add(f, LOGINFILE_TLS, r->client_cert);
	add(f, LOGINFILE_TLS, r->client_key);
}

/* ---- life ---- */

struct loginfiles *
loginfiles_new(struct event_base *base, const struct relay_conf *relay, void (*changed)(void *arg), void *arg)
{
	struct loginfiles *f = xcalloc(1, sizeof(*f));

	f->changed = changed;
	f->arg = arg;
	f->poll = timer_new(base, on_poll, f);
	name_them(f, relay);
	return f;
}

void
loginfiles_free(struct loginfiles *f)
{
	if (f == NULL)
		return;
	timer_free(f->poll);
	for (size_t i = 0; i < f->n; i++)
		free(f->file[i].path);
	free(f);
}
