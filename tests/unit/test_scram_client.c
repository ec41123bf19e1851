/* test_scram_client.c - SCRAM from the client's side, against a server of the test's own. */
#include <check.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "smtp/sasl.h"
#include "smtp/scram_client.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))
#define USER    "user"
#define WORD    "pencil"

/* ---- the arithmetic of RFC 5802 §3, by another library than sasl.c's ---- */

struct proof {
	char client[64], server[64];    /* ClientProof, ServerSignature: base64 */
};

static struct span
decoded(const char *text, struct buf *b)
{
	buf_init(b, 4096);
	ck_assert_int_eq(base64_get(span_of(text), b), 0);
	return buf_view(b);
}

static void
put64(char *to, const unsigned char *p, size_t n)
{
	struct buf b;

	buf_init(&b, 63);
	base64_put(&b, (struct span){ (const char *)p, n });
	ck_assert(!b.over);
	strcpy(to, buf_cstr(&b));
	buf_done(&b);
}

static void
mac(const EVP_MD *md, const unsigned char *key, const char *text, size_t n, unsigned char *to)
{
	unsigned len;

	ck_assert_ptr_nonnull(HMAC(md, key, EVP_MD_size(md), (const unsigned char *)text, n, to, &len));
}

static void
prove(const EVP_MD *md, const char *salt64, int iterations, const char *message, struct proof *ret)
{
	unsigned char salted[64], key[64], stored[64], signature[64], server[64];
	size_t len = (size_t)EVP_MD_size(md);
	struct buf b;
	struct span salt = decoded(salt64, &b);

	ck_assert_int_eq(PKCS5_PBKDF2_HMAC(WORD, (int)strlen(WORD), (const unsigned char *)salt.p, (int)salt.n,
	    iterations, md, (int)len, salted), 1);
	mac(md, salted, "Client Key", 10, key);
	ck_assert_int_eq(EVP_Digest(key, len, stored, NULL, md, NULL), 1);
	mac(md, stored, message, strlen(message), signature);
	for (size_t i = 0; i < len; i++)
		key[i] ^= signature[i];
	put64(ret->client, key, len);
	mac(md, salted, "Server Key", 10, server);
	mac(md, server, message, strlen(message), signature);
	put64(ret->server, signature, len);
	buf_done(&b);
}

/* RFC 5802 §5 and RFC 7677 §3: the test's server counts as they do. */
static const struct {
	bool        sha256;
	const char *salt, *message, *client, *server;
} vectors[] = {
	{ false, "QSXCR+Q6sek8bf92",
	  "n=user,r=fyko+d2lbbFgONRv9qkxdawL,"
	  "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,"
	  "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
	  "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ true, "W22ZaJ0SNY7soEsUEjb6gQ==",
	  "n=user,r=rOprNGfwEbeRWgbNEkqO,"
	  "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
	  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
	  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

/* The same exchanges by the client, octet by octet; then what would make the server a forger. */
START_TEST(as_in_the_rfc)
{
	struct scram_params p = { .user = USER, .password = SPAN(WORD), .flag = SCRAM_CANNOT };
	struct scram_client *s = NULL;
	struct buf said, want, first, last;
	struct span rest = span_of(vectors[_i].message), bare[2];
	const char *server = strstr(vectors[_i].message, ",r=") + 1;
	char *nonce;

	server = strstr(server, ",r=") + 1;
	ck_assert(span_cut(&rest, ',', &bare[0]) && span_cut(&rest, ',', &bare[1]));
	nonce = span_dup((struct span){ bare[1].p + 2, bare[1].n - 2 });
	p.nonce = nonce;
	p.hash = vectors[_i].sha256 ? HASH_SHA256 : HASH_SHA1;
	ck_assert_int_eq(scram_client_new(&p, &s), 0);
	buf_init(&said, 1024);
	buf_init(&want, 1024);
	buf_init(&first, 1024);
	buf_init(&last, 1024);
	scram_client_first(s, &said);
	buf_printf(&want, "n,,n=" USER ",r=%s", nonce);
	ck_assert_str_eq(buf_cstr(&said), buf_cstr(&want));
	buf_clear(&said);
	buf_clear(&want);
	buf_printf(&first, "%.*s", (int)(strstr(server, ",c=") - server), server);
	ck_assert_int_eq(scram_client_final(s, buf_view(&first), &said), 0);
	buf_printf(&want, "%s,p=%s", strstr(server, ",c=") + 1, vectors[_i].client);
	ck_assert_str_eq(buf_cstr(&said), buf_cstr(&want));
	buf_printf(&last, "v=%s", vectors[_i].server);
	ck_assert(scram_client_is_proved(s, buf_view(&last)));
	buf_str(&last, ",x=an extension");
	ck_assert(scram_client_is_proved(s, buf_view(&last)));
	last.p[2] ^= 1;
	ck_assert(!scram_client_is_proved(s, buf_view(&last)));
	buf_done(&said);
	buf_done(&want);
	buf_done(&first);
	buf_done(&last);
	free(nonce);
	scram_client_free(s);
	scram_client_free(NULL);
}
END_TEST

/* A server's last word before its first proves nothing. */
START_TEST(proof_of_nothing)
{
	struct scram_params p = { .user = USER, .password = SPAN(WORD), .flag = SCRAM_CANNOT, .hash = HASH_SHA1 };
	struct scram_client *s = NULL;

	ck_assert_int_eq(scram_client_new(&p, &s), 0);
	ck_assert(!scram_client_is_proved(s, SPAN("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=")));
	scram_client_free(s);
}
END_TEST

/* RFC 4013 §3, and RFC 5802 §5.1 for the two that have a meaning in a name. */
static const struct {
	const char *user, *password, *name;     /* NULL: none can be so */
} prepared[] = {
	{ "a=b,c", WORD, "n=a=3Db=2Cc,r=" },
	{ "I\xc2\xadX", WORD, "n=IX,r=" },
	{ "\xe2\x85\xa8", "\xc2\xaa", "n=IX,r=" },
	{ "\007", WORD, NULL },
	{ "\xd8\xa7\x31", WORD, NULL },
	{ USER, "a\tb", NULL },
	{ USER, "\xff", NULL },
};

START_TEST(prepares)
{
	struct scram_params p = { .user = prepared[_i].user, .password = span_of(prepared[_i].password),
		.flag = SCRAM_CANNOT, .hash = HASH_SHA256 };
	struct scram_client *s = NULL;
	struct buf b;
	int r = scram_client_new(&p, &s);

	ck_assert_int_eq(r, prepared[_i].name != NULL ? 0 : -EINVAL);
	if (r < 0)
		return;
	buf_init(&b, 1024);
	scram_client_first(s, &b);
	ck_assert_msg(span_starts((struct span){ b.p + 3, b.n - 3 }, span_of(prepared[_i].name)), "%s", buf_cstr(&b));
	buf_done(&b);
	scram_client_free(s);
}
END_TEST

/* What SCRAM cannot carry is left for a mechanism that can: nothing is said of it. */
START_TEST(a_password_of_no_such_kind)
{
	struct sasl_identity id = { .user = USER, .secret = SPAN("a\tb"), .tls = true };
	const char *why = "";
	struct sasl *s = NULL;

	ck_assert_int_eq(sasl_start("PLAIN SCRAM-SHA-256", &id, &s, &why), 0);
	ck_assert_str_eq(sasl_mechanism(s), "SCRAM-SHA-256");
	ck_assert_ptr_null(sasl_initial(s));
	ck_assert_ptr_null(sasl_answer(s, SPAN("")));
	ck_assert(sasl_is_useless(s));
	sasl_free(s);
}
END_TEST

START_TEST(the_test_counts_right)
{
	struct proof p;

	prove(vectors[_i].sha256 ? EVP_sha256() : EVP_sha1(), vectors[_i].salt, 4096, vectors[_i].message, &p);
	ck_assert_str_eq(p.client, vectors[_i].client);
	ck_assert_str_eq(p.server, vectors[_i].server);
}
END_TEST

/* ---- an exchange ---- */

#define SALT "QSXCR+Q6sek8bf92"

struct talk {
	struct sasl  *s;
	const EVP_MD *md;
	const char   *header;           /* gs2, as it must be */
	char          bare[256], nonce[128];
	char          first[512];       /* the server's */
	struct proof  proof;
};

static const struct {
	const char *offered, *allowed, *mech, *binding;
	bool        unique;
	const char *header;
} kinds[] = {
	{ "SCRAM-SHA-1", NULL, "SCRAM-SHA-1", "", false, "n,," },
	{ "PLAIN SCRAM-SHA-256 SCRAM-SHA-1", NULL, "SCRAM-SHA-256", "", false, "n,," },
	/* Only the server lacks it, or so somebody says. */
	{ "SCRAM-SHA-256", NULL, "SCRAM-SHA-256", "\1\2\3", false, "y,," },
	{ "SCRAM-SHA-1 SCRAM-SHA-512-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-1", "\1\2\3", true, "y,," },
	{ "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "SCRAM-SHA-1", "\1\2\3", true, "n,," },
	{ "SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS", NULL, "SCRAM-SHA-256-PLUS", "\1\2\3", false,
	  "p=tls-exporter,," },
	{ "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", NULL, "SCRAM-SHA-1-PLUS", "finished", true, "p=tls-unique,," },
	{ "SCRAM-SHA-256-PLUS SCRAM-SHA-256", NULL, "SCRAM-SHA-256", "", false, "n,," },
	{ "SCRAM-SHA-256-PLUS SCRAM-SHA-256", "SCRAM-SHA-256", "SCRAM-SHA-256", "\1\2\3", false, "n,," },
};

static void
begin(struct talk *t, int kind)
{
	struct sasl_identity id = {
		.user = USER, .secret = SPAN(WORD), .tls = true, .allowed = kinds[kind].allowed,
		.binding = span_of(kinds[kind].binding), .unique = kinds[kind].unique,
	};
	const char *why = "", *initial;
	struct span said;
	struct buf b;

	memset(t, 0, sizeof(*t));
	ck_assert_msg(sasl_start(kinds[kind].offered, &id, &t->s, &why) == 0, "%s", why);
	ck_assert_str_eq(sasl_mechanism(t->s), kinds[kind].mech);
	t->md = strstr(kinds[kind].mech, "256") != NULL ? EVP_sha256() : EVP_sha1();
	t->header = kinds[kind].header;
	initial = sasl_initial(t->s);
	ck_assert_ptr_nonnull(initial);
	said = decoded(initial, &b);
	ck_assert_msg(span_starts(said, span_of(t->header)), "%.*s", (int)said.n, said.p);
	snprintf(t->bare, sizeof(t->bare), "%.*s", (int)(said.n - strlen(t->header)), said.p + strlen(t->header));
	ck_assert_int_eq(strncmp(t->bare, "n=" USER ",r=", 9), 0);
	snprintf(t->nonce, sizeof(t->nonce), "%sserver", t->bare + 9);
	buf_done(&b);
	ck_assert(!sasl_is_proved(t->s));
}

static const char *
challenge(struct talk *t, const char *text)
{
	const char *r;
	struct buf b;

	buf_init(&b, 16384);
	base64_put(&b, span_of(text));
	r = sasl_answer(t->s, buf_view(&b));
	buf_done(&b);
	return r;
}

/* Its final message is right, binding and proof. */
static void
exchange(struct talk *t, int kind)
{
	char binding[256], without[512], all[2048], want[1024];
	const char *answer;
	struct buf b;

	snprintf(binding, sizeof(binding), "%s%s", t->header, t->header[0] == 'p' ? kinds[kind].binding : "");
	buf_init(&b, 512);
	base64_put(&b, span_of(binding));
	snprintf(without, sizeof(without), "c=%s,r=%s", buf_cstr(&b), t->nonce);
	buf_done(&b);
	snprintf(t->first, sizeof(t->first), "r=%s,s=" SALT ",i=4096", t->nonce);
	snprintf(all, sizeof(all), "%s,%s,%s", t->bare, t->first, without);
	prove(t->md, SALT, 4096, all, &t->proof);
	snprintf(want, sizeof(want), "%s,p=%s", without, t->proof.client);

	answer = challenge(t, t->first);
	ck_assert_ptr_nonnull(answer);
	decoded(answer, &b);
	ck_assert_str_eq(buf_cstr(&b), want);
	buf_done(&b);
	ck_assert(!sasl_is_proved(t->s));
}

START_TEST(both_prove_it)
{
	struct talk t;
	char last[80];

	begin(&t, _i);
	exchange(&t, _i);
	snprintf(last, sizeof(last), "v=%s", t.proof.server);
	ck_assert_str_eq(challenge(&t, last), "");
	ck_assert(sasl_is_proved(t.s));
	ck_assert(!sasl_is_forged(t.s));
	ck_assert_ptr_null(challenge(&t, last));
	sasl_free(t.s);
}
END_TEST

/* A server that knows no password cannot say yes: with a wrong signature, half of one, or none. */
START_TEST(a_forged_server)
{
	static const char *const lasts[] = { "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", "v=", "v=AAAA", "yes", "v" };
	struct talk t;

	begin(&t, 0);
	exchange(&t, 0);
	ck_assert_ptr_null(challenge(&t, lasts[_i]));
	ck_assert(sasl_is_forged(t.s));
	ck_assert(!sasl_is_useless(t.s));       /* no other mechanism is to be tried with it */
	ck_assert(!sasl_is_proved(t.s));
	ck_assert_ptr_null(challenge(&t, lasts[_i]));
	sasl_free(t.s);
}
END_TEST

/* "e=" is the refusal before the refusal; it is answered and quoted, and no forgery. */
START_TEST(a_refusal)
{
	struct talk t;

	begin(&t, 1);
	exchange(&t, 1);
	ck_assert_str_eq(challenge(&t, "e=invalid-proof\r\n"), "");
	ck_assert_str_eq(sasl_status(t.s), "invalid-proof??");
	ck_assert(!sasl_is_forged(t.s));
	ck_assert(!sasl_is_proved(t.s));
	sasl_free(t.s);
}
END_TEST

/* One that cannot wait for the proof is heard, too: no other mechanism is tried behind it. */
START_TEST(a_refusal_at_once)
{
	static const struct {
		const char *said, *status, *between;
	} rows[] = {
		{ "e=channel-bindings-dont-match", "channel-bindings-dont-match", "the server sees another one" },
		{ "e=server-does-support-channel-binding,x=y", "server-does-support-channel-binding",
		  "took it out of its list" },
		{ "e=unsupported-channel-binding-type", "unsupported-channel-binding-type", "out of auth, unless" },
		{ "e=unknown-user", "unknown-user", NULL },
		{ "e=", NULL, NULL },
	};
	struct talk t;

	begin(&t, 1);
	ck_assert_str_eq(challenge(&t, rows[_i].said), "");
	if (rows[_i].status == NULL)
		ck_assert_ptr_null(sasl_status(t.s));
	else
		ck_assert_str_eq(sasl_status(t.s), rows[_i].status);
	if (rows[_i].between == NULL)
		ck_assert_ptr_null(sasl_is_between(t.s));
	else
		ck_assert_ptr_nonnull(strstr(sasl_is_between(t.s), rows[_i].between));
	ck_assert(!sasl_is_useless(t.s));
	ck_assert(!sasl_is_proved(t.s));
	ck_assert_ptr_null(challenge(&t, rows[_i].said));
	sasl_free(t.s);
}
END_TEST

/* %s: the client's nonce.  None is answered; none takes time. */
static const char *const hostile[] = {
	"r=%s,s=" SALT ",i=4096",               /* nothing of its own */
	"s=" SALT ",r=%sx,i=4096",
	"r=%sx,s=" SALT ",i=2147483648",
	"r=%sx,s=" SALT ",i=2147483647",
	"r=%sx,s=" SALT ",i=100001",
	"r=%sx,s=" SALT ",i=99999999999999999999999999",
	"r=%sx,s=" SALT ",i=4294971392",        /* 4096 in 32 bits */
	"r=%sx,s=" SALT ",i=-1",
	"r=%sx,s=" SALT ",i=0",
	"r=%sx,s=" SALT ",i=",
	"r=%sx,s=" SALT ",i= 4096",
	"r=%sx,s=" SALT ",i=0x10",
	"r=%sx,s=" SALT,
	"r=%sx,i=4096",
	"r=%sx,s=,i=4096",
	"r=%sx,s=****,i=4096",
	"m=must,r=%sx,s=" SALT ",i=4096",
	"x%s",
	"r=another,s=" SALT ",i=4096",          /* not the client's */
	"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=%.0s",
};

START_TEST(a_hostile_challenge)
{
	struct talk t;
	char text[512];

	begin(&t, 1);
	snprintf(text, sizeof(text), hostile[_i], t.bare + 9);
	ck_assert_ptr_null(challenge(&t, text));
	ck_assert(!sasl_is_proved(t.s));
	ck_assert(!sasl_is_forged(t.s));
	ck_assert(sasl_is_useless(t.s));
	sasl_free(t.s);
}
END_TEST

START_TEST(not_even_base64)
{
	struct talk t;

	begin(&t, 1);
	ck_assert_ptr_null(sasl_answer(t.s, SPAN("r=x,s=y,i=4096")));
	ck_assert_ptr_null(sasl_answer(t.s, SPAN("")));
	sasl_free(t.s);
}
END_TEST

Suite *suite_scram_client(void);

Suite *
suite_scram_client(void)
{
	Suite *s = suite_create("scram_client");
	TCase *t = tcase_create("scram_client");

	tcase_add_loop_test(t, the_test_counts_right, 0, ROWS(vectors));
	tcase_add_loop_test(t, as_in_the_rfc, 0, ROWS(vectors));
	tcase_add_test(t, proof_of_nothing);
	tcase_add_loop_test(t, prepares, 0, ROWS(prepared));
	tcase_add_test(t, a_password_of_no_such_kind);
	tcase_add_loop_test(t, both_prove_it, 0, ROWS(kinds));
	tcase_add_loop_test(t, a_forged_server, 0, 5);
	tcase_add_test(t, a_refusal);
	tcase_add_loop_test(t, a_refusal_at_once, 0, 5);
	tcase_add_loop_test(t, a_hostile_challenge, 0, ROWS(hostile));
	tcase_add_test(t, not_even_base64);
	suite_add_tcase(s, t);
	return s;
}
