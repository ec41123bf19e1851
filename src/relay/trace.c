/* trace.c - see trace.h. */
#include "relay/trace.h"

static void
tell(const struct trace *t, struct heard h)
{
	if (t != NULL)
		t->heard(t->arg, &h);
}

void
trace_step(const struct trace *t, const char *step)
{
	tell(t, (struct heard){ .what = HEARD_STEP, .step = step });
}

void
trace_dialled(const struct trace *t, const struct dialled *d)
{
	tell(t, (struct heard){ .what = HEARD_DIALLED, .step = "connect", .dialled = d });
}

void
trace_secure(const struct trace *t, const char *summary, const struct ssl_st *s)
{
	tell(t, (struct heard){ .what = HEARD_SECURE, .step = "TLS", .text = summary, .ssl = s });
}

void
trace_insecure(const struct trace *t, const struct ssl_st *s)
{
	tell(t, (struct heard){ .what = HEARD_INSECURE, .step = "TLS", .ssl = s });
}

void
trace_mechanism(const struct trace *t, const char *mechanism)
{
	tell(t, (struct heard){ .what = HEARD_MECHANISM, .step = "AUTH", .text = mechanism });
}

void
trace_content(const struct trace *t, uint64_t octets, const char *by)
{
	tell(t, (struct heard){ .what = HEARD_CONTENT, .step = "content", .octets = octets, .text = by });
}

void
trace_reply(const struct trace *t, const char *step, const struct reply *r, const struct mail *m, size_t rcpt)
{
	tell(t, (struct heard){ .what = HEARD_REPLY, .step = step, .reply = r, .mail = m, .rcpt = rcpt });
}
