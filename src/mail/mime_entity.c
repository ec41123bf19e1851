/* mime_entity.c - what a header block says about its body; see mime_entity.h. */
#include "mail/mime_entity.h"

#include <string.h>

#include "mail/header.h"
#include "mail/params.h"

static const struct {
	const char        *name;
	enum mime_encoding encoding;
} encodings[] = {
	{ "7bit", MIME_7BIT }, { "8bit", MIME_8BIT }, { "binary", MIME_8BIT },
	{ "quoted-printable", MIME_QP }, { "base64", MIME_BASE64 },
};

/*
 * Types of which no octet may change, and composite ones that RFC 2045 §6.4
 * lets nobody encode.  The message/global family may be (RFC 6532 §3.7,
 * RFC 6533 §6), so it is not here.
 */
static const struct {
	const char *type;
	const char *why;
} frozen[] = {
	{ "multipart/signed", "a part of it is signed" },
	{ "multipart/encrypted", "a part of it is encrypted" },
	{ "application/pkcs7-mime", "a part of it is signed or encrypted (S/MIME)" },
	{ "application/x-pkcs7-mime", "a part of it is signed or encrypted (S/MIME)" },
	{ "message/partial", "it is a piece of a larger message (message/partial)" },
	{ "message/external-body", "a part of it is message/external-body" },
	{ "message/delivery-status", "a part of it is message/delivery-status" },
	{ "message/disposition-notification", "a part of it is message/disposition-notification" },
	{ "message/feedback-report", "a part of it is message/feedback-report" },
};

static void
freeze(struct mime_entity *e, const char *why)
{
	e->kind = MIME_FROZEN;
	e->why = why;
}

static void
read_encoding(struct mime_entity *e, struct span body)
{
	struct span rest;
	struct span token = params_value(body, &rest);

	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (!span_ieq(token, span_of(encodings[i].name)))
			continue;
		e->encoding = encodings[i].encoding;
		return;
	}
	/* An empty field says nothing; an unknown token something that we cannot undo. */
	e->encoding = token.n == 0 ? MIME_7BIT : MIME_OTHER;
}

/* A boundary of other octets would stand in lines that nobody may encode. */
static bool
is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

/* True: there was such a parameter, usable or not. */
static bool
take_boundary(struct mime_entity *e, const struct param *p)
{
	struct buf b;

	if (!span_ieq(p->name, SPAN("boundary")))
		return false;
	buf_init(&b, MIME_BOUNDARY_MAX);
	params_unquote(&b, p->value);
	/* Blanks at its end are padding to whoever compares (RFC 2046 §5.1.1). */
	while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
		buf_cut(&b, b.n - 1);
	if (!b.over && b.n > 0 && is_printable(buf_view(&b))) {
		memcpy(e->boundary, b.p, b.n);
		e->boundary_n = b.n;
	}
	buf_done(&b);
	return true;
}

static void
read_multipart(struct mime_entity *e, struct span type, struct span rest)
{
	struct param p;

	e->kind = MIME_MULTIPART;
	e->is_digest = span_ieq(type, SPAN("multipart/digest"));
	while (params_next(&rest, &p))
		if (take_boundary(e, &p))
			break;
	if (e->boundary_n == 0)
		freeze(e, "a multipart of it has no usable boundary");
}

static void
read_type(struct mime_entity *e, struct span body)
{
	struct span rest;
	struct span type = params_value(body, &rest);

	e->kind = MIME_LEAF;
	for (size_t i = 0; i < sizeof(frozen) / sizeof(frozen[0]); i++)
		if (span_ieq(type, span_of(frozen[i].type))) {
			freeze(e, frozen[i].why);
			return;
		}
	if (span_istarts(type, SPAN("multipart/")))
		read_multipart(e, type, rest);
	else if (span_ieq(type, SPAN("message/rfc822")) || span_ieq(type, SPAN("message/news")))
		e->kind = MIME_MESSAGE;
}

/*
 * Readers differ about which of two counts: some take the first field, some
 * the last.  What two readers see differently must not be taken apart.
 */
static bool
take_once(struct span *have, const struct field *f)
{
	struct span body = span_trim(f->body);
	bool        same = have->p == NULL || span_ieq(*have, body);

	if (have->p == NULL)
		*have = body;
	return same;
}

void
mime_entity_read(struct span block, bool is_message, bool in_digest, struct mime_entity *ret)
{
	struct mime_entity *e = ret;
	struct span         type = { NULL, 0 }, encoding = { NULL, 0 };
	struct field        f;
	bool                clear = true;

	memset(e, 0, sizeof(*e));
	e->is_message = is_message;
	while (header_next(&block, &f)) {
		if (header_is(&f, "Content-Type"))
			clear &= take_once(&type, &f);
		else if (header_is(&f, "Content-Transfer-Encoding"))
			clear &= take_once(&encoding, &f);
		else if (header_is(&f, "MIME-Version"))
			e->has_version = true;
	}
	e->has_type = type.p != NULL;
	e->kind = in_digest ? MIME_MESSAGE : MIME_LEAF;
	if (encoding.p != NULL)
		read_encoding(e, encoding);
	if (type.p != NULL)
		read_type(e, type);
	if (!clear)
		freeze(e, "it has contradicting Content- fields");
	else if (e->encoding == MIME_OTHER)
		freeze(e, "a part of it has an unknown Content-Transfer-Encoding");
	else if (e->encoding != MIME_7BIT && e->encoding != MIME_8BIT && e->kind != MIME_FROZEN)
		e->kind = MIME_LEAF;
}

bool
mime_is_sealed(struct span block)
{
	struct field f;

	while (header_next(&block, &f))
		if (header_is(&f, "DKIM-Signature") || header_is(&f, "ARC-Seal") ||
		    header_is(&f, "ARC-Message-Signature"))
			return true;
	return false;
}
