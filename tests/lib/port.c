#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "port.h"

/* "ADDRESS:PORT", numbers only: no resolver in the tests. */
static struct addrinfo *
address_of(const char *where)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *ai = NULL;
	char *host = xstrdup(where), *colon = strrchr(host, ':'), *name = host;

	if (colon != NULL) {
		*colon = '\0';
		if (name[0] == '[' && colon > name && colon[-1] == ']') {
			colon[-1] = '\0';
			name++;
		}
		if (getaddrinfo(name, colon + 1, &hints, &ai) != 0)
			ai = NULL;
	}
	free(host);
	return ai;
}

/* Under another name first: whoever sees the file may read it at once. */
static int
write_whole(const char *file, struct span text)
{
	struct buf tmp;
	int fd, r;

	buf_init(&tmp, 4096);
	buf_printf(&tmp, "%s.part", file);
	fd = open(buf_cstr(&tmp), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : fs_write_all(fd, text);
	if (fd >= 0)
		close(fd);
	if (r == 0 && rename(buf_cstr(&tmp), file) < 0)
		r = -errno;
	buf_done(&tmp);
	return r;
}

static int
say_port(int fd, const char *file)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char text[16];
	unsigned port;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0)
		return -errno;
	port = ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port :
	    ((struct sockaddr_in *)&ss)->sin_port);
	snprintf(text, sizeof(text), "%u\n", port);
	if (file != NULL)
		return write_whole(file, span_of(text));
	fputs(text, stdout);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

int
port_listen(const char *where, const char *file)
{
	struct addrinfo *ai = address_of(where);
	int one = 1, fd, r = 0;

	if (ai == NULL)
		return -EINVAL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 128) < 0)
		r = -errno;
	freeaddrinfo(ai);
	if (r == 0)
		r = say_port(fd, file);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

int
port_connect(const char *where)
{
	struct addrinfo *ai = address_of(where);
	int fd, r = 0;

	if (ai == NULL)
		return -EINVAL;
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		r = -errno;
	freeaddrinfo(ai);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}
