#include "relay/parts.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"

void
parts_init(struct parts *p, size_t nrcpts)
{
	*p = (struct parts){ .nrcpts = nrcpts };
	p->rcpt = xcalloc(nrcpts, sizeof(*p->rcpt));
	p->cap = p->ref_cap = nrcpts > 0 ? nrcpts : 1;
	p->part = xrealloc(NULL, p->cap * sizeof(*p->part));
	p->ref = xrealloc(NULL, p->ref_cap * sizeof(*p->ref));
}

void
parts_done(struct parts *p)
{
	addrset_done(&p->set);
	addrset_done(&p->owners);
	free(p->part);
	free(p->of);
	free(p->ref);
	free(p->rcpt);
	*p = (struct parts){ 0 };
}

static size_t
new_part(struct parts *p, size_t rcpt)
{
	if (p->n == p->cap) {
		p->cap *= 2;
		p->part = xrealloc(p->part, p->cap * sizeof(*p->part));
	}
	p->part[p->n] = (struct part){ .rcpt = rcpt, .waits = true };
	p->waiting++;
	return p->n++;
}

static void
refer(struct parts *p, size_t rcpt, size_t part)
{
	struct part_range *r = &p->rcpt[rcpt];

	if (r->n == 0)
		r->first = p->nref;
	assert(r->first + r->n == p->nref);
	if (p->nref == p->ref_cap) {
		p->ref_cap *= 2;
		p->ref = xrealloc(p->ref, p->ref_cap * sizeof(*p->ref));
	}
	p->ref[p->nref++] = part;
	r->n++;
}

static void
own(struct parts *p, struct part *part, const struct addr *owner)
{
	part->group = owner != NULL ? addrset_add(&p->owners, addr_dup(owner), NULL) + 1 : 0;
	part->owner = owner != NULL ? p->owners.addr[part->group - 1] : NULL;
}

void
parts_add(struct parts *p, size_t rcpt, struct addr *to, const struct addr *owner)
{
	bool   new;
	size_t at = addrset_add(&p->set, to, &new), part;

	if (new) {
		if ((at & (at + 1)) == 0)       /* full: room for twice as many, and one */
			p->of = xrealloc(p->of, 2 * (at + 1) * sizeof(*p->of));
		p->of[at] = new_part(p, rcpt);
		p->part[p->of[at]].to = p->set.addr[at];
	}
	part = p->of[at];
	if (new || owner == NULL)
		own(p, &p->part[part], owner);
	refer(p, rcpt, part);
}

void
parts_add_verdict(struct parts *p, size_t rcpt, const struct status *st)
{
	size_t part = new_part(p, rcpt);

	refer(p, rcpt, part);
	parts_stand(p, &p->part[part], st);
}

size_t
parts_count(const struct parts *p, size_t rcpt)
{
	return p->rcpt[rcpt].n;
}

struct part *
parts_at(const struct parts *p, size_t rcpt, size_t k)
{
	return &p->part[p->ref[p->rcpt[rcpt].first + k]];
}

bool
parts_wait(const struct parts *p, size_t rcpt)
{
	for (size_t k = 0; k < p->rcpt[rcpt].n; k++)
		if (parts_at(p, rcpt, k)->waits)
			return true;
	return false;
}

void
parts_stand(struct parts *p, struct part *part, const struct status *st)
{
	if (!part->waits)
		return;
	part->status = *st;
	if (st->verdict == VERDICT_SENT) {
		part->fresh = true;
		part->waits = false;
		p->waiting--;
	}
}

void
parts_give_up(struct parts *p, struct part *part)
{
	if (!part->waits)
		return;
	part->status.verdict = VERDICT_REJECT;
	part->waits = false;
	p->waiting--;
}
