/*
 * postern-resolve - the addresses of one host, one a line.
 *
 *   postern-resolve HOST PORT
 *   postern-resolve --tlsa HOST PORT
 *
 * The second asks for the TLSA records of _PORT._tcp.HOST (RFC 6698), which
 * no function of the C library does.  Its first line is "secure", and
 * records follow, a line each; or "none REASON": there are none that may be
 * believed.  An answer is believed when it has AD and comes from a server on
 * this machine, or from one that `options trust-ad` in resolv.conf vouches
 * for: whoever sits on the way to another can set a bit.  The variable
 * POSTERN_RESOLV_CONF names another file than /etc/resolv.conf.
 *
 * A program of its own, so that the host's whole resolver set-up is
 * honoured (nsswitch, mDNS, a resolv.conf that changed a minute ago) and
 * none of it can hang or crash the daemon, which kills this at a deadline.
 *
 * Exit: 0 with addresses on standard output, 64 wrong use, 68 there is no
 * such host, 75 not now; except for 0 with one line on standard error.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/tlsa.h"
#include "base/url.h"
#include "base/version.h"

/* Standard error is all this program has to say it with. */
static int
complain(const char *host, const char *what, int status)
{
	fprintf(stderr, "%s: %s\n", host, what);
	return status;
}

static int
explain(const char *host, int error)
{
	switch (error) {
	case EAI_NONAME:
#ifdef EAI_NODATA
	case EAI_NODATA:                /* the name exists, without an address */
#endif
		return complain(host, gai_strerror(error), EX_NOHOST);
	case EAI_SYSTEM:
		return complain(host, strerror(errno), EX_TEMPFAIL);
	}
	/* EAI_FAIL too: a resolver's "non-recoverable" is often gone by the
	   next minute, and mail must not be returned because of it. */
	return complain(host, gai_strerror(error), EX_TEMPFAIL);
}

static void
put_address(struct buf *out, const struct addrinfo *ai)
{
	char text[NI_MAXHOST];

	/* Link-local addresses come with their zone: "fe80::1%eth0". */
	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, text, sizeof(text), NULL,
	    0, NI_NUMERICHOST) != 0)
		return;
	buf_str(out, text);
	buf_char(out, '\n');
}

static int
resolve(const char *host, const char *port)
{
	/* No AI_ADDRCONFIG: it would hide ::1 and 127.0.0.1 from a machine
	   without a network, and an address out of reach fails at once. */
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICSERV, .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list, *ai;
	struct buf out;
	int r, status = EX_OK;

	r = getaddrinfo(host, port, &hints, &list);
	if (r != 0)
		return explain(host, r);
	buf_init(&out, 64 * 1024);
	for (ai = list; ai != NULL; ai = ai->ai_next)
		put_address(&out, ai);
	freeaddrinfo(list);
	if (out.n == 0)
		status = complain(host, "no usable address", EX_NOHOST);
	else if (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
		status = complain(host, strerror(errno), EX_TEMPFAIL);
	buf_done(&out);
	return status;
}

/* ---- TLSA ---- */

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX (64 * 1024)
#define SERVERS_MAX     3               /* as the C library */
#define ROUNDS          2
#define WAIT_MS         3000            /* for one server; the daemon waits for a minute */

struct servers {
	struct sockaddr_storage address[SERVERS_MAX];
	socklen_t               len[SERVERS_MAX];
	size_t                  n;
	bool                    far;    /* one of them is on another machine */
	bool                    trust_ad;
};

/* "192.0.2.1", "fe80::1%eth0", or "[127.0.0.1]:5353" as OpenBSD's resolver has it. */
static void
add_server(struct servers *s, struct span word)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM }, *ai;
	struct span host = word, port = SPAN("53");
	char *h, *p;

	if (word.n > 0 && word.p[0] == '[') {
		word = (struct span){ word.p + 1, word.n - 1 };
		span_cut(&word, ']', &host);
		if (word.n > 1 && word.p[0] == ':')
			port = (struct span){ word.p + 1, word.n - 1 };
	}
	h = span_dup(host);
	p = span_dup(port);
	if (s->n < SERVERS_MAX && getaddrinfo(h, p, &hints, &ai) == 0) {
		memcpy(&s->address[s->n], ai->ai_addr, ai->ai_addrlen);
		s->len[s->n++] = ai->ai_addrlen;
		s->far = s->far || !url_is_loopback(host);
		freeaddrinfo(ai);
	}
	free(h);
	free(p);
}

static void
take_line(struct servers *s, struct span line)
{
	struct span word, first = { 0 };

	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == '#' || line.p[i] == ';')
			line.n = i;
	while (span_cut(&line, ' ', &word)) {
		word = span_trim(word);
		if (first.n == 0)
			first = word;
		else if (word.n > 0 && span_eq(first, SPAN("nameserver")))
			add_server(s, word);
		else if (span_eq(first, SPAN("options")) && span_eq(word, SPAN("trust-ad")))
			s->trust_ad = true;
	}
}

/* No file, or none named there: a server on this machine, as resolv.conf(5) has it. */
static void
find_servers(struct servers *s)
{
	const char *path = getenv("POSTERN_RESOLV_CONF");
	FILE *f = fopen(path != NULL ? path : RESOLV_CONF, "re");
	struct span rest, line;
	struct buf text;

	memset(s, 0, sizeof(*s));
	buf_init(&text, RESOLV_CONF_MAX);
	if (f != NULL) {
		buf_took(&text, fread(buf_room(&text, RESOLV_CONF_MAX), 1, RESOLV_CONF_MAX, f));
		fclose(f);
	}
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\t')
			text.p[i] = ' ';
	rest = buf_view(&text);
	while (span_cut(&rest, '\n', &line))
		take_line(s, line);
	if (s->n == 0)
		add_server(s, SPAN("127.0.0.1"));
	buf_done(&text);
}

/* The socket has something, before the time is over. */
static bool
comes(int fd, short what, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = what };
	int64_t left_ms = until_ms - clock_mono_ms();

	return left_ms > 0 && poll(&p, 1, (int)left_ms) == 1;
}

static int
reach(const struct servers *s, size_t i, int type, int64_t until_ms)
{
	int fd = socket(s->address[i].ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&s->address[i], s->len[i]) < 0 &&
	    (errno != EINPROGRESS || !comes(fd, POLLOUT, until_ms))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The socket is connected, so what comes is from that server; what answers another question is passed over. */
static bool
ask_udp(const struct servers *s, size_t i, struct span question, struct tlsa_answer *ret, const char **ret_why)
{
	int64_t until_ms = clock_mono_ms() + WAIT_MS;
	int fd = reach(s, i, SOCK_DGRAM, until_ms);
	bool good = false;
	char octets[4096];

	if (fd < 0)
		return false;
	if (send(fd, question.p, question.n, MSG_NOSIGNAL) == (ssize_t)question.n)
		while (!good && comes(fd, POLLIN, until_ms)) {
			ssize_t n = recv(fd, octets, sizeof(octets), 0);

			if (n < 0 && errno != EAGAIN)
				break;
			good = n > 0 && tlsa_answer((struct span){ octets, (size_t)n }, question, ret, ret_why);
		}
	close(fd);
	return good;
}

static bool
read_octets(int fd, char *p, size_t n, int64_t until_ms)
{
	while (n > 0) {
		ssize_t r;

		if (!comes(fd, POLLIN, until_ms))
			return false;
		r = recv(fd, p, n, 0);
		if (r == 0 || (r < 0 && errno != EAGAIN))
			return false;
		p += r > 0 ? r : 0;
		n -= r > 0 ? (size_t)r : 0;
	}
	return true;
}

/* RFC 7766 §8: two octets of length before each message. */
static bool
ask_tcp(const struct servers *s, size_t i, struct span question, struct tlsa_answer *ret, const char **ret_why)
{
	int64_t until_ms = clock_mono_ms() + WAIT_MS;
	int fd = reach(s, i, SOCK_STREAM, until_ms);
	unsigned char length[2];
	static char octets[65535];
	struct buf b;
	bool good;
	size_t n;

	if (fd < 0)
		return false;
	buf_init(&b, 1024);
	buf_char(&b, (char)(question.n >> 8));
	buf_char(&b, (char)question.n);
	buf_span(&b, question);
	good = send(fd, b.p, b.n, MSG_NOSIGNAL) == (ssize_t)b.n && read_octets(fd, (char *)length, 2, until_ms);
	n = good ? (size_t)length[0] << 8 | length[1] : 0;
	good = good && read_octets(fd, octets, n, until_ms) &&
	    tlsa_answer((struct span){ octets, n }, question, ret, ret_why);
	buf_done(&b);
	close(fd);
	return good;
}

static bool
ask(const struct servers *s, size_t i, struct span question, struct tlsa_answer *ret, const char **ret_why)
{
	bool good = ask_udp(s, i, question, ret, ret_why);

	if (good && ret->truncated)
		good = ask_tcp(s, i, question, ret, ret_why) && !ret->truncated;
	if (good && ret->rcode != 0 && ret->rcode != 3) {
		*ret_why = ret->rcode == 2 ? "the server failed, or the answer is not validly signed" :
		    "the server refused";
		return false;
	}
	return good;
}

static int
say_records(const char *host, const struct tlsa_answer *a)
{
	struct buf out;
	int status = EX_OK;

	buf_init(&out, 64 * 1024);
	if (!a->secure)
		buf_str(&out, "none the domain is not signed\n");
	else if (a->n == 0)
		buf_str(&out, "none the domain has no such records\n");
	else
		buf_str(&out, "secure\n");
	for (size_t i = 0; a->secure && i < a->n; i++)
		tlsa_put(&a->records[i], &out);
	if (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)
		status = complain(host, strerror(errno), EX_TEMPFAIL);
	buf_done(&out);
	return status;
}

/*
 * "Not now" is not "there are none": whoever can keep the answer away could
 * otherwise choose how the server is verified (RFC 7672 §2.1).
 */
static int
find_records(const char *host, unsigned port)
{
	const char *why = "no name server answers";
	struct tlsa_answer answer;
	struct servers s;
	struct buf question;
	bool good = false;
	uint16_t id;

	find_servers(&s);
	if (s.far && !s.trust_ad) {
		puts("none the name server is on another machine, and resolv.conf has no \"options trust-ad\"");
		return fflush(stdout) == 0 ? EX_OK : EX_TEMPFAIL;
	}
	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		return complain(host, strerror(errno), EX_TEMPFAIL);
	buf_init(&question, 512);
	if (!tlsa_question(host, port, id, &question)) {
		buf_done(&question);
		return complain(host, "no name that DNS can have", EX_NOHOST);
	}
	for (size_t i = 0; !good && i < ROUNDS * s.n; i++)
		good = ask(&s, i % s.n, buf_view(&question), &answer, &why);
	buf_done(&question);
	return good ? say_records(host, &answer) : complain(host, why != NULL ? why : "no answer", EX_TEMPFAIL);
}

int
main(int argc, char **argv)
{
	uint64_t port;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		version_print("postern-resolve");
		return EX_OK;
	}
	if (argc == 4 && strcmp(argv[1], "--tlsa") == 0 && text_number(span_of(argv[3]), 65535, &port) == 0)
		return find_records(argv[2], (unsigned)port);
	if (argc != 3 || argv[1][0] == '\0' ||
	    text_number(span_of(argv[2]), 65535, &port) < 0)
		return complain("usage", "postern-resolve [--tlsa] HOST PORT", EX_USAGE);
	return resolve(argv[1], argv[2]);
}
