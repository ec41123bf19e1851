/* esmtp.c - esmtprc: a default identity and others, each a relay. */
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

struct esmtp {
	struct import  *im;
	struct section *relay;          /* of the identity that is read now */
	struct section *chosen;         /* the default one */
	struct place    chosen_at;
};

static const struct {
	const char *key, *why;
} others[] = {
	{ "certificate_passphrase", TEXT_CERTIFICATE },
	{ "preconnect", "nothing is run before a connection; a dialler reports to the system, which is looked at" },
	{ "postconnect", "nothing is run after a connection" },
	{ "mda", "there is no local delivery; local-mail says where such mail goes" },
	{ "force_mda", "there is no local delivery; local-mail says where such mail goes" },
};

static void
begin_identity(struct esmtp *e, struct span name, struct place at)
{
	e->relay = model_add(e->im, SECTION_RELAY, name, at);
	model_set(e->im, e->relay, "from", name, at);
}

static void
take_starttls(struct esmtp *e, struct span value, struct place at)
{
	bool off = span_ieq(value, SPAN("disabled"));

	if (!off && !span_ieq(value, SPAN("enabled")) && !span_ieq(value, SPAN("required"))) {
		model_left(e->im, at, SPAN("starttls"), "not one of disabled, enabled, required");
		return;
	}
	model_set(e->im, e->relay, "tls", off ? SPAN("none") : SPAN("starttls"), at);
	if (span_ieq(value, SPAN("enabled")))
		model_left(e->im, at, SPAN("starttls"), "TLS is used always or never here: it is used");
}

static void
take(struct esmtp *e, struct span key, struct span value, struct place at)
{
	if (span_ieq(key, SPAN("identity"))) {
		begin_identity(e, value, at);
	} else if (span_ieq(key, SPAN("default"))) {
		e->chosen = e->relay;
		e->chosen_at = at;
	} else if (span_ieq(key, SPAN("hostname"))) {
		text_endpoint(e->im, e->relay, value, key, at);
	} else if (span_ieq(key, SPAN("username"))) {
		model_set(e->im, e->relay, "user", value, at);
	} else if (span_ieq(key, SPAN("password"))) {
		model_secret(e->im, e->relay, value, at);
	} else if (span_ieq(key, SPAN("starttls"))) {
		take_starttls(e, value, at);
	} else if (span_ieq(key, SPAN("qualifydomain"))) {
		model_set(e->im, model_top(e->im), "domain", value, at);
	} else if (span_ieq(key, SPAN("force_sender")) || span_ieq(key, SPAN("force_reverse_path"))) {
		model_set(e->im, e->relay, "from", value, at);
	} else {
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (span_ieq(key, span_of(others[i].key))) {
				model_left(e->im, at, key, "%s", others[i].why);
				return;
			}
		model_unknown(e->im, at, key, value.n > 0);
	}
}

/* esmtp's own are no TLS, and port 25. */
static void
put_defaults(struct import *im)
{
	for (size_t i = 0; i < im->nsections; i++) {
		struct section *s = im->section[i];

		if (s->kind != SECTION_RELAY)
			continue;
		if (model_get(s, "tls") == NULL)
			model_set(im, s, "tls", SPAN("none"), s->at);
		if (model_get(s, "port") == NULL)
			model_set(im, s, "port", SPAN("25"), s->at);
	}
}

/* An identity is chosen by its address, where it is the sender. */
static void
put_routes(struct esmtp *e)
{
	struct import *im = e->im;
	size_t         n = im->nsections;

	if (model_relays(im) < 2 || e->chosen == NULL)
		return;
	model_append(im, model_top(im), "relays", span_of(e->chosen->title), e->chosen_at);
	for (size_t i = 0; i < n; i++) {
		struct section *s = im->section[i];

		if (s->kind == SECTION_RELAY && s != e->chosen && model_get(s, "from") != NULL)
			model_route(im, "sender", model_value(s, "from"), s, s->at);
	}
}

int
esmtp_read(struct import *im, const char *path)
{
	struct esmtp e = { .im = im };
	struct text  t;
	struct span  line, key, value;
	int          r = text_open(&t, im, path);

	if (r == 0)
		e.relay = e.chosen = model_add(im, SECTION_RELAY, SPAN("default"), model_place(im, path, 0));
	while (r == 0 && text_line(&t, &line))
		if (text_pair(line, "=", &key, &value))
			take(&e, key, text_unquoted(value), t.at);
	text_done(&t);
	if (r == 0) {
		put_defaults(im);
		put_routes(&e);
	}
	return r;
}
