#include "relay/piece.h"

#include <string.h>

#define HOLD_MS (INT64_C(86400) * 1000)

size_t
piece_most(const struct piece *p, int64_t now_ms)
{
	return now_ms - p->learnt_ms < HOLD_MS ? p->most : 0;
}

/*
 * "Too many recipients" by its enhanced code (RFC 3463 §3.6), or without one
 * when it came to more than the last: that code alone may mean a full mailbox.
 */
static bool
is_about_number(const struct status *st, size_t refused)
{
	if (strcmp(st->dsn, "4.5.3") == 0 || strcmp(st->dsn, "5.5.3") == 0)
		return true;
	return strcmp(st->dsn + 1, ".0.0") == 0 && refused > 1;
}

/* How many were taken before the first that were too many; 0: it was not the number. */
static size_t
found_at_rcpt(const struct mail *m, size_t first)
{
	size_t refused = 0;

	for (size_t i = first; i < m->nrcpt; i++) {
		if (m->rcpt[i].accepted)
			return 0;
		refused += m->rcpt[i].status.verdict == VERDICT_SPLIT;
	}
	return is_about_number(&m->rcpt[first].status, refused) ? m->accepted : 0;
}

/* Said of one recipient, it was never the number. */
static size_t
found_at_content(const struct mail *m)
{
	return m->accepted > 1 ? (m->accepted + 1) / 2 : SIZE_MAX;
}

static size_t
found(const struct mail *m)
{
	for (size_t i = 0; i < m->nrcpt; i++) {
		const struct status *st = &m->rcpt[i].status;

		if (st->verdict == VERDICT_SPLIT && st->scope == SCOPE_RECIPIENT)
			return found_at_rcpt(m, i);
		if (st->verdict == VERDICT_SPLIT && m->accepted > 0)
			return found_at_content(m);
	}
	return 0;
}

bool
piece_learn(struct piece *p, const struct mail *m, int64_t now_ms)
{
	size_t n = found(m), most = piece_most(p, now_ms);

	if (n == SIZE_MAX)
		p->most = 0;
	if (n == 0 || n == SIZE_MAX || (most > 0 && n >= most))
		return false;
	p->most = n;
	p->learnt_ms = now_ms;
	return true;
}
