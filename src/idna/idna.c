/* idna.c - label by label: one that is ASCII is nobody's business here. */
#include "idna/idna.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define DOMAIN_MAX 255          /* RFC 1035 §2.3.4 */
#define TEXT_MAX   1024         /* an address at its limits, in UTF-8 and with stars */

static bool
refuse(const char **ret_why, const char *why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return false;
}

/*
 * Nontransitional, as browsers and registries have it since 2021: "ß" is a
 * letter of its own.
 */
static bool
put_label(struct buf *b, struct span label, const char **ret_why)
{
	uint8_t *ascii = NULL;
	char    *text;
	int      e;

	if (text_is_ascii(label)) {
		buf_span(b, label);
		return true;
	}
	text = span_dup(label);
	e = idn2_lookup_u8((const uint8_t *)text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	free(text);
	if (e != IDN2_OK)
		return refuse(ret_why, idn2_strerror(e));
	buf_str(b, (const char *)ascii);
	idn2_free(ascii);
	return true;
}

/* Append the domain in A-labels.  False, and *ret_why (may be NULL): there is no such domain. */
static bool
put_domain(struct buf *b, struct span domain, const char **ret_why)
{
	struct buf  out;
	struct span label;
	bool        first = true, ok = true;

	buf_init(&out, DOMAIN_MAX);
	while (ok && span_cut(&domain, '.', &label)) {
		if (!first)
			buf_char(&out, '.');
		first = false;
		ok = put_label(&out, label, ret_why);
	}
	if (ok && out.over)
		ok = refuse(ret_why, "domain is longer than 255 octets");
	if (ok)
		buf_span(b, buf_view(&out));
	buf_done(&out);
	return ok;
}

struct addr *
idna_addr(const struct addr *a, const char **ret_why)
{
	struct addr *ret;
	struct buf   b;

	if (!a->utf8 || text_is_ascii(addr_domain(a)))
		return addr_dup(a);
	buf_init(&b, TEXT_MAX);
	buf_span(&b, addr_local(a));
	buf_char(&b, '@');
	ret = put_domain(&b, addr_domain(a), ret_why) ? addr_parse(buf_view(&b), ret_why) : NULL;
	buf_done(&b);
	return ret;
}

static char *
text_from(struct span s, size_t domain, const char **ret_why)
{
	struct buf b;
	char      *ret = NULL;

	buf_init(&b, TEXT_MAX);
	buf_add(&b, s.p, domain);
	if (!put_domain(&b, (struct span){ s.p + domain, s.n - domain }, ret_why))
		;
	else if (b.over)
		refuse(ret_why, "longer than any address");
	else
		ret = span_dup(buf_view(&b));
	buf_done(&b);
	return ret;
}

char *
idna_domain_text(struct span s, const char **ret_why)
{
	return text_is_ascii(s) ? span_dup(s) : text_from(s, 0, ret_why);
}

char *
idna_address_text(struct span s, const char **ret_why)
{
	const char *at = s.n > 0 ? memrchr(s.p, '@', s.n) : NULL;

	if (at == NULL || text_is_ascii((struct span){ at, s.n - (size_t)(at - s.p) }))
		return span_dup(s);
	return text_from(s, (size_t)(at - s.p) + 1, ret_why);
}
