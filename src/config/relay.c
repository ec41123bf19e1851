/* relay.c - one relay: its own options first, then the provider's, then ours. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "config/oauth.h"
#include "config/options.h"
#include "config/provider.h"
#include "config/relay.h"
#include "config/relay_tls.h"
#include "config/rulefile.h"
#include "config/secret.h"

#define DEFAULT_CONNECTIONS    4
#define DEFAULT_PIPELINE_DEPTH 8
#define DEFAULT_IDLE_S         30
#define DEFAULT_PASSWORD_TTL_S 3600     /* a vault is asked now and then, not for each connection */
#define DEFAULT_RECIPIENTS     100      /* what every server must take: RFC 5321 §4.5.3.1.8 */

/* What the common servers say, for a relay that names no provider; not needed. */
#define GENERIC "generic"

#define PORT_SMTP     25
#define PORT_IMPLICIT 465               /* RFC 8314 §7.3 */
#define PORT_STARTTLS 587               /* RFC 6409 §3.1 */

cfg_opt_t relay_schema[] = {
	SOURCE_OPTION("provider"),
	SOURCE_OPTION("host"),
	SOURCE_OPTION("port"),
	SOURCE_OPTION("tls"),
	SOURCE_OPTION("tls-min"),
	SOURCE_OPTION("tls-verify"),
	SOURCE_OPTION("insecure"),
	SOURCE_OPTION("ca-file"),
	SOURCE_OPTION("ca-path"),
	SOURCE_OPTION("client-cert"),
	SOURCE_OPTION("client-key"),
	SOURCE_LIST("fingerprint"),
	SOURCE_OPTION("dane"),
	SOURCE_OPTION("tls-ciphers"),
	SOURCE_OPTION("auth"),
	SOURCE_OPTION("user"),
	SOURCE_OPTION("password-file"),
	SOURCE_OPTION("credential"),
	SOURCE_OPTION("password"),
	SOURCE_LIST("password-command"),
	SOURCE_OPTION("password-ttl"),
	SOURCE_OPTION("from"),
	SOURCE_OPTION("from-header"),
	SOURCE_OPTION("helo"),
	SOURCE_OPTION("connections"),
	SOURCE_OPTION("pipeline-depth"),
	SOURCE_OPTION("idle"),
	SOURCE_OPTION("recipients-per-message"),
	SOURCE_OPTION("messages-per-minute"),
	SOURCE_OPTION("messages-per-hour"),
	SOURCE_OPTION("messages-per-day"),
	SOURCE_OPTION("recipients-per-day"),
	SOURCE_OPTION("null-sender"),
	SOURCE_OPTION("chunking"),
	CFG_SEC("oauth", oauth_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_SEC("rule", rulefile_schema, CFGF_MULTI | CFGF_NODEFAULT),
	CFG_END()
};

void
relay_conf_done(struct relay_conf *r)
{
	free(r->name);
	free(r->provider);
	free(r->host);
	free(r->auth);
	free(r->user);
	free(r->password_file);
	free(r->credential);
	if (r->password != NULL)
		explicit_bzero(r->password, strlen(r->password));
	free(r->password);
	source_list_free(r->password_command);
	oauth_conf_free(r->oauth);
	relay_tls_done(r);
	addr_free(r->from);
	free(r->helo);
	rules_done(&r->rules);
	memset(r, 0, sizeof(*r));
}

/* ---- where and how to connect ---- */

static enum tls_mode
tls_mode(const char *word)
{
	if (strcasecmp(word, "none") == 0)
		return TLS_NONE;
	return strcasecmp(word, "starttls") == 0 ? TLS_STARTTLS : TLS_IMPLICIT;
}

static unsigned
port_of(enum tls_mode tls)
{
	return tls == TLS_IMPLICIT ? PORT_IMPLICIT : tls == TLS_STARTTLS ? PORT_STARTTLS : PORT_SMTP;
}

/*
 * Port and mode follow each other: whoever changes one of a preset means
 * the other to fit.  TLS is never left out because of a port.
 */
static void
take_endpoint(cfg_t *sec, const struct provider *p, struct relay_conf *r)
{
	const char *tls = source_str(sec, "tls");
	unsigned port = source_number(sec, "port", 0);
	bool preset = p->tls != NULL;

	if (tls != NULL)
		r->tls = tls_mode(tls);
	else if (port != 0 && port != p->port && port != PORT_IMPLICIT)
		r->tls = port == PORT_STARTTLS || port == PORT_SMTP || !preset ? TLS_STARTTLS :
		    tls_mode(p->tls);
	else if (port != 0 && port == PORT_IMPLICIT)
		r->tls = TLS_IMPLICIT;
	else
		r->tls = preset ? tls_mode(p->tls) : TLS_IMPLICIT;

	if (port != 0)
		r->port = port;
	else if (preset && p->port != 0 && r->tls == tls_mode(p->tls))
		r->port = p->port;
	else
		r->port = port_of(r->tls);
}

static int
check_endpoint(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	if (r->port == PORT_IMPLICIT && r->tls == TLS_STARTTLS)
		return source_wrong(s, sec, "port", why, "relay %s: port 465 begins with TLS; "
		    "write tls = \"implicit\", or port = 587", r->name);
	if (r->port == PORT_STARTTLS && r->tls == TLS_IMPLICIT)
		return source_wrong(s, sec, "port", why, "relay %s: port 587 does not begin with TLS; "
		    "write tls = \"starttls\", or port = 465", r->name);
	if (r->tls == TLS_NONE && !r->insecure && !option_is_loopback(r->host))
		return source_wrong(s, sec, "tls", why,
		    "relay %s: tls = \"none\" would send mail to %s "
		    "in the clear; write \"starttls\" or \"implicit\", or say insecure = true",
		    r->name, r->host);
	if (r->tls != TLS_NONE && r->insecure)
		return source_wrong(s, sec, "insecure", why,
		    "relay %s: insecure is for tls = \"none\"; "
		    "take it out (a certificate is left unchecked by tls-verify = false)", r->name);
	return 0;
}

/* ---- who we are there ---- */

static unsigned
count_given(cfg_t *sec)
{
	return (source_str(sec, "password-file") != NULL) + (source_str(sec, "credential") != NULL) +
	    (source_str(sec, "password") != NULL) + (cfg_size(sec, "password-command") > 0) +
	    (cfg_size(sec, "oauth") > 0);
}

/* Mechanisms that take a token and no password. */
static bool
is_token_only(const char *auth)
{
	struct span rest = span_of(auth), word;
	bool any = false;

	while (span_cut(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		any = true;
		if (!span_eq(word, SPAN("XOAUTH2")) && !span_eq(word, SPAN("OAUTHBEARER")))
			return false;
	}
	return any;
}

static bool
has_token(const char *auth)
{
	struct span rest = span_of(auth), word;

	while (span_cut(&rest, ' ', &word))
		if (span_eq(word, SPAN("XOAUTH2")) || span_eq(word, SPAN("OAUTHBEARER")))
			return true;
	return false;
}

static bool
wants_login(const struct provider *p)
{
	return p->user_hint != NULL && p->user_hint[0] != '\0';
}

static int
check_login(const struct source *s, cfg_t *sec, const struct provider *p, const struct relay_conf *r,
    struct buf *why)
{
	unsigned secrets = count_given(sec);

	if (secrets > 1)
		return source_wrong(s, sec, NULL, why, "relay %s: more than one password; "
		    "keep one of password-file, password-command, credential, password and oauth { ... }", r->name);
	if (r->user != NULL && secrets == 0 && r->client_cert == NULL)
		return source_wrong(s, sec, "user", why, "relay %s: user without a password; "
		    "add password-file = \"/etc/postern/%s.password\"", r->name, r->name);
	if (r->user == NULL && secrets > 0)
		return source_wrong(s, sec, NULL, why, "relay %s: %s without a user; "
		    "add user = \"...\" (%s)", r->name,
		    r->oauth != NULL ? "oauth" : "password", wants_login(p) ? p->user_hint :
		    "the login name");
	if (r->user == NULL && wants_login(p))
		return source_wrong(s, sec, NULL, why, "relay %s: provider %s wants a login; "
		    "add user = \"...\" (%s) and password-file", r->name, r->provider, p->user_hint);
	if (r->user != NULL && r->oauth == NULL && r->auth != NULL && is_token_only(r->auth))
		return source_wrong(s, sec, NULL, why,
		    "relay %s: %s takes no passwords, only OAuth tokens (%s); "
		    "write oauth { client-id = \"...\" } instead of the password", r->name,
		    r->provider != NULL ? r->provider : r->host, r->auth);
	if (r->oauth != NULL && r->auth != NULL && !has_token(r->auth))
		return source_wrong(s, sec, "auth", why,
		    "relay %s: %s allows no mechanism of tokens; add XOAUTH2 or OAUTHBEARER to auth",
		    r->name, r->auth);
	return 0;
}

static int
check_command(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	const char *program = r->password_command != NULL ? r->password_command[0] : NULL;

	if (program == NULL && source_str(sec, "password-ttl") != NULL)
		return source_wrong(s, sec, "password-ttl", why, "relay %s: password-ttl is for password-command; "
		    "take it out (a file is read for each login)", r->name);
	if (program != NULL && (program[0] != '/' || strlen(program) >= PATH_MAX))
		return source_wrong(s, sec, "password-command", why,
		    "relay %s: password-command: \"%.80s\" is no full path, and nothing is searched for it; "
		    "write { \"/usr/bin/pass\", \"show\", \"smtp\" }", r->name, program);
	return 0;
}

static int
check_inline_password(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	if (r->password == NULL || (s->st.st_mode & 077) == 0)
		return 0;
	if ((s->st.st_mode & 07) == 0 && secret_is_our_group(s->st.st_gid))
		return 0;
	return source_wrong(s, sec, "password", why,
	    "relay %s: other users can read the password here; "
	    "use password-file, or chmod 0600 %s", r->name, s->path);
}

static int
check_sender(const struct source *s, cfg_t *sec, const struct relay_conf *r, struct buf *why)
{
	if (r->from_header != FROM_KEEP && r->from == NULL)
		return source_wrong(s, sec, "from-header", why,
		    "relay %s: nothing to rewrite the header to; "
		    "add from = \"you@example.com\"", r->name);
	return 0;
}

/* ---- all of it ---- */

static char *
upper(char *s)
{
	char *p;

	for (p = s; p != NULL && *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	return s;
}

static unsigned
number(cfg_t *sec, const char *name, unsigned preset, unsigned otherwise)
{
	return source_number(sec, name, preset != 0 ? preset : otherwise);
}

/* Here 0 is a value: the admin of a paid account lifts the preset's limit with it. */
static void
take_quota(cfg_t *sec, const struct provider *p, struct relay_conf *r)
{
	r->messages_per_minute = source_number(sec, "messages-per-minute", p->messages_per_minute);
	r->messages_per_hour = source_number(sec, "messages-per-hour", p->messages_per_hour);
	r->messages_per_day = source_number(sec, "messages-per-day", p->messages_per_day);
	r->recipients_per_day = source_number(sec, "recipients-per-day", p->recipients_per_day);
}

static void
take_options(cfg_t *sec, const struct provider *p, struct relay_conf *r)
{
	const char *from_header = source_str(sec, "from-header");

	r->host = source_domain(sec, "host");
	if (r->host == NULL && p->host != NULL)
		r->host = xstrdup(p->host);
	take_endpoint(sec, p, r);
	r->auth = source_dup(sec, "auth");
	if (r->auth == NULL && p->auth != NULL)
		r->auth = xstrdup(p->auth);
	upper(r->auth);
	r->user = source_dup(sec, "user");
	r->password_file = source_dup(sec, "password-file");
	r->credential = source_dup(sec, "credential");
	r->password = source_dup(sec, "password");
	r->password_command = source_list(sec, "password-command");
	r->password_ttl_s = source_duration_s(sec, "password-ttl", DEFAULT_PASSWORD_TTL_S);
	r->app_password_letters = p->app_password_letters;
	r->insecure = source_flag(sec, "insecure", false);
	relay_tls_take(sec, r);
	r->from = source_addr(sec, "from");
	r->from_header = from_header == NULL || strcasecmp(from_header, "keep") == 0 ? FROM_KEEP :
	    strcasecmp(from_header, "rewrite") == 0 ? FROM_REWRITE : FROM_REWRITE_LOCAL;
	r->helo = source_domain(sec, "helo");
	r->connections = number(sec, "connections", p->connections, DEFAULT_CONNECTIONS);
	r->pipeline_depth = number(sec, "pipeline-depth", p->pipeline_depth, DEFAULT_PIPELINE_DEPTH);
	r->idle_s = source_duration_s(sec, "idle", DEFAULT_IDLE_S);
	r->recipients_per_message = number(sec, "recipients-per-message", p->recipients_per_message,
	    DEFAULT_RECIPIENTS);
	take_quota(sec, p, r);
	r->null_sender = source_flag(sec, "null-sender", !p->refuses_null_sender);
	r->chunking = source_flag(sec, "chunking", true);
}

/* As many of them as there is room for. */
static void
put_lines(struct buf *why, struct span lines)
{
	struct span line;

	while (span_cut(&lines, '\n', &line) && why->max - why->n > line.n + 1) {
		if (why->n > 0)
			buf_char(why, '\n');
		buf_span(why, line);
	}
}

static int
take_provider(const struct source *s, cfg_t *sec, const char *providers, struct provider *p,
    struct relay_conf *r, struct buf *why)
{
	struct buf detail;
	int rc;

	r->provider = source_dup(sec, "provider");
	buf_init(&detail, 16384);
	rc = provider_read(providers, r->provider != NULL ? r->provider : GENERIC, p, &detail);
	if (rc == EX_NOINPUT && r->provider == NULL)
		rc = 0;
	else if (rc == EX_NOINPUT)
		rc = source_wrong(s, sec, "provider", why, "relay %s: %s", r->name, buf_cstr(&detail));
	else if (rc != 0)
		put_lines(why, buf_view(&detail));
	buf_done(&detail);
	return rc;
}

static int
check(const struct source *s, cfg_t *sec, const struct provider *p, struct relay_conf *r,
    struct buf *why)
{
	int rc;

	if (r->host == NULL && r->provider != NULL)
		return source_wrong(s, sec, "provider", why,
		    "relay %s: provider %s has no host of its own; "
		    "add host = \"smtp.example.com\"", r->name, r->provider);
	if (r->host == NULL)
		return source_wrong(s, sec, NULL, why, "relay %s: neither provider nor host; "
		    "add provider = \"gmail\" or host = \"smtp.example.com\"", r->name);
	rc = check_endpoint(s, sec, r, why);
	if (rc == 0)
		rc = relay_tls_check(s, sec, r, why);
	if (rc == 0)
		rc = oauth_take(s, sec, &p->oauth, r, why);
	if (rc == 0)
		rc = check_login(s, sec, p, r, why);
	if (rc == 0)
		rc = check_inline_password(s, sec, r, why);
	if (rc == 0)
		rc = check_command(s, sec, r, why);
	if (rc == 0)
		rc = check_sender(s, sec, r, why);
	return rc;
}

int
relay_take(const struct source *s, cfg_t *sec, const char *providers, struct relay_conf *ret,
    struct buf *why)
{
	struct relay_conf r = { 0 };
	struct provider p = { 0 };
	struct buf wrong;
	int rc = 0;

	buf_init(&wrong, 256);
	r.name = xstrdup(cfg_title(sec));
	if (option_check("relays", r.name, &wrong) < 0)
		rc = source_wrong(s, sec, NULL, why, "relay: the name \"%.48s\" is not possible; "
		    "letters, digits and - only", r.name);
	buf_done(&wrong);
	if (rc == 0)
		rc = take_provider(s, sec, providers, &p, &r, why);
	if (rc == 0) {
		take_options(sec, &p, &r);
		rc = check(s, sec, &p, &r, why);
	}
	if (rc == 0)
		rc = rulefile_take(s, sec, &r.rules, why);
	if (rc == 0) {
		rulefile_append(&r.rules, &p.rules);
		*ret = r;
	} else {
		relay_conf_done(&r);
	}
	provider_done(&p);
	return rc;
}
