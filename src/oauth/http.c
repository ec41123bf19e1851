#include "oauth/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "base/version.h"
#include "oauth/hold.h"
#include "oauth/json.h"

/* Both together stay below the daemon's patience: who asked must hear the reason, and an answer on its
   way must not be cut off. */
#define CONNECT_LIMIT_S 15L
#define LIMIT_S         45L

static size_t
on_bytes(char *p, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	buf_add(body, p, size * n);
	return body->over ? 0 : size * n;
}

#if LIBCURL_VERSION_NUM >= 0x075000
static int
on_leaving(void *arg, char *to, char *from, int to_port, int from_port)
{
	(void)arg, (void)to, (void)from, (void)to_port, (void)from_port;
	hold_begin();
	return CURL_PREREQFUNC_OK;
}

static void
hold_when_it_leaves(CURL *c)
{
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_leaving);
}
#else
/* It cannot be asked when that is: connecting is part of it. */
static void
hold_when_it_leaves(CURL *c)
{
	(void)c;
	hold_begin();
}
#endif

static void
set_up(CURL *c, const char *url, const char *ca_file)
{
	const char *ca = ca_file != NULL ? ca_file : getenv("SSL_CERT_FILE");
	bool plain = url_is_plain(span_of(url));

	curl_easy_setopt(c, CURLOPT_URL, url);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
#else
	curl_easy_setopt(c, CURLOPT_PROTOCOLS, plain ? CURLPROTO_HTTP : CURLPROTO_HTTPS);
#endif
	curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_LIMIT_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, LIMIT_S);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, CURL_NETRC_IGNORED);
	if (ca != NULL && ca[0] != '\0')
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	if (plain)      /* "this machine" would be the proxy's own */
		curl_easy_setopt(c, CURLOPT_PROXY, "");
}

static int
explain(CURLcode rc, const char *url, const char *detail, const struct buf *body, struct trouble *t)
{
	struct span host = url_host(span_of(url));

	if (detail[0] == '\0')
		detail = curl_easy_strerror(rc);
	if (rc == CURLE_SSL_CACERT_BADFILE)
		return trouble_set(t, TROUBLE_CONFIG, "look at ca-file", "%s", detail);
	if (body->over)
		return trouble_set(t, TROUBLE_CONFIG, "look at the endpoint's address",
		    "%.*s: answers more than %u bytes", (int)host.n, host.p, JSON_MAX_BYTES);
	return trouble_set(t, TROUBLE_WAIT, NULL, "%.*s: %s", (int)host.n, host.p, detail);
}

static int
perform(CURL *c, const char *url, struct http_answer *ret, struct trouble *t)
{
	char detail[CURL_ERROR_SIZE] = "";
	curl_off_t after = 0;
	CURLcode rc;

	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &ret->body);
	rc = curl_easy_perform(c);
	if (rc != CURLE_OK)
		return explain(rc, url, detail, &ret->body, t);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ret->status);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &after);
	ret->retry_after_s = after > 0 ? after : 0;
	return 0;
}

int
http_ask(const char *url, const struct buf *form, const char *ca_file, struct http_answer *ret,
    struct trouble *t)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
	struct buf agent;
	CURL *c = curl_easy_init();
	const char *why;
	int r;

	if (c == NULL || headers == NULL)
		abort();
	memset(ret, 0, sizeof(*ret));
	buf_init(&ret->body, JSON_MAX_BYTES);
	buf_room(&ret->body, JSON_MAX_BYTES);   /* growth would leave copies of a token behind */
	buf_init(&agent, 100);
	buf_printf(&agent, "postern/%s", version_text());
	set_up(c, url, ca_file);
	curl_easy_setopt(c, CURLOPT_USERAGENT, buf_cstr(&agent));
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (form != NULL) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)form->n);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, buf_cstr(form));
		hold_when_it_leaves(c);
	}
	r = url_is_safe(span_of(url), &why) ? perform(c, url, ret, t) :
	    trouble_set(t, TROUBLE_CONFIG, "write an https:// address", "\"%.200s\": %s", url, why);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	buf_done(&agent);
	if (r < 0)
		http_answer_done(ret);
	return r;
}

void
http_answer_done(struct http_answer *a)
{
	buf_wipe(&a->body);
}
