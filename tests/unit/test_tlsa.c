/* test_tlsa.c - what a key may be: TLSA records off the wire, fingerprints off a configuration. */
#include <check.h>
#include <string.h>

#include "base/pin.h"
#include "base/tlsa.h"

Suite *suite_tlsa(void);

static struct buf question, answer;
static struct tlsa_answer got;
static const char *why;

static void
setup(void)
{
	buf_init(&question, 512);
	buf_init(&answer, 65536);
	ck_assert(tlsa_question("Mail.example.com", 465, 0x1234, &question));
}

static void
teardown(void)
{
	buf_done(&question);
	buf_done(&answer);
}

#define HEAD(flags, count) "\x12\x34" flags "\0\1\0" count "\0\0\0\0"
#define NAME "\4_465\4_tcp\4mail\7example\3com\0"
#define ASK NAME "\0\x34\0\1"
#define RR(owner, type, n) owner "\0" type "\0\1\0\0\0\x3c\0" n
#define EE "\3\1\1" "0123456789abcdef0123456789abcdef"
#define SECURE "\x81\xa0"

static void
give(const char *bytes, size_t n)
{
	buf_clear(&answer);
	buf_add(&answer, bytes, n);
}
#define GIVE(bytes) give(bytes, sizeof(bytes) - 1)

static bool
take(void)
{
	return tlsa_answer(buf_view(&answer), buf_view(&question), &got, &why);
}

START_TEST(asks)
{
	static const char want[] = "\x12\x34\1\x20\0\1\0\0\0\0\0\1" "\4_465\4_tcp\4Mail\7example\3com\0\0\x34\0\1"
	    "\0\0\x29\4\xd0\0\0\0\0\0\0";
	char longest[300];

	ck_assert_uint_eq(question.n, sizeof(want) - 1);
	ck_assert_int_eq(memcmp(question.p, want, question.n), 0);
	buf_clear(&question);
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	ck_assert(!tlsa_question(longest, 25, 1, &question));
	longest[64] = 'a';
	for (int i = 60; i < 299; i += 60)
		longest[i] = '.';
	longest[299] = '\0';
	ck_assert(!tlsa_question(longest, 25, 1, &question));
	ck_assert(!tlsa_question("a..b", 25, 1, &question));
	ck_assert_uint_eq(question.n, 0);
}
END_TEST

START_TEST(takes)
{
	GIVE(HEAD(SECURE, "\2") ASK RR("\xc0\x0c", "\x34", "\x23") EE RR(NAME, "\x34", "\x23") EE);
	ck_assert_msg(take(), "%s", why);
	ck_assert(got.secure && !got.truncated);
	ck_assert_uint_eq(got.n, 2);
	ck_assert_uint_eq(got.records[0].usage, 3);
	ck_assert_uint_eq(got.records[0].selector, 1);
	ck_assert_uint_eq(got.records[0].type, 1);
	ck_assert_uint_eq(got.records[0].n, 32);
	ck_assert_int_eq(memcmp(got.records[0].data, "0123456789abcdef", 16), 0);
}
END_TEST

START_TEST(takes_with_the_answer_not_secure)
{
	GIVE(HEAD("\x81\x80", "\1") ASK RR("\xc0\x0c", "\x34", "\x23") EE);
	ck_assert(take() && !got.secure && got.n == 1);
	GIVE(HEAD("\x83\xa0", "\0") ASK);
	ck_assert(take() && got.truncated);
	GIVE(HEAD("\x81\xa3", "\0") ASK);
	ck_assert(take() && got.rcode == 3 && got.secure && got.n == 0);
	GIVE(HEAD("\x81\x82", "\0") ASK);
	ck_assert(take() && got.rcode == 2);
}
END_TEST

START_TEST(follows_aliases)
{
	GIVE(HEAD(SECURE, "\2") ASK RR("\xc0\x0c", "\5", "\x7") "\4tlsa\xc0\x1b" RR("\4TLSA\xc0\x1b", "\x34", "\x23") EE);
	ck_assert_msg(take(), "%s", why);
	ck_assert_uint_eq(got.n, 1);
	/* Another name's are not ours. */
	GIVE(HEAD(SECURE, "\1") ASK RR("\4tlsa\xc0\x1b", "\x34", "\x23") EE);
	ck_assert(take());
	ck_assert_uint_eq(got.n, 0);
}
END_TEST

/* Every beginning of a good answer, and one that goes round. */
START_TEST(refuses)
{
	size_t whole;

	GIVE(HEAD(SECURE, "\1") ASK RR("\xc0\x0c", "\x34", "\x23") EE);
	whole = answer.n;
	for (size_t n = 0; n < whole; n++) {
		GIVE(HEAD(SECURE, "\1") ASK RR("\xc0\x0c", "\x34", "\x23") EE);
		buf_cut(&answer, n);
		ck_assert_msg(!take(), "%zu octets", n);
	}
	GIVE("\x12\x35" SECURE "\0\1\0\0\0\0\0\0" ASK);
	ck_assert(!take());
	ck_assert_str_eq(why, "it answers another question");
	GIVE(HEAD("\1\x20", "\0") ASK);                         /* a question */
	ck_assert(!take());
	GIVE(HEAD(SECURE, "\0") "\4_465\4_tcp\4mail\7example\3org\0" "\0\x34\0\1");
	ck_assert(!take());
	GIVE(HEAD(SECURE, "\1") ASK RR("\xc0\x30", "\x34", "\x23") EE);       /* at itself */
	ck_assert(!take());
	ck_assert_str_eq(why, "it is cut short");
	GIVE(HEAD(SECURE, "\1") ASK RR("\xc0\x0c", "\5", "\2") "\xc0\x60");
	ck_assert(!take());
	ck_assert_str_eq(why, "its aliases lead nowhere");
}
END_TEST

START_TEST(counts)
{
	GIVE(HEAD(SECURE, "\x11") ASK);
	for (int i = 0; i < 17; i++)
		buf_add(&answer, RR("\xc0\x0c", "\x34", "\4") "\3\1\1x", 16);
	ck_assert(!take());
	ck_assert_str_eq(why, "it has more than 16 records");
	answer.p[7] = 16;
	ck_assert(take());
	ck_assert_uint_eq(got.n, 16);
	GIVE(HEAD(SECURE, "\1") ASK RR("\xc0\x0c", "\x34", "\x44"));
	for (int i = 0; i < 0x44; i++)
		buf_char(&answer, 3);
	ck_assert(take());
	ck_assert_uint_eq(got.n, 0);
	ck_assert_uint_eq(got.passed_over, 1);
}
END_TEST

START_TEST(lines)
{
	struct tlsa t, u;
	struct buf b;

	buf_init(&b, 200);
	ck_assert(tlsa_parse(SPAN("3 1 1 00ffA0"), &t));
	ck_assert(t.usage == 3 && t.selector == 1 && t.type == 1 && t.n == 3 && t.data[1] == 0xff && t.data[2] == 0xa0);
	tlsa_put(&t, &b);
	ck_assert_str_eq(buf_cstr(&b), "3 1 1 00FFA0\n");
	ck_assert(tlsa_parse(span_trim(buf_view(&b)), &u));
	ck_assert_int_eq(memcmp(&t, &u, sizeof(t)), 0);
	ck_assert(!tlsa_parse(SPAN("3 1 1 0"), &t));
	ck_assert(!tlsa_parse(SPAN("3 1 1 "), &t));
	ck_assert(!tlsa_parse(SPAN("3 1 256 00"), &t));
	ck_assert(!tlsa_parse(SPAN("secure"), &t));
	ck_assert(!tlsa_parse(SPAN("3 1 1 0g"), &t));
	buf_done(&b);
}
END_TEST

#define HEX "ABF9872F63E81F0DDBD15D5C3B656F08FAB1923BCF5FD5B7360CB4C43BEC3939"
#define BASE64 "q/mHL2PoHw3b0V1cO2VvCPqxkjvPX9W3Ngy0xDvsOTk="

START_TEST(pins)
{
	static const char *const good[] = { BASE64, "sha256:" BASE64, "SHA256:" BASE64, "sha256//" BASE64, HEX,
	    "ab:f9:87:2f:63:e8:1f:0d:db:d1:5d:5c:3b:65:6f:08:fa:b1:92:3b:cf:5f:d5:b7:36:0c:b4:c4:3b:ec:39:39" };
	static const char *const bad[] = { "", "sha256:", "sha1:" BASE64, "q/mHL2PoHw3b0V1cO2VvCPqxkjvPX9W3Ngy0xDvsOT==",
	    HEX "0", "ab-f9:87:2f:63:e8:1f:0d:db:d1:5d:5c:3b:65:6f:08:fa:b1:92:3b:cf:5f:d5:b7:36:0c:b4:c4:3b:ec-39:39",
	    "zbF9872F63E81F0DDBD15D5C3B656F08FAB1923BCF5FD5B7360CB4C43BEC3939", BASE64 "AAAA" };
	struct pin first, p;
	struct buf b;

	ck_assert(pin_parse(span_of(HEX), &first));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(pin_parse(span_of(good[i]), &p), "%s", good[i]);
		ck_assert_int_eq(memcmp(&p, &first, sizeof(p)), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!pin_parse(span_of(bad[i]), &p), "%s", bad[i]);
	buf_init(&b, 100);
	pin_put(&b, &first);
	ck_assert_str_eq(buf_cstr(&b), "sha256:" BASE64);
	buf_done(&b);
}
END_TEST

Suite *
suite_tlsa(void)
{
	Suite *s = suite_create("tlsa");
	TCase *tc = tcase_create("records");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, asks);
	tcase_add_test(tc, takes);
	tcase_add_test(tc, takes_with_the_answer_not_secure);
	tcase_add_test(tc, follows_aliases);
	tcase_add_test(tc, refuses);
	tcase_add_test(tc, counts);
	tcase_add_test(tc, lines);
	tcase_add_test(tc, pins);
	suite_add_tcase(s, tc);
	return s;
}
