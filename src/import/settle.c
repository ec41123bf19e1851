/*
 * settle.c - what every source needs once it was read: providers by their
 * host, a mode of TLS that fits the port, logins that are whole.  After it
 * `postern check` has nothing to say against a relay.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/provider.h"
#include "import/model.h"

/* ---- providers ---- */

#define PROVIDERS_MAX 512
#define SES_HEAD "email-smtp."
#define SES_TAIL ".amazonaws.com"

struct known {
	char *name;
	char *host;
	bool  wants_login;
	bool  tokens_only;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

static bool
take_known(const char *dir, struct span name, struct known *ret)
{
	struct provider p;
	struct buf      why;
	char           *text = span_dup(name);
	bool            ok;

	buf_init(&why, 65536);
	ok = provider_read(dir, text, &p, &why) == 0;
	buf_done(&why);
	if (ok && p.host != NULL) {
		*ret = (struct known){
			text, xstrdup(p.host), p.user_hint != NULL && p.user_hint[0] != '\0',
			p.auth != NULL && strstr(p.auth, "PLAIN") == NULL && strstr(p.auth, "LOGIN") == NULL,
		};
		provider_done(&p);
		return true;
	}
	if (ok)
		provider_done(&p);
	free(text);
	return false;
}

static size_t
read_known(const char *dir, struct known ret[static PROVIDERS_MAX])
{
	DIR           *d = opendir(dir);
	struct dirent *e;
	size_t         n = 0;

	while (d != NULL && (e = readdir(d)) != NULL && n < PROVIDERS_MAX) {
		struct span name = span_of(e->d_name);

		if (name.n > 5 && name.p[0] != '.' && strcmp(name.p + name.n - 5, ".conf") == 0)
			n += take_known(dir, (struct span){ name.p, name.n - 5 }, &ret[n]);
	}
	if (d != NULL)
		closedir(d);
	/* Of two for one host, the plainer name: gmail, gworkspace. */
	qsort(ret, n, sizeof(*ret), by_name);
	return n;
}

/* Amazon's hosts have their region in them: "ses-eu-west-1". */
static bool
take_family(const char *dir, struct span host, struct known *ret)
{
	struct span head = SPAN(SES_HEAD), tail = SPAN(SES_TAIL);
	struct buf  name;
	bool        ok = false;

	if (host.n <= head.n + tail.n || !span_istarts(host, head) ||
	    !span_ieq((struct span){ host.p + host.n - tail.n, tail.n }, tail))
		return false;
	buf_init(&name, 300);
	buf_printf(&name, "ses-%.*s", (int)(host.n - head.n - tail.n), host.p + head.n);
	if (name.n <= 48)
		ok = take_known(dir, buf_view(&name), ret);
	buf_done(&name);
	return ok;
}

static const struct known *
find_known(const struct known *known, size_t n, struct span host)
{
	for (size_t i = 0; i < n; i++)
		if (span_ieq(span_of(known[i].host), host))
			return &known[i];
	return NULL;
}

/* A port that no preset has was chosen for a reason. */
static bool
is_usual_port(struct span port)
{
	static const char *const usual[] = { "25", "465", "587", "2465", "2525", "2587" };

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (span_eq(port, span_of(usual[i])))
			return true;
	return port.n == 0;
}

static bool
has_password(const struct section *s)
{
	return s->secret.n > 0 || model_get(s, "password-command") != NULL;
}

static void
name_provider(struct import *im, struct section *s, const struct known *k)
{
	const struct option *host = model_get(s, "host");
	struct place at = host->at;

	if (k->wants_login && !has_password(s)) {
		model_left(im, at, span_of(s->title), "%s wants a login, and there is no password here; "
		    "write provider = \"%s\", user and password-file", k->host, k->name);
		return;
	}
	if (k->tokens_only && has_password(s)) {
		model_left(im, at, span_of(s->title), "%s takes no passwords any more; write "
		    "provider = \"%s\" and oauth { }, see postern.conf(5)", k->host, k->name);
		return;
	}
	if (!is_usual_port(model_value(s, "port")))
		return;
	model_unset(s, "host");
	model_unset(s, "port");
	model_unset(s, "tls");
	model_unset(s, "auth");
	model_set(im, s, "provider", span_of(k->name), at);
	/* First, as people write it. */
	struct option provider = s->option[s->n - 1];
	memmove(&s->option[1], &s->option[0], (s->n - 1) * sizeof(provider));
	s->option[0] = provider;
}

static void
find_provider(struct import *im, struct section *s, const char *dir, const struct known *known, size_t n)
{
	struct span         host = model_value(s, "host");
	const struct known *k = find_known(known, n, host);
	struct known        member = { 0 };

	if (k == NULL && take_family(dir, host, &member))
		k = &member;
	if (k != NULL)
		name_provider(im, s, k);
	free(member.name);
	free(member.host);
}

/* ---- logins ---- */

static void
make_login_whole(struct import *im, struct section *s)
{
	const struct option *user = model_get(s, "user");
	struct place at;

	if (user != NULL && !has_password(s)) {
		at = user->at;
		model_unset(s, "user");
		model_unset(s, "auth");
		model_left(im, at, SPAN("user"), "relay %s: there is no password for it here, so it does not log in; "
		    "write user and password-file", s->title);
	} else if (user == NULL && s->secret.n > 0) {
		buf_wipe(&s->secret);
		model_left(im, s->secret_at, SPAN("password"), "relay %s: there is no user for it", s->title);
	}
	if (model_get(s, "from-header") != NULL && model_get(s, "from") == NULL)
		model_unset(s, "from-header");
}

/* ---- TLS ---- */

static void
fit_tls(struct import *im, struct section *s)
{
	struct span tls = model_value(s, "tls"), port = model_value(s, "port");
	char *host = span_dup(model_value(s, "host"));
	const struct option *o = model_get(s, "tls");
	struct place at = o != NULL ? o->at : s->at;

	if (span_eq(tls, SPAN("starttls")) && span_eq(port, SPAN("465")))
		model_set(im, s, "tls", SPAN("implicit"), at);
	else if (span_eq(tls, SPAN("implicit")) && span_eq(port, SPAN("587")))
		model_set(im, s, "tls", SPAN("starttls"), at);
	if (span_eq(tls, SPAN("none")) && !option_is_loopback(host)) {
		model_set(im, s, "insecure", SPAN("true"), at);
		model_left(im, at, SPAN("tls"), "relay %s: mail%s goes to %s in the clear, as before; "
		    "write tls = \"starttls\" without insecure if it can do that", s->title,
		    s->secret.n > 0 ? ", and the password," : "", host);
	}
	free(host);
}

/* The system's authorities are the default, wherever it keeps them. */
static void
drop_system_authorities(struct section *s)
{
	static const char *const files[] = {
		"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/certs/",
		"/etc/ssl/certs", "/etc/pki/tls/certs",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (span_eq(model_value(s, "ca-file"), span_of(files[i])))
			model_unset(s, "ca-file");
		if (span_eq(model_value(s, "ca-path"), span_of(files[i])))
			model_unset(s, "ca-path");
	}
}

static void
drop_section(struct import *im, size_t i)
{
	struct section *s = im->section[i];

	buf_wipe(&s->secret);
	while (s->n > 0)
		model_unset(s, s->option[s->n - 1].name);
	free(s->title);
	free(s->file);
	free(s);
	memmove(&im->section[i], &im->section[i + 1], (--im->nsections - i) * sizeof(*im->section));
}

/* Lists and routes name no relay that is none. */
static void
forget_relay(struct import *im, const char *title)
{
	for (size_t i = 0; i < im->nsections; i++) {
		struct option *o = (struct option *)model_get(im->section[i], "relays");

		for (size_t k = 0; o != NULL && k < o->n; k++)
			if (strcmp(o->values[k], title) == 0) {
				free(o->values[k]);
				memmove(&o->values[k], &o->values[k + 1], (--o->n - k) * sizeof(*o->values));
			}
		if (o != NULL && o->n == 0)
			model_unset(im->section[i], "relays");
	}
}

static void
drop_relays(struct import *im)
{
	for (size_t i = 0; i < im->nsections; i++) {
		struct section *s = im->section[i];

		if (s->kind != SECTION_RELAY || model_get(s, "host") != NULL)
			continue;
		model_left(im, s->at, span_of(s->title), "it has no host, so it is no relay");
		forget_relay(im, s->title);
		drop_section(im, i--);
	}
	for (size_t i = 0; i < im->nsections; i++)
		if (im->section[i]->kind == SECTION_ROUTE && model_get(im->section[i], "relays") == NULL)
			drop_section(im, i--);
}

static void
put_secret(struct import *im, const struct section *s)
{
	struct import_file *f;

	im->files = model_grow(im->files, im->nfiles, sizeof(*im->files));
	f = &im->files[im->nfiles++];
	*f = (struct import_file){ .secret = true };
	buf_init(&f->text, MODEL_SECRET + 1);
	buf_room(&f->text, MODEL_SECRET);
	buf_span(&f->text, buf_view(&s->secret));
	buf_char(&f->text, '\n');
	f->name = xcalloc(1, strlen(s->title) + sizeof(".password"));
	memcpy(f->name, s->title, strlen(s->title));
	memcpy(f->name + strlen(s->title), ".password", sizeof(".password"));
}

void
model_settle(struct import *im, const char *providers)
{
	struct known *known = xcalloc(PROVIDERS_MAX, sizeof(*known));
	size_t        n = read_known(providers, known);

	drop_relays(im);
	for (size_t i = 0; i < im->nsections; i++) {
		struct section *s = im->section[i];

		if (s->kind != SECTION_RELAY)
			continue;
		make_login_whole(im, s);
		drop_system_authorities(s);
		find_provider(im, s, providers, known, n);
		if (model_get(s, "host") != NULL)
			fit_tls(im, s);
		if (s->secret.n > 0)
			put_secret(im, s);
	}
	for (size_t i = 0; i < n; i++) {
		free(known[i].name);
		free(known[i].host);
	}
	free(known);
}
