#include "posternd/attempt.h"

#include <stdlib.h>
#include <string.h>

struct attempt {
	void            (*done)(void *arg);
	void             *arg;
	bool              busy;
	bool              known;
	struct task       task;
	struct scram_keys keys;
	struct buf        password;
	bool              fits;
};

static void
destroy(struct attempt *a)
{
	buf_wipe(&a->password);
	explicit_bzero(a, sizeof(*a));
	free(a);
}

static void
work(void *arg)
{
	struct attempt *a = arg;

	a->fits = scram_fits(&a->keys, buf_view(&a->password)) && a->known;
}

static void
worked(void *arg)
{
	struct attempt *a = arg;

	a->busy = false;
	if (a->done != NULL)
		a->done(a->arg);
	else
		destroy(a);
}

/* Who acts as somebody else is answered like a wrong password: there is nobody to act as. */
static bool
acts_as_himself(const struct login *l)
{
	return l->act_as.n == 0 || span_eq(l->act_as, l->user);
}

struct attempt *
attempt_new(struct pool *pool, const struct users *u, const struct login *login,
    void (*done)(void *arg), void *arg)
{
	struct attempt          *a = xcalloc(1, sizeof(*a));
	const struct scram_keys *k = users_find(u, login->user);

	a->done = done;
	a->arg = arg;
	a->known = k != NULL && acts_as_himself(login);
	if (k != NULL)
		a->keys = *k;
	else
		scram_pretend(login->user, &a->keys);
	buf_init(&a->password, login->password.n + 1);
	buf_room(&a->password, login->password.n + 1);
	buf_span(&a->password, login->password);
	a->task = (struct task){ .work = work, .done = worked, .arg = a };
	a->busy = true;
	pool_put(pool, &a->task);
	return a;
}

bool
attempt_fits(const struct attempt *a)
{
	return a->fits;
}

void
attempt_drop(struct attempt *a)
{
	if (a == NULL)
		return;
	a->done = NULL;
	if (!a->busy)
		destroy(a);
}
