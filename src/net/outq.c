#include "net/outq.h"

#include <string.h>

#define KEEP_BYTES  (256 * 1024)        /* what a streaming session uses again and again */
#define DROP_BYTES  (64 * 1024)

void
outq_init(struct outq *q, size_t max_bytes)
{
	buf_init(&q->bytes, max_bytes);
	q->sent = 0;
}

/* What was sent may have been a login that was refused. */
void
outq_done(struct outq *q)
{
	buf_wipe(&q->bytes);
	q->sent = 0;
}

void
outq_clear(struct outq *q)
{
	buf_clear(&q->bytes);
	q->sent = 0;
}

struct span
outq_left(const struct outq *q)
{
	if (q->sent == q->bytes.n)
		return (struct span){ "", 0 };
	return (struct span){ q->bytes.p + q->sent, q->bytes.n - q->sent };
}

/* The front is given up when that costs no more than has been sent since. */
void
outq_took(struct outq *q, size_t n)
{
	q->sent += n;
	if (q->sent == q->bytes.n) {
		if (q->bytes.cap > KEEP_BYTES)
			outq_done(q);
		else
			outq_clear(q);
	} else if (q->sent >= DROP_BYTES && q->sent >= q->bytes.n / 2) {
		buf_drop(&q->bytes, q->sent);
		q->sent = 0;
	}
}

void
outq_wipe(struct outq *q)
{
	if (q->bytes.p == NULL)
		return;
	explicit_bzero(q->bytes.p, q->sent);
	explicit_bzero(q->bytes.p + q->bytes.n, q->bytes.cap - q->bytes.n);
}
