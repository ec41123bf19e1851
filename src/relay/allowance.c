#include "relay/allowance.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

struct allowance {
	struct ledger  *ledger;
	struct account *account;
	uint64_t        max[NQUOTAS];           /* 0: no limit */
};

static const char *const units[NQUOTAS] = {
	[QUOTA_MINUTE] = "messages a minute", [QUOTA_HOUR] = "messages an hour",
	[QUOTA_DAY] = "messages a day", [QUOTA_RECIPIENTS] = "recipients a day",
};

struct allowance *
allowance_new(struct ledger *l, const struct relay_conf *relay)
{
	struct allowance a = {
		.ledger = l,
		.max = {
			[QUOTA_MINUTE] = relay->messages_per_minute, [QUOTA_HOUR] = relay->messages_per_hour,
			[QUOTA_DAY] = relay->messages_per_day, [QUOTA_RECIPIENTS] = relay->recipients_per_day,
		},
	};
	struct allowance *ret;
	uint64_t any = 0;

	for (int k = 0; k < NQUOTAS; k++)
		any |= a.max[k];
	if (any == 0)
		return NULL;
	a.account = ledger_account(l, relay);
	ret = xcalloc(1, sizeof(*ret));
	*ret = a;
	return ret;
}

void
allowance_free(struct allowance *a)
{
	if (a == NULL)
		return;
	ledger_leave(a->ledger, a->account);
	free(a);
}

/* ---- is there room? ---- */

/* When so much fits under one limit; now_s: now. */
static int64_t
room_at(const struct allowance *a, enum quota_kind k, uint64_t want, bool urgent, int64_t now_s)
{
	uint64_t max = a->max[k] - (urgent ? 0 : quota_reserve(k, a->max[k]));

	/* More than ever fits was cut before a reload made the limit smaller. */
	return quota_room_at(&a->account->quota, k, max, want < max ? want : max, now_s);
}

/* The limit that gives room last; NQUOTAS: all do now.  behind: behind what is on its way. */
static enum quota_kind
narrowest(const struct allowance *a, uint64_t nrcpt, bool behind, bool urgent, int64_t *ret_at)
{
	int64_t now_s = ledger_now_s(a->ledger);
	enum quota_kind last = NQUOTAS;

	*ret_at = now_s;
	for (int k = 0; k < NQUOTAS; k++) {
		uint64_t want = k == QUOTA_RECIPIENTS ? nrcpt : 1;
		int64_t at;

		if (a->max[k] == 0)
			continue;
		if (behind)
			want += k == QUOTA_RECIPIENTS ? a->account->out_recipients : a->account->out;
		at = room_at(a, (enum quota_kind)k, want, urgent, now_s);
		if (at > *ret_at) {
			*ret_at = at;
			last = (enum quota_kind)k;
		}
	}
	return last;
}

int64_t
allowance_wait_s(const struct allowance *a, size_t nrcpt, bool urgent)
{
	int64_t at;

	if (a == NULL)
		return 0;
	if (narrowest(a, nrcpt, false, urgent, &at) != NQUOTAS)
		return at - ledger_now_s(a->ledger);
	if (a->account->out > 0 && narrowest(a, nrcpt, true, urgent, &at) != NQUOTAS)
		return ALLOWANCE_SOON;
	return 0;
}

void
allowance_why(const struct allowance *a, size_t nrcpt, struct buf *ret)
{
	struct allowed n;
	int64_t at;
	enum quota_kind k = narrowest(a, nrcpt, false, false, &at);

	if (k != NQUOTAS && allowance_show(a, k, &n))
		buf_printf(ret, "%llu of %llu %s are used%s", (unsigned long long)n.used, (unsigned long long)n.max,
		    units[k], n.used + (k == QUOTA_RECIPIENTS ? nrcpt : 1) > n.max ? "" :
		    ", and the rest is kept for reports, alerts and root");
}

/* ---- what is on its way ---- */

void
allowance_take(struct allowance *a, size_t nrcpt)
{
	if (a == NULL)
		return;
	a->account->out++;
	a->account->out_recipients += nrcpt;
}

/* The server took it for him, or may have done so. */
static bool
counts(const struct mail *m, const struct mail_rcpt *to)
{
	return to->status.verdict == VERDICT_SENT || (m->content_out && to->accepted && to->status.code == 0);
}

void
allowance_settle(struct allowance *a, const struct mail *m)
{
	uint32_t n = 0;

	if (a == NULL)
		return;
	assert(a->account->out > 0 && a->account->out_recipients >= m->nrcpt);
	a->account->out--;
	a->account->out_recipients -= m->nrcpt;
	for (size_t i = 0; i < m->nrcpt; i++)
		n += counts(m, &m->rcpt[i]);
	if (n > 0)
		ledger_add(a->ledger, a->account, 1, n);
}

size_t
allowance_recipients(const struct relay_conf *relay)
{
	uint64_t day = relay->recipients_per_day - quota_reserve(QUOTA_RECIPIENTS, relay->recipients_per_day);

	return day > 0 && day < relay->recipients_per_message ? (size_t)day : relay->recipients_per_message;
}

/* ---- for showing ---- */

bool
allowance_show(const struct allowance *a, enum quota_kind k, struct allowed *ret)
{
	if (a == NULL || a->max[k] == 0)
		return false;
	ret->used = quota_used(&a->account->quota, k, ledger_now_s(a->ledger));
	ret->max = a->max[k];
	return true;
}

int64_t
allowance_room_at_s(const struct allowance *a)
{
	int64_t wait_s = allowance_wait_s(a, 1, false);

	return wait_s > 0 ? clock_wall_s() + wait_s : 0;
}
