#include "oauth/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/url.h"
#include "oauth/http.h"
#include "oauth/jwt.h"

#define FORM_MAX_BYTES (64u << 10)
#define KEY_MAX_BYTES  (64u << 10)

static void
form_init(struct buf *form)
{
	buf_init(form, FORM_MAX_BYTES);
	buf_room(form, FORM_MAX_BYTES);         /* growth would leave copies of secrets behind */
}

static void
put(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		url_put_param(form, name, span_of(value));
}

static void
put_client(struct buf *form, const struct request *r)
{
	put(form, "client_id", r->client_id);
	put(form, "client_secret", r->client_secret);
}

static int
ask_form(const char *url, const struct buf *form, const char *ca_file, struct http_answer *ret, struct trouble *t)
{
	if (form->over)
		return trouble_set(t, TROUBLE_CONFIG, NULL, "the request is too long");
	return http_ask(url, form, ca_file, ret, t);
}

static int
ask_token(const struct request *r, const char *url, const struct buf *form, bool key, struct token_answer *ret,
    struct trouble *t)
{
	struct http_answer a;
	int rc;

	if (ask_form(url, form, r->ca_file, &a, t) < 0)
		return -1;
	rc = answer_token(&a, key, ret, t);
	http_answer_done(&a);
	return rc;
}

/* ---- where ---- */

static void
fill(char **mine, char **other)
{
	if (*mine == NULL) {
		*mine = *other;
		*other = NULL;
	}
}

static int
missing(const struct request *r, unsigned needed, struct trouble *t)
{
	const char *name = NULL;

	if ((needed & ENDPOINT_TOKEN) != 0 && r->token_endpoint == NULL)
		name = "token-endpoint";
	else if ((needed & ENDPOINT_AUTHORIZE) != 0 && r->authorize_endpoint == NULL)
		name = "authorize-endpoint";
	else if ((needed & ENDPOINT_DEVICE) != 0 && r->device_endpoint == NULL)
		name = "device-endpoint";
	if (name == NULL)
		return 0;
	return trouble_set(t, TROUBLE_CONFIG, "add it, or do without this flow", "no %s%s", name,
	    r->discovery != NULL ? ", and the issuer's document has none" : "");
}

int
exchange_discover(struct request *r, unsigned needed, struct trouble *t)
{
	struct discovered d = { 0 };
	struct http_answer a;
	struct buf url;
	size_t n;
	int rc;

	if (missing(r, needed, t) == 0)
		return 0;
	if (r->discovery == NULL)
		return -1;
	n = strlen(r->discovery);
	while (n > 0 && r->discovery[n - 1] == '/')
		n--;
	buf_init(&url, 4096);
	buf_printf(&url, "%.*s/.well-known/openid-configuration", (int)n, r->discovery);
	rc = http_ask(buf_cstr(&url), NULL, r->ca_file, &a, t);
	buf_done(&url);
	if (rc < 0)
		return -1;
	rc = answer_discovery(&a, r->discovery, &d, t);
	http_answer_done(&a);
	if (rc == 0) {
		fill(&r->token_endpoint, &d.token);
		fill(&r->authorize_endpoint, &d.authorize);
		fill(&r->device_endpoint, &d.device);
	}
	discovered_done(&d);
	return rc < 0 ? rc : missing(r, needed, t);
}

/* ---- what ---- */

int
exchange_refresh(const struct request *r, const char *refresh, struct token_answer *ret, struct trouble *t)
{
	struct buf form;
	int rc;

	/* No scope: it stays what was granted (RFC 6749 §6). */
	form_init(&form);
	put(&form, "grant_type", "refresh_token");
	put(&form, "refresh_token", refresh);
	put_client(&form, r);
	rc = ask_token(r, r->token_endpoint, &form, false, ret, t);
	buf_wipe(&form);
	return rc;
}

int
exchange_credentials(const struct request *r, struct token_answer *ret, struct trouble *t)
{
	struct buf form;
	int rc;

	form_init(&form);
	put(&form, "grant_type", "client_credentials");
	put(&form, "scope", r->scope);
	put_client(&form, r);
	rc = ask_token(r, r->token_endpoint, &form, false, ret, t);
	buf_wipe(&form);
	return rc;
}

static int
read_key(const char *path, struct service_key *ret, struct trouble *t)
{
	struct stat st;
	struct buf text;
	int rc;

	buf_init(&text, KEY_MAX_BYTES);
	buf_room(&text, KEY_MAX_BYTES);
	rc = fs_slurp_path(path, KEY_MAX_BYTES, &st, &text);
	if (rc < 0)
		rc = trouble_set(t, TROUBLE_CONFIG, "look at key-file", "%s: %s", path, strerror(-rc));
	else if (service_key_parse(buf_view(&text), ret) < 0)
		rc = trouble_set(t, TROUBLE_CONFIG, "download the key as JSON",
		    "%s: no client_email and private_key in it", path);
	buf_wipe(&text);
	return rc;
}

int
exchange_key(const struct request *r, struct token_answer *ret, struct trouble *t)
{
	struct claims c = { .scope = r->scope, .subject = r->subject, .now_s = clock_wall_s() };
	struct service_key k;
	struct buf assertion, form;
	const char *url;
	int rc;

	if (r->key_file == NULL || r->scope == NULL)
		return trouble_set(t, TROUBLE_CONFIG, NULL, "no key-file or no scope");
	if (read_key(r->key_file, &k, t) < 0)
		return -1;
	url = r->token_endpoint != NULL ? r->token_endpoint : k.token_uri;
	if (url == NULL)
		rc = trouble_set(t, TROUBLE_CONFIG, "add token-endpoint", "the key says no token_uri");
	else {
		c.audience = url;
		form_init(&form);
		buf_init(&assertion, FORM_MAX_BYTES);
		buf_room(&assertion, FORM_MAX_BYTES);
		rc = jwt_sign(&assertion, &k, &c, t);
		put(&form, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
		put(&form, "assertion", buf_cstr(&assertion));
		if (rc == 0)
			rc = ask_token(r, url, &form, true, ret, t);
		buf_wipe(&assertion);
		buf_wipe(&form);
	}
	service_key_done(&k);
	return rc;
}

int
exchange_code(const struct request *r, const char *code, const char *verifier, const char *redirect,
    struct token_answer *ret, struct trouble *t)
{
	struct buf form;
	int rc;

	form_init(&form);
	put(&form, "grant_type", "authorization_code");
	put(&form, "code", code);
	put(&form, "code_verifier", verifier);
	put(&form, "redirect_uri", redirect);
	put_client(&form, r);
	rc = ask_token(r, r->token_endpoint, &form, false, ret, t);
	buf_wipe(&form);
	return rc;
}

int
exchange_device_code(const struct request *r, const char *device_code, struct token_answer *ret, struct trouble *t)
{
	struct buf form;
	int rc;

	form_init(&form);
	put(&form, "grant_type", "urn:ietf:params:oauth:grant-type:device_code");
	put(&form, "device_code", device_code);
	put_client(&form, r);
	rc = ask_token(r, r->token_endpoint, &form, false, ret, t);
	buf_wipe(&form);
	return rc;
}

int
exchange_device(const struct request *r, struct device_answer *ret, struct trouble *t)
{
	struct http_answer a;
	struct buf form;
	int rc;

	form_init(&form);
	put(&form, "client_id", r->client_id);
	put(&form, "scope", r->scope);
	rc = ask_form(r->device_endpoint, &form, r->ca_file, &a, t);
	buf_wipe(&form);
	if (rc < 0)
		return rc;
	rc = answer_device(&a, ret, t);
	http_answer_done(&a);
	return rc;
}
