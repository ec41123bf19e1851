/* people.c - uid to names; see people.h. */
#include "spool/people.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/thread.h"

#define FRESH_MS      (600 * 1000)      /* a new or renamed user shows within this */
#define AGAIN_MS      (30 * 1000)       /* until a database in trouble is asked again */
#define PATIENCE_MS   1000              /* files answer in a hundredth of it, however busy the machine is */
#define HURRY_MS      100               /* another is waited for already: no sum of seconds */
#define PASSWD_BYTES  4096
#define PASSWD_MAX    (1u << 20)        /* an entry longer than this is no entry */
#define FULL_NAME_MAX 255

/* Up to the first comma; '&' stands for the login name with a capital (finger's custom). */
static char *
gecos_name(const char *gecos, const char *login)
{
	struct buf b;

	buf_init(&b, FULL_NAME_MAX);
	for (; gecos != NULL && *gecos != '\0' && *gecos != ','; gecos++) {
		size_t at = b.n;

		if (*gecos != '&') {
			buf_char(&b, (unsigned char)*gecos < 32 || *gecos == 127 ? ' ' : *gecos);
			continue;
		}
		buf_str(&b, login);
		if (b.n > at && b.p[at] >= 'a' && b.p[at] <= 'z')
			b.p[at] = (char)(b.p[at] - 32);
	}
	if (span_trim(buf_view(&b)).n == 0) {
		buf_done(&b);
		return NULL;
	}
	return (char *)buf_steal(&b).p;
}

static char *
digits(uid_t uid)
{
	struct buf b;

	buf_init(&b, 32);
	buf_printf(&b, "%lu", (unsigned long)uid);
	return (char *)buf_steal(&b).p;
}

/* ---- the thread's side ---- */

/* Of who waits and of the thread that asks: whoever leaves last frees it. */
struct question {
	pthread_mutex_t lock;
	pthread_cond_t  answered;
	people_source  *source;
	uid_t           uid;
	bool            done;           /* the thread left */
	bool            dropped;        /* nobody waits any more */
	bool            trouble;        /* the database had no answer, not even that there is no such user */
	char           *name;           /* NULL: nobody has the uid */
	char           *full_name;
};

static people_source *source = getpwuid_r;

void
people_set_source(people_source *s)
{
	source = s != NULL ? s : getpwuid_r;
}

static void
free_question(struct question *q)
{
	pthread_cond_destroy(&q->answered);
	pthread_mutex_destroy(&q->lock);
	free(q->name);
	free(q->full_name);
	free(q);
}

static void
ask(struct question *q)
{
	struct passwd pw, *found = NULL;
	size_t        n = PASSWD_BYTES;
	char         *p = xrealloc(NULL, n);
	int           e;

	while ((e = q->source(q->uid, &pw, p, n, &found)) == ERANGE && n < PASSWD_MAX) {
		n *= 2;
		p = xrealloc(p, n);
	}
	/* POSIX has 0 for nobody; libraries of old also say it with these. */
	q->trouble = found == NULL && e != 0 && e != ENOENT && e != ESRCH && e != EBADF && e != EPERM && e != ERANGE;
	if (found != NULL && pw.pw_name[0] != '\0') {
		q->name = xstrdup(pw.pw_name);
		q->full_name = gecos_name(pw.pw_gecos, pw.pw_name);
	}
	free(p);
}

static void *
run(void *arg)
{
	struct question *q = arg;
	bool             dropped;

	ask(q);
	pthread_mutex_lock(&q->lock);
	q->done = true;
	dropped = q->dropped;
	pthread_cond_signal(&q->answered);
	pthread_mutex_unlock(&q->lock);
	if (dropped)
		free_question(q);
	return NULL;
}

/* ---- the daemon's side ---- */

static struct question *
begin(uid_t uid)
{
	struct question   *q = xcalloc(1, sizeof(*q));
	pthread_condattr_t attr;
	pthread_t          thread;

	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->answered, &attr);
	pthread_condattr_destroy(&attr);
	q->source = source;
	q->uid = uid;
	if (thread_start(&thread, run, q) == 0)
		pthread_detach(thread);
	else
		run(q);         /* no thread to be had: the name is worth more than the risk */
	return q;
}

/* Is it answered, within `most` of real time?  As in the reaper, a stopped clock must not stop this. */
static bool
is_answered(struct question *q, long most_ms)
{
	struct timespec until;
	int             e = 0;
	bool            done;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += most_ms % 1000 * 1000000;
	until.tv_sec += most_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&q->lock);
	while (!q->done && most_ms > 0 && e == 0)
		e = pthread_cond_timedwait(&q->answered, &q->lock, &until);
	done = q->done;
	pthread_mutex_unlock(&q->lock);
	return done;
}

static void
drop(struct question *q)
{
	bool done;

	pthread_mutex_lock(&q->lock);
	done = q->done;
	q->dropped = true;
	pthread_mutex_unlock(&q->lock);
	if (done)
		free_question(q);
}

static void
forget(struct person *w)
{
	if (w->question != NULL)
		drop(w->question);
	free(w->name);
	free(w->full_name);
	*w = (struct person){ 0 };
}

/* What is known stands when the database is in trouble, and it is asked again soon. */
static void
take_answer(struct person *w, long most_ms)
{
	struct question *q = w->question;

	if (q == NULL || !is_answered(q, most_ms))
		return;
	w->question = NULL;
	w->asked_ms = clock_mono_ms() - (q->trouble ? FRESH_MS - AGAIN_MS : 0);
	if (!q->trouble) {
		free(w->name);
		free(w->full_name);
		w->name = q->name;
		w->full_name = q->full_name;
		q->name = q->full_name = NULL;
	}
	free_question(q);
}

static size_t
owed(const struct people *p)
{
	size_t n = 0;

	for (size_t i = 0; i < PEOPLE_MAX; i++)
		n += p->who[i].question != NULL;
	return n;
}

/* The uid's own place; else the next that no answer is owed to, emptied; else none for long. */
static struct person *
place_of(struct people *p, uid_t uid)
{
	struct person *w;

	for (size_t i = 0; i < PEOPLE_MAX; i++)
		if (p->who[i].name != NULL && p->who[i].uid == uid)
			return &p->who[i];
	for (size_t i = 0; i < PEOPLE_MAX; i++) {
		w = &p->who[p->next];
		p->next = (p->next + 1) % PEOPLE_MAX;
		take_answer(w, 0);
		if (w->question == NULL) {
			forget(w);
			w->uid = uid;
			return w;
		}
	}
	return NULL;
}

const struct person *
people_find(struct people *p, uid_t uid)
{
	struct person *w = place_of(p, uid);
	long           wait_ms = 0;

	if (w == NULL) {
		forget(&p->passing);
		p->passing = (struct person){ .uid = uid, .name = digits(uid) };
		return &p->passing;
	}
	if (w->question == NULL && (w->name == NULL || clock_mono_ms() - w->asked_ms >= FRESH_MS)) {
		wait_ms = owed(p) == 0 ? PATIENCE_MS : HURRY_MS;
		w->question = begin(uid);
	}
	take_answer(w, wait_ms);
	if (w->name == NULL)
		w->name = digits(uid);
	return w;
}

void
people_done(struct people *p)
{
	for (size_t i = 0; i < PEOPLE_MAX; i++)
		forget(&p->who[i]);
	forget(&p->passing);
}
