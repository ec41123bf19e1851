/*
 * postern-resolve - the addresses of one host, one a line.
 *
 *   postern-resolve HOST PORT
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

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/text.h"
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

int
main(int argc, char **argv)
{
	uint64_t port;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		version_print("postern-resolve");
		return EX_OK;
	}
	if (argc != 3 || argv[1][0] == '\0' ||
	    text_number(span_of(argv[2]), 65535, &port) < 0)
		return complain("usage", "postern-resolve HOST PORT", EX_USAGE);
	return resolve(argv[1], argv[2]);
}
