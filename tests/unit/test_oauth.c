/* test_oauth.c - the pure side of OAuth: answers and what they mean, keys, requests, the token file. */
#include <sys/stat.h>

#include <check.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "lib/scratch.h"
#include "oauth/answer.h"
#include "oauth/jwt.h"
#include "oauth/pkce.h"
#include "oauth/redirect.h"
#include "oauth/request.h"
#include "oauth/tokenfile.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

Suite *suite_oauth(void);

static struct http_answer
http(long status, const char *body)
{
	struct http_answer a = { .status = status };

	buf_init(&a.body, 100000);
	buf_str(&a.body, body);
	return a;
}

/* ---- refusals: facts of RFC 6749 §5.2, RFC 8628 §3.5 and of the services ---- */

static const struct {
	long              status;
	const char       *body;
	bool              key;
	enum trouble_kind kind;
	bool              final;
	const char       *text, *hint;          /* pieces */
} refusals[] = {
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}", false,
	  TROUBLE_PERSON, true, "invalid_grant: Token has been expired or revoked.", "postern login" },
	{ 400, "{\"error\":\"invalid_grant\"}", false, TROUBLE_PERSON, true, "invalid_grant", "postern login" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: The refresh token has expired due to"
	  " inactivity.\\r\\nTrace ID: x\"}", false, TROUBLE_PERSON, true, "due to inactivity.", "90 days" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70008: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS70008", "expired" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50173: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS50173", "password was changed" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700084: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS700084", "24 hours" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS70043: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS70043", "policy" },
	{ 400, "{\"error\":\"interaction_required\",\"error_description\":\"AADSTS50076: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS50076", "second factor" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50079: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS50079", "second factor" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50078: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS50078", "second factor" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS65001: x\"}", false, TROUBLE_PERSON, true,
	  "AADSTS65001", "agreed" },
	{ 400, "{\"error\":\"interaction_required\"}", false, TROUBLE_PERSON, false, "interaction_required", "again" },
	{ 400, "{\"error\":\"consent_required\"}", false, TROUBLE_PERSON, false, "consent_required", "again" },
	{ 400, "{\"error\":\"login_required\"}", false, TROUBLE_PERSON, false, "login_required", "again" },
	{ 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret\"}", false,
	  TROUBLE_CONFIG, false, "AADSTS7000215", "not its ID" },
	{ 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000222: x\"}", false, TROUBLE_CONFIG, false,
	  "AADSTS7000222", "make a new one" },
	{ 400, "{\"error\":\"unauthorized_client\",\"error_description\":\"AADSTS700016: x\"}", false, TROUBLE_CONFIG,
	  false, "AADSTS700016", "client-id and tenant" },
	{ 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700025: x\"}", false, TROUBLE_CONFIG, false,
	  "AADSTS700025", "take client-secret-file out" },
	{ 401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000218: x\"}", false, TROUBLE_CONFIG, false,
	  "AADSTS7000218", "add client-secret-file" },
	{ 400, "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS90002: x\"}", false, TROUBLE_CONFIG, false,
	  "AADSTS90002", "tenant" },
	{ 401, "{\"error\":\"invalid_client\"}", false, TROUBLE_CONFIG, false, "invalid_client", "client-id" },
	{ 401, "{\"error\":\"unauthorized_client\"}", true, TROUBLE_CONFIG, false, "unauthorized_client", "up to a day" },
	{ 400, "{\"error\":\"invalid_scope\"}", false, TROUBLE_CONFIG, false, "invalid_scope", "scope" },
	{ 400, "{\"error\":\"invalid_request\"}", false, TROUBLE_CONFIG, false, "invalid_request", "oauth" },
	{ 400, "{\"error\":\"unsupported_grant_type\"}", false, TROUBLE_CONFIG, false, "unsupported", "flow" },
	{ 400, "{\"error\":\"admin_policy_enforced\"}", false, TROUBLE_PERSON, false, "admin_policy", "administrator" },
	{ 403, "{\"error\":\"org_internal\"}", false, TROUBLE_PERSON, false, "org_internal", "organisation" },
	{ 400, "{\"error\":\"access_denied\"}", false, TROUBLE_PERSON, false, "access_denied", "said no" },
	{ 400, "{\"error\":\"authorization_pending\"}", false, TROUBLE_PENDING, false, "pending", NULL },
	{ 428, "{\"error\":\"authorization_pending\"}", false, TROUBLE_PENDING, false, "pending", NULL },
	{ 429, "{\"error\":\"slow_down\"}", false, TROUBLE_SLOWER, false, "slow_down", NULL },
	{ 400, "{\"error\":\"expired_token\"}", false, TROUBLE_PERSON, false, "expired_token", "start again" },
	{ 400, "{\"error\":\"authorization_declined\"}", false, TROUBLE_PERSON, false, "declined", "start again" },
	{ 400, "{\"error\":\"temporarily_unavailable\"}", false, TROUBLE_WAIT, false, "temporarily", NULL },
	{ 400, "{\"error\":\"server_error\"}", false, TROUBLE_WAIT, false, "server_error", NULL },
	/* The service is in trouble whatever its words: no consent is dead because of a 503. */
	{ 503, "{\"error\":\"invalid_grant\"}", false, TROUBLE_WAIT, false, "invalid_grant", NULL },
	{ 429, "", false, TROUBLE_WAIT, false, "HTTP 429", NULL },
	{ 500, "<html>", false, TROUBLE_WAIT, false, "HTTP 500", NULL },
	{ 404, "<html>", false, TROUBLE_CONFIG, false, "HTTP 404", "address" },
	{ 200, "<html>", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "{}", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "[\"access_token\"]", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "{\"access_token\":\"a b\"}", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "{\"access_token\":\"a\\nb\"}", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	{ 200, "{\"access_token\":17}", false, TROUBLE_CONFIG, false, "HTTP 200", "address" },
	/* GitHub's and others' way to say no. */
	{ 200, "{\"error\":\"invalid_grant\"}", false, TROUBLE_PERSON, true, "invalid_grant", "postern login" },
	{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid JWT Signature.\"}", true, TROUBLE_CONFIG,
	  false, "Invalid JWT Signature.", "clock" },
	{ 400, "{\"error\":\"made_up\",\"error_description\":\"with\\u001b[31mcolour\"}", false, TROUBLE_CONFIG, false,
	  "made_up: with?[31mcolour", NULL },
};

START_TEST(refusal)
{
	struct http_answer a = http(refusals[_i].status, refusals[_i].body);
	struct token_answer got;
	struct trouble t;

	ck_assert_int_eq(answer_token(&a, refusals[_i].key, &got, &t), -1);
	ck_assert_str_eq(trouble_name(t.kind), trouble_name(refusals[_i].kind));
	ck_assert_int_eq(t.final, refusals[_i].final);
	ck_assert_msg(strstr(t.text, refusals[_i].text) != NULL, "%s", t.text);
	ck_assert_ptr_null(strchr(t.text, '\n'));
	ck_assert_ptr_null(strstr(t.text, "Trace"));
	ck_assert_int_eq(t.hint != NULL, refusals[_i].hint != NULL);
	ck_assert_msg(t.hint == NULL || strstr(t.hint, refusals[_i].hint) != NULL, "%s", t.hint);
	buf_done(&a.body);
}
END_TEST

START_TEST(retry_after)
{
	struct http_answer a = http(503, "");
	struct token_answer got;
	struct trouble t;

	a.retry_after_s = 120;
	ck_assert_int_eq(answer_token(&a, false, &got, &t), -1);
	ck_assert_int_eq(t.retry_after_s, 120);
	a.status = 429;
	a.retry_after_s = 0;
	ck_assert_int_eq(answer_token(&a, false, &got, &t), -1);
	ck_assert_int_eq(t.retry_after_s, 60);
	buf_done(&a.body);
}
END_TEST

static const struct {
	const char *body;
	const char *access, *refresh, *scope;
	int64_t     life_s;
} answers[] = {
	{ "{\"access_token\":\"ya29.a\",\"expires_in\":3599,\"scope\":\"https://mail.google.com/\",\"token_type\":\"Bearer\"}",
	  "ya29.a", NULL, "https://mail.google.com/", 3599 },
	{ "{\"access_token\":\"eyJ\",\"refresh_token\":\"0.AX\",\"expires_in\":\"4711\"}", "eyJ", "0.AX", NULL, 4711 },
	{ "{\"access_token\":\"t\"}", "t", NULL, NULL, 3600 },
	{ "{\"access_token\":\"t\",\"expires_in\":-5}", "t", NULL, NULL, 1 },
	{ "{\"access_token\":\"t\",\"expires_in\":99999999999}", "t", NULL, NULL, 30 * 86400 },
	{ "{\"access_token\":\"t\",\"expires_in\":null,\"refresh_token\":null}", "t", NULL, NULL, 3600 },
};

static void
same(const char *got, const char *want)
{
	ck_assert_int_eq(got != NULL, want != NULL);
	if (got != NULL)
		ck_assert_str_eq(got, want);
}

START_TEST(success)
{
	struct http_answer a = http(200, answers[_i].body);
	struct token_answer got;
	struct trouble t;

	ck_assert_int_eq(answer_token(&a, false, &got, &t), 0);
	same(got.access, answers[_i].access);
	same(got.refresh, answers[_i].refresh);
	same(got.scope, answers[_i].scope);
	ck_assert_int_eq(got.life_s, answers[_i].life_s);
	token_answer_done(&got);
	buf_done(&a.body);
}
END_TEST

START_TEST(device)
{
	struct http_answer a = http(200, "{\"device_code\":\"d\",\"user_code\":\"WDJB-MJHT\",\"interval\":7,"
	    "\"verification_url\":\"https://example.com/device\",\"expires_in\":1800}");
	struct device_answer got;
	struct trouble t;

	ck_assert_int_eq(answer_device(&a, &got, &t), 0);
	ck_assert_str_eq(got.user_code, "WDJB-MJHT");
	ck_assert_str_eq(got.uri, "https://example.com/device");
	ck_assert_int_eq(got.interval_s, 7);
	ck_assert_int_eq(got.life_s, 1800);
	device_answer_done(&got);
	buf_clear(&a.body);
	buf_str(&a.body, "{\"device_code\":\"d\",\"user_code\":\"x\"}");
	ck_assert_int_eq(answer_device(&a, &got, &t), -1);
	buf_done(&a.body);
}
END_TEST

START_TEST(discovery)
{
	struct http_answer a = http(200, "{\"issuer\":\"https://id.example.com/\",\"token_endpoint\":\"https://id.example.com/t\","
	    "\"authorization_endpoint\":\"http://id.example.com/a\"}");
	struct discovered d = { 0 };
	struct trouble t;

	ck_assert_int_eq(answer_discovery(&a, "https://id.example.com", &d, &t), 0);
	same(d.token, "https://id.example.com/t");
	same(d.authorize, NULL);        /* in the clear */
	same(d.device, NULL);
	discovered_done(&d);
	ck_assert_int_eq(answer_discovery(&a, "https://other.example.com", &d, &t), -1);
	ck_assert_int_eq(t.kind, TROUBLE_CONFIG);
	buf_done(&a.body);
}
END_TEST

/* ---- PKCE: RFC 7636, appendix B ---- */

START_TEST(pkce)
{
	struct buf b, again;

	buf_init(&b, 100);
	buf_init(&again, 100);
	pkce_challenge(&b, SPAN("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
	ck_assert_str_eq(buf_cstr(&b), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
	buf_clear(&b);
	pkce_random(&b);
	pkce_random(&again);
	ck_assert_uint_eq(b.n, 43);
	ck_assert(!pkce_same(buf_view(&b), buf_view(&again)));
	ck_assert(pkce_same(buf_view(&b), buf_view(&b)));
	ck_assert(!pkce_same(SPAN(""), SPAN("")));
	ck_assert(!pkce_same(SPAN("a"), SPAN("ab")));
	buf_done(&b);
	buf_done(&again);
}
END_TEST

/* ---- JWT ---- */

static char *
pem_of(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p, *copy;
	long n;

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_get_mem_data(bio, &p);
	copy = span_dup((struct span){ p, (size_t)n });
	BIO_free(bio);
	return copy;
}

/* base64url to bytes, through the other alphabet. */
static void
decode(struct span s, struct buf *ret)
{
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < s.n; i++)
		buf_char(&b, s.p[i] == '-' ? '+' : s.p[i] == '_' ? '/' : s.p[i]);
	while (b.n % 4 != 0)
		buf_char(&b, '=');
	ck_assert_int_eq(base64_get(buf_view(&b), ret), 0);
	buf_done(&b);
}

START_TEST(assertion)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	char *pem = pem_of(key);
	struct service_key k = { .email = (char[]){ "robot@\"x\\.example" }, .id = (char[]){ "key-1" }, .pem = pem };
	struct claims c = { "https://mail.google.com/", "https://oauth2.googleapis.com/token", "box@example.com", 1764000000 };
	struct buf jwt, part;
	struct span rest, piece;
	struct trouble t;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	buf_init(&jwt, 10000);
	buf_init(&part, 10000);
	ck_assert_int_eq(jwt_sign(&jwt, &k, &c, &t), 0);
	rest = buf_view(&jwt);
	span_cut(&rest, '.', &piece);
	decode(piece, &part);
	ck_assert_str_eq(buf_cstr(&part), "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"key-1\"}");
	buf_clear(&part);
	span_cut(&rest, '.', &piece);
	decode(piece, &part);
	ck_assert_str_eq(buf_cstr(&part), "{\"iss\":\"robot@\\\"x\\\\.example\",\"scope\":\"https://mail.google.com/\","
	    "\"aud\":\"https://oauth2.googleapis.com/token\",\"sub\":\"box@example.com\","
	    "\"iat\":1764000000,\"exp\":1764003600}");
	buf_clear(&part);
	decode(rest, &part);
	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	ck_assert_int_eq(EVP_DigestVerify(ctx, (unsigned char *)part.p, part.n, (unsigned char *)jwt.p,
	    jwt.n - rest.n - 1), 1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	free(pem);
	buf_done(&jwt);
	buf_done(&part);
}
END_TEST

START_TEST(no_key)
{
	EVP_PKEY *small = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256");
	char *pems[3] = { pem_of(small), pem_of(curve), xstrdup("-----BEGIN PRIVATE KEY-----\nno\n") };
	struct claims c = { "s", "a", NULL, 0 };
	struct trouble t;
	struct buf jwt;

	buf_init(&jwt, 10000);
	for (int i = 0; i < 3; i++) {
		struct service_key k = { .email = (char[]){ "e" }, .pem = pems[i] };

		ck_assert_int_eq(jwt_sign(&jwt, &k, &c, &t), -1);
		ck_assert_int_eq(t.kind, TROUBLE_CONFIG);
		ck_assert_uint_eq(jwt.n, 0);
		free(pems[i]);
	}
	EVP_PKEY_free(small);
	EVP_PKEY_free(curve);
	buf_done(&jwt);
}
END_TEST

START_TEST(key_file)
{
	struct service_key k;

	ck_assert_int_eq(service_key_parse(SPAN("{\"client_email\":\"e\",\"private_key\":\"p\\nq\",\"token_uri\":\"u\"}"), &k), 0);
	ck_assert_str_eq(k.pem, "p\nq");
	ck_assert_ptr_null(k.id);
	service_key_done(&k);
	ck_assert_int_eq(service_key_parse(SPAN("{\"client_email\":\"e\"}"), &k), -EINVAL);
	ck_assert_int_eq(service_key_parse(SPAN("{\"private_key\":\"e\"}"), &k), -EINVAL);
	ck_assert_int_eq(service_key_parse(SPAN("-----BEGIN"), &k), -EINVAL);
}
END_TEST

/* ---- requests ---- */

START_TEST(request)
{
	struct request r;
	struct buf why;

	buf_init(&why, 1000);
	ck_assert_int_eq(request_parse(SPAN("ask token\nclient-secret a%20b%25\nnot-serial 4\n\nask what\n"), &r, &why), 0);
	ck_assert_str_eq(r.ask, "token");
	ck_assert_str_eq(r.client_secret, "a b%");
	ck_assert_str_eq(r.not_serial, "4");
	ck_assert_ptr_null(r.flow);
	request_done(&r);
	ck_assert_ptr_null(r.ask);
	buf_done(&why);
}
END_TEST

static const struct {
	const char *text, *why;
} bad_requests[] = {
	{ "what x\n", "what is what?" },
	{ "client_id x\n", "what is client_id?" },
	{ "ask\n", "no value for ask" },
	{ "ask \n", "no value for ask" },
	{ "ask %0\n", "no value for ask" },
	{ "ask a%00b\n", "no value for ask" },
	{ "client-secret secretword\nclient-secret secretword\n", "client-secret stands there twice" },
};

START_TEST(bad_request)
{
	struct request r;
	struct buf why;

	buf_init(&why, 1000);
	ck_assert_int_eq(request_parse(span_of(bad_requests[_i].text), &r, &why), -EINVAL);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), bad_requests[_i].why));
	ck_assert_ptr_null(strstr(buf_cstr(&why), "secretword"));
	buf_done(&why);
}
END_TEST

/* ---- the redirect ---- */

static const struct {
	const char *text, *query;
} redirects[] = {
	{ "GET /?code=1&state=2 HTTP/1.1\r\nHost: x\r\n\r\n", "code=1&state=2" },
	{ "paste http://127.0.0.1:1/?code=1", "code=1" },
	{ "http://127.0.0.1:1/?code=1#x?y", "code=1" },
	{ "  http://localhost:1?error=access_denied \r", "error=access_denied" },
	{ "GET / HTTP/1.1", "" },
	{ "?", "" },
	{ "", "" },
	{ "\n?code=1", "" },
};

START_TEST(redirect)
{
	struct span q = redirect_query(span_of(redirects[_i].text));

	ck_assert_msg(span_eq(q, span_of(redirects[_i].query)), "%.*s", (int)q.n, q.p);
}
END_TEST

/* ---- the token file ---- */

START_TEST(token_file)
{
	struct tokens t = { .serial = 17, .granted_s = 1, .issued_s = 100, .expires_s = 3700, .refresh = (char[]){ "1//0 %\n" },
		.access = (char[]){ "ya29" } }, got;
	char path[200];
	struct scratch s;
	struct stat st;
	int lock;

	scratch_make(&s);
	snprintf(path, sizeof(path), "%s/state/oauth-r.token", s.path);
	ck_assert_int_eq(tokenfile_read(path, &got), -ENOENT);
	ck_assert_int_eq(tokenfile_write(path, &t), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(tokenfile_read(path, &got), 0);
	ck_assert_str_eq(got.refresh, "1//0 %\n");
	ck_assert_str_eq(got.access, "ya29");
	ck_assert_uint_eq(got.serial, 17);
	ck_assert_ptr_null(got.scope);
	ck_assert_ptr_null(got.dead);
	tokens_done(&got);
	ck_assert_int_eq(chmod(path, 0640), 0);
	ck_assert_int_eq(tokenfile_read(path, &got), -EPERM);
	lock = tokenfile_lock(path, 1000);
	ck_assert_int_ge(lock, 0);
	ck_assert_int_eq(tokenfile_lock(path, 1), -ETIMEDOUT);
	close(lock);
	lock = tokenfile_lock(path, 1);
	ck_assert_int_ge(lock, 0);
	close(lock);
	ck_assert_int_eq(tokenfile_lock("/nowhere/at/all", 1), -ENOENT);
	scratch_remove(&s);
}
END_TEST

static const char *const bad_files[] = {
	"", "postern oauth 2\n", "postern oauth 1\nserial x\n", "postern oauth 1\nexpires -1\n",
	"postern oauth 1\naccess %4\n", "postern oauth 1\naccess a%00b\n", "postern oauth 1\nrefresh a\nrefresh b\n",
	"postern oauth 1\nrefresh \n",
};

START_TEST(bad_file)
{
	struct tokens got;

	ck_assert_int_eq(tokens_parse(span_of(bad_files[_i]), &got), -EINVAL);
}
END_TEST

static const struct {
	int64_t life, age, left, due;
} times[] = {
	{ 3600, 0, 3600, 3300 },        /* five minutes early … */
	{ 3600, 3299, 301, 1 },
	{ 3600, 3300, 300, 0 },
	{ 3600, 3599, 1, 0 },
	{ 3600, 3600, 0, 0 },
	{ 600, 0, 600, 540 },           /* … or a tenth */
	{ 10, 0, 10, 9 },
	{ 5400, 0, 5400, 5100 },
	{ 3600, -10, 0, 0 },            /* the clock was set back */
};

START_TEST(due)
{
	struct tokens t = { .issued_s = 1000000, .expires_s = 1000000 + times[_i].life, .access = (char[]){ "a" } };

	ck_assert_int_eq(tokens_left_s(&t, 1000000 + times[_i].age), times[_i].left);
	ck_assert_int_eq(tokens_due_s(&t, 1000000 + times[_i].age), times[_i].due);
	t.access = NULL;
	ck_assert_int_eq(tokens_left_s(&t, 1000000), 0);
}
END_TEST

Suite *
suite_oauth(void)
{
	Suite *s = suite_create("oauth");
	TCase *t = tcase_create("oauth");

	tcase_set_timeout(t, 20);
	tcase_add_loop_test(t, refusal, 0, ROWS(refusals));
	tcase_add_test(t, retry_after);
	tcase_add_loop_test(t, success, 0, ROWS(answers));
	tcase_add_test(t, device);
	tcase_add_test(t, discovery);
	tcase_add_test(t, pkce);
	tcase_add_test(t, assertion);
	tcase_add_test(t, no_key);
	tcase_add_test(t, key_file);
	tcase_add_test(t, request);
	tcase_add_loop_test(t, bad_request, 0, ROWS(bad_requests));
	tcase_add_loop_test(t, redirect, 0, ROWS(redirects));
	tcase_add_test(t, token_file);
	tcase_add_loop_test(t, bad_file, 0, ROWS(bad_files));
	tcase_add_loop_test(t, due, 0, ROWS(times));
	suite_add_tcase(s, t);
	return s;
}
