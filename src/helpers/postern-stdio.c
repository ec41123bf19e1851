/*
 * postern-stdio - `sendmail -bs`: SMTP on standard input and output.
 *
 * Runs as the caller, without any privilege.  Each message is given to a
 * `sendmail --from-smtp` of its own (see sendmail/handover.h), which alone
 * may write to the spool; "250" is said when that one exited with 0, so it
 * is the same promise.
 *
 * A process for each message costs a fraction of what its two fsyncs do, and
 * keeps the setgid program what it is: one that takes one message and exits.
 *
 * Exit: 0 after QUIT or at the end of the input; 74 when that end cut a
 * message short, or input or output failed.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/version.h"
#include "smtp/limits.h"
#include "smtp/server.h"
#include "spool/draft.h"
#include "spool/place.h"

#define READ_BYTES  (64u << 10)
#define SAID_MAX    4096        /* of what sendmail writes: one line, and an ID */
#define HOST_MAX    255
#define ENVELOPE_FD 3           /* sendmail/handover.h: its contract with us */
#define END_WORD    "end\n"

extern char **environ;

/* The sendmail that takes the present message. */
struct child {
	pid_t pid;              /* 0: none */
	int   message;          /* its standard input; -1: closed, or it takes no more */
	int   envelope;         /* its descriptor 3 */
	int   said;             /* both its outputs */
};

struct session {
	struct server *server;
	char           host[HOST_MAX + 1];
	struct child   child;
};

/* ---- the child ---- */

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe that no child gets by accident, above the numbers we hand out. */
static int
make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		int low = ends[i];

		if (low > ENVELOPE_FD)
			continue;
		if ((ends[i] = fcntl(low, F_DUPFD_CLOEXEC, ENVELOPE_FD + 1)) < 0) {
			ends[i] = low;
			return -errno;
		}
		close(low);
	}
	return 0;
}

/* SIGPIPE is ignored here, and would be in the child. */
static int
run(pid_t *pid, const char *path, int in, int envelope, int said)
{
	char *argv[] = { (char *)(uintptr_t)"sendmail", (char *)(uintptr_t)"--from-smtp", NULL };
	posix_spawn_file_actions_t fds;
	posix_spawnattr_t          attr;
	sigset_t                   sigpipe;
	int                        r;

	if (posix_spawn_file_actions_init(&fds) != 0 || posix_spawnattr_init(&attr) != 0)
		return -ENOMEM;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &sigpipe);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn_file_actions_adddup2(&fds, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fds, said, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fds, said, STDERR_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fds, envelope, ENVELOPE_FD);
	if (r == 0)
		r = posix_spawn(pid, path, &fds, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fds);
	return -r;
}

static int
child_start(struct child *c)
{
	int        message[2] = { -1, -1 }, envelope[2] = { -1, -1 }, said[2] = { -1, -1 }, r;
	struct buf path;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/sendmail", place_sbin());
	if ((r = make_pipe(message)) == 0 && (r = make_pipe(envelope)) == 0 &&
	    (r = make_pipe(said)) == 0)
		r = run(&c->pid, buf_cstr(&path), message[0], envelope[0], said[1]);
	buf_done(&path);
	shut(&message[0]);
	shut(&envelope[0]);
	shut(&said[1]);
	c->message = message[1];
	c->envelope = envelope[1];
	c->said = said[0];
	if (r < 0) {
		c->pid = 0;
		shut(&c->message);
		shut(&c->envelope);
		shut(&c->said);
	}
	return r;
}

/* What it no longer reads it has a reason for, and says it at its end. */
static void
child_write(int *fd, struct span bytes)
{
	if (*fd >= 0 && fs_write_all(*fd, bytes) < 0)
		shut(fd);
}

static void
read_all(int fd, struct buf *b)
{
	char    piece[1024];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && !b->over)
			buf_add(b, piece, (size_t)n);
}

/*
 * Its end.  whole: it is told that the message is.  Its wait status; *said is
 * what it wrote.
 */
static int
child_finish(struct child *c, bool whole, struct buf *said)
{
	int status;

	if (whole)
		child_write(&c->envelope, SPAN(END_WORD));
	shut(&c->message);
	shut(&c->envelope);
	read_all(c->said, said);
	shut(&c->said);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR) {
			status = EX_OSERR << 8;
			break;
		}
	c->pid = 0;
	return status;
}

/* ---- what its exit means in SMTP ---- */

static const struct {
	int         exit, code;
	const char *dsn;
} refusals[] = {
	{ EX_USAGE, 554, "5.5.4" },
	{ EX_DATAERR, 554, "5.6.0" },
	{ EX_NOUSER, 550, "5.1.1" },
	{ EX_NOHOST, 550, "5.1.2" },
	{ EX_UNAVAILABLE, 552, "5.3.4" },
	{ EX_NOPERM, 550, "5.7.1" },
};

/* The first line, without who says it. */
static struct span
reason(const struct buf *said)
{
	struct span rest = buf_view(said), line = { "", 0 };

	if (!span_cut(&rest, '\n', &line) || line.n == 0)
		return SPAN("sendmail failed without a word");
	if (span_starts(line, SPAN("sendmail: "))) {
		line.p += sizeof("sendmail: ") - 1;
		line.n -= sizeof("sendmail: ") - 1;
	}
	return line;
}

static void
answer(struct server *s, int status, const struct buf *said)
{
	struct span why = reason(said);
	int         code = 451;
	const char *dsn = "4.3.0";

	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OK) {
		if (said->n > 0)
			server_answer(s, 250, "2.0.0", "accepted as %.*s", (int)why.n, why.p);
		else
			server_accept(s);
		return;
	}
	for (size_t i = 0; WIFEXITED(status) && i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].exit == WEXITSTATUS(status)) {
			code = refusals[i].code;
			dsn = refusals[i].dsn;
		}
	server_answer(s, code, dsn, "%.*s", (int)why.n, why.p);
}

/* ---- the session's owner ---- */

static void
on_data(void *arg, struct envelope *e)
{
	struct session *s = arg;
	struct buf      head;
	int             r;

	e->host = xstrdup(s->host);
	e->time_us = clock_wall_us();
	e->uid = getuid();
	if ((r = child_start(&s->child)) < 0) {
		server_answer(s->server, 451, "4.3.0", "%s/sendmail: %s", place_sbin(),
		    strerror(-r));
		return;
	}
	buf_init(&head, ENVELOPE_MAX_BYTES);
	envelope_put(&head, e);
	child_write(&s->child.envelope, buf_view(&head));
	buf_done(&head);
	server_accept(s->server);
}

static void
on_content(void *arg, struct span bytes)
{
	struct session *s = arg;

	child_write(&s->child.message, bytes);
}

static void
on_end(void *arg, struct envelope *e)
{
	struct session *s = arg;
	struct buf      said;

	(void)e;
	buf_init(&said, SAID_MAX);
	answer(s->server, child_finish(&s->child, true, &said), &said);
	buf_done(&said);
}

static void
on_reset(void *arg)
{
	struct session *s = arg;
	struct buf      said;

	if (s->child.pid == 0)
		return;
	buf_init(&said, SAID_MAX);
	child_finish(&s->child, false, &said);
	buf_done(&said);
}

static const struct server_ops ops = {
	.data = on_data, .content = on_content, .end = on_end, .reset = on_reset,
};

/* ---- input and output ---- */

/* Descriptors are the caller's, who may have made them non-blocking. */
static bool
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, -1) > 0 || errno == EINTR;
}

/* One read or write: its octets, 0 for "again", or -errno. */
static ssize_t
again(ssize_t n, int fd, short events)
{
	if (n >= 0)
		return n;
	if (errno == EINTR || (errno == EAGAIN && wait_for(fd, events)))
		return 0;
	return -errno;
}

static int
flush(struct session *s)
{
	struct buf *out = server_out(s->server);
	size_t      done = 0;

	while (done < out->n) {
		ssize_t n = write(STDOUT_FILENO, out->p + done, out->n - done);

		if ((n = again(n, STDOUT_FILENO, POLLOUT)) < 0)
			return (int)n;
		done += (size_t)n;
	}
	buf_clear(out);
	return 0;
}

/* Taken piece by piece: the server stops when there is much to say. */
static int
take(struct session *s, struct span bytes)
{
	int r;

	do {
		size_t n = server_take(s->server, bytes);

		bytes.p += n;
		bytes.n -= n;
		if ((r = flush(s)) < 0)
			return r;
	} while (bytes.n > 0);
	return 0;
}

static int
converse(struct session *s)
{
	static char piece[READ_BYTES];
	ssize_t     n;
	int         r = flush(s);

	while (r == 0 && server_wants(s->server) != SERVER_OVER) {
		if ((n = read(STDIN_FILENO, piece, sizeof(piece))) == 0)
			return 0;
		if ((n = again(n, STDIN_FILENO, POLLIN)) < 0)
			return (int)n;
		r = take(s, (struct span){ piece, (size_t)n });
	}
	return r;
}

/* What the shim will hold the message to, said before it comes. */
static uint64_t
max_message(void)
{
	struct draft_limits l = { .max_message = 0 };
	int                 spool = fs_open_dir(AT_FDCWD, place_spool());

	if (spool >= 0) {
		draft_limits_read(spool, &l);
		fs_close(spool);
	}
	return l.max_message;
}

static void
name_host(struct session *s)
{
	char       raw[HOST_MAX + 1] = "";
	struct buf b;

	if (gethostname(raw, HOST_MAX) < 0 || raw[0] == '\0')
		memcpy(raw, "localhost", sizeof("localhost"));
	buf_init(&b, HOST_MAX);
	text_put_printable(&b, span_of(raw));
	memcpy(s->host, buf_cstr(&b), b.n + 1);
	buf_done(&b);
}

static int
serve(void)
{
	struct session       s = { .child = { .message = -1, .envelope = -1, .said = -1 } };
	struct server_config config = {
		.name = s.host, .flags = SERVER_LENIENT, .max_message = max_message(),
		.max_header = LIMIT_HEADER_BLOCK,
	};
	int                  r;
	bool                 whole;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);       /* Perl programs ignore it: we would learn no exit code */
	name_host(&s);
	s.server = server_new(&config, &ops, &s);
	server_greet(s.server);
	r = converse(&s);
	whole = server_lost(s.server);
	server_free(s.server);
	return r == 0 && whole ? EX_OK : EX_IOERR;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		version_print("postern-stdio");
		return EX_OK;
	}
	if (argc != 1) {
		fprintf(stderr, "usage: postern-stdio\n");
		return EX_USAGE;
	}
	return serve();
}
