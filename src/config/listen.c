/* listen.c - one listener: where, for whom, how secured. */
#include "config/listen.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "config/options.h"

#define DEFAULT_CLIENTS    1000
#define DEFAULT_RECIPIENTS 1000
#define DEFAULT_ERRORS     10
#define DEFAULT_IDLE_S     300          /* RFC 5321 §4.5.3.2.7: at least 5 minutes */

#define UNIX_PATH_MAX 107               /* struct sockaddr_un's, without its NUL */
#define PASSED        "fd:"
#define PASSED_MAX    48

cfg_opt_t listen_schema[] = {
	SOURCE_LIST("allow"),
	SOURCE_OPTION("tls"),
	SOURCE_OPTION("cert"),
	SOURCE_OPTION("key"),
	SOURCE_OPTION("tls-min"),
	SOURCE_OPTION("users-file"),
	SOURCE_OPTION("auth-required"),
	SOURCE_OPTION("clients"),
	SOURCE_OPTION("clients-per-address"),
	SOURCE_OPTION("recipients"),
	SOURCE_OPTION("errors"),
	SOURCE_OPTION("idle"),
	CFG_END()
};

static void
done(struct listen_conf *l)
{
	free(l->at);
	free(l->allow);
	free(l->cert);
	free(l->key);
	free(l->tls_min);
	free(l->users_file);
}

void
listens_done(struct config *c)
{
	for (size_t i = 0; i < c->nlistens; i++)
		done(&c->listens[i]);
	free(c->listens);
}

/* ---- where ---- */

/* "192.0.2.1:25", "[2001:db8::1]:25" */
static bool
take_address(struct span s, struct listen_conf *l)
{
	const char *colon = NULL;
	struct span host, port;
	uint64_t    n;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':')
			colon = s.p + i;
	if (colon == NULL)
		return false;
	host = (struct span){ s.p, (size_t)(colon - s.p) };
	port = (struct span){ colon + 1, s.n - host.n - 1 };
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct span){ host.p + 1, host.n - 2 };
	else if (host.n > 0 && memchr(host.p, ':', host.n) != NULL)
		return false;
	if (text_number(port, 65535, &n) < 0 || n == 0 || !address_parse(host, &l->address))
		return false;
	l->port = (unsigned)n;
	return true;
}

/* What LISTEN_FDNAMES may hold, and no more than a log line wants. */
static bool
is_passed_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] == ':' || s.p[i] >= 127)
			return false;
	return s.n > 0 && s.n <= PASSED_MAX;
}

static bool
take_place(struct listen_conf *l)
{
	struct span s = span_of(l->at);

	if (s.n > 1 && s.p[0] == '/') {
		l->kind = LISTEN_UNIX;
		return s.n <= UNIX_PATH_MAX;
	}
	if (span_starts(s, SPAN(PASSED))) {
		l->kind = LISTEN_PASSED;
		return is_passed_name((struct span){ s.p + 3, s.n - 3 });
	}
	l->kind = LISTEN_ADDRESS;
	return take_address(s, l);
}

static bool
is_local(const struct listen_conf *l)
{
	return l->kind == LISTEN_UNIX || (l->kind == LISTEN_ADDRESS && address_is_loopback(&l->address));
}

/* ---- the options ---- */

static enum tls_mode
tls_mode(const char *word, bool cert)
{
	if (word == NULL)
		return cert ? TLS_STARTTLS : TLS_NONE;
	if (strcasecmp(word, "implicit") == 0)
		return TLS_IMPLICIT;
	return strcasecmp(word, "starttls") == 0 ? TLS_STARTTLS : TLS_NONE;
}

static void
take_allow(cfg_t *sec, struct listen_conf *l)
{
	unsigned    n = cfg_size(sec, "allow");
	const char *why;

	l->allow = n > 0 ? xcalloc(n, sizeof(*l->allow)) : NULL;
	for (unsigned i = 0; i < n; i++)
		l->nallow += network_parse(span_of(cfg_getnstr(sec, "allow", i)),
		    &l->allow[l->nallow], &why);
}

static void
take_options(cfg_t *sec, struct listen_conf *l)
{
	const char *idle = source_str(sec, "idle");

	take_allow(sec, l);
	l->cert = source_dup(sec, "cert");
	l->key = source_dup(sec, "key");
	if (l->key == NULL && l->cert != NULL)
		l->key = xstrdup(l->cert);
	l->tls = tls_mode(source_str(sec, "tls"), l->cert != NULL);
	l->tls_min = source_dup(sec, "tls-min");
	l->users_file = source_dup(sec, "users-file");
	l->auth_required = source_flag(sec, "auth-required", false);
	l->clients = source_number(sec, "clients", DEFAULT_CLIENTS);
	l->clients_per_address = source_number(sec, "clients-per-address", 0);
	l->recipients = source_number(sec, "recipients", DEFAULT_RECIPIENTS);
	l->errors = source_number(sec, "errors", DEFAULT_ERRORS);
	l->idle_s = idle != NULL ? source_duration_s(sec, "idle", 0) : DEFAULT_IDLE_S;
}

/* ---- what must not be ---- */

static int
check_tls(const struct source *s, cfg_t *sec, const struct listen_conf *l, struct buf *why)
{
	if (l->tls != TLS_NONE && l->cert == NULL)
		return source_wrong(s, sec, "tls", why, "listen \"%s\": TLS needs a certificate; "
		    "add cert = \"...\" and key = \"...\"", l->at);
	if (l->key != NULL && l->cert == NULL)
		return source_wrong(s, sec, "key", why, "listen \"%s\": a key without a certificate; "
		    "add cert = \"...\"", l->at);
	if (l->tls == TLS_NONE && l->cert != NULL)
		return source_wrong(s, sec, "tls", why, "listen \"%s\": a certificate is for TLS; "
		    "write tls = \"starttls\" or \"implicit\", or take cert out", l->at);
	if (l->tls == TLS_NONE && l->tls_min != NULL)
		return source_wrong(s, sec, "tls-min", why, "listen \"%s\": tls-min is for TLS; "
		    "add cert = \"...\" and key = \"...\", or take it out", l->at);
	return 0;
}

static int
check_who(const struct source *s, cfg_t *sec, const struct listen_conf *l, struct buf *why)
{
	if (l->auth_required && l->users_file == NULL)
		return source_wrong(s, sec, "auth-required", why, "listen \"%s\": nobody could log in; "
		    "add users-file = \"...\"", l->at);
	if (l->kind == LISTEN_UNIX && l->nallow > 0)
		return source_wrong(s, sec, "allow", why, "listen \"%s\": the clients of this socket "
		    "have no address; take allow out", l->at);
	if (is_local(l) || l->kind == LISTEN_PASSED)
		return 0;
	if (l->nallow == 0 && l->users_file == NULL)
		return source_wrong(s, sec, NULL, why, "listen \"%s\": it would be open to everybody; "
		    "add allow = { \"192.168.1.0/24\" } or users-file = \"...\"", l->at);
	if (l->users_file != NULL && l->tls == TLS_NONE)
		return source_wrong(s, sec, "users-file", why, "listen \"%s\": passwords would cross the "
		    "network in the clear; add cert = \"...\" and key = \"...\"", l->at);
	return 0;
}

static int
take(const struct source *s, cfg_t *sec, struct listen_conf *l, struct buf *why)
{
	int rc;

	l->at = xstrdup(cfg_title(sec));
	if (!take_place(l))
		return source_wrong(s, sec, NULL, why, "listen: \"%.120s\" is no place to listen at; "
		    "write \"127.0.0.1:25\", \"[::1]:25\", \"/run/postern/smtp.sock\" or \"fd:NAME\"",
		    l->at);
	take_options(sec, l);
	rc = check_tls(s, sec, l, why);
	return rc == 0 ? check_who(s, sec, l, why) : rc;
}

int
listens_take(const struct source *s, struct config *c, struct buf *why)
{
	unsigned n = cfg_size(s->root, "listen");
	int      rc = 0;

	c->listens = xcalloc(n > 0 ? n : 1, sizeof(*c->listens));
	for (unsigned i = 0; i < n; i++) {
		int wrong = take(s, cfg_getnsec(s->root, "listen", i), &c->listens[c->nlistens++], why);

		if (wrong != 0)
			rc = wrong;
	}
	return rc;
}
