/* test_mime.c - whole messages: what becomes of them, and that a reader finds in them what was there. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"
#include "mail/mime.h"
#include "mimetree.h"

#define S(literal) { (literal), sizeof(literal) - 1 }
#define ROWS(a)    (int)(sizeof(a) / sizeof((a)[0]))
#define MAX        (64u << 20)

#define X100  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100
#define QP    "Content-Transfer-Encoding: quoted-printable\r\n"
#define B64   "Content-Transfer-Encoding: base64\r\n"
#define V1    "MIME-Version: 1.0\r\n"

/* A message in memory, which gives at most `most` octets a read, and may fail. */
struct file {
	struct span text;
	size_t      most;
	uint64_t    fail_at;
	unsigned    reads;
};

static ssize_t
give(void *arg, uint64_t at, void *p, size_t n)
{
	struct file *f = arg;

	f->reads++;
	if (at + n > f->fail_at)
		return at >= f->fail_at ? -EIO : -ENXIO;
	if (at + n > f->text.n)
		ck_abort_msg("read %zu at %llu of %zu", n, (unsigned long long)at, f->text.n);
	n = n < f->most ? n : f->most;
	memcpy(p, f->text.p + at, n);
	return (ssize_t)n;
}

static const struct mime_form sevenbit = { .sevenbit = true, .short_lines = true };
static const struct mime_form short_lines = { .short_lines = true };
static const struct mime_form ascii_head = { .ascii_head = true };

static size_t
head_length(struct span text)
{
	struct span  rest = text;
	struct field f;

	while (header_next(&rest, &f))
		;
	return text.n - rest.n + (span_starts(rest, SPAN("\r\n")) ? 2 : 0);
}

/* As much at a time as asked for; in the end *ret is there only when there is something to read. */
static int
prepare(struct span head, const struct mime_source *src, const struct mime_form *form, size_t slice,
    struct mime **ret, const char **ret_why)
{
	int r;

	*ret = mime_open(head, src, form);
	do
		r = mime_prepare(*ret, slice, ret_why);
	while (r == -EAGAIN);
	if (r != 1) {
		mime_free(*ret);
		*ret = NULL;
	}
	return r;
}

/* All of it to *out, looked at and read n octets at a time; what mime_prepare said. */
static int
convert(struct file *f, const struct mime_form *form, size_t n, struct buf *out, const char **ret_why)
{
	size_t             head = head_length(f->text);
	struct mime_source src = { give, f, head, f->text.n - head };
	struct mime       *m;
	int                r = prepare((struct span){ f->text.p, head }, &src, form, n, &m, ret_why);
	char              *p = malloc(n);
	ssize_t            got = 0;

	if (r == 0)
		buf_span(out, f->text);
	if (r == 1) {
		buf_span(out, mime_head(m));
		for (uint64_t at = 0; at < mime_size(m); at += (uint64_t)got) {
			if ((got = mime_read(m, at, p, n)) <= 0)
				ck_abort_msg("read %zd at %llu", got, (unsigned long long)at);
			buf_add(out, p, (size_t)got);
		}
		ck_assert_int_eq(mime_read(m, mime_size(m), p, n), 0);
		mime_free(m);
	}
	free(p);
	return r;
}

static struct file
file_of(struct span text)
{
	return (struct file){ .text = text, .most = SIZE_MAX, .fail_at = UINT64_MAX };
}

/* ---- single messages ---- */

static const struct {
	const struct mime_form *form;
	struct span             in;
	const char             *out;            /* NULL: as it came */
} rows[] = {
	/* what fits stays, byte for byte */
	{ &sevenbit, S("Subject: x\r\n\r\nplain\r\n"), NULL },
	{ &sevenbit, S("A: b\r\n"), NULL },
	{ &sevenbit, S("Content-Transfer-Encoding: 8bit\r\n\r\nbut it is not = \r\n"), NULL },
	{ &sevenbit, S("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	    "--b\r\n\r\nplain\r\n--b--\r\n"), NULL },
	{ &short_lines, S("A: b\r\n\r\ngr\xc3\xbc\xc3\x9f\r\n"), NULL },
	{ &ascii_head, S("A: b\r\n\r\ngr\xc3\xbc\xc3\x9f " X1000 "\r\n"), NULL },

	/* text without any MIME */
	{ &sevenbit, S("A: b\r\n\r\ngr\xc3\xbc\xc3\x9f an alle hier\r\n"),
	  "A: b\r\n" V1 "Content-Type: text/plain; charset=utf-8\r\n" QP "\r\ngr=C3=BC=C3=9F an alle hier\r\n" },
	{ &sevenbit, S("A: b\r\n\r\nl\xe4tin\r\n"),
	  "A: b\r\n" V1 "Content-Type: text/plain; charset=unknown-8bit\r\n" QP "\r\nl=E4tin\r\n" },
	{ &short_lines, S("A: b\r\n\r\n" X1000 "\r\n"),
	  "A: b\r\n" V1 "Content-Type: text/plain; charset=us-ascii\r\n" QP "\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\r\n"
	  "xxxxxxxxxxxxxxxxxxxxxxxxx\r\n" },

	/* quoted-printable: what must be escaped, blanks at the end of a line, no delimiter by wrapping */
	{ &sevenbit, S(V1 "Content-Type: text/x\r\n\r\n\xe4 = . \x7f\x01 \r\n\t\r\n-- \r\n\r\nx"),
	  V1 "Content-Type: text/x\r\n" QP "\r\n=E4 =3D . =7F=01=20\r\n=09\r\n--=20\r\n\r\nx" },
	{ &sevenbit, S(V1 "Content-Type: text/x\r\n\r\n\xe4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	    "xxxxxxxxxxxx--b\r\n"),
	  V1 "Content-Type: text/x\r\n" QP "\r\n=E4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
	  "xxxxxxxxxxxx=\r\n=2D-b\r\n" },
	{ &sevenbit, S(V1 "Content-Type: text/x\r\n\r\n\xe4" "a\rb\nc\r\n"),
	  V1 "Content-Type: text/x\r\n" QP "\r\n=E4a=0Db=0Ac\r\n" },

	/* base64 for what is hardly text, with its line ends */
	{ &sevenbit, S(V1 "Content-Type: image/x\r\n\r\n\x89\x90\x91\x92\x93\x94\r\n"),
	  V1 "Content-Type: image/x\r\n" B64 "\r\niZCRkpOUDQo=\r\n" },

	/* a label in the middle stays in the middle */
	{ &sevenbit, S(V1 "content-transfer-encoding:\r\n 8bit\r\nContent-Type: text/plain\r\n\r\n\xc3\xa4 and text\r\n"),
	  V1 QP "Content-Type: text/plain\r\n\r\n=C3=A4 and text\r\n" },

	/* part by part; the delimiters, the text around them, and what fits stay */
	{ &sevenbit, S(V1 "Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
	    "before \xc3\xa4\r\n--b \r\n\r\n\xc3\xa4 and text\r\n--b\r\nContent-Type: text/html\r\n\r\nplain\r\n--bb\r\n"
	    "--b\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: BINARY\r\n\r\n\x89\x90\x91\x92\r\n--b--\t\r\nafter\r\n"),
	  V1 "Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
	  "before ??\r\n--b \r\nContent-Type: text/plain; charset=utf-8\r\n" QP "\r\n=C3=A4 and text\r\n"
	  "--b\r\nContent-Type: text/html\r\n\r\nplain\r\n--bb\r\n"
	  "--b\r\nContent-Type: image/x\r\n" B64 "\r\niZCRkg==\r\n--b--\t\r\nafter\r\n" },
	/* a part without its header, with neither header nor text, the last one without an end */
	{ &sevenbit, S(V1 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b\r\n\r\n\xc3\xa4 and text"),
	  V1 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--b\r\n"
	  "Content-Type: text/plain; charset=utf-8\r\n" QP "\r\n=C3=A4 and text" },
	/* boundaries that begin alike; an outer one ends the inner */
	{ &sevenbit, S(V1 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=b1\r\n"
	    "\r\n--b1\r\n\r\n\xc3\xa4 and text\r\n--b\r\n\r\nx\r\n--b--\r\n"),
	  V1 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/x; boundary=b1\r\n"
	  "\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n" QP "\r\n=C3=A4 and text\r\n--b\r\n\r\nx\r\n--b--\r\n" },
	/* a message within, and one by default */
	{ &sevenbit, S(V1 "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\n"
	  "Subject: \xc3\xa4\r\n\r\n\xc3\xa4 and text\r\n--b--\r\n"),
	  V1 "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: =?utf-8?q?=C3=A4?=\r\n" V1
	  "Content-Type: text/plain; charset=utf-8\r\n" QP "\r\n=C3=A4 and text\r\n--b--\r\n" },
	{ &sevenbit, S(V1 "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nA: b\r\n\r\n\xe4 and text\r\n"),
	  V1 "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nA: b\r\n" V1
	  "Content-Type: text/plain; charset=unknown-8bit\r\n" QP "\r\n=E4 and text\r\n" },
	/* types that may be encoded although they are messages */
	{ &sevenbit, S(V1 "Content-Type: message/global\r\n\r\nSubject: \xc3\xa4\r\n\r\nlonger text\r\n"),
	  V1 "Content-Type: message/global\r\n" QP "\r\nSubject: =C3=A4\r\n\r\nlonger text\r\n" },

	/* encoded already, and well */
	{ &sevenbit, S(V1 QP "\r\n=C3=A4=\r\n x=20\r\n"), NULL },
	{ &sevenbit, S(V1 B64 "\r\nw6Q=\r\n"), NULL },
	/* encoded already, and not well */
	{ &sevenbit, S(V1 QP "\r\n\xc3\xa4 =3D = =x =4 =a\xa4 soft=\r\nsoft too=  \r\nhard \r\n"),
	  V1 QP "\r\n=C3=A4 =3D =3D =3Dx =3D4 =3Da=A4 soft=\r\nsoft too=\r\nhard \r\n" },
	{ &sevenbit, S(V1 B64 "\r\nw6Q \xc3=\r\n"), V1 B64 "\r\nw6Q=\r\n" },
	/* an encoded multipart shows no parts */
	{ &sevenbit, S("Content-Type: multipart/mixed; boundary=b\r\n" B64 "\r\n--b\r\n"), NULL },

	/* nothing may be changed, and nothing has to be */
	{ &short_lines, S("DKIM-Signature: x\r\nSubject: " X1000 " x\r\n\r\n" X1000 "\r\n"), NULL },
	{ &short_lines, S("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n" X1000 "\r\n--b--\r\n"), NULL },
	{ &sevenbit, S("ARC-Seal: x\r\n\r\nplain\r\n"), NULL },
	{ &sevenbit, S("Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nplain\r\n--b--\r\n"), NULL },

	/* of a signed message the header is not what is signed; its other parts are parts */
	{ &sevenbit, S("Subject: \xc3\xa4\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n"),
	  "Subject: =?utf-8?q?=C3=A4?=\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n" },
	{ &sevenbit, S(V1 "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\n\xc3\xa4 and text\r\n--a\r\n"
	    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx \r\n--b--\r\n--a--\r\n"),
	  V1 "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain; charset=utf-8\r\n"
	  QP "\r\n=C3=A4 and text\r\n--a\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx \r\n--b--\r\n--a--\r\n" },
	/* the seal of a message within was for its own way here */
	{ &sevenbit, S(V1 "Content-Type: message/rfc822\r\n\r\nDKIM-Signature: x\r\n\r\n\xe4 and text\r\n"),
	  V1 "Content-Type: message/rfc822\r\n\r\nDKIM-Signature: x\r\n" V1
	  "Content-Type: text/plain; charset=unknown-8bit\r\n" QP "\r\n=E4 and text\r\n" },

	/* the header alone */
	{ &ascii_head, S("Subject: \xc3\xa4\r\n\r\n\xc3\xa4 and text\r\n"), "Subject: =?utf-8?q?=C3=A4?=\r\n\r\n\xc3\xa4 and text\r\n" },
	{ &ascii_head, S("Subject: \xc3\xa4\r\nTo: <\xc3\xa4@b>\r\n\r\n"),
	  "Subject: =?utf-8?q?=C3=A4?=\r\nTo: <\xc3\xa4@b>\r\n\r\n" },
};

START_TEST(becomes)
{
	static const size_t steps[] = { 1, 3, 4096, 1 << 20 };
	struct span         want = rows[_i].in;
	const char         *why = NULL;
	struct buf          out;

	if (rows[_i].out != NULL)
		want = span_of(rows[_i].out);
	for (size_t i = 0; i < 4; i++) {
		struct file f = file_of(rows[_i].in);

		f.most = steps[i];
		buf_init(&out, MAX);
		ck_assert_int_eq(convert(&f, rows[_i].form, steps[i], &out, &why), rows[_i].out != NULL);
		ck_assert_str_eq(buf_cstr(&out), want.p);
		ck_assert_uint_eq(out.n, want.n);

		/* What came out fits. */
		f = file_of(buf_view(&out));
		want = buf_view(&out);
		buf_init(&out, MAX);
		ck_assert_int_ge(convert(&f, rows[_i].form, 100, &out, &why), 0);
		ck_assert(span_eq(buf_view(&out), want));
		free((char *)(uintptr_t)want.p);
		buf_done(&out);
		want = rows[_i].out != NULL ? span_of(rows[_i].out) : rows[_i].in;
	}
}
END_TEST

static const struct {
	struct span in;
	const char *why;
} refusals[] = {
	{ S("DKIM-Signature: x\r\n\r\n\xe4\r\n"), "DKIM" },
	{ S("ARC-Message-Signature: x\r\nSubject: \xe4\r\n\r\nx\r\n"), "DKIM or ARC" },
	{ S("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xe4\r\n--b--\r\n"), "is signed" },
	{ S("Content-Type: multipart/signed; boundary=b\r\n" QP "\r\n--b\r\n\r\n\xe4\r\n--b--\r\n"), "is signed" },
	{ S("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: Multipart/Encrypted\r\n\r\n\xe4\r\n"), "encrypted" },
	{ S("Content-Type: application/pkcs7-mime; name=x\r\n\r\n\xe4\r\n"), "S/MIME" },
	{ S("Content-Type: message/partial; id=x; number=1\r\n\r\n\xe4\r\n"), "message/partial" },
	{ S("Content-Type: message/delivery-status\r\n\r\nA: \xe4\r\n"), "delivery-status" },
	{ S("Content-Transfer-Encoding: x-uuencode\r\n\r\n\xe4\r\n"), "unknown Content-Transfer-Encoding" },
	{ S("Content-Type: multipart/mixed\r\n\r\n\xe4\r\n"), "boundary" },
	{ S("Content-Type: multipart/mixed; boundary=\"\xe4\"\r\n\r\n\xe4\r\n"), "boundary" },
	{ S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--c\r\n\r\n\xe4\r\n--c--\r\n"), "its boundary says" },
	{ S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\n\xe4\r\n"), "its boundary says" },
	{ S("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "\xe4\r\n--a--\r\n"), "its boundary says" },
	{ S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	    "--b\r\n\r\n\xe4\r\n--b--\r\n--b--\r\n"), "not clear" },
	{ S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b--\r\n\r\n"
	    "--b--\r\n\r\n\xe4\r\n--b--\r\n"), "not clear" },
	{ S("Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n\xe4\r\n"), "contradicting" },
	{ S("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: b\r\nno field\r\n\r\n\xe4\r\n--b--\r\n"), "does not end" },
	{ S("To: \xc3\xa4@b.c\r\n\r\nx\r\n"), "header field" },
	{ S("Message-ID: <\xc3\xa4@b>\r\n\r\nx\r\n"), "header field" },
};

START_TEST(refuses)
{
	struct file f = file_of(refusals[_i].in);
	const char *why = NULL;
	struct buf  out;

	buf_init(&out, MAX);
	ck_assert_int_eq(convert(&f, &sevenbit, 100, &out, &why), -EILSEQ);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, refusals[_i].why) != NULL, "%s", why);

	/* Where 8 bits are no obstacle it is no reason to touch it. */
	ck_assert_int_eq(convert(&f, &short_lines, 100, &out, &why), 0);
	buf_done(&out);
}
END_TEST

/* ---- limits ---- */

static void
nest(struct buf *b, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		buf_printf(b, "Content-Type: multipart/mixed; boundary=b%ux\r\n\r\n--b%ux\r\n", i, i);
	buf_str(b, "\r\n\xc3\xa4 and text\r\n");
}

START_TEST(depth)
{
	const char *why = NULL;
	struct buf  in, out;
	struct file f;

	buf_init(&in, MAX);
	buf_init(&out, MAX);
	nest(&in, MIME_DEPTH_MAX);
	f = file_of(buf_view(&in));
	ck_assert_int_eq(convert(&f, &sevenbit, 1000, &out, &why), 1);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "=C3=A4"));
	buf_clear(&in);
	nest(&in, MIME_DEPTH_MAX + 1);
	f = file_of(buf_view(&in));
	ck_assert_int_eq(convert(&f, &sevenbit, 1000, &out, &why), -EILSEQ);
	ck_assert_ptr_nonnull(strstr(why, "nested"));
	ck_assert_int_eq(convert(&f, &short_lines, 1000, &out, &why), 0);
	buf_done(&in);
	buf_done(&out);
}
END_TEST

static void
many(struct buf *b, unsigned parts)
{
	buf_clear(b);
	buf_str(b, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (unsigned i = 0; i < parts; i++)
		buf_str(b, "--b\r\n\r\nx\r\n");
	buf_str(b, "--b\r\n\r\n\xc3\xa4\r\n");
}

START_TEST(parts)
{
	const char *why = NULL;
	struct buf  in, out;
	struct file f;

	buf_init(&in, MAX);
	buf_init(&out, MAX);
	many(&in, MIME_PARTS_MAX - 2);
	f = file_of(buf_view(&in));
	ck_assert_int_eq(convert(&f, &sevenbit, 60000, &out, &why), 1);
	many(&in, MIME_PARTS_MAX - 1);
	f = file_of(buf_view(&in));
	ck_assert_int_eq(convert(&f, &sevenbit, 1000, &out, &why), -EILSEQ);
	ck_assert_ptr_nonnull(strstr(why, "too many"));

	/* A header that is no header any more. */
	buf_clear(&in);
	buf_str(&in, "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n");
	while (in.n < MIME_HEADER_MAX + 1000)
		buf_str(&in, "X-Field: and so on\r\n");
	buf_str(&in, "\r\n\xc3\xa4\r\n--b--\r\n");
	f = file_of(buf_view(&in));
	ck_assert_int_eq(convert(&f, &sevenbit, 1000, &out, &why), -EILSEQ);
	ck_assert_ptr_nonnull(strstr(why, "too long"));
	buf_done(&in);
	buf_done(&out);
}
END_TEST

/* ---- reading ---- */

static const char mixed[] =
    V1 "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ngr\xc3\xbc\xc3\x9f an alle hier\r\n--b\r\n"
    "Content-Type: image/x\r\n\r\n\x89\x90\x91\x92\x93\x94\x95\x96\x97\r\n--b--\r\n";

START_TEST(any_position)
{
	struct file        f = file_of(span_of(mixed));
	size_t             head = head_length(f.text);
	struct mime_source src = { give, &f, head, f.text.n - head };
	struct mime       *m;
	const char        *why;
	char               all[1000], some[10];
	ssize_t            n;

	ck_assert_int_eq(prepare((struct span){ mixed, head }, &src, &sevenbit, 64, &m, &why), 1);
	ck_assert_uint_lt(mime_size(m), sizeof(all));
	ck_assert_int_eq(mime_read(m, 0, all, sizeof(all)), (ssize_t)mime_size(m));
	for (uint64_t at = mime_size(m); at-- > 0;) {
		n = mime_read(m, at, some, sizeof(some));
		ck_assert_int_eq(n, mime_size(m) - at < 10 ? (ssize_t)(mime_size(m) - at) : 10);
		ck_assert_int_eq(memcmp(some, all + at, (size_t)n), 0);
	}
	mime_free(m);
}
END_TEST

/* The source fails, or ends, at each octet: an error each time, never a shorter message. */
START_TEST(bad_source)
{
	struct file        f = file_of(span_of(mixed));
	size_t             head = head_length(f.text);
	struct mime_source src = { give, &f, head, f.text.n - head };
	struct mime       *m;
	const char        *why = NULL;
	char               all[1000];

	for (f.fail_at = head; f.fail_at < f.text.n; f.fail_at++)
		ck_assert_int_lt(prepare((struct span){ mixed, head }, &src, &sevenbit, 64, &m, &why), 0);
	f.fail_at = UINT64_MAX;
	ck_assert_int_eq(prepare((struct span){ mixed, head }, &src, &sevenbit, 64, &m, &why), 1);
	f.fail_at = head + 5;
	ck_assert_int_lt(mime_read(m, 0, all, sizeof(all)), 0);
	f.fail_at = UINT64_MAX;
	ck_assert_int_eq(mime_read(m, 0, all, sizeof(all)), (ssize_t)mime_size(m));
	mime_free(m);
}
END_TEST

/* Somebody writes to the file between the passes: the count no longer holds, and that is said. */
START_TEST(changed_source)
{
	static const char *const later[] = { "=", "x" };

	for (size_t i = 0; i < 2; i++) {
		char              *text = xstrdup(mixed), *first = strstr(text, "gr\xc3"), all[1000];
		struct file        f = file_of(span_of(text));
		size_t             head = head_length(f.text);
		struct mime_source src = { give, &f, head, f.text.n - head };
		struct mime       *m;
		const char        *why;

		ck_assert_int_eq(prepare((struct span){ text, head }, &src, &sevenbit, 64, &m, &why), 1);
		first[i * 2] = later[i][0];
		ck_assert_int_eq(mime_read(m, 0, all, sizeof(all)), -EIO);
		mime_free(m);
		free(text);
	}
}
END_TEST

/* ---- random trees ---- */

static void
check_lines(struct span s, bool ascii)
{
	size_t line = 0, longest = 0;
	bool   high = false;

	for (size_t i = 0; i < s.n; i++) {
		high |= (unsigned char)s.p[i] > 127;
		line = s.p[i] == '\n' ? 0 : line + 1;
		longest = line > longest ? line : longest;
	}
	ck_assert(!ascii || !high);
	ck_assert_uint_le(longest, 999);                /* with a CR */
}

static void
check_read(struct span message, struct span want)
{
	struct buf said;

	buf_init(&said, MAX);
	ck_assert(tree_read(message, &said));
	ck_assert(span_eq(buf_view(&said), want));
	buf_done(&said);
}

static void
check_tree(uint64_t seed, const struct mime_form *form, bool compliant)
{
	struct tree_options o = { .seed = seed, .compliant = compliant };
	struct buf          message, said, out, again;
	const char         *why = NULL;
	struct file         f;
	int                 r;

	buf_init(&message, MAX);
	buf_init(&said, MAX);
	buf_init(&out, MAX);
	buf_init(&again, MAX);
	tree_make(&o, &message, &said);
	check_read(buf_view(&message), buf_view(&said));
	f = file_of(buf_view(&message));
	f.most = 1 + seed % 5000;
	r = convert(&f, form, 1 + seed % 3000, &out, &why);
	ck_assert_msg(r >= 0, "seed %llu: %d %s", (unsigned long long)seed, r, why);
	ck_assert(r == 0 || !compliant);
	check_lines(buf_view(&out), form->sevenbit);
	check_read(buf_view(&out), buf_view(&said));

	f = file_of(buf_view(&out));
	ck_assert_int_eq(convert(&f, form, 1000, &again, &why), 0);
	buf_done(&message);
	buf_done(&said);
	buf_done(&out);
	buf_done(&again);
}

START_TEST(random_trees)
{
	for (unsigned i = 0; i < 40; i++) {
		check_tree((unsigned)_i * 1000 + i, &sevenbit, false);
		check_tree((unsigned)_i * 1000 + i, &short_lines, false);
		check_tree((unsigned)_i * 1000 + i, &sevenbit, true);
	}
}
END_TEST

Suite *suite_mime(void);

Suite *
suite_mime(void)
{
	Suite *s = suite_create("mime");
	TCase *t = tcase_create("mime");

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, becomes, 0, ROWS(rows));
	tcase_add_loop_test(t, refuses, 0, ROWS(refusals));
	tcase_add_test(t, depth);
	tcase_add_test(t, parts);
	tcase_add_test(t, any_position);
	tcase_add_test(t, bad_source);
	tcase_add_test(t, changed_source);
	tcase_add_loop_test(t, random_trees, 0, 8);
	suite_add_tcase(s, t);
	return s;
}
