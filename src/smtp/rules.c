/*
 * rules.c - what a reply means.  A provider's rules first, in order, then
 * the default table.  Whatever either says, a reply to something that is
 * not about a message cannot settle one: that is held here, in one place,
 * since rules are written by people.
 */
#include "smtp/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
rules_done(struct rules *r)
{
	size_t i;
	char **c;

	for (i = 0; i < r->n; i++) {
		for (c = r->rule[i].contains; c != NULL && *c != NULL; c++)
			free(*c);
		free(r->rule[i].contains);
		free(r->rule[i].dsn);
		free(r->rule[i].hint);
	}
	free(r->rule);
	memset(r, 0, sizeof(*r));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Does text, whose runs of blanks are one each, begin with needle, whose are not? */
static bool
begins(struct span text, const char *needle)
{
	size_t i = 0;

	while (*needle != '\0') {
		if (i >= text.n)
			return false;
		if (is_blank(*needle)) {
			if (text.p[i] != ' ')
				return false;
			while (is_blank(needle[1]))
				needle++;
		} else if (lower(text.p[i]) != lower(*needle)) {
			return false;
		}
		needle++;
		i++;
	}
	return true;
}

/* An empty needle would be in every text; somebody forgot to write it: in none. */
static bool
contains(struct span text, const char *needle)
{
	if (*needle == '\0')
		return false;
	for (; text.n > 0; text.p++, text.n--)
		if (begins(text, needle))
			return true;
	return false;
}

static bool
contains_any(struct span text, char *const *needles)
{
	if (needles == NULL || needles[0] == NULL)
		return true;
	for (; *needles != NULL; needles++)
		if (contains(text, *needles))
			return true;
	return false;
}

static bool
matches(const struct rule *rule, const struct judged *at, const struct reply *r)
{
	if ((rule->when & (unsigned)at->when) == 0)
		return false;
	if (rule->with != WITH_NONE && rule->with != at->with)
		return false;
	if (rule->code != 0 && rule->code != r->code && rule->code != r->code / 100)
		return false;
	if (rule->dsn != NULL && rule->dsn[0] != '\0' && strcmp(rule->dsn, r->dsn) != 0)
		return false;
	if (!contains_any(buf_view(&r->text), rule->contains))
		return false;
	return !rule->names_recipient || (at->names != NULL && at->names(at->arg, buf_view(&r->text)));
}

static const struct rule *
find(const struct rules *rules, const struct judged *at, const struct reply *r)
{
	size_t i;

	for (i = 0; rules != NULL && i < rules->n; i++)
		if (matches(&rules->rule[i], at, r))
			return &rules->rule[i];
	return NULL;
}

/* The default table: what a 421, another 4yz and a 5yz come to, by phase. */
static const struct row {
	enum when    when;
	enum verdict on_421, on_4yz, on_5yz;
} rows[] = {
	{ WHEN_BANNER,   VERDICT_PAUSE,     VERDICT_PAUSE, VERDICT_PAUSE },
	{ WHEN_EHLO,     VERDICT_PAUSE,     VERDICT_PAUSE, VERDICT_PAUSE },
	{ WHEN_STARTTLS, VERDICT_PAUSE,     VERDICT_PAUSE, VERDICT_CONFIG },
	{ WHEN_AUTH,     VERDICT_PAUSE,     VERDICT_PAUSE, VERDICT_CREDENTIAL },
	{ WHEN_MAIL,     VERDICT_RECONNECT, VERDICT_DEFER, VERDICT_REJECT },
	{ WHEN_RCPT,     VERDICT_RECONNECT, VERDICT_DEFER, VERDICT_REJECT },
	{ WHEN_DATA,     VERDICT_RECONNECT, VERDICT_DEFER, VERDICT_REJECT },
	/* The server may have taken the message before it hung up: no second try at once. */
	{ WHEN_END,      VERDICT_DEFER,     VERDICT_DEFER, VERDICT_REJECT },
	{ WHEN_OTHER,    VERDICT_RECONNECT, VERDICT_NONE,  VERDICT_RECONNECT },
};

static const struct row *
row_of(enum when when)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) - 1; i++)
		if (rows[i].when == when)
			break;
	return &rows[i];
}

static bool
is_message_phase(enum when when)
{
	return (when & (WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END)) != 0;
}

/* May a rule give this verdict here?  No rule makes a refusal a success, or nothing at all. */
static bool
may_say(enum verdict v, enum when when)
{
	switch (v) {
	case VERDICT_NONE:
	case VERDICT_SENT:
		return false;
	case VERDICT_DEFER:
	case VERDICT_REJECT:
	case VERDICT_SPLIT:
		return is_message_phase(when);
	default:
		return true;
	}
}

/* Did the server say yes?  The one code that makes sense, or any 2yz (RFC 5321 §4.2.1). */
static bool
is_yes(enum when when, int code)
{
	switch (when) {
	case WHEN_STARTTLS:
		return code == 220;
	case WHEN_AUTH:
		return code == 235 || code == 334;
	case WHEN_DATA:
		return code == 354;
	default:
		return code / 100 == 2;
	}
}

static enum verdict
default_verdict(const struct judged *at, int code)
{
	const struct row *row = row_of(at->when);

	/* A yes to a question nobody asked: we are out of step with the server. */
	if (code < 400)
		return at->when == WHEN_END ? VERDICT_RECONNECT : row->on_421;
	if (at->when == WHEN_MAIL && code == 530)
		return VERDICT_RECONNECT;
	/* RFC 5321 §4.5.3.1.10: 552 here has meant "too many recipients" since RFC 821. */
	if (at->when == WHEN_RCPT && (code == 452 || code == 552))
		return VERDICT_SPLIT;
	if (code == 421)
		return row->on_421;
	return code < 500 ? row->on_4yz : row->on_5yz;
}

/* What the state of things does to a verdict, a rule's or the table's. */
static enum verdict
adjust(enum verdict v, enum verdict then, const struct judged *at, int code)
{
	/* Nothing was accepted: a transaction cannot get smaller than this one. */
	if (v == VERDICT_SPLIT && at->when == WHEN_RCPT && !at->some_accepted)
		return then != VERDICT_NONE ? then : VERDICT_DEFER;
	/* "Authentication required", and we have nothing to log in with. */
	if (v == VERDICT_RECONNECT && code == 530 && at->with == WITH_NONE)
		return VERDICT_CONFIG;
	return v;
}

/*
 * Is a refusal at MAIL perhaps the account's?  A rule that knows the server's
 * words was written by somebody who knew what they mean, and a few enhanced
 * codes speak of the message's size or the form of its sender (RFC 3463 §3.2,
 * §3.4; RFC 6531 §3.5).  The rest may mean anybody.
 */
static bool
is_unsure(const struct rule *rule, const struct judged *at, const struct status *st)
{
	static const char *const ours[] = { "5.1.7", "5.3.4", "5.6.7" };

	if (at->when != WHEN_MAIL || st->verdict != VERDICT_REJECT)
		return false;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcmp(st->dsn, ours[i]) == 0)
			return false;
	if (rule == NULL || rule->verdict != VERDICT_REJECT)
		return true;
	return rule->dsn == NULL && (rule->contains == NULL || rule->contains[0] == NULL);
}

static enum scope
scope_of(enum verdict v, enum when when)
{
	if (v == VERDICT_PAUSE || v == VERDICT_CREDENTIAL || v == VERDICT_CONFIG)
		return SCOPE_RELAY;
	if (v == VERDICT_RECONNECT || when == WHEN_OTHER)
		return SCOPE_SESSION;
	if (when == WHEN_RCPT)
		return SCOPE_RECIPIENT;
	return is_message_phase(when) ? SCOPE_MESSAGE : SCOPE_RELAY;
}

/* The reply's own words.  Its text is printable ASCII: it may be cut anywhere. */
static void
quote(const struct reply *r, struct status *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->code = r->code;
	if (r->dsn[0] != '\0') {
		memcpy(ret->dsn, r->dsn, sizeof(ret->dsn));
	} else if (r->code / 100 != 3) {
		memcpy(ret->dsn, "X.0.0", sizeof("X.0.0"));
		ret->dsn[0] = (char)('0' + r->code / 100);
	}
	/* An admin searches for what the server said, so its enhanced code stays in the words. */
	snprintf(ret->text, sizeof(ret->text), "%s%s%s", r->dsn, r->dsn[0] != '\0' ? " " : "", buf_cstr(&r->text));
}

/*
 * Services count logins and lock accounts that insist, so a login waits
 * longer than the breaker's seconds, and whoever reads of it is told what
 * to do, also where no rule knows this server.
 */
static void
mind_the_login(struct status *s, bool token)
{
	if (s->verdict == VERDICT_PAUSE && s->pause_s == 0)
		s->pause_s = RULES_LOGIN_PAUSE_S;
	if (s->verdict == VERDICT_CREDENTIAL && s->hint == NULL)
		s->hint = token ? RULES_TOKEN_HINT : RULES_LOGIN_HINT;
}

/* What a rule adds to its verdict. */
static void
follow(const struct rule *rule, struct status *ret)
{
	bool rests = rule->verdict == VERDICT_PAUSE || rule->verdict == VERDICT_CREDENTIAL ||
	    rule->verdict == VERDICT_CONFIG || rule->then != VERDICT_NONE;

	ret->pause_s = rests ? rule->pause_s : 0;
	ret->pause_max_s = rests ? rule->pause_max_s : 0;
	ret->then = rule->then;
	ret->crowded = rule->crowded;
	ret->named = rule->names_recipient;
}

/* A new login is worth one try; services count logins, so it is not tried for ever. */
static void
mind_the_second_login(struct status *s)
{
	if (s->verdict != VERDICT_RECONNECT || s->code != 530)
		return;
	if (s->then == VERDICT_NONE)
		s->then = VERDICT_CREDENTIAL;
	if (s->hint == NULL)
		s->hint = RULES_AGAIN_HINT;
}

void
rules_judge(const struct rules *rules, const struct judged *at, const struct reply *r,
    struct status *ret)
{
	const struct rule *rule;
	enum verdict v;

	quote(r, ret);
	if (is_yes(at->when, r->code)) {
		ret->verdict = at->when == WHEN_END ? VERDICT_SENT : VERDICT_NONE;
		ret->scope = scope_of(ret->verdict, at->when);
		return;
	}

	v = default_verdict(at, r->code);
	rule = r->code < 400 ? NULL : find(rules, at, r);
	if (rule != NULL) {
		ret->hint = rule->hint;
		if (may_say(rule->verdict, at->when)) {
			v = rule->verdict;
			follow(rule, ret);
		}
	}
	ret->verdict = adjust(v, ret->then, at, r->code);
	ret->scope = scope_of(ret->verdict, at->when);
	mind_the_second_login(ret);
	ret->unsure = is_unsure(rule, at, ret);
	if (at->when == WHEN_AUTH)
		mind_the_login(ret, at->with == WITH_TOKEN);
}
