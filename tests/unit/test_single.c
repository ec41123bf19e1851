/* test_single.c - one of each field. */
#include <check.h>
#include <string.h>

#include "base/buf.h"
#include "relay/single.h"

#define S(text)  { text, sizeof(text) - 1 }
#define ROWS(t)  ((int)(sizeof(t) / sizeof((t)[0])))

static const struct {
	struct span in;
	const char *out;        /* NULL: the block itself */
} blocks[] = {
	{ S(""), NULL },
	{ S("To: a@x\r\nCc: b@x\r\nX: 1\r\nX: 2\r\nReceived: r\r\nReceived: s\r\n"), NULL },
	{ S("Resent-To: a@x\r\nResent-To: b@x\r\n"), NULL },
	{ S("To: a@x\r\nSubject: s\r\nTO: b@x\r\n"), "To: a@x,\r\n b@x\r\nSubject: s\r\n" },
	{ S("To: a@x,\r\nTo:\r\nTo: , \r\nTo:  b@x\r\n"), "To: a@x,\r\n b@x\r\n" },
	{ S("To:\r\nTo:\r\n"), "To:\r\n" },
	{ S("To: g: a@x;\r\nCc: c@x\r\nTo: \"B, b\"\r\n <b@x> (c)\r\nCc: d@x"),
	  "To: g: a@x;,\r\n \"B, b\"\r\n <b@x> (c)\r\nCc: c@x,\r\n d@x\r\n" },
	{ S("Reply-To: a@x\r\nReply-To: b@x\r\n"), "Reply-To: a@x,\r\n b@x\r\n" },
	{ S("Subject: one\r\nsubject: two\r\nSubject: \r\n"),
	  "Subject: one\r\nX-Duplicate-subject: two\r\nX-Duplicate-Subject: \r\n" },
	{ S("Date: d\r\nDate:  d \r\nDate: e"), "Date: d\r\nX-Duplicate-Date: e\r\n" },
	{ S("From: a@x\r\nFrom: b@x\r\n"), "From: a@x\r\nX-Duplicate-From: b@x\r\n" },
	{ S("Message-ID: <1@x>\r\nA: b\r\n c\r\nMessage-ID:\r\n <2@x>\r\n"),
	  "Message-ID: <1@x>\r\nA: b\r\n c\r\nX-Duplicate-Message-ID:\r\n <2@x>\r\n" },
	{ S("Subject: one\r\nSubject: two\r\nDKIM-Signature: v=1\r\n"), NULL },
	{ S("ARC-Seal: i=1\r\nTo: a@x\r\nTo: b@x\r\n"), NULL },
};

START_TEST(one_of_each)
{
	struct buf  own;
	struct span got;

	buf_init(&own, 4096);
	got = single_fields(blocks[_i].in, true, &own);
	if (blocks[_i].out == NULL)
		ck_assert_ptr_eq(got.p, blocks[_i].in.p);
	else
		ck_assert_str_eq(buf_cstr(&own), blocks[_i].out);
	buf_done(&own);
}
END_TEST

START_TEST(from_of_another)
{
	struct span in = SPAN("From: a@x\r\nFrom: b@x\r\n");
	struct buf  own;

	buf_init(&own, 4096);
	ck_assert_ptr_eq(single_fields(in, false, &own).p, in.p);
	buf_done(&own);
}
END_TEST

START_TEST(no_room)
{
	struct span in = SPAN("Subject: one\r\nSubject: two\r\n");
	struct buf  own;

	buf_init(&own, 20);
	ck_assert_ptr_eq(single_fields(in, true, &own).p, in.p);
	buf_done(&own);
}
END_TEST

Suite *suite_single(void);

Suite *
suite_single(void)
{
	Suite *s = suite_create("single");
	TCase *t = tcase_create("single");

	tcase_add_loop_test(t, one_of_each, 0, ROWS(blocks));
	tcase_add_test(t, from_of_another);
	tcase_add_test(t, no_room);
	suite_add_tcase(s, t);
	return s;
}
