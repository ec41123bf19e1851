/* queued.c - messages out of records; see queued.h. */
#include "postern/queued.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "postern/told.h"

static const char *const state_names[NQUEUED] = {
	[QUEUED_READY] = "ready", [QUEUED_ACTIVE] = "active", [QUEUED_LATER] = "later",
	[QUEUED_HOLD] = "hold", [QUEUED_DEAD] = "dead", [QUEUED_BAD] = "bad",
};

const char *
queued_state_name(enum queued_state s)
{
	return s < NQUEUED ? state_names[s] : "?";
}

enum queued_state
queued_state_of(struct span name)
{
	size_t i;

	for (i = 0; i < NQUEUED && !span_eq(name, span_of(state_names[i])); i++)
		;
	return (enum queued_state)i;
}

/* ---- one message ---- */

void
queued_done(struct queued *q)
{
	for (size_t i = 0; i < q->nrcpts; i++) {
		free(q->rcpts[i].addr);
		free(q->rcpts[i].state);
		free(q->rcpts[i].dsn);
		free(q->rcpts[i].relay);
		free(q->rcpts[i].text);
	}
	free(q->rcpts);
	free(q->state_word);
	free(q->sender);
	free(q->user);
	free(q->reason);
	*q = (struct queued){ .nrcpts = 0 };
}

/* One is what most have: room for it, then doubled. */
void
queued_add(struct queued *q, const struct queued_rcpt *r)
{
	if ((q->nrcpts & (q->nrcpts - 1)) == 0)
		q->rcpts = xrealloc(q->rcpts, (q->nrcpts > 0 ? q->nrcpts * 2 : 1) * sizeof(*q->rcpts));
	q->rcpts[q->nrcpts++] = *r;
}

bool
queued_is_settled(const struct queued_rcpt *r)
{
	return r->state != NULL && strcmp(r->state, "sent") == 0;
}

const struct queued_rcpt *
queued_waits_for(const struct queued *q)
{
	const struct queued_rcpt *first = NULL;

	for (size_t i = 0; i < q->nrcpts; i++) {
		if (queued_is_settled(&q->rcpts[i]))
			continue;
		if (q->rcpts[i].text != NULL)
			return &q->rcpts[i];
		if (first == NULL)
			first = &q->rcpts[i];
	}
	return first;
}

/* ---- records ---- */

static char *
take_text(struct span value)
{
	struct buf b;

	buf_init(&b, TOLD_TEXT_MAX);
	if (text_percent(value, &b) < 0 || b.over) {
		buf_done(&b);
		return NULL;
	}
	return b.n > 0 ? (char *)buf_steal(&b).p : xstrdup("");
}

static void
set_text(char **to, struct span value)
{
	free(*to);
	*to = take_text(value);
}

static uint64_t
take_number(struct span value)
{
	uint64_t n;

	return text_number(value, INT64_MAX, &n) == 0 ? n : 0;
}

/* Digits and letters: it is printed as it is, and sent back. */
static void
set_id(struct queued *q, struct span value)
{
	size_t i;

	for (i = 0; i < value.n && ((value.p[i] >= '0' && value.p[i] <= '9') ||
	    (value.p[i] >= 'A' && value.p[i] <= 'Z')); i++)
		;
	if (i == value.n && value.n < sizeof(q->id)) {
		memcpy(q->id, value.p, value.n);
		q->id[value.n] = '\0';
	}
}

static void
message_field(struct queued *q, struct span key, struct span value)
{
	if (span_eq(key, SPAN("id")))
		set_id(q, value);
	else if (span_eq(key, SPAN("size")))
		q->size = take_number(value);
	else if (span_eq(key, SPAN("time")))
		q->time_s = (int64_t)take_number(value);
	else if (span_eq(key, SPAN("state")))
		set_text(&q->state_word, value);
	else if (span_eq(key, SPAN("sender")))
		set_text(&q->sender, value);
	else if (span_eq(key, SPAN("user")))
		set_text(&q->user, value);
	else if (span_eq(key, SPAN("uid")))
		q->uid = take_number(value);
	else if (span_eq(key, SPAN("attempts")))
		q->attempts = (unsigned)take_number(value);
	else if (span_eq(key, SPAN("last")))
		q->last_s = (int64_t)take_number(value);
	else if (span_eq(key, SPAN("next")))
		q->next_s = (int64_t)take_number(value);
	else if (span_eq(key, SPAN("reason")))
		set_text(&q->reason, value);
}

static void
recipient_field(struct queued_rcpt *r, struct span key, struct span value)
{
	if (span_eq(key, SPAN("addr")))
		set_text(&r->addr, value);
	else if (span_eq(key, SPAN("state")))
		set_text(&r->state, value);
	else if (span_eq(key, SPAN("time")))
		r->time_s = (int64_t)take_number(value);
	else if (span_eq(key, SPAN("code")))
		r->code = (unsigned)take_number(value);
	else if (span_eq(key, SPAN("dsn")))
		set_text(&r->dsn, value);
	else if (span_eq(key, SPAN("relay")))
		set_text(&r->relay, value);
	else if (span_eq(key, SPAN("text")) && value.n > 0)
		set_text(&r->text, value);
}

/* One without an ID, or a recipient without an address, is from nowhere: passed over. */
static void
begin_message(struct queued_reader *r, struct span fields)
{
	struct span key, value;

	queued_read_end(r);
	while (told_next(&fields, &key, &value))
		message_field(&r->q, key, value);
	r->q.state = queued_state_of(span_of(r->q.state_word));
	if (r->q.user == NULL && r->q.id[0] != '\0') {
		char digits[24];

		snprintf(digits, sizeof(digits), "%llu", (unsigned long long)r->q.uid);
		r->q.user = xstrdup(digits);
	}
	r->open = r->q.id[0] != '\0';
	if (!r->open)
		queued_done(&r->q);
}

static void
add_recipient(struct queued_reader *r, struct span fields)
{
	struct queued_rcpt to = { .addr = NULL };
	struct queued stray = { .nrcpts = 0 };
	struct span key, value;

	while (told_next(&fields, &key, &value))
		recipient_field(&to, key, value);
	queued_add(r->open && to.addr != NULL ? &r->q : &stray, &to);
	queued_done(&stray);
}

void
queued_read(struct queued_reader *r, struct span line)
{
	struct span fields = line, kind = told_kind(&fields);

	if (span_eq(kind, SPAN("message")))
		begin_message(r, fields);
	else if (span_eq(kind, SPAN("recipient")))
		add_recipient(r, fields);
	else if (r->record != NULL)
		r->record(r->arg, line);
}

void
queued_read_end(struct queued_reader *r)
{
	if (r->open)
		r->message(r->arg, &r->q);
	r->open = false;
	queued_done(&r->q);
}
