#include "relay/suspects.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void
suspects_done(struct suspects *s)
{
	free(s->known);
	*s = (struct suspects){ 0 };
}

/*
 * What was on its way already shows that the row is none; but an account that
 * was found out is cleared by what came after that alone.
 */
void
suspects_accepted(struct suspects *s, uint64_t pulled)
{
	if (pulled > s->proof)
		s->proof = pulled;
	if (s->accused && pulled < s->refusals)
		return;
	s->accused = false;
	s->nrow = 0;
}

static struct suspect *
find(struct suspects *s, msgid id)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->known[i].id == id)
			return &s->known[i];
	return NULL;
}

static struct suspect *
add(struct suspects *s, msgid id)
{
	struct suspect *x;

	if (s->n == SUSPECTS_MAX) {
		x = &s->known[s->oldest];
		s->oldest = (s->oldest + 1) % SUSPECTS_MAX;
	} else {
		if (s->n == s->cap) {
			s->cap = s->cap > 0 ? 2 * s->cap : 8;
			s->known = xrealloc(s->known, s->cap * sizeof(*s->known));
		}
		x = &s->known[s->n++];
	}
	*x = (struct suspect){ .id = id };
	return x;
}

static bool
is_alike(const struct suspects *s, const struct status *st)
{
	return s->nrow > 0 && s->code == st->code && strcmp(s->dsn, st->dsn) == 0;
}

/* True: the row is complete. */
static bool
line_up(struct suspects *s, msgid id, const struct status *st)
{
	if (!is_alike(s, st)) {
		s->accused = false;
		s->nrow = 0;
		s->code = st->code;
		memcpy(s->dsn, st->dsn, sizeof(s->dsn));
	}
	if (s->accused)
		return true;
	for (size_t i = 0; i < s->nrow; i++)
		if (s->row[i] == id)
			return false;
	s->row[s->nrow++] = id;
	s->accused = s->nrow == SUSPECTS_IN_A_ROW;
	return s->accused;
}

enum suspicion
suspects_refused(struct suspects *s, msgid id, uint64_t pulled, const struct status *st)
{
	struct suspect *x = find(s, id);
	bool again = x != NULL;

	/* Another part of it, on its way at the same time: that is no second attempt. */
	if (again && pulled < x->nth)
		return x->found;
	if (!again)
		x = add(s, id);
	if (again && x->nth <= s->proof && s->nrow == 0)
		x->found = SUSPECT_GUILTY;
	else if (line_up(s, id, st))
		x->found = SUSPECT_ACCOUNT;
	else
		x->found = again ? SUSPECT_WAITS : SUSPECT_BEHIND;
	x->nth = ++s->refusals;
	return x->found;
}
