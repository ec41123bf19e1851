#include "relay/reach.h"

#include <stdlib.h>

#include "base/log.h"
#include "net/records.h"
#include "net/tls.h"

#define WHY_MAX 512

struct reach {
	struct event_base       *base;
	const struct relay_conf *rc;
	struct tls              *tls;
	int                      limit_ms;
	void                   (*done)(void *arg, const struct dialled *d);
	void                    *arg;
	struct records          *records;       /* while DNS is asked about the key */
	struct dial             *dial;
};

static void
on_dialled(void *arg, const struct dialled *d)
{
	struct reach *r = arg;

	r->done(r->arg, d);
	free(r);
}

static void
begin_dial(struct reach *r)
{
	r->dial = dial_start(r->base, r->rc->host, r->rc->port, r->limit_ms, on_dialled, r);
}

static void
give_up(struct reach *r, const char *why)
{
	struct dialled d = { .fd = -1, .address = "", .resolver = true };
	struct buf     b;

	buf_init(&b, WHY_MAX);
	buf_printf(&b, "TLSA records of %s:%u: %.300s", r->rc->host, r->rc->port, why);
	d.why = buf_cstr(&b);
	r->done(r->arg, &d);
	buf_done(&b);
	free(r);
}

/*
 * Records that say nothing this side understands are as none (RFC 7671 §10.3).
 * An answer that is not to be had is none of those: the relay waits for it.
 */
static void
on_records(void *arg, const struct records_found *f)
{
	struct reach *r = arg;

	r->records = NULL;
	if (f->kind == RECORDS_UNKNOWN) {
		give_up(r, f->why);
		return;
	}
	if (tls_set_records(r->tls, f->records, f->n) == 0)
		log_info("relay=%s, dane=not used, reason=%s", r->rc->name,
		    f->n > 0 ? "none of the TLSA records is of a known kind" : f->why);
	begin_dial(r);
}

struct reach *
reach_start(struct event_base *base, const struct relay_conf *rc, struct tls *tls, int limit_ms,
    void (*done)(void *arg, const struct dialled *d), void *arg)
{
	struct reach *r = xcalloc(1, sizeof(*r));

	*r = (struct reach){ .base = base, .rc = rc, .tls = tls, .limit_ms = limit_ms, .done = done, .arg = arg };
	if (rc->dane)
		r->records = records_ask(base, rc->host, rc->port, limit_ms, on_records, r);
	else
		begin_dial(r);
	return r;
}

void
reach_cancel(struct reach *r)
{
	if (r == NULL)
		return;
	records_cancel(r->records);
	dial_cancel(r->dial);
	free(r);
}
