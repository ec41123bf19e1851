/* trial.c - see trial.h. */
#include "posternd/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "relay/compose.h"
#include "smtp/crlf.h"
#include "smtp/limits.h"

#define TEXT_MAX 65536

/* As sendmail stores it: lines end in CRLF, and the longest is known. */
static void
store(struct message *m, struct span text)
{
	struct buf b;
	struct span line;

	buf_init(&b, TEXT_MAX);
	while (span_cut(&text, '\n', &line)) {
		buf_span(&b, line);
		buf_str(&b, CRLF);
		m->longest = line.n > m->longest ? line.n : m->longest;
	}
	m->eightbit = !text_is_ascii(buf_view(&b));
	m->cache = buf_steal(&b);
	m->size = m->cache.n;
}

static char *
this_host(const struct config *c)
{
	char name[256];

	if (gethostname(name, sizeof(name)) != 0)
		return xstrdup(c->hostname);
	name[sizeof(name) - 1] = '\0';
	return xstrdup(name);
}

struct message *
trial_message(const struct config *c, const struct addr *from, const struct addr *to, struct span text)
{
	struct message *m = xcalloc(1, sizeof(*m));

	m->id = msgid_new();
	m->fd = -1;
	envelope_init(&m->env);
	m->env.time_us = clock_wall_us();
	m->env.host = this_host(c);
	m->env.user = xstrdup("root");
	m->env.sender = from != NULL ? addr_dup(from) : addr_of_user(SPAN("root"), NULL);
	envelope_add(&m->env, addr_dup(to));
	m->notes = xcalloc(1, sizeof(*m->notes));
	store(m, text);
	return m;
}

struct mail *
trial_mail(const struct config *c, const struct relay_conf *r, struct message *m, const struct addr *to,
    struct buf *why)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));
	int e;

	mail->msg = m;
	mail->rcpt = xcalloc(1, sizeof(*mail->rcpt));
	mail->rcpt[0].to = addr_dup(to);
	mail->nrcpt = 1;
	if ((e = compose(c, r, mail)) == 0)
		return mail;
	if (e == -EDOM)
		buf_printf(why, "the sender's domain is none: %s; look at --from, and at domain in the configuration",
		    mail->from->text);
	else
		buf_printf(why, "the message cannot be composed: %s", strerror(-e));
	mail_free(mail);
	return NULL;
}

void
trial_put_test(struct buf *b, const struct config *c, const struct relay_conf *r, const struct addr *to,
    unsigned number, unsigned n)
{
	buf_printf(b, "To: %s\nSubject: Test of Postern on %s", to->text, c->hostname);
	if (n > 1)
		buf_printf(b, " (%u of %u)", number, n);
	buf_printf(b,
	    "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n\n"
	    "An admin of %s sent this with \"postern test\", through the relay\n\"%s\" (%s).\n"
	    "Mail of that machine arrives; there is nothing to do about it.\n", c->hostname, r->name, r->host);
}

/* The fields that cron of the distributions adds. */
void
trial_put_cron(struct buf *b, const struct config *c)
{
	buf_printf(b,
	    "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@%.*s> test -x /usr/sbin/example\n"
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n"
	    "X-Cron-Env: <SHELL=/bin/sh>\nX-Cron-Env: <HOME=/root>\nX-Cron-Env: <LOGNAME=root>\n\n"
	    "(what the job printed)\n", (int)strcspn(c->hostname, "."), c->hostname);
}
