/* filter.c - see filter.h. */
#include "postern/filter.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/text.h"
#include "config/options.h"
#include "mail/pattern.h"
#include "postern/names.h"
#include "postern/rows.h"

enum { BY_SENDER, BY_RECIPIENT, BY_USER, BY_RELAY, BY_STATE, OLDER, NEWER, BY_REASON };

#define REASON_MAX (2u << 20)

void
filter_init(struct filter *f, unsigned states)
{
	memset(f, 0, sizeof(*f));
	f->states = states;
	names_host(f->host);
}

/* ---- the options ---- */

static int
set_states(struct filter *f, const struct args *a)
{
	struct span rest = span_of(a->value), word;
	bool any = false;

	if (f->text[BY_STATE] == NULL)
		f->states = 0;
	while (span_cut(&rest, ',', &word)) {
		const char *known[NQUEUED + 1] = { NULL }, *nearest;
		enum queued_state s = queued_state_of(span_trim(word));
		char *name;

		if (s < NQUEUED) {
			f->states |= 1u << s;
			any = true;
			continue;
		}
		for (int i = 0; i < NQUEUED; i++)
			known[i] = queued_state_name((enum queued_state)i);
		name = span_dup(span_trim(word));
		nearest = option_nearest(name, known);
		args_refuse(a, "--state: there is no \"%s\"; %s%s%s", name, nearest != NULL ? "did you mean " : "",
		    nearest != NULL ? nearest : "the states are ready, active, later, hold, dead, bad",
		    nearest != NULL ? "?" : "");
		free(name);
		return -1;
	}
	if (any)
		return 0;
	args_refuse(a, "--state wants some of ready, active, later, hold, dead, bad");
	return -1;
}

static int
set_age(const struct args *a, const char *name, int64_t *ret_s)
{
	if (text_duration(span_of(a->value), ret_s) == 0)
		return 0;
	args_refuse(a, "--%s: \"%s\" is no age; write 90s, 30m, 4h, 2d or 1w", name, a->value);
	return -1;
}

static bool
is_null(const char *text)
{
	return text[0] == '\0' || strcmp(text, "<>") == 0;
}

/* A maptable's pattern without '@' means this host; who looks for something means any part of the address. */
static bool
is_plain_text(const char *pattern)
{
	return strchr(pattern, '*') != NULL && strchr(pattern, '@') == NULL;
}

static int
check_pattern(const struct args *a, const char *name, bool null_too)
{
	const char *why;

	if ((null_too && is_null(a->value)) || is_plain_text(a->value) || pattern_is_valid(span_of(a->value), &why))
		return 0;
	args_refuse(a, "--%s: \"%s\": %s; write alice@example.com, *@example.com, *shop* or alice", name,
	    a->value, why);
	return -1;
}

/* Two of one kind: it is not clear whether one or both must fit. */
int
filter_set(struct filter *f, const struct args *a, int index)
{
	const char *name = a->options[index].name;
	int r = 0;

	if (f->text[index] != NULL && index != BY_STATE)
		return args_refuse(a, "--%s is given twice; use stars, or call twice", name);
	if (index == BY_SENDER || index == BY_RECIPIENT)
		r = check_pattern(a, name, index == BY_SENDER);
	else if (index == BY_STATE)
		r = set_states(f, a);
	else if (index == OLDER)
		r = set_age(a, name, &f->older_s);
	else if (index == NEWER)
		r = set_age(a, name, &f->newer_s);
	f->text[index] = a->value;
	return r == 0 ? 0 : EX_USAGE;
}

bool
filter_is_set(const struct filter *f)
{
	for (size_t i = 0; i < FILTER_OPTIONS_N; i++)
		if (f->text[i] != NULL)
			return true;
	return false;
}

/* ---- a message ---- */

static bool
fits_address(const struct filter *f, const char *pattern, const char *text)
{
	struct addr *a;
	bool local, fits;

	if (is_null(pattern))
		return text[0] == '\0';
	if (is_plain_text(pattern))
		return text[0] != '\0' && pattern_fits_text(span_of(pattern), span_of(text));
	if ((a = addr_parse(span_of(text), NULL)) == NULL)
		return false;
	local = addr_is_bare(a) || span_ieq(addr_domain(a), span_of(f->host)) ||
	    span_ieq(addr_domain(a), SPAN("localhost"));
	fits = pattern_fits(span_of(pattern), a, local, span_of(f->host));
	addr_free(a);
	return fits;
}

static bool
fits_reason(const char *text, const struct queued *q, int64_t now_s)
{
	struct buf pattern, why;
	bool fits = false;

	buf_init(&pattern, REASON_MAX);
	buf_init(&why, REASON_MAX);
	buf_printf(&pattern, "*%s*", text);
	rows_put_reason(&why, q, now_s);
	fits = pattern_fits_text(buf_view(&pattern), buf_view(&why));
	for (size_t i = 0; i < q->nrcpts && !fits; i++) {
		const struct queued_rcpt *r = &q->rcpts[i];

		if (queued_is_settled(r) || r->text == NULL)
			continue;
		buf_clear(&why);
		buf_printf(&why, "%u %s", r->code, r->text);
		fits = pattern_fits_text(buf_view(&pattern), buf_view(&why));
	}
	buf_done(&pattern);
	buf_done(&why);
	return fits;
}

static bool
fits_recipients(const struct filter *f, const struct queued *q)
{
	const char *addr = f->text[BY_RECIPIENT], *relay = f->text[BY_RELAY];
	bool to = addr == NULL, by = relay == NULL;

	for (size_t i = 0; i < q->nrcpts && !(to && by); i++) {
		const struct queued_rcpt *r = &q->rcpts[i];

		if (queued_is_settled(r))
			continue;
		to = to || fits_address(f, addr, r->addr);
		by = by || (r->relay != NULL && pattern_fits_text(span_of(relay), span_of(r->relay)));
	}
	return to && by;
}

bool
filter_fits(const struct filter *f, const struct queued *q, int64_t now_s)
{
	if (f->states != 0 && (q->state == NQUEUED || (f->states & 1u << q->state) == 0))
		return false;
	if (f->text[OLDER] != NULL && now_s - q->time_s <= f->older_s)
		return false;
	if (f->text[NEWER] != NULL && now_s - q->time_s >= f->newer_s)
		return false;
	if (f->text[BY_SENDER] != NULL &&
	    (q->sender == NULL || !fits_address(f, f->text[BY_SENDER], q->sender)))
		return false;
	if (f->text[BY_USER] != NULL &&
	    (q->user == NULL || !pattern_fits_text(span_of(f->text[BY_USER]), span_of(q->user))))
		return false;
	return fits_recipients(f, q) &&
	    (f->text[BY_REASON] == NULL || fits_reason(f->text[BY_REASON], q, now_s));
}
