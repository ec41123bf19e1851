/* postfix_relay.c - relayhost, its logins and its TLS; relays by sender. */
#include <stdlib.h>
#include <string.h>

#include "import/postfix.h"

#define VALUE_MAX 65536

struct login {
	struct postfix *p;
	struct section *relay;
	struct span     sender, nexthop, host;  /* what the table is asked for, in this order */
	int             found;                  /* the best so far: 3, 2, 1 */
};

static bool
is_bracketed(struct span key, struct span host)
{
	return key.n == host.n + 2 && key.p[0] == '[' && key.p[key.n - 1] == ']' &&
	    span_ieq((struct span){ key.p + 1, host.n }, host);
}

/* USER:PASSWORD */
static void
on_login(void *arg, struct span left, struct span right, struct place at)
{
	struct login *l = arg;
	struct span   user;
	int           fits = 0;

	if (l->sender.n > 0 && span_ieq(left, l->sender))
		fits = 3;
	else if (span_ieq(left, l->nexthop))
		fits = 2;
	else if (span_ieq(left, l->host) || is_bracketed(left, l->host) || span_eq(left, SPAN("*")))
		fits = 1;
	if (fits <= l->found)
		return;
	l->found = fits;
	span_cut(&right, ':', &user);
	model_set(l->p->im, l->relay, "user", user, at);
	model_secret(l->p->im, l->relay, right, at);
}

static bool
is_on(struct postfix *p, const char *parameter, struct place *at)
{
	struct buf v;
	bool       on;

	buf_init(&v, VALUE_MAX);
	on = postfix_value(p, parameter, &v, at) && text_is_yes(buf_view(&v));
	buf_done(&v);
	return on;
}

static void
put_login(struct postfix *p, struct section *relay, struct span sender, struct span nexthop)
{
	struct login l = { .p = p, .relay = relay, .nexthop = nexthop, .host = model_value(relay, "host") };
	struct place at;

	if (!is_on(p, "smtp_sasl_auth_enable", &at))
		return;
	if (is_on(p, "smtp_sender_dependent_authentication", &at))
		l.sender = sender;
	postfix_each(p, "smtp_sasl_password_maps", on_login, &l);
	if (l.found == 0)
		model_left(p->im, at, SPAN("smtp_sasl_password_maps"), "no login for relay %s was found there",
		    relay->title);
}

/* ---- TLS ---- */

enum level { LEVEL_NONE, LEVEL_MAY, LEVEL_MUST };

static enum level
level_of(struct postfix *p, struct place *at)
{
	struct buf v;
	enum level level = LEVEL_NONE;

	buf_init(&v, VALUE_MAX);
	if (postfix_value(p, "smtp_tls_security_level", &v, at) && v.n > 0)
		level = strcmp(buf_cstr(&v), "none") == 0 ? LEVEL_NONE :
		    strcmp(buf_cstr(&v), "may") == 0 ? LEVEL_MAY : LEVEL_MUST;
	else if (is_on(p, "smtp_enforce_tls", at))
		level = LEVEL_MUST;
	else if (is_on(p, "smtp_use_tls", at))
		level = LEVEL_MAY;
	if (strcmp(buf_cstr(&v), "fingerprint") == 0)
		model_left(p->im, *at, SPAN("smtp_tls_security_level"), "the certificate is checked by its issuer and "
		    "name here; ca-file has a certificate to trust");
	buf_done(&v);
	return level;
}

static void
put_tls(struct postfix *p, struct section *r)
{
	struct place at = { NULL, 0 };
	enum level   level = level_of(p, &at);

	if (is_on(p, "smtp_tls_wrappermode", &at) || span_eq(model_value(r, "port"), SPAN("465"))) {
		model_set(p->im, r, "tls", SPAN("implicit"), at);
		return;
	}
	model_set(p->im, r, "tls", level == LEVEL_NONE ? SPAN("none") : SPAN("starttls"), at);
	if (level == LEVEL_MAY)
		model_left(p->im, at, SPAN("smtp_tls_security_level"), "TLS is used always or never here: it is used; "
		    "write tls = \"none\" and insecure = true if the server has none");
}

static void
put_authorities(struct postfix *p, struct section *r, const char *parameter, const char *option)
{
	struct buf   v;
	struct place at;

	buf_init(&v, VALUE_MAX);
	if (postfix_value(p, parameter, &v, &at) && v.n > 0)
		model_set(p->im, r, option, buf_view(&v), at);
	buf_done(&v);
}

static void
put_oldest(struct postfix *p, struct section *r)
{
	struct buf   v;
	struct place at;

	buf_init(&v, VALUE_MAX);
	if (postfix_value(p, "smtp_tls_mandatory_protocols", &v, &at)) {
		if (strstr(buf_cstr(&v), ">=TLSv1.3") != NULL)
			model_set(p->im, r, "tls-min", SPAN("1.3"), at);
		else if (strstr(buf_cstr(&v), ">=TLSv1.2") == NULL && strchr(buf_cstr(&v), '!') == NULL)
			model_left(p->im, at, SPAN("smtp_tls_mandatory_protocols"), "TLS 1.2 is the oldest here");
	}
	buf_done(&v);
}

/* Names to allow; what it forbids, or a table, is not said so here. */
static void
put_mechanisms(struct postfix *p, struct section *r)
{
	struct buf   v;
	struct place at;

	buf_init(&v, VALUE_MAX);
	if (postfix_value(p, "smtp_sasl_mechanism_filter", &v, &at) && v.n > 0) {
		for (size_t i = 0; i < v.n; i++)
			if (v.p[i] == ',' || v.p[i] == '\n')
				v.p[i] = ' ';
		if (strpbrk(buf_cstr(&v), "!:/") != NULL)
			model_left(p->im, at, SPAN("smtp_sasl_mechanism_filter"),
			    "auth = names those that are allowed");
		else
			model_set(p->im, r, "auth", buf_view(&v), at);
	}
	buf_done(&v);
}

/* ---- relays ---- */

static struct section *
put_relay(struct postfix *p, struct span title, struct span nexthop, struct span sender, struct place at)
{
	struct section *r = model_add(p->im, SECTION_RELAY, title, at);
	struct place    helo_at;
	struct buf      v;

	if (r == NULL || !text_endpoint(p->im, r, nexthop, title, at))
		return NULL;
	if (model_get(r, "port") == NULL)
		model_set(p->im, r, "port", SPAN("25"), at);
	put_login(p, r, sender, nexthop);
	put_tls(p, r);
	put_authorities(p, r, "smtp_tls_CAfile", "ca-file");
	put_authorities(p, r, "smtp_tls_CApath", "ca-path");
	put_oldest(p, r);
	put_mechanisms(p, r);
	buf_init(&v, VALUE_MAX);
	if (postfix_value(p, "smtp_helo_name", &v, &helo_at))
		model_set(p->im, r, "helo", buf_view(&v), helo_at);
	buf_done(&v);
	return r;
}

static void
put_list(struct postfix *p, const char *parameter, const char *title)
{
	struct buf   v;
	struct place at;
	struct span  rest, one;

	buf_init(&v, VALUE_MAX);
	if (postfix_list(p, parameter, &v, &at)) {
		rest = buf_view(&v);
		while ((one = text_word(&rest)).n > 0)
			put_relay(p, span_of(title), one, (struct span){ NULL, 0 }, at);
	}
	buf_done(&v);
}

static void
on_sender(void *arg, struct span left, struct span right, struct place at)
{
	struct postfix *p = arg;
	struct section *r;

	if (span_ieq(right, SPAN("DUNNO")))
		return;
	if (span_istarts(right, SPAN("smtp:")))
		right = (struct span){ right.p + 5, right.n - 5 };
	if ((r = put_relay(p, left, right, left, at)) != NULL)
		model_route(p->im, "sender", left, r, at);
}

void
postfix_put_relays(struct postfix *p)
{
	struct import *im = p->im;
	struct place   at = { NULL, 0 };
	size_t         n;

	put_list(p, "relayhost", "relayhost");
	put_list(p, "smtp_fallback_relay", "fallback");
	put_list(p, "fallback_relay", "fallback");
	n = im->nsections;
	postfix_each(p, "sender_dependent_relayhost_maps", on_sender, p);
	if (im->nsections == n)
		return;
	for (size_t i = 0; i < n; i++)
		if (im->section[i]->kind == SECTION_RELAY)
			model_append(im, model_top(im), "relays", span_of(im->section[i]->title), im->section[i]->at);
	if (model_get(model_top(im), "relays") == NULL)
		model_left(im, at, SPAN("relayhost"), "there is none for senders who are not in the table; "
		    "they take the first relay");
}
