#include <sys/mman.h>

#include <stdlib.h>
#include <unistd.h>

#include "lib/submission.h"

#include "base/text.h"

struct message *
submission_new(struct span text, const char *sender)
{
	struct message *m = xcalloc(1, sizeof(*m));
	size_t          done = 0;

	m->id = SUBMISSION_ID;
	m->uid = 1000;
	m->fd = memfd_create("message", MFD_CLOEXEC);
	while (m->fd >= 0 && done < text.n) {
		ssize_t n = write(m->fd, text.p + done, text.n - done);

		if (n <= 0)
			abort();
		done += (size_t)n;
	}
	m->size = text.n;
	m->eightbit = !text_is_ascii(text);
	envelope_init(&m->env);
	m->env.time_us = SUBMISSION_TIME_S * 1000000 + 123456;
	m->env.host = xstrdup("web1.example.com");
	m->env.uid = 1000;
	m->env.user = xstrdup("alice");
	m->env.sender = sender != NULL ? addr_parse(span_of(sender), NULL) : addr_null();
	return m;
}

void
submission_add(struct message *m, const char *rcpt, unsigned notify)
{
	envelope_add(&m->env, addr_parse(span_of(rcpt), NULL));
	m->env.rcpts[m->env.nrcpts - 1].notify = notify;
	free(m->notes);
	m->notes = xcalloc(m->env.nrcpts, sizeof(*m->notes));
}
