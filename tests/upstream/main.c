/*
 * upstream - the tests' own SMTP submission server: strict, quick enough not
 * to be what a benchmark measures, and wrong on request (rules.h).
 */
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "peer.h"
#include "lib/port.h"

static const char usage[] =
    "usage: upstream [options]\n"
    "  --listen ADDRESS:PORT      127.0.0.1:0; port 0 takes any free one\n"
    "  --port-file FILE           where the port goes once it listens\n"
    "  --tls implicit|starttls|none --cert FILE --key FILE\n"
    "  --client-ca FILE   refuse clients without a certificate of this authority's\n"
    "  --tls-max 1.1|1.2  be as old as that\n"
    "  --user NAME --password WORD --mechanisms \"PLAIN LOGIN\" --tokens FILE\n"
    "  --size BYTES --no-chunking --no-pipelining --no-8bitmime --no-smtputf8 --dsn\n"
    "  --store DIR | --count      keep each message as a file; only count (default)\n"
    "  --fault RULE               what goes wrong: see tests/upstream/rules.h\n"
    "  --drip                     answer byte by byte\n"
    "  --lax                      do not refuse malformed content\n"
    "  --mark N:FILE              create FILE when N messages were accepted\n"
    "SIGUSR1 prints the totals, so does the end by SIGTERM.\n";

enum { O_LISTEN = 256, O_PORT_FILE, O_TLS, O_CERT, O_CLIENT_CA, O_TLS_MAX, O_KEY, O_USER, O_PASSWORD,
	O_MECHANISMS, O_TOKENS,
	O_SIZE, O_STORE, O_COUNT, O_FAULT, O_LAX, O_DRIP, O_MARK, O_DSN,
	O_NO_CHUNKING, O_NO_PIPELINING, O_NO_8BITMIME, O_NO_SMTPUTF8, O_HELP };

static const struct option longs[] = {
	{ "listen", required_argument, NULL, O_LISTEN },
	{ "port-file", required_argument, NULL, O_PORT_FILE },
	{ "tls", required_argument, NULL, O_TLS },
	{ "cert", required_argument, NULL, O_CERT },
	{ "client-ca", required_argument, NULL, O_CLIENT_CA },
	{ "tls-max", required_argument, NULL, O_TLS_MAX },
	{ "key", required_argument, NULL, O_KEY },
	{ "user", required_argument, NULL, O_USER },
	{ "password", required_argument, NULL, O_PASSWORD },
	{ "mechanisms", required_argument, NULL, O_MECHANISMS },
	{ "tokens", required_argument, NULL, O_TOKENS },
	{ "size", required_argument, NULL, O_SIZE },
	{ "store", required_argument, NULL, O_STORE },
	{ "count", no_argument, NULL, O_COUNT },
	{ "fault", required_argument, NULL, O_FAULT },
	{ "lax", no_argument, NULL, O_LAX },
	{ "drip", no_argument, NULL, O_DRIP },
	{ "mark", required_argument, NULL, O_MARK },
	{ "dsn", no_argument, NULL, O_DSN },
	{ "no-chunking", no_argument, NULL, O_NO_CHUNKING },
	{ "no-pipelining", no_argument, NULL, O_NO_PIPELINING },
	{ "no-8bitmime", no_argument, NULL, O_NO_8BITMIME },
	{ "no-smtputf8", no_argument, NULL, O_NO_SMTPUTF8 },
	{ "help", no_argument, NULL, O_HELP },
	{ NULL, 0, NULL, 0 },
};

struct setup {
	struct options o;
	const char    *listen;
	const char    *port_file;
	const char    *tls;
	const char    *cert;
	const char    *client_ca;
	const char    *tls_max;
	const char    *key;
};

static void __attribute__((noreturn))
fail(const char *what, const char *detail)
{
	fprintf(stderr, "upstream: %s: %s\n", what, detail);
	exit(EX_USAGE);
}

static void
set_mark(const char *arg)
{
	struct span rest = span_of(arg), n;
	uint64_t number;

	if (!span_cut(&rest, ':', &n) || text_number(n, UINT64_MAX, &number) < 0 || rest.n == 0)
		fail("--mark wants N:FILE", arg);
	keep_mark(number, rest.p);
}

static void
set_value(struct setup *s, int c, const char *arg)
{
	switch (c) {
	case O_LISTEN:     s->listen = arg; break;
	case O_PORT_FILE:  s->port_file = arg; break;
	case O_TLS:        s->tls = arg; break;
	case O_CERT:       s->cert = arg; break;
	case O_CLIENT_CA:  s->client_ca = arg; break;
	case O_TLS_MAX:    s->tls_max = arg; break;
	case O_KEY:        s->key = arg; break;
	case O_USER:       s->o.user = arg; break;
	case O_PASSWORD:   s->o.password = arg; break;
	case O_MECHANISMS: s->o.mechanisms = arg; break;
	case O_TOKENS:     s->o.tokens = arg; break;
	case O_STORE:      s->o.store = arg; break;
	case O_MARK:       set_mark(arg); break;
	case O_FAULT:
		if (!rules_add(arg))
			fail("not a fault rule", arg);
		break;
	case O_SIZE:
		if (text_number(span_of(arg), UINT64_MAX, &s->o.size) < 0)
			fail("--size is no number", arg);
		break;
	}
}

static void
set_flag(struct options *o, int c)
{
	switch (c) {
	case O_COUNT:         o->store = NULL; break;
	case O_LAX:           o->lax = true; break;
	case O_DRIP:          o->drip = true; break;
	case O_DSN:           o->dsn = true; break;
	case O_NO_CHUNKING:   o->chunking = false; break;
	case O_NO_PIPELINING: o->pipelining = false; break;
	case O_NO_8BITMIME:   o->eightbitmime = false; break;
	case O_NO_SMTPUTF8:   o->smtputf8 = false; break;
	case O_HELP:
		fputs(usage, stdout);
		exit(EX_OK);
	default:
		fputs(usage, stderr);
		exit(EX_USAGE);
	}
}

/* RFC 5246's ancestors sign with SHA-1, which the library's level 1 refuses. */
static void
grow_old(SSL_CTX *ctx, const char *version)
{
	bool ancient = strcmp(version, "1.1") == 0;

	if (!ancient && strcmp(version, "1.2") != 0)
		fail("--tls-max is 1.1 or 1.2, not", version);
	SSL_CTX_set_max_proto_version(ctx, ancient ? TLS1_1_VERSION : TLS1_2_VERSION);
	if (ancient && (SSL_CTX_set_min_proto_version(ctx, TLS1_1_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0") != 1))
		fail("--tls-max", version);
}

static SSL_CTX *
make_tls(const struct setup *s)
{
	SSL_CTX *ctx;

	if (strcmp(s->tls, "none") == 0)
		return NULL;
	if (strcmp(s->tls, "implicit") != 0 && strcmp(s->tls, "starttls") != 0)
		fail("--tls is implicit, starttls or none, not", s->tls);
	if (s->cert == NULL || s->key == NULL)
		fail("--cert and --key are needed with --tls", s->tls);
	ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1)
		fail("certificate or key", ERR_reason_error_string(ERR_get_error()));
	if (s->client_ca != NULL && SSL_CTX_load_verify_file(ctx, s->client_ca) != 1)
		fail("client-ca", ERR_reason_error_string(ERR_get_error()));
	if (s->client_ca != NULL)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"upstream", 8);
	if (s->tls_max != NULL)
		grow_old(ctx, s->tls_max);
	/* A pipelined batch then costs one read(2), not two for each record. */
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, 64 << 10);
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

static void
parse_options(struct setup *s, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (optarg != NULL)
			set_value(s, c, optarg);
		else
			set_flag(&s->o, c);
	}
	if (optind != argc)
		fail("what is this", argv[optind]);
	if ((s->o.user == NULL) != (s->o.password == NULL))
		fail("--user and --password", "one without the other");
	s->o.tls = make_tls(s);
	s->o.implicit = strcmp(s->tls, "implicit") == 0;
}

struct job {
	const struct options *o;
	int fd;
};

static void *
work(void *arg)
{
	struct job job = *(struct job *)arg;

	free(arg);
	peer_serve(job.o, job.fd);
	return NULL;
}

static void
take_connection(const struct options *o, int listener)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct job *job;
	pthread_t t;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	job = xcalloc(1, sizeof(*job));
	*job = (struct job){ o, fd };
	if (pthread_create(&t, NULL, work, job) != 0) {
		close(fd);
		free(job);
		return;
	}
	pthread_detach(t);
}

/* SIGUSR1: the totals; true: the end. */
static bool
take_signal(int signals)
{
	struct signalfd_siginfo si;

	if (read(signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return false;
	totals_print();
	return si.ssi_signo != SIGUSR1;
}

/* Blocked before any thread is born: all signals arrive at the descriptor. */
static int
open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int
main(int argc, char **argv)
{
	struct setup s = {
		.listen = "127.0.0.1:0", .tls = "none",
		.o = { .mechanisms = "PLAIN LOGIN", .chunking = true, .pipelining = true,
		    .eightbitmime = true, .smtputf8 = true, .size = 36700160 },
	};
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int signals;

	parse_options(&s, argc, argv);
	signals = open_signals();
	fds[0].fd = signals;
	fds[1].fd = port_listen(s.listen, s.port_file);
	if (signals < 0 || fds[1].fd < 0)
		fail("cannot listen at", s.listen);
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if ((fds[0].revents & POLLIN) != 0 && take_signal(signals))
			_exit(EX_OK);   /* threads are in the middle of things */
		if ((fds[1].revents & POLLIN) != 0)
			take_connection(&s.o, fds[1].fd);
	}
}
