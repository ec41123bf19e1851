#include "config/oauth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#define PRESET_OPTIONS \
	SOURCE_OPTION("authorize-endpoint"), SOURCE_OPTION("token-endpoint"), SOURCE_OPTION("device-endpoint"), \
	SOURCE_OPTION("discovery"), SOURCE_OPTION("authorize-extra"), SOURCE_OPTION("scope"), \
	SOURCE_OPTION("app-scope"), SOURCE_OPTION("tenant"), SOURCE_OPTION("redirect-host"), \
	SOURCE_OPTION("grant-days"), SOURCE_OPTION("unused-days")

static const char *const names[OAUTH_NPRESETS] = {
	[OAUTH_AUTHORIZE] = "authorize-endpoint", [OAUTH_TOKEN] = "token-endpoint",
	[OAUTH_DEVICE] = "device-endpoint", [OAUTH_DISCOVERY] = "discovery",
	[OAUTH_EXTRA] = "authorize-extra", [OAUTH_SCOPE] = "scope", [OAUTH_APP_SCOPE] = "app-scope",
	[OAUTH_TENANT] = "tenant", [OAUTH_REDIRECT_HOST] = "redirect-host",
	[OAUTH_GRANT_DAYS] = "grant-days", [OAUTH_UNUSED_DAYS] = "unused-days",
};

cfg_opt_t oauth_preset_schema[] = {
	PRESET_OPTIONS,
	CFG_END()
};

cfg_opt_t oauth_schema[] = {
	PRESET_OPTIONS,
	SOURCE_OPTION("flow"),
	SOURCE_OPTION("client-id"),
	SOURCE_OPTION("client-secret-file"),
	SOURCE_OPTION("key-file"),
	SOURCE_OPTION("subject"),
	SOURCE_OPTION("token-file"),
	SOURCE_OPTION("redirect-port"),
	SOURCE_OPTION("ca-file"),
	CFG_END()
};

static const char tenant_word[] = "TENANT";

static const struct {
	const char     *name;
	enum oauth_flow flow;
} flows[] = {
	{ "authorization-code", FLOW_BROWSER }, { "device-code", FLOW_DEVICE },
	{ "client-credentials", FLOW_CLIENT }, { "service-account", FLOW_KEY },
};

/* ---- a provider's ---- */

void
oauth_preset_take(cfg_t *root, struct oauth_preset *ret)
{
	cfg_t *sec = cfg_size(root, "oauth") > 0 ? cfg_getnsec(root, "oauth", 0) : NULL;

	for (size_t i = 0; sec != NULL && i < OAUTH_NPRESETS; i++)
		ret->value[i] = source_dup(sec, names[i]);
}

void
oauth_preset_inherit(struct oauth_preset *p, struct oauth_preset *other)
{
	for (size_t i = 0; i < OAUTH_NPRESETS; i++) {
		if (p->value[i] == NULL) {
			p->value[i] = other->value[i];
			other->value[i] = NULL;
		}
	}
}

void
oauth_preset_done(struct oauth_preset *p)
{
	for (size_t i = 0; i < OAUTH_NPRESETS; i++)
		free(p->value[i]);
	memset(p, 0, sizeof(*p));
}

/* ---- a relay's ---- */

void
oauth_conf_free(struct oauth_conf *o)
{
	if (o == NULL)
		return;
	free(o->authorize_endpoint);
	free(o->token_endpoint);
	free(o->device_endpoint);
	free(o->discovery);
	free(o->authorize_extra);
	free(o->scope);
	free(o->client_id);
	free(o->client_secret_file);
	free(o->key_file);
	free(o->subject);
	free(o->token_file);
	free(o->redirect_host);
	free(o->ca_file);
	free(o);
}

static enum oauth_flow
flow_of(cfg_t *sec)
{
	const char *word = source_str(sec, "flow");

	for (size_t i = 0; word != NULL && i < sizeof(flows) / sizeof(flows[0]); i++)
		if (strcasecmp(word, flows[i].name) == 0)
			return flows[i].flow;
	return source_str(sec, "key-file") != NULL ? FLOW_KEY : FLOW_BROWSER;
}

static char *
value(cfg_t *sec, const struct oauth_preset *p, size_t i)
{
	const char *mine = source_str(sec, names[i]);

	if (mine == NULL)
		mine = p->value[i];
	return mine != NULL ? xstrdup(mine) : NULL;
}

/* The option's own parser has passed it; 0: not given. */
static int64_t
days_s(cfg_t *sec, const struct oauth_preset *p, size_t i)
{
	char *text = value(sec, p, i);
	uint64_t days = 0;

	if (text != NULL)
		text_number(span_of(text), INT16_MAX, &days);
	free(text);
	return (int64_t)days * 86400;
}

/* An address with the tenant in its place. */
static char *
endpoint(cfg_t *sec, const struct oauth_preset *p, size_t i, const char *tenant)
{
	char *url = value(sec, p, i), *at = url != NULL ? strstr(url, tenant_word) : NULL;
	struct buf b;

	if (at == NULL || tenant == NULL)
		return url;
	buf_init(&b, 4096);
	buf_add(&b, url, (size_t)(at - url));
	buf_str(&b, tenant);
	buf_str(&b, at + sizeof(tenant_word) - 1);
	free(url);
	url = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return url;
}

static struct oauth_conf *
take(cfg_t *sec, const struct oauth_preset *p, const struct relay_conf *r)
{
	struct oauth_conf *o = xcalloc(1, sizeof(*o));
	char *tenant = value(sec, p, OAUTH_TENANT);
	const char *subject = source_str(sec, "subject");

	o->flow = flow_of(sec);
	o->authorize_endpoint = endpoint(sec, p, OAUTH_AUTHORIZE, tenant);
	o->token_endpoint = endpoint(sec, p, OAUTH_TOKEN, tenant);
	o->device_endpoint = endpoint(sec, p, OAUTH_DEVICE, tenant);
	o->discovery = endpoint(sec, p, OAUTH_DISCOVERY, tenant);
	o->authorize_extra = value(sec, p, OAUTH_EXTRA);
	o->scope = source_dup(sec, "scope");
	if (o->scope == NULL && o->flow == FLOW_CLIENT)
		o->scope = value(sec, p, OAUTH_APP_SCOPE);
	if (o->scope == NULL)
		o->scope = value(sec, p, OAUTH_SCOPE);
	o->client_id = source_dup(sec, "client-id");
	o->client_secret_file = source_dup(sec, "client-secret-file");
	o->key_file = source_dup(sec, "key-file");
	o->subject = subject != NULL ? xstrdup(subject) : r->user != NULL ? xstrdup(r->user) : NULL;
	o->token_file = source_dup(sec, "token-file");
	o->redirect_host = value(sec, p, OAUTH_REDIRECT_HOST);
	o->redirect_port = source_number(sec, "redirect-port", 0);
	o->grant_s = days_s(sec, p, OAUTH_GRANT_DAYS);
	o->unused_s = days_s(sec, p, OAUTH_UNUSED_DAYS);
	o->ca_file = source_dup(sec, "ca-file");
	free(tenant);
	return o;
}

static const char *
who(const struct relay_conf *r)
{
	return r->provider != NULL ? r->provider : r->host;
}

static int
check_client(const struct source *s, cfg_t *sec, const struct oauth_conf *o, const struct relay_conf *r,
    struct buf *why)
{
	if (o->flow == FLOW_KEY && o->key_file == NULL)
		return source_wrong(s, sec, "flow", why, "relay %s: a service account has a key; "
		    "add key-file = \"/etc/postern/%s.json\"", r->name, r->name);
	if (o->flow != FLOW_KEY && o->key_file != NULL)
		return source_wrong(s, sec, "key-file", why, "relay %s: key-file is for flow = \"service-account\"; "
		    "take one of the two out", r->name);
	if (o->flow != FLOW_KEY && o->client_id == NULL)
		return source_wrong(s, sec, NULL, why, "relay %s: no client-id; register a client at %s and "
		    "add its client-id = \"...\"", r->name, who(r));
	if (o->flow == FLOW_CLIENT && o->client_secret_file == NULL)
		return source_wrong(s, sec, "flow", why, "relay %s: client credentials are an id and a secret; "
		    "add client-secret-file = \"/etc/postern/%s.secret\"", r->name, r->name);
	return 0;
}

static int
no_endpoint(const struct source *s, cfg_t *sec, const struct relay_conf *r, const char *name, struct buf *why)
{
	return source_wrong(s, sec, NULL, why, "relay %s: it is not known where %s gives tokens; "
	    "add %s = \"https://...\", or discovery", r->name, who(r), name);
}

static int
check_endpoints(const struct source *s, cfg_t *sec, const struct oauth_conf *o, const struct relay_conf *r,
    struct buf *why)
{
	if (o->flow == FLOW_DEVICE && o->device_endpoint == NULL && o->discovery == NULL)
		return source_wrong(s, sec, "flow", why, "relay %s: %s has no device code for mail; "
		    "take flow out, or add device-endpoint", r->name, who(r));
	if (o->flow != FLOW_KEY && o->token_endpoint == NULL && o->discovery == NULL)
		return no_endpoint(s, sec, r, "token-endpoint", why);
	if (o->flow == FLOW_BROWSER && o->authorize_endpoint == NULL && o->discovery == NULL)
		return no_endpoint(s, sec, r, "authorize-endpoint", why);
	if (o->scope == NULL)
		return source_wrong(s, sec, NULL, why, "relay %s: it is not known what to ask %s for; "
		    "add scope = \"...\"", r->name, who(r));
	return 0;
}

/* A tenant of nobody in particular has no applications of its own. */
static int
check_tenant(const struct source *s, cfg_t *sec, const struct oauth_preset *p, const struct oauth_conf *o,
    const struct relay_conf *r, struct buf *why)
{
	const char *url = source_str(sec, "token-endpoint") != NULL ? source_str(sec, "token-endpoint") :
	    p->value[OAUTH_TOKEN];
	bool wanted = url != NULL && strstr(url, tenant_word) != NULL;

	if (!wanted && source_str(sec, "tenant") != NULL)
		return source_wrong(s, sec, "tenant", why, "relay %s: %s has no tenants; take tenant out",
		    r->name, who(r));
	if (wanted && o->flow == FLOW_CLIENT && source_str(sec, "tenant") == NULL)
		return source_wrong(s, sec, "flow", why, "relay %s: client credentials are of one tenant; "
		    "add tenant = \"example.com\"", r->name);
	return 0;
}

int
oauth_take(const struct source *s, cfg_t *relay, const struct oauth_preset *p, struct relay_conf *r,
    struct buf *why)
{
	unsigned n = cfg_size(relay, "oauth");
	cfg_t *sec = n > 0 ? cfg_getnsec(relay, "oauth", 0) : NULL;
	int rc;

	if (n == 0)
		return 0;
	r->oauth = take(sec, p, r);
	if (n > 1)
		return source_wrong(s, cfg_getnsec(relay, "oauth", 1), NULL, why,
		    "relay %s: oauth stands there twice; keep one of them", r->name);
	rc = check_client(s, sec, r->oauth, r, why);
	if (rc == 0)
		rc = check_tenant(s, sec, p, r->oauth, r, why);
	if (rc == 0)
		rc = check_endpoints(s, sec, r->oauth, r, why);
	return rc;
}
