/* input.c - standard input and its end; see input.h. */
#include "sendmail/input.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"

static const char last_line[] = { '.', '\r', '\n' };

void
input_init(struct input *in, int fd, bool dot_ends)
{
	*in = (struct input){ .fd = fd, .dot_ends = dot_ends, .line_start = true };
}

/*
 * Is the line at p (n octets at hand) the lone dot?  1: yes, 0: no; -1: all
 * there is could still become it.
 */
static int
lone_dot(const char *p, size_t n)
{
	if (p[0] != '.')
		return 0;
	if (n == 1)
		return -1;
	if (p[1] == '\n')
		return 1;
	if (p[1] != '\r')
		return 0;
	return n == 2 ? -1 : p[2] == '\n';
}

/* How many of the n octets belong to the message.  Sets over, or held. */
static size_t
find_end(struct input *in, const char *p, size_t n)
{
	const char *lf;

	for (size_t at = 0; at < n; at = (size_t)(lf - p) + 1) {
		int dot = in->line_start || at > 0 ? lone_dot(p + at, n - at) : 0;

		if (dot > 0) {
			in->over = true;
			return at;
		}
		if (dot < 0) {
			in->held = n - at;
			in->line_start = true;
			return at;
		}
		if ((lf = memchr(p + at, '\n', n - at)) == NULL)
			break;
	}
	in->line_start = p[n - 1] == '\n';
	return n;
}

static ssize_t
read_some(struct input *in, char *p, size_t n)
{
	ssize_t got;

	do
		got = fs.read(in->fd, p, n);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		in->over = true;
	return got < 0 ? -errno : got;
}

/*
 * A dot without a line end before the end of the file is text: somebody's
 * last octet, not a line.
 */
ssize_t
input_read(struct input *in, char *p, size_t n)
{
	size_t done = 0;

	assert(n >= INPUT_LEAST);
	while (done == 0 && !in->over) {
		size_t  held = in->held;
		ssize_t got;

		memcpy(p, last_line, held);
		in->held = 0;
		got = read_some(in, p + held, n - held);
		if (got < 0)
			return got;
		if (got == 0)
			return (ssize_t)held;
		done = held + (size_t)got;
		if (in->dot_ends)
			done = find_end(in, p, done);
	}
	return (ssize_t)done;
}

/* Is there something to read, or an end, before the deadline? */
static bool
comes(const struct input *in, int64_t deadline_ms)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };
	int64_t       left;
	int           n;

	do {
		left = deadline_ms - clock_mono_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

void
input_drain(struct input *in, int64_t most_ms)
{
	int64_t deadline_ms = clock_mono_ms() + most_ms;
	size_t  bytes = 0;
	char    waste[32u << 10];
	ssize_t n;

	if (!in->over && isatty(in->fd))
		return;
	while (!in->over && bytes < INPUT_DRAIN_BYTES && comes(in, deadline_ms))
		if ((n = read_some(in, waste, sizeof(waste))) > 0)
			bytes += (size_t)n;
}
