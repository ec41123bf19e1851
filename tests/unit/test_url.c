/* test_url.c - where a secret may go, and what stands behind a '?'. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "base/url.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *suite_url(void);

static const struct {
	const char *url, *host;
	bool        safe, plain;
} urls[] = {
	{ "https://login.example.com/token", "login.example.com", true, false },
	{ "HTTPS://a", "a", true, false },
	{ "https://a:8443?x=1", "a", true, false },
	{ "https://[2001:db8::1]:443/x", "2001:db8::1", true, false },
	{ "http://127.0.0.1:1234/token", "127.0.0.1", true, true },
	{ "http://127.9.9.9/", "127.9.9.9", true, true },
	{ "http://[::1]:1/", "::1", true, true },
	{ "http://LocalHost/", "LocalHost", true, true },
	{ "http://example.com/token", "example.com", false, true },
	{ "http://127.0.0.1.example.com/", "127.0.0.1.example.com", false, true },
	{ "http://127.1/", "127.1", false, true },
	{ "http://localhost@example.com/", "localhost@example.com", false, true },
	{ "https://user:word@example.com/", "user", false, false },
	{ "https://user@example.com/", "user@example.com", false, false },
	{ "https://a/b#c", "a", false, false },
	{ "https://a/b c", "a", false, false },
	{ "https://a/\x7f", "a", false, false },
	{ "https://a/\xc3\xbc", "a", false, false },
	{ "https://a/\"x", "a", false, false },
	{ "https://", "", false, false },
	{ "https:///path", "", false, false },
	{ "https://[::1", "", false, false },
	{ "ftp://a/", "", false, false },
	{ "file:///etc/passwd", "", false, false },
	{ "a", "", false, false },
	{ "", "", false, false },
};

START_TEST(address)
{
	struct span url = span_of(urls[_i].url);
	const char *why = NULL;

	ck_assert(span_eq(url_host(url), span_of(urls[_i].host)));
	ck_assert_int_eq(url_is_safe(url, &why), urls[_i].safe);
	ck_assert_int_eq(why != NULL, !urls[_i].safe);
	ck_assert_int_eq(url_is_plain(url), urls[_i].plain);
}
END_TEST

START_TEST(parameters)
{
	struct buf b, got;

	buf_init(&b, 1000);
	buf_init(&got, 1000);
	buf_str(&b, "https://a/?");
	url_put_param(&b, "scope", SPAN("https://mail.example/ a+b\r\n"));
	url_put_param(&b, "x", SPAN("-._~"));
	url_put_param(&b, "nul", (struct span){ "\0\xff", 2 });
	ck_assert_str_eq(buf_cstr(&b), "https://a/?scope=https%3A%2F%2Fmail.example%2F%20a%2Bb%0D%0A&x=-._~&nul=%00%FF");
	ck_assert_int_eq(url_param(span_of(buf_cstr(&b) + 11), "scope", &got), 0);
	ck_assert_str_eq(buf_cstr(&got), "https://mail.example/ a+b\r\n");
	ck_assert_int_eq(url_param(SPAN("a=1&scope=x"), "cope", &got), -ENOENT);
	ck_assert_int_eq(url_param(SPAN("a=%4&b=%zz&c=%"), "a", &got), -EINVAL);
	ck_assert_int_eq(url_param(SPAN("a=%4&b=x%zz&c=%"), "b", &got), -EINVAL);
	ck_assert_int_eq(url_param(SPAN("a=%4&b=%zz&c=%"), "c", &got), -EINVAL);
	ck_assert_str_eq(buf_cstr(&got), "https://mail.example/ a+b\r\n");
	buf_clear(&got);
	ck_assert_int_eq(url_param(SPAN("a=1+2%2b3=4"), "a", &got), 0);
	ck_assert_str_eq(buf_cstr(&got), "1 2+3=4");
	buf_done(&b);
	buf_done(&got);
}
END_TEST

Suite *
suite_url(void)
{
	Suite *s = suite_create("url");
	TCase *t = tcase_create("url");

	tcase_add_loop_test(t, address, 0, ROWS(urls));
	tcase_add_test(t, parameters);
	suite_add_tcase(s, t);
	return s;
}
