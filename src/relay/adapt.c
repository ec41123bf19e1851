#include "relay/adapt.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "mail/mime.h"
#include "smtp/limits.h"

#define LINE_MAX_OCTETS 998     /* RFC 5321 §4.5.3.1.6 without its line end */
#define SLICE           LIMIT_BODY_CHUNK        /* a millisecond or two of quoted-printable */

static enum adapt
refuse(struct status *ret, const char *dsn, const char *what, const struct adapt_server *server)
{
	status_local(ret, VERDICT_REJECT, SCOPE_MESSAGE, dsn, "the message %s, %s does not offer it", what,
	    server->name);
	return ADAPT_REFUSED;
}

static bool
fits_size(const struct mail *m, const struct adapt_server *server, struct status *ret)
{
	uint64_t size = body_size(&m->content);

	if (server->size == 0 || size <= server->size)
		return true;
	status_local(ret, VERDICT_REJECT, SCOPE_MESSAGE, "5.3.4", "the message has %llu bytes, %s takes %llu",
	    (unsigned long long)size, server->name, (unsigned long long)server->size);
	return false;
}

static bool
envelope_is_utf8(const struct mail *m)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].to->utf8)
			return true;
	return m->from->utf8;
}

/*
 * 8-bit text in the header is allowed as UTF-8 and to a server with SMTPUTF8
 * only (RFC 6532); other text was never allowed, whatever the server offers.
 */
static bool
head_must_change(const struct mail *m, const struct adapt_server *server)
{
	struct span head = m->content.head;

	return m->eightbit && !text_is_ascii(head) && !(server->utf8 && text_is_utf8(head));
}

static enum adapt
failed(int e, const char *why, const struct adapt_server *server, struct status *ret)
{
	if (e == -EILSEQ)
		status_local(ret, VERDICT_REJECT, SCOPE_MESSAGE, "5.6.3",
		    "the message has 8-bit content that cannot be re-encoded (%s), and %s does not offer 8BITMIME",
		    why, server->name);
	else if (e == -EMSGSIZE)
		status_local(ret, VERDICT_REJECT, SCOPE_MESSAGE, "5.3.4", "the header block is too large");
	else
		status_local(ret, VERDICT_DEFER, SCOPE_MESSAGE, "4.3.0",
		    "the message cannot be read from the spool: %s", strerror(-e));
	return ADAPT_REFUSED;
}

static ssize_t
read_adapted(void *arg, uint64_t at, void *p, size_t n)
{
	return mime_read(arg, at, p, n);
}

static void
take(struct mail *m, const struct mime_form *form)
{
	struct span head = mime_head(m->adapted);

	m->content = (struct body_source){
		.head = head, .read = read_adapted, .arg = m->adapted, .n = mime_size(m->adapted),
	};
	m->eightbit = m->eightbit && !form->sevenbit;
	m->utf8 = envelope_is_utf8(m) || (!text_is_ascii(head) && text_is_utf8(head));
}

static enum adapt
re_encode(struct mail *m, const struct mime_form *form, const struct adapt_server *server, struct status *ret)
{
	struct mime_source src = { m->content.read, m->content.arg, m->content.at, m->content.n };
	const char        *why = NULL;
	int                r;

	if (m->adapted == NULL)
		m->adapted = mime_open(m->content.head, &src, form);
	r = mime_prepare(m->adapted, SLICE, &why);
	if (r == -EAGAIN)
		return ADAPT_MORE;
	if (r > 0) {
		take(m, form);
		return ADAPT_READY;
	}
	mime_free(m->adapted);
	m->adapted = NULL;
	if (r < 0)
		return failed(r, why, server, ret);
	m->eightbit = m->eightbit && !form->sevenbit;   /* what was 8-bit was a field that is not sent */
	return ADAPT_READY;
}

enum adapt
adapt(struct mail *m, const struct adapt_server *server, struct status *ret)
{
	/* No note about the longest line: nobody has looked. */
	bool             unknown = m->msg->longest == 0 && m->msg->size > 0;
	struct mime_form form = {
		.sevenbit = m->eightbit && !server->eightbit,
		.short_lines = m->msg->longest > LINE_MAX_OCTETS || unknown,
		.ascii_head = head_must_change(m, server),
	};
	enum adapt       r = ADAPT_READY;

	if (!fits_size(m, server, ret))
		return ADAPT_REFUSED;
	if (!server->utf8 && envelope_is_utf8(m))
		return refuse(ret, "5.6.7", "needs SMTPUTF8 for an address", server);
	if (form.sevenbit || form.short_lines || form.ascii_head)
		r = re_encode(m, &form, server, ret);
	if (r != ADAPT_READY)
		return r;

	/* A UTF-8 local part in an address field: there is no ASCII for it. */
	if (m->utf8 && !server->utf8)
		return refuse(ret, "5.6.9", "needs SMTPUTF8 for its header", server);
	return fits_size(m, server, ret) ? ADAPT_READY : ADAPT_REFUSED;
}
