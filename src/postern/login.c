/*
 * login.c - postern login RELAY: a person agrees that this machine sends mail
 * for an account.  postern-oauth does it; here is what the person is told,
 * and what he pastes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "config/config.h"
#include "config/oauth_request.h"
#include "postern/browser.h"
#include "postern/command.h"
#include "postern/login_client.h"
#include "spool/place.h"

#define ANSWER_MAX 65536

struct exchange {
	const struct relay_conf *relay;
	int        to, from;            /* postern-oauth's standard input and output */
	pid_t      pid;
	struct buf answer;
	struct buf code;
	uint64_t   port;
	bool       done;                /* a token came */
	bool       told;                /* why there is none */
};

static volatile sig_atomic_t stopped;

static void
on_signal(int number)
{
	(void)number;
	stopped = 1;
}

static int
fail(int rc, const char *what)
{
	fprintf(stderr, "postern: %s\n", what);
	return rc;
}

/* ---- what it says ---- */

static void
say_address(struct exchange *x, const char *url)
{
	if (x->code.n > 0) {
		printf("Open %s\nand type in %s\n", url, buf_cstr(&x->code));
	} else {
		if (browser_open(url))
			printf("A browser is being opened.  If none comes:\n");
		printf("Open this address in a browser, and agree as %s:\n\n  %s\n\n", x->relay->user, url);
		printf("If the browser is on another machine, first run there\n  ssh -L %u:127.0.0.1:%u THIS-MACHINE\n"
		    "or paste here the address that it ends at (it cannot show that page).\n", (unsigned)x->port,
		    (unsigned)x->port);
	}
	fflush(stdout);
}

static void
say_trouble(struct exchange *x, struct span line)
{
	struct span pair, name;
	struct buf text;

	x->told = true;
	buf_init(&text, ANSWER_MAX);
	while (span_cut(&line, ' ', &pair)) {
		if (!span_cut(&pair, '=', &name) || span_eq(name, SPAN("retry-after")))
			continue;
		buf_str(&text, text.n > 0 ? " - " : "");
		text_percent(pair, &text);
	}
	fail(0, buf_cstr(&text));
	buf_done(&text);
}

static void
take_line(struct exchange *x, struct span line)
{
	struct span name = { NULL, 0 };
	struct buf value;

	if (!span_cut(&line, ' ', &name))
		return;
	if (span_eq(name, SPAN("error"))) {
		say_trouble(x, line);
		return;
	}
	if (span_eq(name, SPAN("token"))) {
		x->done = true;
		return;
	}
	buf_init(&value, ANSWER_MAX);
	text_percent(line, &value);
	if (span_eq(name, SPAN("visit")))
		say_address(x, buf_cstr(&value));
	else if (span_eq(name, SPAN("note")))
		fail(0, buf_cstr(&value));
	else if (span_eq(name, SPAN("code")))
		buf_span(&x->code, buf_view(&value));
	else if (span_eq(name, SPAN("port")))
		text_number(buf_view(&value), 65535, &x->port);
	else if (span_eq(name, SPAN("scope")))
		printf("relay %s: granted: %s\n", x->relay->name, buf_cstr(&value));
	buf_done(&value);
}

/* False: it has ended. */
static bool
hear(struct exchange *x)
{
	char *room = buf_room(&x->answer, 4096);
	ssize_t n = room != NULL ? read(x->from, room, 4096) : 0;
	struct span rest, line;
	const char *end;

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	buf_took(&x->answer, (size_t)n);
	while ((end = memchr(x->answer.p, '\n', x->answer.n)) != NULL) {
		rest = buf_view(&x->answer);
		span_cut(&rest, '\n', &line);
		take_line(x, line);
		buf_drop(&x->answer, (size_t)(end - x->answer.p) + 1);
	}
	return true;
}

/* What is pasted; false: there is no more of it. */
static bool
pass_on(struct exchange *x)
{
	char bytes[2048];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));
	bool more = n > 0 && fs_write_all(x->to, (struct span){ bytes, (size_t)n }) == 0;

	explicit_bzero(bytes, sizeof(bytes));
	return more;
}

static void
converse(struct exchange *x)
{
	struct pollfd p[2] = { { x->from, POLLIN, 0 }, { STDIN_FILENO, POLLIN, 0 } };
	bool more = true;

	while (more && !stopped) {
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents != 0)
			more = hear(x);
		if (p[1].revents != 0 && !pass_on(x))
			p[1].fd = -1;
	}
}

/* ---- running it ---- */

static int
start(struct exchange *x)
{
	int in[2], out[2];
	struct buf path;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	buf_init(&path, 8192);
	buf_printf(&path, "%s/postern-oauth", place_libexec());
	x->pid = fork();
	if (x->pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(buf_cstr(&path), "postern-oauth", (char *)NULL);
		fprintf(stderr, "postern: %s: %s\n", buf_cstr(&path), strerror(errno));
		_exit(EX_UNAVAILABLE);
	}
	buf_done(&path);
	close(in[0]);
	close(out[1]);
	x->to = in[1];
	x->from = out[0];
	return x->pid < 0 ? -errno : 0;
}

/* A signal must not leave postern-oauth behind, which would go on waiting on its port. */
static void
watch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal };

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
}

static int
run(const struct relay_conf *r, const struct buf *request)
{
	struct exchange x = { .relay = r };
	int rc = start(&x), wstatus = 0;

	if (rc < 0)
		return fail(EX_OSERR, strerror(-rc));
	watch_signals();
	buf_init(&x.answer, ANSWER_MAX);
	buf_room(&x.answer, ANSWER_MAX);        /* growth would leave copies of a token behind */
	buf_init(&x.code, 1024);
	if (fs_write_all(x.to, buf_view(request)) == 0)
		converse(&x);
	/* It keeps a token whole or not at all, so its end can come at any moment. */
	if (stopped)
		kill(x.pid, SIGTERM);
	close(x.to);
	close(x.from);
	while (waitpid(x.pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	buf_wipe(&x.answer);
	buf_done(&x.code);
	if (x.done)
		printf("relay %s: done; a daemon that waits for this goes on within seconds\n", r->name);
	else if (stopped)
		fail(0, "stopped; nothing has changed");
	else if (!x.told)
		fail(0, "postern-oauth gave no answer");
	return x.done ? EX_OK : EX_NOPERM;
}

static int
login(const struct relay_conf *r)
{
	static const char *const asks[] = {
		[FLOW_BROWSER] = "authorize", [FLOW_DEVICE] = "device", [FLOW_CLIENT] = "token", [FLOW_KEY] = "token",
	};
	struct buf request, path, why;
	int rc;

	buf_init(&request, OAUTH_REQUEST_MAX);
	buf_room(&request, OAUTH_REQUEST_MAX);
	buf_init(&path, 8192);
	buf_init(&why, 2048);
	if (r->oauth->token_file != NULL)
		buf_str(&path, r->oauth->token_file);
	else
		place_put_token(&path, r->name);
	rc = oauth_request_put(&request, r, asks[r->oauth->flow], buf_cstr(&path), &why);
	buf_char(&request, '\n');
	rc = rc == 0 ? run(r, &request) : fail(rc, buf_cstr(&why));
	buf_wipe(&request);
	buf_done(&path);
	buf_done(&why);
	return rc;
}

int
command_login(int argc, char **argv)
{
	const struct relay_conf *r;
	struct config *c;
	struct buf why;
	int rc;

	if (argc != 2) {
		fputs("usage: postern login RELAY    run it as root: the tokens are the daemon's\n", stderr);
		return EX_USAGE;
	}
	if ((rc = login_complete(argv[1])) != EX_OK)
		return rc;
	buf_init(&why, 8192);
	if ((rc = config_read(place_conf(), place_providers(), &c, &why)) != 0) {
		rc = fail(rc, buf_cstr(&why));
	} else {
		r = config_find_relay(c, argv[1], &why);
		if (r != NULL && r->oauth == NULL)
			buf_printf(&why, "relay %s has no oauth { }, so there is nothing to agree to; see OAUTH in "
			    "postern.conf(5)", r->name);
		if (why.n > 0)
			rc = fail(r == NULL ? EX_DATAERR : EX_CONFIG, buf_cstr(&why));
		else if ((rc = login_ask_secret(r->oauth->client_secret_file)) == EX_OK)
			rc = login(r);
		config_free(c);
	}
	buf_done(&why);
	return rc;
}
