/*
 * test.c - postern test: one message (or several) to an address, told step by
 * step.  Not by the queue, so nothing else waits for it and it waits for
 * nothing; --queue goes the way of all mail.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "postern/command.h"
#include "postern/document.h"
#include "postern/names.h"
#include "postern/tried.h"
#include "spool/place.h"

/* So many let four be in flight at once: the session's depth grows by one with each that was taken. */
#define PIPELINE_MESSAGES "8"
#define CANNOT_RUN        127

const struct args_option test_options[] = {
	{ "relay", "RELAY", "by this one, and not by the first that mail to the address has" },
	{ "from", "ADDRESS", "the sender; root without it" },
	{ "queue", NULL, "hand it to sendmail, as any program would" },
	{ "tls", NULL, "log in only, without an address; for what TLS came to" },
	{ "pipeline", NULL, "send " PIPELINE_MESSAGES " messages behind each other: which pipeline-depth fits?" },
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

enum { RELAY, FROM, QUEUE, TLS, PIPELINE, JSON };

struct test {
	struct args args;
	const char *to, *relay, *from;
	bool        queue, tls, pipeline, json;
};

static int
read_args(struct test *t)
{
	int i;

	while ((i = args_next(&t->args)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD && t->to != NULL)
			return args_refuse(&t->args, "\"%s\" is a word too many; one address", t->args.value);
		if (i == ARGS_WORD)
			t->to = t->args.value;
		else if (i == RELAY)
			t->relay = t->args.value;
		else if (i == FROM)
			t->from = t->args.value;
		t->queue |= i == QUEUE;
		t->tls |= i == TLS;
		t->pipeline |= i == PIPELINE;
		t->json |= i == JSON;
	}
	if (t->to == NULL && (!t->tls || t->queue || t->pipeline))
		return args_refuse(&t->args, "to whom? postern test ADDRESS");
	if (t->queue && (t->relay != NULL || t->tls || t->pipeline || t->json))
		return args_refuse(&t->args, "--queue goes the way of all mail, and that is the daemon's; "
		    "it takes --from alone");
	return 0;
}

/* ---- by the queue ---- */

static pid_t
start_sendmail(const struct test *t, int *ret_fd)
{
	const char *argv[8] = { "sendmail", "-i" };
	size_t n = 2;
	char path[4096];
	int pipes[2];
	pid_t pid;

	if (t->from != NULL) {
		argv[n++] = "-f";
		argv[n++] = t->from;
	}
	argv[n++] = "--";
	argv[n] = t->to;
	snprintf(path, sizeof(path), "%s/sendmail", place_sbin());
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (dup2(pipes[0], STDIN_FILENO) >= 0)
			execv(path, (char *const *)(uintptr_t)argv);
		_exit(CANNOT_RUN);
	}
	close(pipes[0]);
	*ret_fd = pipes[1];
	if (pid < 0)
		close(pipes[1]);
	return pid;
}

static int
by_queue(const struct test *t)
{
	char host[256];
	int fd = -1, status = 0;
	pid_t pid = start_sendmail(t, &fd);

	if (pid < 0) {
		perror("postern test: sendmail");
		return EX_OSERR;
	}
	names_host(host);
	dprintf(fd, "To: %s\nSubject: Test of Postern on %s\n\n"
	    "An admin of %s sent this with \"postern test --queue\".\n"
	    "Mail of that machine arrives; there is nothing to do about it.\n", t->to, host, host);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == CANNOT_RUN) {
		fprintf(stderr, "postern test: %s/sendmail cannot be run, or died\n", place_sbin());
		return EX_UNAVAILABLE;
	}
	if (WEXITSTATUS(status) == EX_OK)
		printf("It is in the queue, and goes the way of all mail:\n"
		    "postern queue --recipient '%s' shows it while it waits, and why.\n",
		    t->to);
	return WEXITSTATUS(status);
}

/* ---- directly ---- */

static void
say_pipeline(const struct tried *r)
{
	unsigned all = r->sent + r->refused + r->deferred;
	const char *name = r->relay;

	if (strstr(r->offers, "PIPELINING") == NULL)
		printf("The server does not offer PIPELINING: pipeline-depth makes no difference to %s.\n", name);
	else if (!r->pipelining)
		printf("The server offers PIPELINING and does not do it: write pipeline-depth = 1 for %s.\n", name);
	else if (r->sent == all && r->in_flight > 1)
		printf("The server took all %u messages, up to %u in flight: pipeline-depth = %u is safe for %s.\n",
		    all, r->in_flight, r->in_flight, name);
	else if (r->sent > 0)
		printf("Of %u messages behind each other %u were taken: write pipeline-depth = 1 for %s.\n", all,
		    r->sent, name);
	else
		printf("Nothing was taken, so this says nothing about pipeline-depth.\n");
}

static int
directly(const struct test *t)
{
	const char *words[16] = { t->to != NULL ? "send" : "login", "-c", place_conf() };
	size_t n = 3;
	struct tried r;
	int rc;

	if (t->to != NULL) {
		words[n++] = "--to";
		words[n++] = t->to;
	}
	if (t->relay != NULL) {
		words[n++] = "--relay";
		words[n++] = t->relay;
	}
	if (t->from != NULL) {
		words[n++] = "--from";
		words[n++] = t->from;
	}
	if (t->pipeline) {
		words[n++] = "--messages";
		words[n++] = PIPELINE_MESSAGES;
	}
	if (!t->json && t->to != NULL)
		printf("Directly, and not by the queue (--queue does that).\n");
	tried_init(&r, t->json);
	r.show_tls = t->tls;
	rc = tried_run(&r, words);
	if (rc == EX_NOPERM)
		args_refuse(&t->args, "only root may try a relay, for the password is the daemon's: sudo postern test; "
		    "or by the queue: postern test --queue ADDRESS");
	else if (r.error.n > 0)
		args_refuse(&t->args, "%s", buf_cstr(&r.error));
	else if (!t->json && t->pipeline)
		say_pipeline(&r);
	if (t->json) {
		document_set(r.doc, "error", document_text(r.error.n > 0 ? buf_cstr(&r.error) : NULL));
		document_set(r.doc, "exit", json_integer(rc));
		document_print(stdout, json_incref(r.doc));
	}
	tried_done(&r);
	return rc == 0 ? document_finish(stdout) : rc;
}

int
command_test(int argc, char **argv)
{
	struct test t = { .args = { .argc = argc, .argv = argv, .options = test_options } };
	int rc = read_args(&t);

	if (rc != 0)
		return rc;
	return t.queue ? by_queue(&t) : directly(&t);
}
