#include "relay/mail.h"

#include <stdlib.h>
#include <string.h>

#include "mail/mime.h"

void
mail_settle_rest(struct mail *m, const struct status *s)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].status.verdict == VERDICT_NONE)
			m->rcpt[i].status = *s;
}

#define NAMED_WITHIN 4096       /* of a reply; a server may say a hundred lines */

/* An address is a word of its own: bob@example.com is not in bob@example.com.au. */
static bool
is_named(struct span text, const struct addr *a)
{
	static const char between[] = " ,;:<>()'\"";
	const struct span whole = { a->text, a->n };

	if (text.n > NAMED_WITHIN)
		text.n = NAMED_WITHIN;
	while (text.n > 0) {
		struct span word = { text.p, 0 };

		while (word.n < text.n && memchr(between, word.p[word.n], sizeof(between) - 1) == NULL)
			word.n++;
		text.p += word.n + (word.n < text.n);
		text.n -= word.n + (word.n < text.n);
		if (word.n > 0 && word.p[word.n - 1] == '.')
			word.n--;
		if (word.n > 0 && span_ieq(word, whole))
			return true;
	}
	return false;
}

bool
mail_names_recipient(const struct mail *m, struct span text)
{
	bool named = false;

	for (size_t i = 0; i < m->nrcpt && !named; i++)
		named = m->rcpt[i].accepted && is_named(text, m->rcpt[i].to);
	return named && !is_named(text, m->from);
}

void
mail_settle_named(struct mail *m, const struct status *st, struct span text)
{
	struct status again = *st;

	again.verdict = VERDICT_RECONNECT;
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].status.verdict == VERDICT_NONE)
			m->rcpt[i].status = is_named(text, m->rcpt[i].to) ? *st : again;
}

bool
mail_is_settled(const struct mail *m)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].status.verdict == VERDICT_NONE)
			return false;
	return true;
}

void
mail_free(struct mail *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->nrcpt; i++)
		addr_free(m->rcpt[i].to);
	free(m->rcpt);
	addr_free(m->from);
	mime_free(m->adapted);
	buf_done(&m->head);
	free(m);
}
