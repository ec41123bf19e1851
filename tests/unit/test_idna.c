/* test_idna.c - domains in other letters, as the wire has them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "idna/idna.h"

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *in;
	const char *out;        /* NULL: refused */
} rows[] = {
	{ "a@example.com", "a@example.com" },
	{ "a", "a" },
	{ "\"a@b\"", "\"a@b\"" },
	{ "a@b\xc3\xbc" "cher.example", "a@xn--bcher-kva.example" },
	{ "a@B\xc3\x9c" "CHER.Example", "a@xn--bcher-kva.Example" },
	{ "a@bu\xcc\x88" "cher.example", "a@xn--bcher-kva.example" },   /* u and an accent of its own */
	{ "a@fa\xc3\x9f.example", "a@xn--fa-hia.example" },
	{ "a@www_1.b\xc3\xbc" "cher.example", "a@www_1.xn--bcher-kva.example" },
	{ "a@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "a@xn--r8jz45g.xn--zckzah" },
	{ "\xc3\xb6@m\xc3\xbcnchen.de", "\xc3\xb6@xn--mnchen-3ya.de" },
	{ "\xc3\xb6@example.com", "\xc3\xb6@example.com" },
	{ "a@xn--bcher-kva.example", "a@xn--bcher-kva.example" },
	/* an ideographic full stop is a dot */
	{ "a@\xe4\xbe\x8b\xe3\x80\x82\xe4\xbe\x8b", "a@xn--fsq.xn--fsq" },
	/* there is none such */
	{ "a@\xe2\x80\xae.example", NULL },
	{ "a@\xcc\x88" "a.example", NULL },
	{ "a@\xf3\xa0\x80\x81.example", NULL },
};

START_TEST(addresses)
{
	const char  *why = NULL;
	struct addr *a = addr_parse(span_of(rows[_i].in), NULL), *ascii;
	char        *text;

	ck_assert_ptr_nonnull(a);
	ascii = idna_addr(a, &why);
	text = idna_address_text(span_of(rows[_i].in), NULL);
	if (rows[_i].out == NULL) {
		ck_assert(ascii == NULL && text == NULL && why != NULL);
	} else {
		ck_assert_msg(ascii != NULL, "%s", why);
		ck_assert_str_eq(ascii->text, rows[_i].out);
		ck_assert_str_eq(text, rows[_i].out);
		ck_assert_int_eq(ascii->utf8, !text_is_ascii(addr_local(a)));
	}
	free(text);
	addr_free(ascii);
	addr_free(a);
}
END_TEST

/* 63 octets a label, 255 a domain: in UTF-8 more of them fit into an address than on the wire. */
START_TEST(limits)
{
	char        text[300] = "a@";
	const char *why = NULL;
	struct addr *a;

	for (int i = 0; i < 60; i++)
		strcat(text, "\xc3\xbc");
	strcat(text, ".de");
	ck_assert_ptr_nonnull(a = addr_parse(span_of(text), NULL));
	ck_assert_ptr_null(idna_addr(a, &why));
	ck_assert_ptr_nonnull(why);
	addr_free(a);
}
END_TEST

START_TEST(domains)
{
	const char *why = NULL;
	char       *s = idna_domain_text(SPAN("*.b\xc3\xbc" "cher.example"), &why);

	ck_assert_str_eq(s, "*.xn--bcher-kva.example");
	free(s);
	s = idna_domain_text(SPAN(""), &why);
	ck_assert_str_eq(s, "");
	free(s);
	ck_assert_ptr_null(idna_domain_text(SPAN("\xe2\x80\xae"), &why));
	ck_assert_ptr_nonnull(why);
}
END_TEST

Suite *suite_idna(void);

Suite *
suite_idna(void)
{
	Suite *s = suite_create("idna");
	TCase *tc = tcase_create("idna");

	tcase_add_loop_test(tc, addresses, 0, ROWS(rows));
	tcase_add_test(tc, limits);
	tcase_add_test(tc, domains);
	suite_add_tcase(s, tc);
	return s;
}
