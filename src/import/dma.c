/* dma.c - dma.conf and auth.conf. */
#include <stdlib.h>
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

struct dma {
	struct import  *im;
	struct section *relay;
	bool            secure, starttls, may;
	struct place    tls_at;
	char           *authpath;
	struct place    auth_at;
};

/* What a file of one name holds, or the name itself. */
static void
take_mailname(struct dma *d, struct span value, struct place at)
{
	struct text t;
	struct span line;
	char       *path;

	if (value.n == 0 || value.p[0] != '/') {
		model_set(d->im, model_top(d->im), "hostname", value, at);
		return;
	}
	path = span_dup(value);
	if (text_open_named(&t, d->im, path, at, SPAN("MAILNAME")) && text_line(&t, &line))
		model_set(d->im, model_top(d->im), "hostname", line, t.at);
	text_done(&t);
	free(path);
}

/* USER@HOST replaces the sender, HOST or @HOST its domain. */
static void
take_masquerade(struct dma *d, struct span value, struct place at)
{
	struct span user, host;

	if (!text_cut_last(value, '@', &user, &host)) {
		model_set(d->im, model_top(d->im), "domain", value, at);
	} else if (user.n == 0) {
		model_set(d->im, model_top(d->im), "domain", host, at);
	} else if (host.n == 0) {
		model_left(d->im, at, SPAN("MASQUERADE"), "a user alone; write from = with an address in the relay");
	} else {
		model_set(d->im, d->relay, "from", value, at);
	}
}

static const struct {
	const char *key, *why;
} others[] = {
	{ "SPOOLDIR", "what is in it stays there: let dma send it before it is removed (dma -q)" },
	{ "FINGERPRINT", "it is of the whole certificate, which a server changes every few months; ca-file has "
	    "a certificate to trust" },
	{ "CERTFILE", TEXT_CERTIFICATE },
	{ "DEFER", "mail is sent when it comes" },
	{ "FULLBOUNCE", "reports have the header of the message; sendmail -R full asks for all of it" },
	{ "NULLCLIENT", NULL },         /* so it is here */
	{ "INSECURE", NULL },
};

static void
take(struct dma *d, struct span key, struct span value, struct place at)
{
	if (span_eq(key, SPAN("SMARTHOST"))) {
		text_endpoint(d->im, d->relay, value, key, at);
	} else if (span_eq(key, SPAN("PORT"))) {
		model_set(d->im, d->relay, "port", value, at);
	} else if (span_eq(key, SPAN("ALIASES"))) {
		model_set(d->im, model_top(d->im), "aliases", value, at);
	} else if (span_eq(key, SPAN("AUTHPATH"))) {
		free(d->authpath);
		d->authpath = span_dup(value);
		d->auth_at = at;
	} else if (span_eq(key, SPAN("SECURETRANSFER")) || span_eq(key, SPAN("SECURE"))) {
		d->secure = true;
		d->tls_at = at;
	} else if (span_eq(key, SPAN("STARTTLS"))) {
		d->starttls = true;
		d->tls_at = at;
	} else if (span_eq(key, SPAN("OPPORTUNISTIC_TLS"))) {
		d->may = true;
		model_left(d->im, at, key, "TLS is used always or never here: it is used");
	} else if (span_eq(key, SPAN("MAILNAME")) || span_eq(key, SPAN("MAILNAMEFILE"))) {
		take_mailname(d, value, at);
	} else if (span_eq(key, SPAN("MASQUERADE"))) {
		take_masquerade(d, value, at);
	} else {
		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (span_eq(key, span_of(others[i].key))) {
				if (others[i].why != NULL)
					model_left(d->im, at, key, "%s", others[i].why);
				return;
			}
		model_unknown(d->im, at, key, value.n > 0);
	}
}

/* USER|HOST:PASSWORD */
static void
take_auth(struct dma *d, struct span line, struct place at)
{
	struct span user, host;

	if (!span_cut(&line, '|', &user) || !span_cut(&line, ':', &host) || line.n == 0) {
		model_left(d->im, at, SPAN("line"), "not understood; it should be USER|HOST:PASSWORD");
	} else if (!span_ieq(span_trim(host), model_value(d->relay, "host"))) {
		model_left(d->im, at, SPAN("login"), "for another host than SMARTHOST");
	} else {
		model_set(d->im, d->relay, "user", user, at);
		model_secret(d->im, d->relay, line, at);
	}
}

static void
read_auth(struct dma *d)
{
	struct text t;
	struct span line;

	if (d->authpath != NULL && text_open_named(&t, d->im, d->authpath, d->auth_at, SPAN("AUTHPATH"))) {
		while (text_line(&t, &line))
			take_auth(d, line, t.at);
		text_done(&t);
	}
}

int
dma_read(struct import *im, const char *path)
{
	struct dma  d = { .im = im };
	struct text t;
	struct span line, key, value;
	int         r = text_open(&t, im, path);

	if (r == 0)
		d.relay = model_add(im, SECTION_RELAY, SPAN("smarthost"), model_place(im, path, 0));
	while (r == 0 && text_line(&t, &line))
		if (text_pair(line, "", &key, &value))
			take(&d, key, value, t.at);
	text_done(&t);
	if (r == 0 && model_get(d.relay, "host") != NULL) {
		bool starttls = d.starttls || (d.may && !d.secure);

		model_set(im, d.relay, "tls", starttls ? SPAN("starttls") : d.secure ? SPAN("implicit") :
		    SPAN("none"), d.tls_at);
		if (starttls && model_get(d.relay, "port") == NULL)
			model_set(im, d.relay, "port", SPAN("25"), d.tls_at);
		read_auth(&d);
	}
	free(d.authpath);
	return r;
}
