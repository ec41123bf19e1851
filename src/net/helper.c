/* helper.c - posix_spawn, two pipes, a pidfd and a deadline. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/fs.h"
#include "base/text.h"
#include "net/helper.h"

#define COMPLAINT_MAX   256             /* of its standard error: a log line's worth */
#define WHY_MAX         512
#define READ_BYTES      4096
#define POLL_MS         5               /* without pidfd: how soon an exit is seen … */
#define POLL_MAX_MS     200             /* … and how late, for a slow program */

struct helper {
	struct event_base *base;
	char              *name;        /* last part of argv[0] */
	pid_t              pid;         /* 0: none, or reaped */
	int                pidfd;
	int                out_fd;
	int                err_fd;
	struct event      *exited;      /* pidfd readable, or the next waitpid() */
	struct event      *out_ready;
	struct event      *err_ready;
	struct event      *limit;
	int                limit_ms;
	int                poll_ms;
	int                spawn_error;
	struct buf         out;
	struct buf         complaint;
	struct buf         why;
	bool               answered;    /* done() was called, or never will be */
	bool               in_done;
	struct helper     *next;        /* of those that linger */
	void             (*done)(void *arg, const struct helper_answer *a);
	void              *arg;
};

static bool           no_pidfd;
static struct helper *lingerers;
static unsigned       lingering;

void
helper_without_pidfd(bool yes)
{
	no_pidfd = yes;
}

unsigned
helper_lingering(void)
{
	return lingering;
}

static struct timeval
to_timeval(int ms)
{
	return (struct timeval){ ms / 1000, ms % 1000 * 1000 };
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
unwatch(struct event **e)
{
	if (*e != NULL)
		event_free(*e);
	*e = NULL;
}

static void
stop_reading(struct helper *h)
{
	unwatch(&h->out_ready);
	unwatch(&h->err_ready);
	unwatch(&h->limit);
	shut(&h->out_fd);
	shut(&h->err_fd);
}

static void
destroy(struct helper *h)
{
	assert(h->pid == 0);
	stop_reading(h);
	unwatch(&h->exited);
	shut(&h->pidfd);
	buf_wipe(&h->out);              /* it may have been a password */
	buf_done(&h->complaint);
	buf_done(&h->why);
	free(h->name);
	free(h);
}

static void
kill_group(struct helper *h)
{
	if (h->pid > 0)
		kill(-h->pid, SIGKILL);
}

/*
 * Nobody waits for the answer any more, but the kernel still has a child of
 * ours.  Even SIGKILL may take its time (a dead NFS server), so it is the
 * loop that waits, not the caller.
 */
static void
retire(struct helper *h)
{
	h->answered = true;
	stop_reading(h);
	if (h->pid == 0)
		destroy(h);
	else {
		h->next = lingerers;
		lingerers = h;
		lingering++;
	}
}

static void
linger_no_more(struct helper *h)
{
	struct helper **at = &lingerers;

	while (*at != h)
		at = &(*at)->next;
	*at = h->next;
	lingering--;
}

static void
trim_complaint(struct helper *h)
{
	struct span rest = buf_view(&h->complaint), line;

	if (span_cut(&rest, '\n', &line))
		buf_cut(&h->complaint, line.n);
}

static void
answer(struct helper *h, int status, bool ok)
{
	struct helper_answer a = {
		.ok = ok, .exit = status, .out = buf_view(&h->out),
	};

	trim_complaint(h);
	if (!ok && h->complaint.n > 0) {
		buf_str(&h->why, ": ");
		text_put_printable(&h->why, buf_view(&h->complaint));
	}
	a.why = ok ? "" : buf_cstr(&h->why);
	h->in_done = true;
	h->done(h->arg, &a);
	h->in_done = false;
	retire(h);
}

static void
give_up(struct helper *h, const char *what)
{
	buf_printf(&h->why, "%s: %s", h->name, what);
	kill_group(h);
	answer(h, -1, false);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;
	struct buf text;

	(void)fd, (void)what;
	buf_init(&text, WHY_MAX);
	if (h->limit_ms % 1000 == 0)
		buf_printf(&text, "killed after %d s", h->limit_ms / 1000);
	else
		buf_printf(&text, "killed after %d ms", h->limit_ms);
	give_up(h, buf_cstr(&text));
	buf_done(&text);
}

/* False: too much of it. */
static bool
read_out(struct helper *h)
{
	char p[READ_BYTES];
	ssize_t n;

	while (h->out_fd >= 0) {
		n = read(h->out_fd, p, sizeof(p));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			unwatch(&h->out_ready);
			shut(&h->out_fd);
			break;
		}
		buf_add(&h->out, p, (size_t)n);
		explicit_bzero(p, (size_t)n);
		if (h->out.over)
			return false;
	}
	return true;
}

/* Its first line is kept; the rest is read too, lest it block. */
static void
read_err(struct helper *h)
{
	char p[READ_BYTES];
	ssize_t n;

	while (h->err_fd >= 0) {
		n = read(h->err_fd, p, sizeof(p));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			unwatch(&h->err_ready);
			shut(&h->err_fd);
			break;
		}
		if ((size_t)n > COMPLAINT_MAX - h->complaint.n)
			n = (ssize_t)(COMPLAINT_MAX - h->complaint.n);
		buf_add(&h->complaint, p, (size_t)n);
	}
}

static void
on_out(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;

	(void)fd, (void)what;
	if (!read_out(h))
		give_up(h, "answers too much");
}

static void
on_err(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	read_err(arg);
}

static void
conclude(struct helper *h, int wstatus)
{
	bool fits = read_out(h);

	read_err(h);
	if (!fits)
		give_up(h, "answers too much");
	else if (WIFSIGNALED(wstatus)) {
		buf_printf(&h->why, "%s: ended by signal %d", h->name,
		    WTERMSIG(wstatus));
		answer(h, -WTERMSIG(wstatus), false);
	} else {
		if (WEXITSTATUS(wstatus) != 0)
			buf_printf(&h->why, "%s: exit %d", h->name,
			    WEXITSTATUS(wstatus));
		answer(h, WEXITSTATUS(wstatus), WEXITSTATUS(wstatus) == 0);
	}
}

static void
wait_on(struct helper *h)
{
	struct timeval tv = to_timeval(h->poll_ms);

	if (h->pidfd >= 0) {
		event_add(h->exited, NULL);
		return;
	}
	event_add(h->exited, &tv);
	if (h->poll_ms < POLL_MAX_MS)
		h->poll_ms *= 2;
}

static void
on_exited(evutil_socket_t fd, short what, void *arg)
{
	struct helper *h = arg;
	int wstatus = 0;
	pid_t r;

	(void)fd, (void)what;
	if (h->spawn_error != 0) {
		give_up(h, strerror(h->spawn_error));
		return;
	}
	do
		r = waitpid(h->pid, &wstatus, WNOHANG);
	while (r < 0 && errno == EINTR);
	if (r == 0) {
		wait_on(h);
		return;
	}
	h->pid = 0;
	if (h->answered) {
		linger_no_more(h);
		destroy(h);
	} else if (r < 0)
		give_up(h, "somebody else took its exit status");
	else
		conclude(h, wstatus);
}

/* A pipe whose ends stand above 2: were the daemon started without standard
   descriptors, the child's dup2()s would trample on each other. */
static int
high_pipe(int *ret_read, int *ret_write)
{
	int low[2], r, w;

	if (pipe2(low, O_CLOEXEC) < 0)
		return -errno;
	r = fcntl(low[0], F_DUPFD_CLOEXEC, 3);
	w = fcntl(low[1], F_DUPFD_CLOEXEC, 3);
	close(low[0]);
	close(low[1]);
	if (r < 0 || w < 0 || fcntl(r, F_SETFL, O_NONBLOCK) < 0) {
		shut(&r);
		shut(&w);
		return -EMFILE;
	}
	*ret_read = r;
	*ret_write = w;
	return 0;
}

#define MAX_PASSED 16

/* PATH, LANG, and of ours what was named. */
static void
make_environment(const char *const *pass, char *ret[static MAX_PASSED + 3])
{
	size_t n = 0;

	ret[n++] = xstrdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	ret[n++] = xstrdup("LANG=C");
	for (; pass != NULL && *pass != NULL && n < MAX_PASSED + 2; pass++) {
		const char *value = getenv(*pass);

		if (value != NULL && asprintf(&ret[n++], "%s=%s", *pass, value) < 0)
			abort();
	}
	ret[n] = NULL;
}

static void
free_environment(char *env[static MAX_PASSED + 3])
{
	for (; *env != NULL; env++)
		free(*env);
}

/*
 * A memfd and not a pipe: a pipe that is full would have to be watched, and
 * what the program does not read would have to be thrown away.
 */
static int
input_fd(struct span input, int *ret)
{
	int low = memfd_create("input", MFD_CLOEXEC), high, r;

	if (low < 0)
		return -errno;
	high = fcntl(low, F_DUPFD_CLOEXEC, 3);  /* as high_pipe() does */
	r = high < 0 ? -errno : fs_pwrite_all(high, input, 0);
	close(low);
	if (r == 0)
		*ret = high;
	else
		shut(&high);
	return r;
}

struct ends {
	int in;                 /* -1: /dev/null */
	int out, err;
};

static int
spawn_with(pid_t *ret, const struct helper_call *c, const struct ends *e,
    posix_spawn_file_actions_t *files, posix_spawnattr_t *attr)
{
	char *env[MAX_PASSED + 3];
	sigset_t all, none;
	int r;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	if (e->in >= 0)
		posix_spawn_file_actions_adddup2(files, e->in, 0);
	else
		posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(files, e->out, 1);
	posix_spawn_file_actions_adddup2(files, e->err, 2);
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
	/* All of ours are close-on-exec; this is about what we inherited. */
	posix_spawn_file_actions_addclosefrom_np(files, 3);
#endif
	make_environment(c->pass, env);
	/* posix_spawn() takes char *const[] for history's sake and changes
	   nothing. */
	r = -posix_spawn(ret, c->argv[0], files, attr, (char *const *)c->argv, env);
	free_environment(env);
	return r;
}

static int
spawn(pid_t *ret, const struct helper_call *c, const struct ends *e)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attr);
	r = spawn_with(ret, c, e, &files, &attr);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return r;
}

static int
start(struct helper *h, const struct helper_call *c)
{
	struct ends e = { -1, -1, -1 };
	int r;

	r = high_pipe(&h->out_fd, &e.out);
	if (r == 0)
		r = high_pipe(&h->err_fd, &e.err);
	if (r == 0 && c->input.n > 0)
		r = input_fd(c->input, &e.in);
	if (r == 0)
		r = spawn(&h->pid, c, &e);
	if (r < 0)
		h->pid = 0;
	shut(&e.in);
	shut(&e.out);
	shut(&e.err);
	return r;
}

static void
watch(struct helper *h)
{
	struct timeval tv = to_timeval(h->limit_ms);

#ifdef SYS_pidfd_open
	if (!no_pidfd)
		h->pidfd = (int)syscall(SYS_pidfd_open, h->pid, 0);
#endif
	h->exited = event_new(h->base, h->pidfd, h->pidfd >= 0 ? EV_READ : 0,
	    on_exited, h);
	h->out_ready = event_new(h->base, h->out_fd, EV_READ | EV_PERSIST, on_out, h);
	h->err_ready = event_new(h->base, h->err_fd, EV_READ | EV_PERSIST, on_err, h);
	h->limit = evtimer_new(h->base, on_limit, h);
	assert(h->exited != NULL && h->out_ready != NULL &&
	    h->err_ready != NULL && h->limit != NULL);
	wait_on(h);
	event_add(h->out_ready, NULL);
	event_add(h->err_ready, NULL);
	event_add(h->limit, &tv);
}

struct helper *
helper_call(struct event_base *base, const struct helper_call *c,
    void (*done)(void *arg, const struct helper_answer *a), void *arg)
{
	struct helper *h = xcalloc(1, sizeof(*h));
	const char *slash = strrchr(c->argv[0], '/');
	struct timeval now = { 0, 0 };
	int r;

	h->base = base;
	h->name = xstrdup(slash != NULL ? slash + 1 : c->argv[0]);
	h->pidfd = h->out_fd = h->err_fd = -1;
	h->limit_ms = c->limit_ms;
	h->poll_ms = POLL_MS;
	h->done = done;
	h->arg = arg;
	buf_init(&h->out, c->max_bytes);
	buf_room(&h->out, c->max_bytes);        /* growth would leave copies of a secret behind */
	buf_init(&h->complaint, COMPLAINT_MAX);
	buf_init(&h->why, WHY_MAX);
	r = start(h, c);
	if (r == 0) {
		watch(h);
		return h;
	}
	h->spawn_error = -r;
	h->exited = evtimer_new(base, on_exited, h);
	assert(h->exited != NULL);
	event_add(h->exited, &now);
	return h;
}

struct helper *
helper_run(struct event_base *base, const char *const argv[], int limit_ms,
    size_t max_bytes, void (*done)(void *arg, const struct helper_answer *a),
    void *arg)
{
	struct helper_call c = { .argv = argv, .limit_ms = limit_ms, .max_bytes = max_bytes };

	return helper_call(base, &c, done, arg);
}

void
helper_leave(struct helper *h)
{
	if (h == NULL || h->in_done)
		return;
	assert(!h->answered);
	if (h->pid > 0)
		kill(-h->pid, SIGTERM);
	retire(h);
}

void
helper_cancel(struct helper *h)
{
	if (h == NULL || h->in_done)
		return;                 /* done() is running: it ends by itself */
	assert(!h->answered);
	kill_group(h);
	retire(h);
}

static void
on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	bool *over = arg;

	(void)fd, (void)what;
	*over = true;
}

bool
helper_await(struct event_base *base, int limit_ms)
{
	struct timeval tv = to_timeval(limit_ms);
	bool over = false;
	struct event *patience = evtimer_new(base, on_patience_over, &over);

	assert(patience != NULL);
	event_add(patience, &tv);
	while (lingering > 0 && !over)
		event_base_loop(base, EVLOOP_ONCE);
	event_free(patience);
	return lingering == 0;
}

void
helper_abandon(void)
{
	struct helper *h;

	while ((h = lingerers) != NULL) {
		linger_no_more(h);
		h->pid = 0;
		destroy(h);
	}
}
