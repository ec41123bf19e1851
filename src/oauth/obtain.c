#include "oauth/obtain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "oauth/exchange.h"
#include "oauth/hold.h"

#define LOCK_LIMIT_MS 50000     /* who holds it has been asking the provider for at most 45 s */
#define USABLE_S      60        /* a login must still get through */
#define AGAIN_S       60        /* a service that said no time */

static int
file_trouble(struct trouble *t, const char *path, int err)
{
	if (err == -ENOENT)
		return trouble_set(t, TROUBLE_PERSON, "postern login", "%s: nobody has agreed yet", path);
	if (err == -EPERM)
		return trouble_set(t, TROUBLE_CONFIG, "chmod 0600, and think of its tokens as known: postern login",
		    "%s: others can read or write it", path);
	if (err == -EINVAL)
		return trouble_set(t, TROUBLE_PERSON, "postern login makes a new one", "%s: no token file", path);
	return trouble_set(t, TROUBLE_WAIT, "the daemon must own the folder", "%s: %s", path, strerror(-err));
}

static bool
needs_refresh_token(const struct request *r)
{
	return r->flow == NULL || strcmp(r->flow, "refresh") == 0;
}

/* Nothing is there yet where nobody has to agree: that is no error. */
static int
read_tokens(const struct request *r, struct tokens *ret, struct trouble *t)
{
	int err = tokenfile_read(r->token_file, ret);

	if (err == 0 || (err == -ENOENT && !needs_refresh_token(r)))
		return 0;
	return file_trouble(t, r->token_file, err);
}

/* Did the server refuse the very one that we have? */
static bool
is_refused(const struct request *r, const struct tokens *f)
{
	uint64_t serial;

	return r->not_serial != NULL && text_number(span_of(r->not_serial), INT64_MAX, &serial) == 0 &&
	    serial == f->serial;
}

static void
move(char **into, char **from)
{
	if (*into != NULL)
		explicit_bzero(*into, strlen(*into));
	free(*into);
	*into = *from;
	*from = NULL;
}

static int
cannot_write(struct trouble *t, const char *path, int err)
{
	return trouble_set(t, TROUBLE_WAIT, "the daemon must own the folder, and its disk have room",
	    "%s: cannot be written: %s", path, strerror(-err));
}

/*
 * A provider that rotates takes the old refresh token back with the answer
 * that has the new one: a disk that is full then would cost the consent.
 */
static int
rehearse(const struct request *r, const struct tokens *f, struct trouble *t)
{
	int err = f->refresh != NULL ? tokenfile_write(r->token_file, f) : 0;

	return err == 0 ? 0 : cannot_write(t, r->token_file, err);
}

static int
keep(const char *path, struct tokens *f, struct token_answer *a, struct trouble *t)
{
	int err;

	f->serial++;
	f->issued_s = clock_wall_s();
	f->expires_s = f->issued_s + a->life_s;
	if (a->refresh_life_s > 0)
		f->ends_s = f->issued_s + a->refresh_life_s;
	move(&f->access, &a->access);
	if (a->refresh != NULL)
		move(&f->refresh, &a->refresh);
	if (a->scope != NULL)
		move(&f->scope, &a->scope);
	free(f->dead);
	f->dead = NULL;
	err = tokenfile_write(path, f);
	return err == 0 ? 0 : cannot_write(t, path, err);
}

static int
renew(struct request *r, const struct tokens *f, struct token_answer *ret, struct trouble *t)
{
	if (r->flow != NULL && strcmp(r->flow, "service-account") == 0)
		return exchange_key(r, ret, t);
	if (exchange_discover(r, ENDPOINT_TOKEN, t) < 0)
		return -1;
	if (r->flow != NULL && strcmp(r->flow, "client-credentials") == 0)
		return exchange_credentials(r, ret, t);
	return exchange_refresh(r, f->refresh, ret, t);
}

/*
 * No automatic repeats: services count them, and the file's next change is
 * what can help.  That it cannot be written down is no reason to say less.
 */
static void
note_death(const char *path, struct tokens *f, const struct trouble *t)
{
	free(f->dead);
	f->dead = xstrdup(t->text);
	(void)tokenfile_write(path, f);
}

/* The lock is held, and the file was read under it. */
static int
renew_locked(struct request *r, struct tokens *f, int64_t *ret_due_s, struct trouble *t)
{
	struct token_answer a = { 0 };
	bool refused = is_refused(r, f);
	int rc;

	if (!refused && (*ret_due_s = tokens_due_s(f, clock_wall_s())) > 0)
		return 0;       /* somebody else was faster */
	if (needs_refresh_token(r) && (f->dead != NULL || f->refresh == NULL)) {
		trouble_judge(t, "invalid_grant", "", false);
		if (f->dead == NULL)
			return trouble_set(t, TROUBLE_PERSON, "postern login", "%s: no refresh token in it",
			    r->token_file);
		return trouble_set(t, TROUBLE_PERSON, t->hint, "%s", f->dead);
	}
	rc = rehearse(r, f, t);
	hold_arm();
	if (rc == 0)
		rc = renew(r, f, &a, t);
	if (rc == 0)
		rc = keep(r->token_file, f, &a, t);
	hold_end();
	token_answer_done(&a);
	if (rc == 0) {
		*ret_due_s = tokens_due_s(f, clock_wall_s());
		return 0;
	}
	if (t->kind == TROUBLE_SLOWER || t->kind == TROUBLE_PENDING)
		t->kind = TROUBLE_WAIT;         /* a device's words, said to all who ask too often */
	if (t->final && needs_refresh_token(r))
		note_death(r->token_file, f, t);
	/* What is still good is used while the service recovers. */
	if (t->kind == TROUBLE_WAIT && !refused && tokens_left_s(f, clock_wall_s()) >= USABLE_S) {
		*ret_due_s = t->retry_after_s > 0 ? t->retry_after_s : AGAIN_S;
		return 0;
	}
	return -1;
}

int
obtain_token(struct request *r, struct tokens *ret, int64_t *ret_due_s, struct trouble *t)
{
	struct tokens f = { 0 };
	int lock, rc;

	if (r->token_file == NULL)
		return trouble_set(t, TROUBLE_CONFIG, NULL, "no token-file");
	/* Without the lock first: it is the usual case, and the file is replaced whole. */
	if (read_tokens(r, &f, t) < 0)
		return -1;
	if (!is_refused(r, &f) && (*ret_due_s = tokens_due_s(&f, clock_wall_s())) > 0) {
		*ret = f;
		return 0;
	}
	tokens_done(&f);
	lock = tokenfile_lock(r->token_file, LOCK_LIMIT_MS);
	if (lock == -ETIMEDOUT)
		return trouble_set(t, TROUBLE_WAIT, NULL, "%s: another renewal does not come to its end",
		    r->token_file);
	if (lock < 0)
		return file_trouble(t, r->token_file, lock == -ENOENT || lock == -EINVAL ? -EACCES : lock);
	rc = read_tokens(r, &f, t);
	if (rc == 0)
		rc = renew_locked(r, &f, ret_due_s, t);
	fs_close(lock);
	if (rc == 0)
		*ret = f;
	else
		tokens_done(&f);
	return rc;
}

int
obtain_keep(const struct request *r, struct token_answer *a, struct tokens *ret, struct trouble *t)
{
	struct tokens f = { 0 }, old = { 0 };
	int lock = tokenfile_lock(r->token_file, LOCK_LIMIT_MS), rc;

	if (lock < 0)
		return file_trouble(t, r->token_file, lock == -ENOENT || lock == -EINVAL ? -EACCES : lock);
	if (tokenfile_read(r->token_file, &old) == 0)
		f.serial = old.serial;  /* goes on: a daemon may know the old one by its number */
	tokens_done(&old);
	f.granted_s = clock_wall_s();
	f.scope = r->scope != NULL ? xstrdup(r->scope) : NULL;
	rc = keep(r->token_file, &f, a, t);
	fs_close(lock);
	if (rc == 0)
		*ret = f;
	else
		tokens_done(&f);
	return rc;
}
