#include <ctype.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rules.h"

#define RULES_MAX 64

struct rule {
	enum phase    phase;
	enum act      act;
	const char   *pattern;  /* NULL: any address */
	const char   *reply;
	unsigned long after;
	unsigned long first;    /* 0: for ever */
	unsigned long seen;
};

static struct rule rules[RULES_MAX];
static size_t nrules;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const phase_names[NPHASES] = {
	[PH_CONNECT] = "connect", [PH_EHLO] = "ehlo", [PH_STARTTLS] = "starttls",
	[PH_AUTH] = "auth", [PH_MAIL] = "mail", [PH_RCPT] = "rcpt", [PH_DATA] = "data",
	[PH_BDAT] = "bdat", [PH_END] = "end", [PH_RSET] = "rset", [PH_QUIT] = "quit",
};

static const struct {
	const char *name;
	enum act    act;
} acts[] = {
	{ "close", ACT_CLOSE }, { "reset", ACT_RESET }, { "stall", ACT_STALL },
	{ "drop", ACT_DROP }, { "garbage", ACT_GARBAGE },
};

static bool
phase_parse(const char *name, enum phase *ret)
{
	for (size_t i = 0; i < NPHASES; i++) {
		if (strcmp(phase_names[i], name) == 0) {
			*ret = (enum phase)i;
			return true;
		}
	}
	return false;
}

/* Take ":NAME=NUMBER" off the end, if it stands there. */
static bool
take_count(char *spec, const char *name, unsigned long *ret)
{
	char *colon = strrchr(spec, ':');
	size_t n = strlen(name);
	uint64_t number;

	if (colon == NULL || strncmp(colon + 1, name, n) != 0 || colon[1 + n] != '=')
		return false;
	if (text_number(span_of(colon + n + 2), UINT32_MAX, &number) < 0)
		return false;
	*ret = number;
	*colon = '\0';
	return true;
}

static bool
is_reply(const char *s)
{
	return isdigit((unsigned char)s[0]) && isdigit((unsigned char)s[1]) &&
	    isdigit((unsigned char)s[2]) && (s[3] == ' ' || s[3] == '\0');
}

/* "PHASE:REPLY" or "PHASE:PATTERN:REPLY"; rest is what follows the first colon. */
static bool
reply_rule(struct rule *r, char *rest)
{
	char *colon;

	r->act = ACT_REPLY;
	if (!is_reply(rest)) {
		colon = strchr(rest, ':');
		if (colon == NULL)
			return false;
		*colon = '\0';
		r->pattern = rest;
		rest = colon + 1;
	}
	r->reply = rest;
	return is_reply(rest);
}

static bool
parse(struct rule *r, char *spec)
{
	char *colon;

	while (take_count(spec, "first", &r->first) || take_count(spec, "after", &r->after))
		;
	if (strcmp(spec, "starttls-inject") == 0) {
		r->phase = PH_STARTTLS;
		r->act = ACT_INJECT;
		return true;
	}
	if (strcmp(spec, "drop-after-data") == 0) {
		r->phase = PH_END;
		r->act = ACT_DROP;
		return true;
	}
	colon = strchr(spec, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].name, spec) == 0) {
			r->act = acts[i].act;
			return phase_parse(colon + 1, &r->phase);
		}
	}
	return phase_parse(spec, &r->phase) && reply_rule(r, colon + 1);
}

bool
rules_add(const char *spec)
{
	if (nrules == RULES_MAX || !parse(&rules[nrules], xstrdup(spec)))
		return false;
	nrules++;
	return true;
}

static bool
matches(const struct rule *r, enum phase p, const char *address)
{
	return r->phase == p && (r->pattern == NULL || fnmatch(r->pattern, address, 0) == 0);
}

struct fault
rules_at(enum phase p, struct span address)
{
	struct fault f = { ACT_NONE, NULL };
	char *text;

	if (nrules == 0)
		return f;
	text = span_dup(address);
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nrules && f.act == ACT_NONE; i++) {
		struct rule *r = &rules[i];

		if (!matches(r, p, text))
			continue;
		r->seen++;
		if (r->seen > r->after && (r->first == 0 || r->seen <= r->after + r->first))
			f = (struct fault){ r->act, r->reply };
	}
	pthread_mutex_unlock(&lock);
	free(text);
	return f;
}
