#include "relay/mail.h"

#include <stdlib.h>

#include "mail/mime.h"

void
mail_settle_rest(struct mail *m, const struct status *s)
{
	for (size_t i = 0; i < m->nrcpt; i++)
		if (m->rcpt[i].status.verdict == VERDICT_NONE)
			m->rcpt[i].status = *s;
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
