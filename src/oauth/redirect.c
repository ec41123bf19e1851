#include "oauth/redirect.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/url.h"

#define MAX_CLIENTS  8          /* a browser opens two or three, and keeps some for later */
#define PAGE_MAX     8192
#define SAY_LIMIT_S  5

struct client {
	int        fd;          /* -1: none */
	struct buf head;
};

struct redirect {
	int           fd;
	unsigned      port;
	struct client client[MAX_CLIENTS];
	int           winner;   /* its index; -1: pasted, or nobody yet */
	struct buf    line;     /* of what is pasted */
	bool          no_more;  /* the input ended */
};

struct redirect *
redirect_open(unsigned port, int *ret_errno)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	struct redirect *r;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (struct sockaddr *)&at, n) != 0 || listen(fd, MAX_CLIENTS) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0) {
		*ret_errno = errno;
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->fd = fd;
	r->port = ntohs(at.sin_port);
	r->winner = -1;
	for (int i = 0; i < MAX_CLIENTS; i++) {
		r->client[i].fd = -1;
		buf_init(&r->client[i].head, REDIRECT_MAX_BYTES);
	}
	buf_init(&r->line, REDIRECT_MAX_BYTES);
	return r;
}

unsigned
redirect_port(const struct redirect *r)
{
	return r->port;
}

/* ---- what came ---- */

struct span
redirect_query(struct span text)
{
	struct span line = text, word = { NULL, 0 };
	const char *mark;

	span_cut(&text, '\n', &line);
	line = span_trim(line);
	/* "GET /?code=1 HTTP/1.1", "paste http://127.0.0.1:1/?code=1", or the address alone */
	if (span_cut(&line, ' ', &word) && line.n > 0)
		span_cut(&line, ' ', &word);
	mark = word.n > 0 ? memchr(word.p, '?', word.n) : NULL;
	if (mark == NULL)
		return SPAN("");
	word = (struct span){ mark + 1, word.n - (size_t)(mark + 1 - word.p) };
	mark = memchr(word.p, '#', word.n);
	if (mark != NULL)
		word.n = (size_t)(mark - word.p);
	return word;
}

static bool
is_answer(struct span query)
{
	struct buf value;
	bool found;

	buf_init(&value, REDIRECT_MAX_BYTES);
	buf_room(&value, REDIRECT_MAX_BYTES);
	found = url_param(query, "code", &value) == 0 || url_param(query, "error", &value) == 0;
	buf_wipe(&value);
	return found;
}

static bool
take(struct span text, struct buf *ret)
{
	struct span query = redirect_query(text);

	if (!is_answer(query))
		return false;
	buf_span(ret, query);
	return true;
}

/* ---- the browser ---- */

static void
put_escaped(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '<')
			buf_str(b, "&lt;");
		else if (*s == '&')
			buf_str(b, "&amp;");
		else
			buf_char(b, *s);
	}
}

static void
say(int fd, const char *status, const char *title, const char *text)
{
	struct timeval limit = { SAY_LIMIT_S, 0 };
	struct buf page, out;
	ssize_t n;

	buf_init(&page, PAGE_MAX);
	buf_str(&page, "<!doctype html><meta charset=utf-8><title>");
	put_escaped(&page, title);
	buf_str(&page, "</title><body style=\"font:1.2em sans-serif;margin:4em auto;max-width:32em\"><h1>");
	put_escaped(&page, title);
	buf_str(&page, "</h1><p>");
	put_escaped(&page, text);
	buf_str(&page, "</p></body>\n");
	buf_init(&out, 2 * PAGE_MAX);
	buf_printf(&out, "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
	    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
	    "Connection: close\r\n\r\n", status, page.n);
	buf_span(&out, buf_view(&page));
	/* A page fits a socket's buffer; what does not is not worth more than the limit. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	n = send(fd, out.p, out.n, MSG_NOSIGNAL);
	(void)n;
	shutdown(fd, SHUT_WR);
	buf_done(&page);
	buf_done(&out);
}

static void
drop(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	buf_wipe(&c->head);
	buf_init(&c->head, REDIRECT_MAX_BYTES);
}

/* The oldest idle one makes room: a browser opens connections ahead of need. */
static void
take_client(struct redirect *r)
{
	int fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC), i;

	if (fd < 0)
		return;
	for (i = 0; i < MAX_CLIENTS && r->client[i].fd >= 0; i++)
		;
	if (i == MAX_CLIENTS) {
		drop(&r->client[0]);
		memmove(&r->client[0], &r->client[1], (MAX_CLIENTS - 1) * sizeof(r->client[0]));
		i = MAX_CLIENTS - 1;
		buf_init(&r->client[i].head, REDIRECT_MAX_BYTES);
	}
	r->client[i].fd = fd;
}

static bool
read_client(struct redirect *r, int i, struct buf *ret)
{
	struct client *c = &r->client[i];
	char chunk[2048];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0)
		buf_add(&c->head, chunk, (size_t)n);
	explicit_bzero(chunk, sizeof(chunk));
	if (n <= 0 || c->head.over) {
		drop(c);
		return false;
	}
	if (memmem(c->head.p, c->head.n, "\n\r\n", 3) == NULL && memmem(c->head.p, c->head.n, "\n\n", 2) == NULL)
		return false;
	if (span_starts(buf_view(&c->head), SPAN("GET /?")) && take(buf_view(&c->head), ret)) {
		r->winner = i;
		return true;
	}
	say(c->fd, "404 Not Found", "Nothing here", "Postern waits for the answer to its question.");
	drop(c);
	return false;
}

/* ---- the paste ---- */

/* 0: nothing whole yet; 1: an answer; -EINVAL: a line that is none. */
static int
read_line(struct redirect *r, int in_fd, struct buf *ret)
{
	ssize_t n;
	char c;
	int rc;

	/* By the byte: what stands behind the line is somebody else's. */
	n = read(in_fd, &c, 1);
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0)
		r->no_more = true;
	if (n > 0 && c != '\n') {
		buf_char(&r->line, c);
		return 0;
	}
	if (take(buf_view(&r->line), ret))
		rc = 1;
	else
		rc = span_trim(buf_view(&r->line)).n == 0 ? 0 : -EINVAL;
	buf_clear(&r->line);
	return rc;
}

int
redirect_wait(struct redirect *r, int in_fd, int limit_ms, struct buf *ret)
{
	int64_t until = clock_mono_ms() + limit_ms, left;
	struct pollfd p[MAX_CLIENTS + 2];
	int got = 0;

	while (got == 0 && (left = until - clock_mono_ms()) > 0) {
		p[0] = (struct pollfd){ r->fd, POLLIN, 0 };
		p[1] = (struct pollfd){ r->no_more ? -1 : in_fd, POLLIN, 0 };
		for (int i = 0; i < MAX_CLIENTS; i++)
			p[i + 2] = (struct pollfd){ r->client[i].fd, POLLIN, 0 };
		if (poll(p, MAX_CLIENTS + 2, (int)left) <= 0)
			continue;
		for (int i = 0; i < MAX_CLIENTS && got == 0; i++)
			if (p[i + 2].revents != 0)
				got = read_client(r, i, ret);
		if (got == 0 && p[1].revents != 0)
			got = read_line(r, in_fd, ret);
		if (got == 0 && p[0].revents != 0)
			take_client(r);
	}
	return got > 0 ? 0 : got < 0 ? got : -ETIMEDOUT;
}

void
redirect_answer(struct redirect *r, const char *title, const char *text)
{
	if (r->winner < 0)
		return;
	say(r->client[r->winner].fd, "200 OK", title, text);
	drop(&r->client[r->winner]);
	r->winner = -1;
}

void
redirect_close(struct redirect *r)
{
	if (r == NULL)
		return;
	for (int i = 0; i < MAX_CLIENTS; i++)
		drop(&r->client[i]);
	buf_wipe(&r->line);
	close(r->fd);
	free(r);
}
