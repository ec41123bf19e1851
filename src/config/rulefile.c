/* rulefile.c - rule sections to struct rules. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "base/text.h"
#include "config/rulefile.h"

cfg_opt_t rulefile_schema[] = {
	SOURCE_LIST("when"),
	SOURCE_LIST("code"),
	SOURCE_LIST("dsn"),
	SOURCE_LIST("contains"),
	SOURCE_OPTION("names"),
	SOURCE_OPTION("login"),
	SOURCE_OPTION("verdict"),
	SOURCE_OPTION("pause"),
	SOURCE_OPTION("pause-max"),
	SOURCE_OPTION("too-many"),
	SOURCE_OPTION("then"),
	SOURCE_OPTION("hint"),
	SOURCE_LIST("sample"),          /* for the tests: replies this rule must win */
	CFG_END()
};

static const struct {
	const char *name;
	unsigned    bits;
} phases[] = {
	{ "banner", WHEN_BANNER }, { "ehlo", WHEN_EHLO }, { "starttls", WHEN_STARTTLS },
	{ "auth", WHEN_AUTH }, { "mail", WHEN_MAIL }, { "rcpt", WHEN_RCPT }, { "data", WHEN_DATA },
	{ "end", WHEN_END }, { "other", WHEN_OTHER }, { "any", WHEN_ANY },
};

/* The phases in which a reply can be about a message (RFC 5321 §3.3). */
#define WHEN_MESSAGE (WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END)

static bool
is_about_message(enum verdict v)
{
	return v == VERDICT_REJECT || v == VERDICT_DEFER || v == VERDICT_SPLIT;
}

static unsigned
take_when(cfg_t *sec, enum verdict verdict)
{
	unsigned bits = 0, i;
	size_t k;

	for (i = 0; i < cfg_size(sec, "when"); i++)
		for (k = 0; k < sizeof(phases) / sizeof(phases[0]); k++)
			if (strcasecmp(cfg_getnstr(sec, "when", i), phases[k].name) == 0)
				bits |= phases[k].bits;
	if (bits == 0)
		bits = is_about_message(verdict) ? WHEN_MESSAGE : WHEN_ANY;
	return bits;
}

static enum with
take_with(cfg_t *sec)
{
	const char *login = source_str(sec, "login");

	if (login == NULL)
		return WITH_NONE;
	return strcasecmp(login, "token") == 0 ? WITH_TOKEN : WITH_PASSWORD;
}

static char **
take_contains(cfg_t *sec)
{
	unsigned i, n = cfg_size(sec, "contains");
	char **list;

	if (n == 0)
		return NULL;
	list = xcalloc(n + 1, sizeof(*list));
	for (i = 0; i < n; i++)
		list[i] = xstrdup(cfg_getnstr(sec, "contains", i));
	return list;
}

static void
add(struct rules *into, cfg_t *sec, const struct rule *common, const char *code, const char *dsn)
{
	struct rule *r;
	uint64_t n = 0;

	into->rule = xrealloc(into->rule, (into->n + 1) * sizeof(*into->rule));
	r = &into->rule[into->n++];
	*r = *common;
	if (code != NULL)
		text_number(span_of(code), 599, &n);
	r->code = (int)n;
	r->dsn = dsn != NULL ? xstrdup(dsn) : NULL;
	r->contains = take_contains(sec);
	r->hint = source_dup(sec, "hint");
}

static const char *
nth(cfg_t *sec, const char *name, unsigned i)
{
	return cfg_size(sec, name) > 0 ? cfg_getnstr(sec, name, i) : NULL;
}

static unsigned
at_least_one(unsigned n)
{
	return n > 0 ? n : 1;
}

static bool
is_relays(enum verdict v)
{
	return v == VERDICT_PAUSE || v == VERDICT_CREDENTIAL || v == VERDICT_CONFIG;
}

/* What follows on a verdict, where it means something. */
static int
check_more(const struct source *s, cfg_t *sec, const struct rule *rule, struct buf *why)
{
	if (rule->then != VERDICT_NONE && rule->verdict != VERDICT_RECONNECT && rule->verdict != VERDICT_SPLIT)
		return source_wrong(s, sec, "then", why,
		    "rule: then follows on verdict = \"reconnect\" or \"split\"; take it out, or change the verdict");
	if (rule->pause_s != 0 && !is_relays(rule->verdict) && !is_relays(rule->then))
		return source_wrong(s, sec, "pause", why,
		    "rule: only a relay that rests has a time; take pause out, or write verdict = \"pause\"");
	if (rule->pause_max_s != 0 && rule->pause_max_s <= rule->pause_s)
		return source_wrong(s, sec, "pause-max", why,
		    "rule: a pause grows; let pause-max be more than pause, or take it out");
	if (rule->names_recipient && (rule->verdict != VERDICT_REJECT || rule->when != WHEN_END))
		return source_wrong(s, sec, "names", why,
		    "rule: names is for verdict = \"reject\" of a reply to the content; write when = { \"end\" }");
	if (rule->crowded && rule->verdict != VERDICT_PAUSE)
		return source_wrong(s, sec, "too-many", why,
		    "rule: too-many is for verdict = \"pause\"; take it out, or change the verdict");
	if (rule->pause_max_s != 0 && rule->pause_s == 0)
		return source_wrong(s, sec, "pause-max", why, "rule: pause-max without pause; add pause = \"15m\"");
	return 0;
}

static int
take_one(const struct source *s, cfg_t *sec, struct rules *into, struct buf *why)
{
	const char *verdict = source_str(sec, "verdict");
	struct rule common = { 0 };
	unsigned i, k;
	int rc;

	if (verdict == NULL)
		return source_wrong(s, sec, NULL, why,
		    "rule: no verdict; add verdict = \"defer\" or another");
	if (verdict_parse(verdict, &common.verdict) < 0)
		return source_wrong(s, sec, "verdict", why, "verdict: \"%.40s\" is none", verdict);
	common.when = take_when(sec, common.verdict);
	common.with = take_with(sec);
	common.names_recipient = source_str(sec, "names") != NULL;
	common.crowded = source_str(sec, "too-many") != NULL;
	common.pause_s = (int)source_duration_s(sec, "pause", 0);
	common.pause_max_s = (int)source_duration_s(sec, "pause-max", 0);
	if (source_str(sec, "then") != NULL)
		verdict_parse(source_str(sec, "then"), &common.then);
	if (cfg_size(sec, "code") + cfg_size(sec, "dsn") + cfg_size(sec, "contains") == 0)
		return source_wrong(s, sec, NULL, why,
		    "rule: matches every reply; add code, dsn or contains");
	if (is_about_message(common.verdict) && (common.when & ~(unsigned)WHEN_MESSAGE) != 0)
		return source_wrong(s, sec, "when", why,
		    "rule: only replies to mail, rcpt, data and end "
		    "are about a message; for others write verdict = \"pause\"");
	if ((rc = check_more(s, sec, &common, why)) != 0)
		return rc;

	for (i = 0; i < at_least_one(cfg_size(sec, "code")); i++)
		for (k = 0; k < at_least_one(cfg_size(sec, "dsn")); k++)
			add(into, sec, &common, nth(sec, "code", i), nth(sec, "dsn", k));
	return 0;
}

int
rulefile_take(const struct source *s, cfg_t *sec, struct rules *into, struct buf *why)
{
	unsigned i;
	int rc = 0;

	for (i = 0; rc == 0 && i < cfg_size(sec, "rule"); i++)
		rc = take_one(s, cfg_getnsec(sec, "rule", i), into, why);
	return rc;
}

void
rulefile_append(struct rules *into, struct rules *from)
{
	if (from->n > 0) {
		into->rule = xrealloc(into->rule, (into->n + from->n) * sizeof(*into->rule));
		memcpy(into->rule + into->n, from->rule, from->n * sizeof(*from->rule));
		into->n += from->n;
	}
	free(from->rule);
	memset(from, 0, sizeof(*from));
}
