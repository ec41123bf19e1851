/* wrap.c - a spool file as a stream, the writing side; see wrap.h. */
#include "spool/wrap.h"

void
wrap_init(struct wrap *w, uint64_t envelope)
{
	*w = (struct wrap){ .envelope = envelope };
	lines_init(&w->lines);
}

size_t
wrap_put(struct wrap *w, struct span *in, char *out, size_t room)
{
	size_t n = lines_put(&w->lines, in, out, room);

	w->message += n;
	return n;
}

size_t
wrap_end(struct wrap *w, char out[static WRAP_END_MAX], int64_t time_s)
{
	size_t n = lines_end(&w->lines, out);

	w->message += n;
	n += stored_put(out + n, time_s, &w->lines);
	head_put(out + n, w->envelope, w->message);
	return n + HEAD_LEN;
}
