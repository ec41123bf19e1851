/*
 * status.c - our own findings, and the verdicts' names.
 */
#include "smtp/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[VERDICT_NONE]       = "none",
	[VERDICT_SENT]       = "sent",
	[VERDICT_DEFER]      = "defer",
	[VERDICT_REJECT]     = "reject",
	[VERDICT_SPLIT]      = "split",
	[VERDICT_RECONNECT]  = "reconnect",
	[VERDICT_PAUSE]      = "pause",
	[VERDICT_CREDENTIAL] = "credential",
	[VERDICT_CONFIG]     = "config",
};

#define NNAMES (sizeof(names) / sizeof(names[0]))

void
status_local(struct status *s, enum verdict v, enum scope scope, const char *dsn,
    const char *fmt, ...)
{
	va_list ap;
	char *p;

	memset(s, 0, sizeof(*s));
	s->verdict = v;
	s->scope = scope;
	if (dsn != NULL)
		snprintf(s->dsn, sizeof(s->dsn), "%s", dsn);

	va_start(ap, fmt);
	if (vsnprintf(s->text, sizeof(s->text), fmt, ap) < 0)
		s->text[0] = '\0';
	va_end(ap);

	/* An argument may be a peer's or a library's words: one printable line, even so. */
	for (p = s->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

const char *
verdict_name(enum verdict v)
{
	if ((size_t)v >= NNAMES)
		return "unknown";
	return names[v];
}

int
verdict_parse(const char *name, enum verdict *ret)
{
	size_t i;

	for (i = 0; i < NNAMES; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*ret = (enum verdict)i;
		return 0;
	}
	return -EINVAL;
}

bool
status_is_relay(const struct status *s)
{
	switch (s->verdict) {
	case VERDICT_PAUSE:
	case VERDICT_CREDENTIAL:
	case VERDICT_CONFIG:
		return true;
	default:
		return s->scope == SCOPE_RELAY;
	}
}

bool
status_needs_person(const struct status *s)
{
	return s->verdict == VERDICT_CREDENTIAL || s->verdict == VERDICT_CONFIG;
}

void
status_no_help(struct status *s)
{
	if (s->then == VERDICT_NONE)
		return;
	s->verdict = s->then;
	s->scope = SCOPE_RELAY;
	s->then = VERDICT_NONE;
}
