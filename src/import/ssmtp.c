/* ssmtp.c - ssmtp.conf and revaliases. */
#include <stdlib.h>
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

struct ssmtp {
	struct import  *im;
	struct section *relay;
	bool            tls, starttls;
	struct place    tls_at;
};

static void
take_root(struct ssmtp *s, struct span value, struct place at)
{
	if (value.n == 0)
		return;
	model_set(s->im, model_top(s->im), "local-mail", value, at);
}

static void
take_method(struct ssmtp *s, struct span value, struct place at)
{
	if (span_ieq(value, SPAN("CRAM-MD5")) || span_ieq(value, SPAN("LOGIN")))
		model_set(s->im, s->relay, "auth", value, at);
	else
		model_left(s->im, at, SPAN("AuthMethod"), "not a method that is known: LOGIN or CRAM-MD5");
}

static void
take_override(struct ssmtp *s, struct span value, struct place at)
{
	if (!text_is_yes(value))
		model_left(s->im, at, SPAN("FromLineOverride"), "programs may say their own From here; "
		    "from and from-header = \"rewrite\" of the relay replace it");
}

/* The options that are Postern's under another name. */
static const struct {
	const char *key, *option;
	bool        top;
} same[] = {
	{ "rewritedomain", "domain", true },
	{ "hostname", "hostname", true },
	{ "authuser", "user", false },
	{ "tls_ca_file", "ca-file", false },
	{ "tls_ca_dir", "ca-path", false },
};

static bool
take_same(struct ssmtp *s, struct span key, struct span value, struct place at)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (span_ieq(key, span_of(same[i].key))) {
			model_set(s->im, same[i].top ? model_top(s->im) : s->relay, same[i].option, value, at);
			return true;
		}
	return false;
}

static void
take(struct ssmtp *s, struct span key, struct span value, struct place at)
{
	if (take_same(s, key, value, at))
		return;
	if (span_ieq(key, SPAN("mailhub"))) {
		text_endpoint(s->im, s->relay, value, key, at);
	} else if (span_ieq(key, SPAN("root"))) {
		take_root(s, value, at);
	} else if (span_ieq(key, SPAN("authpass"))) {
		model_secret(s->im, s->relay, value, at);
	} else if (span_ieq(key, SPAN("authmethod"))) {
		take_method(s, value, at);
	} else if (span_ieq(key, SPAN("usetls"))) {
		s->tls = text_is_yes(value);
		s->tls_at = at;
	} else if (span_ieq(key, SPAN("usestarttls"))) {
		s->starttls = text_is_yes(value);
		s->tls_at = at;
	} else if (span_ieq(key, SPAN("fromlineoverride"))) {
		take_override(s, value, at);
	} else if (span_ieq(key, SPAN("usetlscert")) || span_ieq(key, SPAN("tlscert")) ||
	    span_ieq(key, SPAN("tlskey"))) {
		if (!span_ieq(value, SPAN("no")))
			model_left(s->im, at, key, TEXT_CERTIFICATE);
	} else if (span_ieq(key, SPAN("debug"))) {
		if (text_is_yes(value))
			model_left(s->im, at, key, "write log { level = \"debug\" }");
	} else {
		model_unknown(s->im, at, key, value.n > 0);
	}
}

/* Its login and its TLS are those of the mailhub of all. */
static void
put_hub(struct import *im, struct section *relay, struct span user, struct span hub, struct place at)
{
	struct section *r = model_add(im, SECTION_RELAY, user, at);

	if (r == NULL || !text_endpoint(im, r, hub, SPAN("mailhub"), at))
		return;
	if (model_get(r, "port") == NULL && !span_eq(model_value(relay, "tls"), SPAN("implicit")))
		model_set(im, r, "port", SPAN("25"), at);
	for (size_t i = 0; i < relay->n; i++)
		if (model_get(r, relay->option[i].name) == NULL && strcmp(relay->option[i].name, "port") != 0)
			model_set(im, r, relay->option[i].name, span_of(relay->option[i].values[0]),
			    relay->option[i].at);
	if (relay->secret.n > 0)
		model_secret(im, r, buf_view(&relay->secret), relay->secret_at);
	model_append(im, model_top(im), "relays", span_of(relay->title), relay->at);
	model_route(im, "user", user, r, at);
}

/* USER:ADDRESS[:HOST[:PORT]] */
static void
take_alias(struct import *im, struct section *relay, struct span line, struct place at)
{
	struct span user, address, hub = { NULL, 0 };

	if (!span_cut(&line, ':', &user) || !span_cut(&line, ':', &address)) {
		model_left(im, at, SPAN("line"), "not understood; it should be USER:ADDRESS");
		return;
	}
	user = span_trim(user);
	hub = span_trim(line);
	model_map(im, MAP_USERS, user, span_trim(address), at);
	if (hub.n > 0 && !text_is_endpoint(relay, hub))
		put_hub(im, relay, user, hub, at);
}

static void
read_aliases(struct import *im, struct section *relay, const char *path)
{
	struct buf  name;
	struct text t;
	struct span line;

	buf_init(&name, MODEL_LINE);
	text_beside(path, "revaliases", &name);
	if (text_open(&t, im, buf_cstr(&name)) == 0)
		while (text_line(&t, &line))
			take_alias(im, relay, line, t.at);
	text_done(&t);
	buf_done(&name);
}

int
ssmtp_read(struct import *im, const char *path)
{
	struct ssmtp s = { .im = im };
	struct text  t;
	struct span  line, key, value;
	int          r = text_open(&t, im, path);

	if (r == 0)
		s.relay = model_add(im, SECTION_RELAY, SPAN("mailhub"), model_place(im, path, 0));
	while (r == 0 && text_line(&t, &line))
		if (text_pair(line, "=", &key, &value))
			take(&s, key, value, t.at);
		else
			model_left(im, t.at, SPAN("line"), "not understood; it should be KEY=VALUE");
	if (r == 0) {
		if (model_get(s.relay, "port") == NULL && !(s.tls && !s.starttls))
			model_set(im, s.relay, "port", SPAN("25"), s.tls_at);
		model_set(im, s.relay, "tls", !s.tls && !s.starttls ? SPAN("none") :
		    s.starttls ? SPAN("starttls") : SPAN("implicit"), s.tls_at);
		read_aliases(im, s.relay, path);
	}
	text_done(&t);
	return r;
}
