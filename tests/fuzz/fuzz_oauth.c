/*
 * fuzz_oauth.c - whatever an endpoint, a browser or a broken disk gives: a
 * token that can stand in a login, an address that a secret may go to, or
 * trouble in one printable line.
 */
#include <string.h>

#include "fuzz/fuzz.h"
#include "base/url.h"
#include "oauth/answer.h"
#include "oauth/redirect.h"
#include "oauth/request.h"
#include "oauth/tokenfile.h"
#include "smtp/bearer.h"

static void
check_trouble(const struct trouble *t)
{
	must(t->kind != TROUBLE_NONE);
	for (const char *c = t->text; *c != '\0'; c++)
		must(*c >= ' ' && *c <= '~');
}

static void
check_word(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		must(*s >= ' ' && *s <= '~');
}

static void
answers(struct http_answer *a)
{
	struct token_answer token;
	struct device_answer device;
	struct discovered found = { 0 };
	struct trouble t = { 0 };
	const char *why;

	if (answer_token(a, false, &token, &t) == 0) {
		must(token.access != NULL && strchr(token.access, ' ') == NULL && token.life_s > 0);
		check_word(token.access);
		check_word(token.refresh);
		token_answer_done(&token);
	} else {
		check_trouble(&t);
	}
	if (answer_device(a, &device, &t) == 0) {
		must(device.interval_s > 0 && device.life_s > 0);
		check_word(device.uri);
		check_word(device.user_code);
		device_answer_done(&device);
	} else {
		check_trouble(&t);
	}
	if (answer_discovery(a, "https://example.com", &found, &t) == 0) {
		must(found.token == NULL || url_is_safe(span_of(found.token), &why));
		discovered_done(&found);
	}
}

static void
texts(struct span text)
{
	struct tokens f, again;
	struct request r;
	struct buf b;

	buf_init(&b, 1 << 20);
	bearer_status(text, &b);
	check_word(buf_cstr(&b));
	buf_clear(&b);
	url_param(redirect_query(text), "code", &b);
	buf_clear(&b);
	if (request_parse(text, &r, &b) == 0)
		request_done(&r);
	buf_clear(&b);
	if (tokens_parse(text, &f) == 0) {
		tokens_put(&b, &f);
		must(tokens_parse(buf_view(&b), &again) == 0 && again.serial == f.serial);
		tokens_done(&again);
		tokens_done(&f);
	}
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const long statuses[] = { 200, 400, 429, 503 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct http_answer a = { .status = statuses[i] };

		buf_init(&a.body, n + 1);
		buf_add(&a.body, data, n);
		answers(&a);
		buf_done(&a.body);
	}
	texts((struct span){ (const char *)data, n });
	return 0;
}
