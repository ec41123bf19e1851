/*
 * fuzz_compose.c - any message that was stored, as it leaves: a header block
 * with the line ends of the wire and one end, that has what it must have and
 * nothing that was to be hidden; the same bytes each time.
 *
 * The first octet: what the relay wants of the sender.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/fuzz.h"
#include "lib/submission.h"
#include "mail/header.h"
#include "relay/compose.h"
#include "smtp/limits.h"

enum { REWRITES = 1, NULL_SENDER = 2, REFUSES_NULL = 4, FULL_NAME = 8 };

static struct map_conf maps[] = {
	{ .from = (char *)"www-data", .to = (char *)"shop@y.org", .apply = MAP_SENDER },
	{ .from = (char *)"*@old.org", .to = (char *)"*@new.org", .apply = MAP_RECIPIENT },
};
static char *masks[] = { (char *)"hid.org", NULL };

static const struct config conf = {
	.hostname = (char *)"web1.example.com", .domain = (char *)"example.com", .maps = maps,
	.nmaps = sizeof(maps) / sizeof(maps[0]), .masquerade = masks,
};

/* As it is stored (spool/draft.h): CRLF at each end, and no other CR, no NUL. */
static void
store(struct span in, struct buf *ret)
{
	struct span line;

	while (span_cut(&in, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		for (size_t i = 0; i < line.n; i++)
			buf_char(ret, line.p[i] == '\r' || line.p[i] == '\0' ? ' ' : line.p[i]);
		buf_str(ret, "\r\n");
	}
}

/* ---- the header block ---- */

static void
is_a_block(struct span head, bool blank)
{
	for (size_t i = 0; i < head.n; i++) {
		must(head.p[i] != '\0' && (head.p[i] != '\n' || (i > 0 && head.p[i - 1] == '\r')));
		must(head.p[i] != '\r' || (i + 1 < head.n && head.p[i + 1] == '\n'));
		/* Its end is its end. */
		if (i + 4 < head.n)
			must(memcmp(head.p + i, "\r\n\r\n", 4) != 0);
	}
	must(!blank || (head.n >= 4 && memcmp(head.p + head.n - 4, "\r\n\r\n", 4) == 0));
}

static unsigned
count(struct span head, struct span name)
{
	struct field f;
	unsigned n = 0;

	while (header_next(&head, &f))
		n += span_ieq(span_trim(f.name), name);
	return n;
}

static void
has_what_it_must(struct span head, const struct mail *m, unsigned how)
{
	must(span_starts(head, SPAN("Received: by web1.example.com ")));
	must(count(head, SPAN("Bcc")) + count(head, SPAN("Resent-Bcc")) + count(head, SPAN("Return-Path")) == 0);
	must(count(head, SPAN("Date")) > 0 && count(head, SPAN("Message-ID")) > 0 && count(head, SPAN("From")) > 0);
	must(count(head, SPAN("To")) + count(head, SPAN("Cc")) + count(head, SPAN("Resent-To")) +
	    count(head, SPAN("Resent-Cc")) > 0);
	if (how & REWRITES)
		must(count(head, SPAN("Sender")) == 0);
	if ((how & REWRITES) && !(how & NULL_SENDER))
		must(strcmp(m->from->text, "account@mail.example") == 0);
	if ((how & NULL_SENDER) && !(how & REFUSES_NULL))
		must(addr_is_null(m->from));
	for (const char *p = m->from->text; *p != '\0'; p++)
		must((unsigned char)*p >= ' ' && *p != 127);
}

/* ---- one message ---- */

static struct mail *
mail_of(struct message *m)
{
	struct mail *mail = xcalloc(1, sizeof(*mail));

	mail->msg = m;
	mail->nrcpt = 1;
	mail->rcpt = xcalloc(1, sizeof(*mail->rcpt));
	mail->rcpt[0].to = addr_parse(SPAN("bob@example.net"), NULL);
	return mail;
}

static void
check(const struct relay_conf *r, struct message *m, unsigned how)
{
	struct mail *mail = mail_of(m);
	struct buf first;
	int rc = compose(&conf, r, mail);

	must(rc == 0 || rc == -EMSGSIZE || rc == -EDOM);
	if (rc == 0) {
		buf_init(&first, 2 * LIMIT_HEADER_BLOCK);
		buf_span(&first, mail->content.head);
		must(first.n <= LIMIT_HEADER_BLOCK && mail->content.at + mail->content.n <= m->size);
		is_a_block(buf_view(&first), true);
		has_what_it_must(buf_view(&first), mail, how);
		must(compose(&conf, r, mail) == 0 && span_eq(buf_view(&first), mail->content.head));
		buf_done(&first);
	}
	mail_free(mail);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct relay_conf relay = { .name = (char *)"relay", .null_sender = true };
	struct message *m;
	struct buf text;
	unsigned how;

	if (n == 0)
		return 0;
	setenv("TZ", "UTC", 1);
	tzset();
	how = data[0];
	relay.null_sender = (how & REFUSES_NULL) == 0;
	if (how & REWRITES) {
		relay.from = addr_parse(SPAN("account@mail.example"), NULL);
		relay.from_header = FROM_REWRITE;
	}
	buf_init(&text, 1 << 20);
	store((struct span){ (const char *)data + 1, n - 1 }, &text);
	m = submission_new(buf_view(&text), (how & NULL_SENDER) ? NULL : "alice");
	if (how & FULL_NAME)
		m->env.full_name = xstrdup("Al\xc3\xa9 \"A\\\" <x>, Ex");
	submission_add(m, "bob@example.net", 0);
	check(&relay, m, how);
	message_close(NULL, m);
	addr_free(relay.from);
	buf_done(&text);
	return 0;
}
