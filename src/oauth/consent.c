#include "oauth/consent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/url.h"
#include "oauth/exchange.h"
#include "oauth/pkce.h"
#include "oauth/redirect.h"

#define BROWSER_LIMIT_MS (15 * 60 * 1000)
#define SLOWER_S         5      /* RFC 8628 §3.5 */

/* ---- a browser ---- */

struct consent {
	struct request  *r;
	struct redirect *back;
	struct buf       verifier, state, uri;
};

static void
put_extra(struct buf *url, const char *extra)
{
	if (extra == NULL || extra[0] == '\0')
		return;
	buf_char(url, '&');
	buf_str(url, extra);
}

static void
tell_address(const struct consent *c, void (*tell)(const char *name, const char *value))
{
	const struct request *r = c->r;
	struct buf url, challenge;
	char port[16];

	buf_init(&url, 16384);
	buf_init(&challenge, 100);
	pkce_challenge(&challenge, buf_view(&c->verifier));
	buf_str(&url, r->authorize_endpoint);
	buf_str(&url, strchr(r->authorize_endpoint, '?') == NULL ? "?" : "");
	url_put_param(&url, "response_type", SPAN("code"));
	url_put_param(&url, "client_id", span_of(r->client_id));
	url_put_param(&url, "redirect_uri", buf_view(&c->uri));
	url_put_param(&url, "scope", span_of(r->scope));
	url_put_param(&url, "state", buf_view(&c->state));
	url_put_param(&url, "code_challenge", buf_view(&challenge));
	url_put_param(&url, "code_challenge_method", SPAN("S256"));
	if (r->login_hint != NULL)
		url_put_param(&url, "login_hint", span_of(r->login_hint));
	put_extra(&url, r->authorize_extra);
	snprintf(port, sizeof(port), "%u", redirect_port(c->back));
	tell("port", port);
	tell("visit", buf_cstr(&url));
	buf_done(&url);
	buf_done(&challenge);
}

/* An answer to another question than ours is not looked at any further (RFC 6749 §10.12). */
static bool
is_ours(const struct consent *c, struct span query)
{
	struct buf state;
	bool same;

	buf_init(&state, 256);
	same = url_param(query, "state", &state) == 0 && !state.over &&
	    pkce_same(buf_view(&state), buf_view(&c->state));
	buf_done(&state);
	return same;
}

static int
refused(struct span query, struct trouble *t)
{
	struct buf error, description;

	buf_init(&error, REDIRECT_MAX_BYTES);
	buf_init(&description, REDIRECT_MAX_BYTES);
	url_param(query, "error", &error);
	url_param(query, "error_description", &description);
	trouble_judge(t, buf_cstr(&error), buf_cstr(&description), false);
	buf_done(&error);
	buf_done(&description);
	return -1;
}

static int
exchange(const struct consent *c, struct span query, struct tokens *ret, struct trouble *t)
{
	struct token_answer a = { 0 };
	struct buf code;
	int rc;

	buf_init(&code, REDIRECT_MAX_BYTES);
	buf_room(&code, REDIRECT_MAX_BYTES);
	rc = url_param(query, "code", &code) == 0 && code.n > 0 ? exchange_code(c->r, buf_cstr(&code),
	    buf_cstr(&c->verifier), buf_cstr(&c->uri), &a, t) : refused(query, t);
	if (rc == 0 && a.refresh == NULL)
		rc = trouble_set(t, TROUBLE_CONFIG, "look at scope: some providers want offline_access in it",
		    "the provider gave no refresh token");
	if (rc == 0)
		rc = obtain_keep(c->r, &a, ret, t);
	token_answer_done(&a);
	buf_wipe(&code);
	return rc;
}

static void
show(const struct consent *c, int rc, const struct tokens *f, const struct trouble *t)
{
	struct buf text;

	buf_init(&text, 4096);
	if (rc == 0)
		buf_printf(&text, "Postern on this machine may now send mail%s%.300s%s%.100s. What it was granted: "
		    "%.1000s. You can close this page.", c->r->login_hint != NULL ? " as " : "",
		    c->r->login_hint != NULL ? c->r->login_hint : "", c->r->relay != NULL ? ", for its relay " : "",
		    c->r->relay != NULL ? c->r->relay : "", f->scope != NULL ? f->scope : "what it asked for");
	else
		buf_printf(&text, "%s%s%s", t->text, t->hint != NULL ? " - " : "", t->hint != NULL ? t->hint : "");
	redirect_answer(c->back, rc == 0 ? "Done" : "That did not work", buf_cstr(&text));
	buf_done(&text);
}

static int
wait_for_answer(const struct consent *c, int in_fd, void (*tell)(const char *name, const char *value),
    struct tokens *ret, struct trouble *t)
{
	int64_t until = clock_mono_ms() + BROWSER_LIMIT_MS;
	struct buf query;
	int rc = -1, got;

	buf_init(&query, REDIRECT_MAX_BYTES);
	buf_room(&query, REDIRECT_MAX_BYTES);
	trouble_set(t, TROUBLE_PERSON, "start again", "nobody agreed within %d minutes", BROWSER_LIMIT_MS / 60000);
	while ((got = redirect_wait(c->back, in_fd, (int)(until - clock_mono_ms()), &query)) != -ETIMEDOUT) {
		if (got < 0) {
			tell("note", "that is not the address the browser ended at (it has code= or error= in it); "
			    "still waiting");
			continue;
		}
		if (is_ours(c, buf_view(&query))) {
			rc = exchange(c, buf_view(&query), ret, t);
			show(c, rc, ret, t);
			break;
		}
		redirect_answer(c->back, "Not ours", "This answers a question that Postern did not ask.");
		tell("note", "an answer to another question than this one was not taken; still waiting");
		buf_clear(&query);
	}
	buf_wipe(&query);
	return rc;
}

static int
complete(const struct request *r, struct trouble *t)
{
	if (r->client_id != NULL && r->scope != NULL && r->token_file != NULL)
		return 0;
	return trouble_set(t, TROUBLE_CONFIG, NULL, "no client-id, no scope or no token-file");
}

int
consent_browser(struct request *r, int in_fd, void (*tell)(const char *name, const char *value),
    struct tokens *ret, struct trouble *t)
{
	struct consent c = { .r = r };
	uint64_t port = 0;
	int rc, error;

	if (complete(r, t) < 0 || exchange_discover(r, ENDPOINT_TOKEN | ENDPOINT_AUTHORIZE, t) < 0)
		return -1;
	if (r->redirect_port != NULL && text_number(span_of(r->redirect_port), 65535, &port) < 0)
		return trouble_set(t, TROUBLE_CONFIG, "write a port from 1 to 65535", "redirect-port");
	c.back = redirect_open((unsigned)port, &error);
	if (c.back == NULL)
		return trouble_set(t, TROUBLE_CONFIG, "choose another redirect-port", "127.0.0.1:%u: %s",
		    (unsigned)port, strerror(error));
	buf_init(&c.verifier, 100);
	buf_init(&c.state, 100);
	buf_init(&c.uri, 300);
	pkce_random(&c.verifier);
	pkce_random(&c.state);
	buf_printf(&c.uri, "http://%s:%u", r->redirect_host != NULL ? r->redirect_host : "127.0.0.1",
	    redirect_port(c.back));
	tell_address(&c, tell);
	rc = wait_for_answer(&c, in_fd, tell, ret, t);
	redirect_close(c.back);
	buf_wipe(&c.verifier);
	buf_wipe(&c.state);
	buf_done(&c.uri);
	return rc;
}

/* ---- a code ---- */

/* No longer than the code is good, whatever the provider asks for. */
static void
rest(int64_t ms, int64_t until_ms)
{
	int64_t left = until_ms - clock_mono_ms();
	struct timespec pause;

	if (ms > left)
		ms = left > 0 ? left : 0;
	pause = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&pause, NULL);
}

static int
poll_device(const struct request *r, const struct device_answer *d, struct token_answer *ret, struct trouble *t)
{
	int64_t until = clock_mono_ms() + d->life_s * 1000, pause_s = d->interval_s;

	for (;;) {
		rest(pause_s * 1000, until);
		if (clock_mono_ms() >= until)
			return trouble_set(t, TROUBLE_PERSON, "start again", "nobody typed the code in within %lld s",
			    (long long)d->life_s);
		if (exchange_device_code(r, d->device_code, ret, t) == 0)
			return 0;
		/* A network that fails for a moment is waited for too, and more slowly (RFC 8628 §3.5). */
		if (t->kind == TROUBLE_SLOWER || t->kind == TROUBLE_WAIT)
			pause_s += SLOWER_S;
		else if (t->kind != TROUBLE_PENDING)
			return -1;
		if (t->retry_after_s > pause_s)
			pause_s = t->retry_after_s;
	}
}

static void
tell_code(const struct device_answer *d, void (*tell)(const char *name, const char *value))
{
	char life[32];

	snprintf(life, sizeof(life), "%lld", (long long)d->life_s);
	tell("seconds", life);
	tell("code", d->user_code);
	tell("visit", d->uri_complete != NULL ? d->uri_complete : d->uri);
}

int
consent_device(struct request *r, void (*tell)(const char *name, const char *value), struct tokens *ret,
    struct trouble *t)
{
	struct device_answer d = { 0 };
	struct token_answer a = { 0 };
	int rc;

	if (complete(r, t) < 0 || exchange_discover(r, ENDPOINT_TOKEN | ENDPOINT_DEVICE, t) < 0 ||
	    exchange_device(r, &d, t) < 0)
		return -1;
	tell_code(&d, tell);
	rc = poll_device(r, &d, &a, t);
	if (rc == 0)
		rc = obtain_keep(r, &a, ret, t);
	token_answer_done(&a);
	device_answer_done(&d);
	return rc;
}
