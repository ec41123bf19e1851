#include "relay/flight.h"

#include <assert.h>

unsigned
flight_owed(const struct flight *f)
{
	return f->tail - f->head;
}

const struct expect *
flight_head(const struct flight *f)
{
	return &f->owed[f->head % FLIGHT_MAX_OWED];
}

void
flight_expect(struct flight *f, int phase, struct mail *m, size_t rcpt)
{
	assert(flight_owed(f) < FLIGHT_MAX_OWED);
	f->owed[f->tail % FLIGHT_MAX_OWED] = (struct expect){
		.phase = phase, .mail = m, .rcpt = rcpt, .ahead = flight_owed(f) > 0,
	};
	f->tail++;
	if (m != NULL)
		m->waiting++;
}

bool
flight_reply(struct flight *f, struct expect *ret)
{
	if (flight_owed(f) == 0)
		return false;
	*ret = *flight_head(f);
	f->head++;
	if (ret->mail != NULL) {
		ret->mail->waiting--;
		ret->mail->answered = true;
	}
	return true;
}

void
flight_forget(struct flight *f)
{
	f->head = f->tail;
	for (struct mail *m = f->first; m != NULL; m = m->next) {
		m->waiting = 0;
		m->written = true;
	}
}

void
flight_add(struct flight *f, struct mail *m)
{
	struct mail **end = &f->first;

	while (*end != NULL)
		end = &(*end)->next;
	m->next = NULL;
	*end = m;
	f->n++;
}

struct mail *
flight_landed(struct flight *f)
{
	struct mail *m = f->first;

	if (m == NULL || !m->written || m->waiting > 0)
		return NULL;
	f->first = m->next;
	f->n--;
	m->next = NULL;
	return m;
}
