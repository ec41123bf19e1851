/*
 * fuzz_handover.c - what the unprivileged side of a session writes to the
 * setgid one, in pieces of any size: each message ends in one way, an
 * envelope that is taken can be stored and read again, no content comes from
 * nowhere, and a broken stream stays broken.
 */
#include <errno.h>
#include <string.h>

#include "base/fs.h"
#include "fuzz/fuzz.h"
#include "sendmail/handover.h"

static struct span input;
static size_t      piece;

static ssize_t
read_piece(int fd, void *p, size_t n)
{
	(void)fd;
	if (n > piece)
		n = piece;
	if (n > input.n)
		n = input.n;
	memcpy(p, input.p, n);
	input.p += n;
	input.n -= n;
	return (ssize_t)n;
}

static void
store_and_read(struct envelope *e)
{
	struct envelope again;
	struct buf      b;
	const char     *why;

	e->host = xstrdup("h");
	e->time_us = 1;
	buf_init(&b, ENVELOPE_MAX_BYTES);
	envelope_put(&b, e);
	must(b.over || envelope_parse(buf_view(&b), &again, &why) == 0);
	if (!b.over)
		envelope_done(&again);
	buf_done(&b);
}

/* One message.  What came of it, as handover_read says. */
static int
take(struct handover *h, size_t *content)
{
	struct envelope e;
	struct buf      why;
	char            p[512];
	ssize_t         n;
	int             rc;

	envelope_init(&e);
	buf_init(&why, 4096);
	rc = handover_begin(h, &e, &why);
	must((rc == 0) == (why.n == 0));
	if (rc == 0)
		store_and_read(&e);
	while ((n = handover_read(h, p, sizeof(p))) > 0) {
		must((size_t)n <= sizeof(p));
		*content += (size_t)n;
	}
	must(n == 0 || n == -ECANCELED || n == h->error);
	must(handover_read(h, p, sizeof(p)) == n && handover_skip(h) == (int)n);
	envelope_done(&e);
	buf_done(&why);
	return (int)n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct handover h;
	size_t          content = 0;
	int             r = 0;

	if (n == 0)
		return 0;
	input = (struct span){ (const char *)data + 1, n - 1 };
	piece = data[0] == 0 ? SIZE_MAX : data[0];
	fs.read = read_piece;
	handover_init(&h, 0);
	while ((r == 0 || r == -ECANCELED) && handover_wait(&h) > 0)
		r = take(&h, &content);
	must(content < n);
	handover_done(&h);
	fs = fs_kernel;
	return 0;
}
