/*
 * postern-stdio - `sendmail -bs`: SMTP on standard input and output.
 *
 * Runs as the caller, without any privilege.  The messages are given to one
 * `sendmail --from-smtp` (see sendmail/handover.h), which alone may write to
 * the spool; "250" is said when that one has answered 0, so it is the same
 * promise.
 *
 * The one takes message after message: a process for each, which is what it
 * was at first, costs a third of the time of a client that waits for its
 * 250, and with a hundred clients more than the disk does.  It begins with
 * the first message, and one that died is replaced at the next.
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
#define SAID_MAX    4096        /* of what sendmail writes: one line */
#define HOST_MAX    255
/* sendmail/handover.h: its contract with us */
#define DATA_WORD  "data"
#define END_WORD   "end"
#define RESET_WORD "reset"
/* Content goes on when so much is there: a small message and all that belongs
   to it is one write, and one read of sendmail's. */
#define PIECE_BYTES (32u << 10)

extern char **environ;

/* The sendmail that takes the messages. */
struct child {
	pid_t      pid;         /* 0: none */
	int        to;          /* its standard input; -1: closed, or it takes no more */
	int        said;        /* both its outputs */
	bool       inside;      /* a message was begun there and not ended */
	struct buf out;         /* on its way there */
	struct buf piece;       /* content, on its way to out */
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

		if (low > STDERR_FILENO)
			continue;
		if ((ends[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) < 0) {
			ends[i] = low;
			return -errno;
		}
		close(low);
	}
	return 0;
}

/* SIGPIPE is ignored here, and would be in the child. */
static int
run(pid_t *pid, const char *path, int in, int said)
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
		r = posix_spawn(pid, path, &fds, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fds);
	return -r;
}

static int
child_start(struct child *c)
{
	int        to[2] = { -1, -1 }, said[2] = { -1, -1 }, r;
	struct buf path;

	buf_init(&path, 4096);
	buf_printf(&path, "%s/sendmail", place_sbin());
	if ((r = make_pipe(to)) == 0 && (r = make_pipe(said)) == 0)
		r = run(&c->pid, buf_cstr(&path), to[0], said[1]);
	buf_done(&path);
	shut(&to[0]);
	shut(&said[1]);
	c->to = to[1];
	c->said = said[0];
	if (r < 0) {
		c->pid = 0;
		shut(&c->to);
		shut(&c->said);
	}
	return r;
}

/* What it no longer reads it has a reason for, and says it at its end. */
static void
child_flush(struct child *c)
{
	if (c->to >= 0 && fs_write_all(c->to, buf_view(&c->out)) < 0)
		shut(&c->to);
	buf_clear(&c->out);
}

static void
child_put_piece(struct child *c)
{
	if (c->piece.n > 0)
		buf_printf(&c->out, DATA_WORD " %zu\n", c->piece.n);
	buf_span(&c->out, buf_view(&c->piece));
	buf_clear(&c->piece);
}

static void
child_content(struct child *c, struct span bytes)
{
	while (bytes.n > 0) {
		size_t n = PIECE_BYTES - c->piece.n;

		if (n > bytes.n)
			n = bytes.n;
		buf_add(&c->piece, bytes.p, n);
		bytes.p += n;
		bytes.n -= n;
		if (c->piece.n == PIECE_BYTES) {
			child_put_piece(c);
			child_flush(c);
		}
	}
}

/* The message's last word. */
static void
child_say(struct child *c, const char *word)
{
	child_put_piece(c);
	buf_printf(&c->out, "%s\n", word);
	child_flush(c);
	c->inside = false;
}

/* Wait for its death.  Its wait status. */
static int
child_end(struct child *c)
{
	int status;

	shut(&c->to);
	shut(&c->said);
	while (waitpid(c->pid, &status, 0) < 0)
		if (errno != EINTR) {
			status = EX_OSERR << 8;
			break;
		}
	c->pid = 0;
	c->inside = false;
	return status;
}

static bool
has_died(const struct child *c)
{
	siginfo_t end = { 0 };

	return waitid(P_PID, (id_t)c->pid, &end, WEXITED | WNOHANG | WNOWAIT) < 0 || end.si_pid != 0;
}

/* One that has died since the last message is another one's trouble no more. */
static int
child_begin(struct child *c)
{
	if (c->pid != 0 && (c->to < 0 || has_died(c)))
		child_end(c);
	buf_clear(&c->out);
	buf_clear(&c->piece);
	c->inside = true;
	return c->pid != 0 ? 0 : child_start(c);
}

/* Its line about the message, into *line; or all it said if it ends.  False: it has ended. */
static bool
child_hear(struct child *c, struct buf *line)
{
	char    piece[1024];
	ssize_t n;

	while (memchr(buf_cstr(line), '\n', line->n) == NULL) {
		n = read(c->said, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (!line->over)
			buf_add(line, piece, (size_t)n);
	}
	return true;
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
refuse(struct server *s, unsigned exit, struct span why)
{
	int         code = 451;
	const char *dsn = "4.3.0";

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (refusals[i].exit == (int)exit) {
			code = refusals[i].code;
			dsn = refusals[i].dsn;
		}
	server_answer(s, code, dsn, "%.*s", (int)why.n, why.p);
}

/* A sendmail that ends instead of answering has kept nothing, or cannot say so. */
static void
answer(struct server *s, struct child *c)
{
	struct buf  said;
	struct span line, word;
	uint64_t    rc;

	buf_init(&said, SAID_MAX);
	if (!child_hear(c, &said)) {
		int status = child_end(c);

		refuse(s, WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : EX_OSERR, reason(&said));
	} else {
		line = reason(&said);
		if (!span_cut(&line, ' ', &word) || text_number(word, EX__MAX, &rc) < 0)
			refuse(s, EX_OSERR, reason(&said));
		else if (rc != EX_OK)
			refuse(s, (unsigned)rc, line);
		else
			server_answer(s, 250, "2.0.0", "accepted as %.*s", (int)line.n, line.p);
	}
	buf_done(&said);
}

/* ---- the session's owner ---- */

static void
on_data(void *arg, struct envelope *e)
{
	struct session *s = arg;
	int             r;

	e->host = xstrdup(s->host);
	e->time_us = clock_wall_us();
	e->uid = getuid();
	if ((r = child_begin(&s->child)) < 0) {
		s->child.inside = false;
		server_answer(s->server, 451, "4.3.0", "%s/sendmail: %s", place_sbin(),
		    strerror(-r));
		return;
	}
	envelope_put(&s->child.out, e);
	server_accept(s->server);
}

static void
on_content(void *arg, struct span bytes)
{
	struct session *s = arg;

	child_content(&s->child, bytes);
}

static void
on_end(void *arg, struct envelope *e)
{
	struct session *s = arg;

	(void)e;
	child_say(&s->child, END_WORD);
	answer(s->server, &s->child);
}

static void
on_reset(void *arg)
{
	struct session *s = arg;

	if (s->child.inside)
		child_say(&s->child, RESET_WORD);
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
	struct session       s = { .child = { .to = -1, .said = -1 } };
	struct server_config config = {
		.name = s.host, .flags = SERVER_LENIENT, .max_message = max_message(),
		.max_header = LIMIT_HEADER_BLOCK,
	};
	int                  r;
	bool                 whole;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);       /* Perl programs ignore it: we would learn no exit code */
	name_host(&s);
	buf_init(&s.child.out, ENVELOPE_MAX_BYTES + 2 * PIECE_BYTES);
	buf_init(&s.child.piece, PIECE_BYTES);
	s.server = server_new(&config, &ops, &s);
	server_greet(s.server);
	r = converse(&s);
	whole = server_lost(s.server);
	server_free(s.server);
	if (s.child.pid != 0)
		child_end(&s.child);
	buf_done(&s.child.out);
	buf_done(&s.child.piece);
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
