/*
 * envelope_parse.c - the head of a spool file back into an envelope.  The
 * file was written by a program that any local user runs, so nothing in it
 * is believed before it was looked at.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "spool/envelope.h"

#define TIME_MAX_S 253402300799         /* the end of the year 9999: five-digit years fit no Date */

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			return true;
	return false;
}

/* A decoded value, as a C string.  Said twice is refused: which one counts? */
static const char *
put_value(struct span s, size_t max, char **to)
{
	struct buf  b;
	const char *why = NULL;

	buf_init(&b, max);
	if (*to != NULL)
		why = "something is said twice";
	else if (text_percent(s, &b) < 0)
		why = "a value is badly encoded";
	else if (b.over)
		why = "a value is too long";
	else if (has_control(buf_view(&b)))
		why = "a value has a control character in it";
	else
		*to = span_dup(buf_view(&b));
	buf_done(&b);
	return why;
}

static struct addr *
decode_addr(struct span s, const char **ret_why)
{
	struct addr *a = NULL;
	struct buf   b;

	buf_init(&b, 1024);
	if (text_percent(s, &b) < 0 || b.over)
		*ret_why = "an address is badly encoded";
	else
		a = addr_parse(buf_view(&b), ret_why);
	buf_done(&b);
	return a;
}

static const char *
parse_time(struct span value, struct envelope *e)
{
	struct span seconds;
	uint64_t    s, us;

	if (e->time_us != 0)
		return "something is said twice";
	if (!span_cut(&value, '.', &seconds) || value.n != 6 ||
	    text_number(seconds, TIME_MAX_S, &s) < 0 || text_number(value, 999999, &us) < 0)
		return "the time is no time";
	e->time_us = (int64_t)(s * 1000000 + us);
	return e->time_us == 0 ? "the time is no time" : NULL;
}

static const char *
parse_host(struct span value, struct envelope *e)
{
	return put_value(value, ENVELOPE_MAX_NAME, &e->host);
}

static const char *
parse_user(struct span value, struct envelope *e)
{
	struct span uid;
	uint64_t    n;

	if (!span_cut(&value, ' ', &uid) || text_number(uid, UINT32_MAX, &n) < 0)
		return "from-user has no user id";
	e->uid = (uid_t)n;
	return value.n == 0 ? NULL : put_value(value, ENVELOPE_MAX_NAME, &e->user);
}

static const char *
parse_full_name(struct span value, struct envelope *e)
{
	return put_value(value, ENVELOPE_MAX_NAME, &e->full_name);
}

static const char *
parse_sender(struct span value, struct envelope *e)
{
	const char *why = NULL;

	if (e->sender != NULL)
		return "something is said twice";
	e->sender = value.n == 0 ? addr_null() : decode_addr(value, &why);
	return why;
}

/* "name=value" of s when it begins with that name. */
static bool
named(struct span s, struct span name, struct span *ret)
{
	if (!span_starts(s, name))
		return false;
	*ret = (struct span){ s.p + name.n, s.n - name.n };
	return true;
}

static const char *
parse_rcpt_option(struct span word, struct rcpt *r)
{
	struct span v;

	if (named(word, SPAN("notify="), &v))
		return envelope_notify(v, &r->notify) < 0 ? "notify is none of RFC 3461's" : NULL;
	if (named(word, SPAN("orcpt="), &v))
		return put_value(v, ENVELOPE_MAX_ORCPT, &r->orcpt);
	return "a recipient has an unknown option";
}

static const char *
parse_recipient(struct span value, struct envelope *e)
{
	struct span  word;
	struct addr *a;
	const char  *why = "a recipient line is empty";
	size_t       before = e->nrcpts;

	if (!span_cut(&value, ' ', &word) || (a = decode_addr(word, &why)) == NULL)
		return why;
	if (envelope_add(e, a) < 0)
		return "too many recipients";
	if (e->nrcpts == before)
		return "a recipient is there twice";
	while (span_cut(&value, ' ', &word))
		if ((why = parse_rcpt_option(word, &e->rcpts[before])) != NULL)
			return why;
	return NULL;
}

static const char *
parse_option(struct span value, struct envelope *e)
{
	struct span word, v;
	const char *why;

	while (span_cut(&value, ' ', &word)) {
		if (span_eq(word, SPAN("smtputf8"))) {
			e->smtputf8 = true;
		} else if (named(word, SPAN("ret="), &v)) {
			if (envelope_ret(v, &e->ret) < 0)
				return "ret is neither full nor hdrs";
		} else if (named(word, SPAN("body="), &v)) {
			if (envelope_body(v, &e->body) < 0)
				return "body is neither 7bit nor 8bitmime";
		} else if (named(word, SPAN("envid="), &v)) {
			if ((why = put_value(v, ENVELOPE_MAX_ENVID, &e->envid)) != NULL)
				return why;
			if (!envelope_envid_ok(span_of(e->envid)))
				return "envid is no xtext";
		} else {
			return "an unknown option";
		}
	}
	return NULL;
}

static const char *
parse_via(struct span value, struct envelope *e)
{
	struct via *v = &e->via;
	struct span word, rest;
	const char *why;

	if (!span_cut(&value, ' ', &word) || word.n == 0 || value.n == 0)
		return "via has no address or no protocol";
	if ((why = put_value(word, ENVELOPE_MAX_NAME, &v->address)) != NULL)
		return why;
	span_cut(&value, ' ', &word);
	if ((why = put_value(word, ENVELOPE_MAX_NAME, &v->with)) != NULL)
		return why;
	while (why == NULL && span_cut(&value, ' ', &word)) {
		if (named(word, SPAN("helo="), &rest))
			why = put_value(rest, ENVELOPE_MAX_NAME, &v->helo);
		else if (named(word, SPAN("user="), &rest))
			why = put_value(rest, ENVELOPE_MAX_NAME, &v->user);
		else
			why = "via has an unknown option";
	}
	return why == NULL && v->helo == NULL ? "via has no helo" : why;
}

/* Each line's parser returns NULL or what is wrong. */
static const struct {
	const char *name;
	const char *(*parse)(struct span value, struct envelope *e);
} line_kinds[] = {
	{ "recipient", parse_recipient },
	{ "time", parse_time },
	{ "host", parse_host },
	{ "from-user", parse_user },
	{ "full-name", parse_full_name },
	{ "sender", parse_sender },
	{ "option", parse_option },
	{ "via", parse_via },
};

static const char *
parse_line(struct span line, struct envelope *e)
{
	struct span name;

	if (line.n == 0 || memchr(line.p, ' ', line.n) == NULL)
		return "a line without a value";
	span_cut(&line, ' ', &name);
	for (size_t i = 0; i < sizeof(line_kinds) / sizeof(line_kinds[0]); i++)
		if (span_eq(name, span_of(line_kinds[i].name)))
			return line_kinds[i].parse(line, e);
	return "an unknown line";
}

static const char *
check_whole(const struct envelope *e)
{
	if (e->time_us == 0)
		return "no time";
	if (e->host == NULL)
		return "no host";
	return e->nrcpts == 0 ? "no recipient" : NULL;
}

int
envelope_parse(struct span head, struct envelope *ret, const char **ret_why)
{
	struct span line;
	const char *why = NULL;

	envelope_init(ret);
	if (head.n > ENVELOPE_MAX_BYTES)
		why = "the envelope is too long";
	else if (head.n < 2 || head.p[head.n - 1] != '\n' || head.p[head.n - 2] != '\n')
		why = "the envelope does not end in a blank line";
	else
		head.n--;
	while (why == NULL && span_cut(&head, '\n', &line))
		why = parse_line(line, ret);
	if (why == NULL)
		why = check_whole(ret);
	if (why == NULL)
		return 0;
	envelope_done(ret);
	*ret_why = why;
	return -EINVAL;
}
