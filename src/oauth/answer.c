#include "oauth/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "oauth/json.h"

#define NAME_MAX_BYTES 200
#define URL_MAX_BYTES  2048
#define TEXT_MAX_BYTES 4096

#define DEFAULT_LIFE_S  3600            /* "recommended", says RFC 6749 §5.1 of expires_in; this is usual */
#define LONGEST_LIFE_S  (30 * 86400)
#define LONGEST_GRANT_S (3650 * INT64_C(86400))
#define DEVICE_LIFE_S   900
#define INTERVAL_S      5               /* RFC 8628 §3.2 */
#define INTERVAL_MAX_S  300
#define OVERLOADED_S    60              /* 429 without Retry-After */

static void
wipe(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void
token_answer_done(struct token_answer *a)
{
	wipe(&a->access);
	wipe(&a->refresh);
	free(a->scope);
	memset(a, 0, sizeof(*a));
}

void
device_answer_done(struct device_answer *a)
{
	wipe(&a->device_code);
	free(a->user_code);
	free(a->uri);
	free(a->uri_complete);
	memset(a, 0, sizeof(*a));
}

void
discovered_done(struct discovered *d)
{
	free(d->authorize);
	free(d->token);
	free(d->device);
	memset(d, 0, sizeof(*d));
}

static int64_t
clamp(int64_t x, int64_t least, int64_t most)
{
	return x < least ? least : x > most ? most : x;
}

static bool
is_overload(long status)
{
	return status == 429 || status == 408 || status >= 500;
}

/* An answer that is no success: why. */
static void
judge(const struct http_answer *a, const struct json *j, bool key, struct trouble *t)
{
	char *error = j != NULL ? json_text(j, "error", NAME_MAX_BYTES) : NULL;
	char *description = j != NULL ? json_bytes(j, "error_description", TEXT_MAX_BYTES) : NULL;

	if (error != NULL)
		trouble_judge(t, error, description != NULL ? description : "", key);
	else
		trouble_set(t, TROUBLE_CONFIG, "look at the endpoint's address", "HTTP %ld without an error that "
		    "can be read", a->status);
	if (is_overload(a->status) && t->kind != TROUBLE_PENDING && t->kind != TROUBLE_SLOWER) {
		t->kind = TROUBLE_WAIT;
		t->final = false;
		t->hint = NULL;
	}
	t->retry_after_s = a->retry_after_s;
	if (a->status == 429 && t->retry_after_s == 0)
		t->retry_after_s = OVERLOADED_S;
	free(error);
	free(description);
}

/* The object of a success; NULL: *t says why there is none. */
static struct json *
success(const struct http_answer *a, bool key, struct trouble *t)
{
	struct json *j = json_parse(buf_view(&a->body));

	if (j != NULL && a->status / 100 == 2)
		return j;
	judge(a, j, key, t);
	json_done(j);
	return NULL;
}

/* RFC 6750 §2.1: what can stand behind "Bearer ". */
static bool
is_token(const char *s)
{
	return s != NULL && strchr(s, ' ') == NULL;
}

int
answer_token(const struct http_answer *a, bool key, struct token_answer *ret, struct trouble *t)
{
	struct json *j = success(a, key, t);
	struct token_answer got = { 0 };

	if (j == NULL)
		return -1;
	got.access = json_text(j, "access_token", ANSWER_TOKEN_MAX);
	got.refresh = json_text(j, "refresh_token", ANSWER_TOKEN_MAX);
	got.scope = json_text(j, "scope", TEXT_MAX_BYTES);
	got.life_s = clamp(json_number(j, "expires_in", DEFAULT_LIFE_S), 1, LONGEST_LIFE_S);
	got.refresh_life_s = clamp(json_number(j, "refresh_token_expires_in", 0), 0, LONGEST_GRANT_S);
	if (!is_token(got.access)) {
		token_answer_done(&got);
		judge(a, j, key, t);
		json_done(j);
		return -1;
	}
	json_done(j);
	*ret = got;
	return 0;
}

int
answer_device(const struct http_answer *a, struct device_answer *ret, struct trouble *t)
{
	struct json *j = success(a, false, t);
	struct device_answer got = { 0 };

	if (j == NULL)
		return -1;
	got.device_code = json_text(j, "device_code", ANSWER_TOKEN_MAX);
	got.user_code = json_text(j, "user_code", NAME_MAX_BYTES);
	got.uri = json_text(j, "verification_uri", URL_MAX_BYTES);
	if (got.uri == NULL)
		got.uri = json_text(j, "verification_url", URL_MAX_BYTES);      /* Google's, older than the RFC */
	got.uri_complete = json_text(j, "verification_uri_complete", URL_MAX_BYTES);
	got.life_s = clamp(json_number(j, "expires_in", DEVICE_LIFE_S), 1, 2 * DEVICE_LIFE_S);
	got.interval_s = clamp(json_number(j, "interval", INTERVAL_S), 1, INTERVAL_MAX_S);
	json_done(j);
	if (got.device_code != NULL && got.user_code != NULL && got.uri != NULL) {
		*ret = got;
		return 0;
	}
	device_answer_done(&got);
	return trouble_set(t, TROUBLE_CONFIG, "look at device-endpoint", "the answer has no device code");
}

static bool
is_same_issuer(const char *said, const char *asked)
{
	size_t n = said != NULL ? strlen(said) : 0, m = strlen(asked);

	while (n > 0 && said[n - 1] == '/')
		n--;
	while (m > 0 && asked[m - 1] == '/')
		m--;
	return n == m && n > 0 && strncmp(said, asked, n) == 0;
}

/* A document that came over TLS may still not send a secret out in the clear. */
static char *
endpoint(const struct json *j, const char *name)
{
	char *url = json_text(j, name, URL_MAX_BYTES);
	const char *why;

	if (url != NULL && !url_is_safe(span_of(url), &why)) {
		free(url);
		return NULL;
	}
	return url;
}

int
answer_discovery(const struct http_answer *a, const char *issuer, struct discovered *ret, struct trouble *t)
{
	struct json *j = success(a, false, t);
	char *said;
	bool same;

	if (j == NULL)
		return -1;
	said = json_text(j, "issuer", URL_MAX_BYTES);
	same = is_same_issuer(said, issuer);
	free(said);
	if (same) {
		ret->authorize = endpoint(j, "authorization_endpoint");
		ret->token = endpoint(j, "token_endpoint");
		ret->device = endpoint(j, "device_authorization_endpoint");
	}
	json_done(j);
	if (!same)
		return trouble_set(t, TROUBLE_CONFIG, "write the issuer as it calls itself",
		    "the document of %.200s is another issuer's", issuer);
	return 0;
}
