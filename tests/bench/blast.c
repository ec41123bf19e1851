/*
 * blast - what the tests' upstream can take at most: a client that does
 * nothing but write the same pipelined bytes again and again and count the
 * replies.  No spool, no composing, no verdicts, no certificate check.
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "bench.h"
#include "lib/port.h"

struct blast {
	const char   *where;
	unsigned long count;            /* for this connection */
	unsigned long bytes;
	unsigned long depth;
	bool          bdat;
	const char   *user;
	const char   *password;

	SSL_CTX      *ctx;
	SSL          *ssl;
	pthread_t     thread;
	char          in[64 << 10];
};

static void __attribute__((noreturn))
fail(const char *what)
{
	fprintf(stderr, "bench: blast: %s\n", what);
	exit(EX_PROTOCOL);
}

/* Read until n final reply lines came; all must be 2xx or 3xx. */
static void
expect(struct blast *b, unsigned long n)
{
	static const char bad[] = "refused";
	size_t have = 0;

	while (n > 0) {
		int got = SSL_read(b->ssl, b->in + have, (int)(sizeof(b->in) - have));
		char *line = b->in, *lf;

		if (got <= 0)
			fail("the connection is gone");
		have += (size_t)got;
		while ((lf = memchr(line, '\n', have - (size_t)(line - b->in))) != NULL) {
			if (line[0] != '2' && line[0] != '3')
				fail(bad);
			n -= line[3] == ' ';
			line = lf + 1;
		}
		have -= (size_t)(line - b->in);
		memmove(b->in, line, have);
	}
}

static void
put(struct blast *b, struct span s)
{
	if (SSL_write(b->ssl, s.p, (int)s.n) != (int)s.n)
		fail("write");
}

static void
log_in(struct blast *b)
{
	unsigned char plain[512], coded[1024];
	int n = snprintf((char *)plain, sizeof(plain), "%c%s%c%s", 0, b->user, 0, b->password);
	struct buf line;

	expect(b, 1);
	put(b, SPAN("EHLO blast.example.com\r\n"));
	expect(b, 1);
	EVP_EncodeBlock(coded, plain, n);
	buf_init(&line, 2048);
	buf_printf(&line, "AUTH PLAIN %s\r\n", coded);
	put(b, buf_view(&line));
	buf_done(&line);
	expect(b, 1);
}

static void
dial(struct blast *b)
{
	int one = 1, fd = port_connect(b->where);

	if (fd < 0)
		fail("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	b->ssl = SSL_new(b->ctx);
	if (b->ssl == NULL || SSL_set_fd(b->ssl, fd) != 1 || SSL_connect(b->ssl) != 1)
		fail("no TLS");
	log_in(b);
}

static void
put_content(struct buf *out, unsigned long bytes)
{
	size_t from = out->n;

	buf_str(out, "Subject: blast\r\n\r\n");
	while (out->n - from + 2 < bytes)
		buf_str(out, out->n - from + 70 < bytes ?
		    "A line of text as a daemon would write it, and so on to sixty-eight\r\n" : "x\r\n");
}

/* One message as a pipelined client sends it, from MAIL to the end. */
static void
put_message(struct buf *out, const struct blast *b)
{
	struct buf content;

	buf_init(&content, b->bytes + 128);
	put_content(&content, b->bytes);
	buf_printf(out, "MAIL FROM:<alice@example.com> SIZE=%zu\r\n"
	    "RCPT TO:<bob@example.net>\r\n", content.n);
	if (b->bdat)
		buf_printf(out, "BDAT %zu LAST\r\n", content.n);
	else
		buf_str(out, "DATA\r\n");
	buf_span(out, buf_view(&content));
	if (!b->bdat)
		buf_str(out, ".\r\n");
	buf_done(&content);
}

/*
 * BDAT: depth messages in one write, their replies in one read.  DATA is a
 * synchronisation point, so the batch ends at each: behind the dot go MAIL,
 * RCPT and DATA of the next.
 */
static void *
work(void *arg)
{
	struct blast *b = arg;
	unsigned long left = b->count, group = b->bdat ? b->depth : 1;
	struct buf one, batch;
	const char *data;

	dial(b);
	buf_init(&one, b->bytes + 1024);
	put_message(&one, b);
	buf_init(&batch, group * one.n);
	for (unsigned long i = 0; i < group; i++)
		buf_span(&batch, buf_view(&one));
	data = memmem(one.p, one.n, "DATA\r\n", 6);
	if (!b->bdat) {
		size_t head = (size_t)(data + 6 - one.p);

		put(b, (struct span){ one.p, head });
		expect(b, 3);
		while (--left > 0) {
			buf_clear(&batch);
			buf_add(&batch, one.p + head, one.n - head);
			buf_add(&batch, one.p, head);
			put(b, buf_view(&batch));
			expect(b, 4);
		}
		put(b, (struct span){ one.p + head, one.n - head });
		expect(b, 1);
	}
	while (left >= group && b->bdat) {
		put(b, buf_view(&batch));
		expect(b, 3 * group);
		left -= group;
	}
	put(b, SPAN("QUIT\r\n"));
	expect(b, 1);
	SSL_shutdown(b->ssl);
	close(SSL_get_fd(b->ssl));
	SSL_free(b->ssl);
	buf_done(&one);
	buf_done(&batch);
	return NULL;
}

static double
cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int
bench_blast(int argc, char **argv)
{
	unsigned long connections, count;
	struct blast *all;
	int64_t began;

	if (argc != 9)
		return EX_USAGE;
	connections = bench_number(argv[2]);
	count = bench_number(argv[3]) / connections;
	all = xcalloc(connections, sizeof(*all));
	began = bench_now_us();
	for (unsigned long i = 0; i < connections; i++) {
		all[i] = (struct blast){ .where = argv[1], .bytes = bench_number(argv[4]),
		    .depth = bench_number(argv[5]), .bdat = strcmp(argv[6], "bdat") == 0,
		    .user = argv[7], .password = argv[8], .ctx = SSL_CTX_new(TLS_client_method()) };
		all[i].count = count - count % (all[i].bdat ? all[i].depth : 1);
		if (pthread_create(&all[i].thread, NULL, work, &all[i]) != 0)
			fail("no thread");
	}
	count = 0;
	for (unsigned long i = 0; i < connections; i++) {
		pthread_join(all[i].thread, NULL);
		SSL_CTX_free(all[i].ctx);
		count += all[i].count;
	}
	printf("per_s %.0f cpu_us %.1f\n", (double)count * 1e6 / (double)(bench_now_us() - began),
	    cpu_us() / (double)count);
	free(all);
	return EX_OK;
}
