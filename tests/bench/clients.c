/*
 * clients - how fast a server takes messages in: so many clients at once,
 * each with one session in which it sends its share, MAIL, RCPT and DATA in
 * one write as RFC 2920 has it.  The server is at an address, or it is a
 * program, one process for each client, that speaks on its standard input
 * and output.  A message counts when its 250 is there.
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "bench.h"
#include "lib/port.h"

extern char **environ;

struct client {
	unsigned long count;
	unsigned long bytes;
	char        **where;            /* { "ADDRESS:PORT", NULL }, or a program's arguments */
	pthread_t     thread;
	pid_t         pid;              /* 0: a connection */
	int           in, out;
	size_t        have;
	char          text[8 << 10];
};

static void __attribute__((noreturn))
fail(const char *what, const char *text)
{
	fprintf(stderr, "bench: clients: %s%.200s\n", what, text);
	exit(EX_PROTOCOL);
}

/* ---- the two kinds of server ---- */

static void
start_program(struct client *c)
{
	posix_spawn_file_actions_t actions;
	int to[2], from[2];

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		fail("no pipe", "");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
	if (posix_spawn(&c->pid, c->where[0], &actions, NULL, c->where, environ) != 0)
		fail("cannot run ", c->where[0]);
	posix_spawn_file_actions_destroy(&actions);
	close(to[0]);
	close(from[1]);
	c->out = to[1];
	c->in = from[0];
}

static void
start(struct client *c)
{
	if (c->where[1] != NULL) {
		start_program(c);
		return;
	}
	c->in = c->out = port_connect(c->where[0]);
	if (c->in < 0)
		fail("cannot connect to ", c->where[0]);
}

static void
finish(struct client *c)
{
	int status = 0;

	close(c->in);
	if (c->out != c->in)
		close(c->out);
	if (c->pid != 0 && (waitpid(c->pid, &status, 0) < 0 || status != 0))
		fail("it did not end well: ", c->where[0]);
}

/* ---- the dialogue ---- */

/* Read until n replies came; all must be 2xx or 3xx. */
static void
expect(struct client *c, unsigned n)
{
	while (n > 0) {
		ssize_t got = read(c->in, c->text + c->have, sizeof(c->text) - 1 - c->have);
		char   *line = c->text, *lf;

		if (got <= 0)
			fail("the server is gone", "");
		c->have += (size_t)got;
		c->text[c->have] = '\0';
		while ((lf = memchr(line, '\n', c->have - (size_t)(line - c->text))) != NULL) {
			if (line[0] != '2' && line[0] != '3')
				fail("refused: ", line);
			n -= line[3] == ' ';
			line = lf + 1;
		}
		c->have -= (size_t)(line - c->text);
		memmove(c->text, line, c->have);
	}
}

static void
put(struct client *c, struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(c->out, s.p, s.n);

		if (n <= 0)
			fail("the server reads no more", "");
		s.p += n;
		s.n -= (size_t)n;
	}
}

static void *
work(void *arg)
{
	struct client *c = arg;
	struct buf     content;

	start(c);
	expect(c, 1);
	put(c, SPAN("EHLO client.example.com\r\n"));
	expect(c, 1);
	buf_init(&content, c->bytes + 256);
	buf_str(&content, "From: alice@example.com\r\nTo: bob@example.net\r\nSubject: bench\r\n\r\n");
	while (content.n + 72 < c->bytes)
		buf_str(&content, "A line of text as a program would write it, and so on to sixty-eight\r\n");
	buf_str(&content, ".\r\n");
	for (unsigned long i = 0; i < c->count; i++) {
		put(c, SPAN("MAIL FROM:<alice@example.com>\r\nRCPT TO:<bob@example.net>\r\nDATA\r\n"));
		expect(c, 3);
		put(c, buf_view(&content));
		expect(c, 1);
	}
	buf_done(&content);
	put(c, SPAN("QUIT\r\n"));
	expect(c, 1);
	finish(c);
	return NULL;
}

int
bench_clients(int argc, char **argv)
{
	unsigned long  n, count;
	struct client *all;
	int64_t        began;

	if (argc < 5)
		return EX_USAGE;
	n = bench_number(argv[1]);
	count = (bench_number(argv[2]) + n - 1) / n;
	all = xcalloc(n, sizeof(*all));
	began = bench_now_us();
	for (unsigned long i = 0; i < n; i++) {
		all[i].count = count;
		all[i].bytes = bench_number(argv[3]);
		all[i].where = argv + 4;
		if (pthread_create(&all[i].thread, NULL, work, &all[i]) != 0)
			fail("no thread", "");
	}
	for (unsigned long i = 0; i < n; i++)
		pthread_join(all[i].thread, NULL);
	printf("per_s %.0f\n", (double)(n * count) * 1e6 / (double)(bench_now_us() - began));
	free(all);
	return EX_OK;
}
