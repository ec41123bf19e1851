/*
 * msmtp.c - msmtprc: accounts that inherit from `defaults` and from each
 * other, each of which becomes a relay; and the file of aliases.
 */
#include <stdlib.h>
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

#define ACCOUNTS_MAX 200

enum key {
	KEY_HOST, KEY_PORT, KEY_AUTH, KEY_USER, KEY_PASSWORD, KEY_PASSWORDEVAL, KEY_TLS, KEY_STARTTLS,
	KEY_TRUST_FILE, KEY_CERTCHECK, KEY_FROM, KEY_SET_FROM, KEY_DOMAIN,
	KEY_OF_RELAYS,          /* how many are of a relay alone; the others are of all */
	KEY_MAILDOMAIN = KEY_OF_RELAYS, KEY_ALIASES, KEY_LOGFILE, KEY_SYSLOG, KEYS
};

static const char *const keys[KEYS] = {
	"host", "port", "auth", "user", "password", "passwordeval", "tls", "tls_starttls", "tls_trust_file",
	"tls_certcheck", "from", "set_from_header", "domain", "maildomain", "aliases", "logfile", "syslog",
};

/* Known, and without an equivalent; NULL: nothing is lost without it. */
static const struct {
	const char *key, *why;
} others[] = {
	{ "protocol", "only SMTP is spoken here" },
	{ "proxy_host", "there are no proxies here" },
	{ "proxy_port", "there are no proxies here" },
	{ "source_ip", "the system chooses the address" },
	{ "socket", "there are no sockets for relays here; give the relay host and port" },
	{ "tls_fingerprint", "it is of the whole certificate, which a server changes every few months; ca-file "
	    "has a certificate to trust" },
	{ "tls_key_file", TEXT_CERTIFICATE },
	{ "tls_cert_file", TEXT_CERTIFICATE },
	{ "tls_crl_file", "no list of revoked certificates is read" },
	{ "tls_min_dh_prime_bits", NULL },
	{ "tls_priorities", "the system's policy for TLS counts; tls-min says the oldest version" },
	{ "tls_host_override", "the certificate must be for host" },
	{ "auto_from", "the sender is the user at domain; from of the relay replaces it" },
	{ "allow_from_override", "trusted-users says who may set any sender" },
	{ "dsn_notify", "sendmail -N says so for a message" },
	{ "dsn_return", "sendmail -R says so for a message" },
	{ "set_date_header", NULL },
	{ "set_msgid_header", NULL },
	{ "add_missing_from_header", NULL },
	{ "add_missing_date_header", NULL },
	{ "remove_bcc_headers", NULL },
	{ "undisclosed_recipients", "To and Cc are left as they are" },
	{ "keepbcc", "Bcc is always taken out" },
	{ "ntlmdomain", "there is no NTLM here" },
	{ "logfile_time_format", NULL },
	{ "timeout", NULL },
	{ "connect_timeout", NULL },
};

struct value {
	char        *text;
	struct place at;
};

struct account {
	char        *name;
	struct place at;
	struct value value[KEYS];
	size_t       parents, own;      /* own: of those that make it another relay */
	char        *parent;    /* of the last */
};

struct msmtp {
	struct import  *im;
	struct account *account;        /* [0]: defaults */
	size_t          n;
	struct account *now;
};

static void
forget(struct value *v)
{
	if (v->text != NULL)
		explicit_bzero(v->text, strlen(v->text));
	free(v->text);
	v->text = NULL;
}

static void
put(struct value *v, struct span s, struct place at)
{
	forget(v);
	*v = (struct value){ span_dup(s), at };
}

static struct account *
find(struct msmtp *m, struct span name)
{
	for (size_t i = 1; i < m->n; i++)
		if (span_eq(span_of(m->account[i].name), name))
			return &m->account[i];
	return NULL;
}

static void
inherit(struct account *to, const struct account *from)
{
	for (size_t i = 0; i < KEYS; i++)
		if (from->value[i].text != NULL)
			put(&to->value[i], span_of(from->value[i].text), from->value[i].at);
}

/* NAME, or NAME : OTHER, OTHER */
static void
begin_account(struct msmtp *m, struct span value, struct place at)
{
	struct span name, other;
	struct account *from;

	span_cut(&value, ':', &name);
	name = text_unquoted(span_trim(name));
	if (name.n == 0 || find(m, name) != NULL || m->n == ACCOUNTS_MAX) {
		model_left(m->im, at, SPAN("account"), name.n == 0 ? "it has no name" :
		    m->n == ACCOUNTS_MAX ? "too many accounts" : "there is one of this name already");
		m->now = NULL;
		return;
	}
	m->now = &m->account[m->n++];
	*m->now = (struct account){ .name = span_dup(name), .at = at };
	inherit(m->now, &m->account[0]);
	while (span_cut(&value, ',', &other)) {
		other = text_unquoted(span_trim(other));
		if ((from = find(m, other)) == NULL || from == m->now) {
			model_left(m->im, at, SPAN("account"), "%.*s is no account before it", (int)other.n, other.p);
			continue;
		}
		inherit(m->now, from);
		m->now->parents++;
		free(m->now->parent);
		m->now->parent = span_dup(other);
	}
}

static void
other_key(struct msmtp *m, struct span key, bool has_value, struct place at)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_eq(key, span_of(others[i].key))) {
			if (others[i].why != NULL)
				model_left(m->im, at, key, "%s", others[i].why);
			return;
		}
	model_unknown(m->im, at, key, has_value);
}

static void
take(struct msmtp *m, struct span key, struct span value, struct place at)
{
	if (span_eq(key, SPAN("defaults"))) {
		m->now = &m->account[0];
		return;
	}
	if (span_eq(key, SPAN("account"))) {
		begin_account(m, value, at);
		return;
	}
	for (size_t i = 0; i < KEYS; i++)
		if (span_eq(key, span_of(keys[i]))) {
			if (m->now == NULL)
				return;         /* of an account that was refused */
			put(&m->now->value[i], text_unquoted(value), at);
			/* An account's own goes before one that it inherits. */
			if (i == KEY_PASSWORD || i == KEY_PASSWORDEVAL)
				forget(&m->now->value[i == KEY_PASSWORD ? KEY_PASSWORDEVAL : KEY_PASSWORD]);
			m->now->own += i < KEY_OF_RELAYS;
			return;
		}
	other_key(m, key, value.n > 0, at);
}

/* ---- an account as a relay ---- */

static struct span
of(const struct account *a, enum key k)
{
	return span_of(a->value[k].text);
}

static void
set(struct import *im, struct section *r, const char *name, const struct account *a, enum key k)
{
	if (a->value[k].text != NULL)
		model_set(im, r, name, of(a, k), a->value[k].at);
}

static bool
is_off(struct span s)
{
	return s.n == 0 || span_eq(s, SPAN("off"));
}

static void
put_tls(struct import *im, struct section *r, const struct account *a)
{
	bool tls = text_is_yes(of(a, KEY_TLS)), starttls = !span_eq(of(a, KEY_STARTTLS), SPAN("off"));
	struct place at = a->value[tls && a->value[KEY_STARTTLS].text != NULL ? KEY_STARTTLS : KEY_TLS].at;

	model_set(im, r, "tls", !tls ? SPAN("none") : starttls ? SPAN("starttls") : SPAN("implicit"), at);
	set(im, r, "port", a, KEY_PORT);
	if (model_get(r, "port") == NULL && tls && starttls)
		model_set(im, r, "port", SPAN("25"), a->value[KEY_HOST].at);
	if (a->value[KEY_TRUST_FILE].text != NULL && !span_eq(of(a, KEY_TRUST_FILE), SPAN("system")) &&
	    of(a, KEY_TRUST_FILE).n > 0)
		set(im, r, "ca-file", a, KEY_TRUST_FILE);
	if (a->value[KEY_CERTCHECK].text != NULL && is_off(of(a, KEY_CERTCHECK)))
		model_set(im, r, "tls-verify", SPAN("false"), a->value[KEY_CERTCHECK].at);
}

/*
 * By a shell, as before, but as the daemon's user: what opened a vault for
 * the one who sent may not open it for him.
 */
static void
put_command(struct import *im, struct section *r, const struct account *a)
{
	struct place at = a->value[KEY_PASSWORDEVAL].at;

	model_append(im, r, "password-command", SPAN("/bin/sh"), at);
	model_append(im, r, "password-command", SPAN("-c"), at);
	model_append(im, r, "password-command", of(a, KEY_PASSWORDEVAL), at);
	model_left(im, at, SPAN("passwordeval"), "relay %s: it is run as the daemon's user now: try it as that one",
	    r->title);
}

static void
put_login(struct import *im, struct section *r, const struct account *a)
{
	struct span auth = of(a, KEY_AUTH);
	struct place at = a->value[KEY_AUTH].at;

	if (is_off(auth))
		return;
	if (span_ieq(auth, SPAN("xoauth2")) || span_ieq(auth, SPAN("oauthbearer")))
		model_left(im, at, SPAN("auth"), "relay %s: tokens come by oauth { } and postern login here", r->title);
	else if (span_ieq(auth, SPAN("gssapi")) || span_ieq(auth, SPAN("ntlm")) || span_ieq(auth, SPAN("digest-md5")))
		model_left(im, at, SPAN("auth"), "relay %s: there is no such mechanism here; the best that the "
		    "server offers is taken", r->title);
	else if (!text_is_yes(auth))
		model_set(im, r, "auth", auth, at);
	set(im, r, "user", a, KEY_USER);
	if (a->value[KEY_PASSWORD].text != NULL)
		model_secret(im, r, of(a, KEY_PASSWORD), a->value[KEY_PASSWORD].at);
	else if (a->value[KEY_PASSWORDEVAL].text != NULL)
		put_command(im, r, a);
}

/* Who writes %U, %H … there means the user, the host …; a star, all addresses of a domain. */
static bool
is_one_address(struct span from)
{
	return from.n > 0 && memchr(from.p, '*', from.n) == NULL && memchr(from.p, '%', from.n) == NULL;
}

static void
put_from(struct import *im, struct section *r, const struct account *a)
{
	if (is_one_address(of(a, KEY_FROM)))
		set(im, r, "from", a, KEY_FROM);
	else if (of(a, KEY_FROM).n > 0 && memchr(of(a, KEY_FROM).p, '%', of(a, KEY_FROM).n) != NULL)
		model_left(im, a->value[KEY_FROM].at, SPAN("from"), "relay %s: each user keeps his own address; "
		    "domain says what stands behind its @", r->title);
}

static void
put_relay(struct import *im, const struct account *a, bool chosen)
{
	struct section *r = model_add(im, SECTION_RELAY, span_of(a->name), a->at);

	if (r == NULL)
		return;
	text_endpoint(im, r, of(a, KEY_HOST), SPAN("host"), a->value[KEY_HOST].at);
	put_tls(im, r, a);
	put_login(im, r, a);
	set(im, r, "helo", a, KEY_DOMAIN);
	put_from(im, r, a);
	if (of(a, KEY_FROM).n > 0 && !chosen)
		model_route(im, "sender", of(a, KEY_FROM), r, a->value[KEY_FROM].at);
	if (span_eq(of(a, KEY_SET_FROM), SPAN("on")))
		model_set(im, r, "from-header", SPAN("rewrite"), a->value[KEY_SET_FROM].at);
}

/* msmtp's own line of such a file: what has no alias goes there. */
static void
put_aliases(struct import *im, const struct account *a)
{
	const struct value *v = &a->value[KEY_ALIASES];
	struct text t;
	struct span line, key, value;

	if (v->text == NULL)
		return;
	model_set(im, model_top(im), "aliases", span_of(v->text), v->at);
	if (text_open_named(&t, im, v->text, v->at, SPAN("aliases")))
		while (text_line(&t, &line))
			if (text_pair(line, ":", &key, &value) && span_ieq(key, SPAN("default")))
				model_set(im, model_top(im), "local-mail", value, t.at);
	text_done(&t);
}

static void
put_log(struct import *im, const struct account *a)
{
	struct span syslog = of(a, KEY_SYSLOG);

	if (of(a, KEY_LOGFILE).n > 0)
		model_left(im, a->value[KEY_LOGFILE].at, SPAN("logfile"), "the log goes to syslog or the journal");
	if (span_istarts(syslog, SPAN("LOG_")) && !span_ieq(syslog, SPAN("LOG_MAIL")))
		model_left(im, a->value[KEY_SYSLOG].at, SPAN("syslog"), "write log { facility = ... }");
}

static void
finish(struct msmtp *m)
{
	struct import  *im = m->im;
	struct account *chosen = find(m, SPAN("default"));
	bool            alias = chosen != NULL && chosen->parents == 1 && chosen->own == 0;

	if (chosen == NULL && m->n > 1) {
		chosen = &m->account[1];
		if (m->n > 2)
			model_left(im, chosen->at, SPAN("account"), "no account is the default; %s is taken",
			    chosen->name);
	}
	if (chosen == NULL)
		return;
	for (size_t i = 1; i < m->n; i++)
		if (!alias || &m->account[i] != chosen)
			put_relay(im, &m->account[i], alias ? strcmp(m->account[i].name, chosen->parent) == 0 :
			    &m->account[i] == chosen);
	if (m->n > (alias ? 3u : 2u))
		model_append(im, model_top(im), "relays", span_of(alias ? chosen->parent : chosen->name), chosen->at);
	put_aliases(im, chosen);
	put_log(im, chosen);
	if (of(chosen, KEY_MAILDOMAIN).n > 0)
		set(im, model_top(im), "domain", chosen, KEY_MAILDOMAIN);
}

static void
done(struct msmtp *m)
{
	for (size_t i = 0; i < m->n; i++) {
		for (size_t k = 0; k < KEYS; k++)
			forget(&m->account[i].value[k]);
		free(m->account[i].name);
		free(m->account[i].parent);
	}
	free(m->account);
}

int
msmtp_read(struct import *im, const char *path)
{
	struct msmtp m = { .im = im, .account = xcalloc(ACCOUNTS_MAX, sizeof(*m.account)), .n = 1 };
	struct text  t;
	struct span  line, key, value;
	int          r = text_open(&t, im, path);

	m.now = &m.account[0];
	while (r == 0 && text_line(&t, &line))
		if (text_pair(line, "", &key, &value))
			take(&m, key, value, t.at);
	if (r == 0)
		finish(&m);
	done(&m);
	text_done(&t);
	return r;
}
