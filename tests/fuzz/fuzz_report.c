/*
 * fuzz_report.c - what a sender is told, whatever the envelope, the server's
 * words and the original say: a message of RFC 3464's three parts, each where
 * its boundary says, and a status that a program can read: a group for the
 * message, and one with its fields, each once, for each recipient.
 *
 * The first octet: the occasion.  Lines of an envelope, an empty line, the
 * server's words, its name, and then the original.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "lib/submission.h"
#include "mail/header.h"
#include "relay/bounce.h"

#define REPORT_MAX (8u << 20)

static const struct config conf = { .hostname = (char *)"web1.example.com", .domain = (char *)"example.com" };

static struct store *store;

static void
end(void)
{
	store_close(store);
}

static void
begin(void)
{
	const char *what;

	if (store != NULL)
		return;
	setenv("TZ", "UTC", 1);
	must(store_open(folder_spool(), false, &store, &what) == 0);
	clock_set((SUBMISSION_TIME_S + 7200) * 1000000, 1000);
	atexit(end);
}

/* ---- the status ---- */

static unsigned
fields(struct span group, struct span name)
{
	struct field f;
	unsigned n = 0;

	while (header_next(&group, &f))
		n += span_ieq(f.name, name);
	return n;
}

/* "name: value" or a continuation; true: an empty line. */
static bool
is_a_line(struct span line, bool ascii)
{
	if (line.n == 0)
		return true;
	must(line.p[0] == ' ' || line.p[0] == '\t' || (line.p[0] >= 'A' && line.p[0] <= 'Z' && memchr(line.p, ':', line.n) != NULL));
	for (size_t i = 0; i < line.n; i++)
		must(((unsigned char)line.p[i] >= ' ' || line.p[i] == '\t') && line.p[i] != 127 &&
		    (!ascii || (unsigned char)line.p[i] < 127));
	return false;
}

static void
is_a_status(struct span text, bool ascii, size_t rcpts)
{
	struct span group = { text.p, 0 }, line;
	size_t groups = 0;

	while (text.n > 0) {
		must(span_cut(&text, '\n', &line) && line.n > 0 && line.p[line.n - 1] == '\r');
		line.n--;
		if (!is_a_line(line, ascii)) {
			group.n = (size_t)(line.p + line.n + 2 - group.p);
			if (text.n > 0)
				continue;
		}
		if (group.n == 0)
			continue;
		if (groups++ == 0) {
			must(fields(group, SPAN("Reporting-MTA")) == 1);
		} else {
			must(fields(group, SPAN("Final-Recipient")) == 1 && fields(group, SPAN("Action")) == 1);
			must(fields(group, SPAN("Status")) == 1 && fields(group, SPAN("Original-Recipient")) <= 1);
			must(fields(group, SPAN("Diagnostic-Code")) <= 1 && fields(group, SPAN("Remote-MTA")) <= 1);
		}
		group = (struct span){ text.p, 0 };
	}
	must(groups == rcpts + 1);
}

/* ---- its parts ---- */

static bool
cut_at(struct span *rest, const char *mark, struct span *ret)
{
	const char *hit = memmem(rest->p, rest->n, mark, strlen(mark));

	if (hit == NULL)
		return false;
	*ret = (struct span){ rest->p, (size_t)(hit - rest->p) };
	rest->n -= ret->n + strlen(mark);
	rest->p = hit + strlen(mark);
	return true;
}

/* The next part: its header, and what it has with its last line end.  True: it is the last. */
static bool
next_part(struct span *rest, const char *delimiter, struct span *ret_head, struct span *ret_body)
{
	struct span line;

	must(cut_at(rest, delimiter, ret_body) && span_cut(rest, '\n', &line));
	must(cut_at(ret_body, "\r\n\r\n", ret_head));
	return span_eq(line, SPAN("--\r"));
}

static void
is_a_report(struct span text, size_t rcpts)
{
	struct span head, mark, part_head, body, preamble;
	char delimiter[128];

	must(cut_at(&text, "\r\n\r\n", &head) && cut_at(&head, "boundary=\"", &preamble) && span_cut(&head, '"', &mark));
	must(mark.n > 0 && mark.n < 70);
	snprintf(delimiter, sizeof(delimiter), "--%.*s", (int)mark.n, mark.p);
	must(cut_at(&text, delimiter, &preamble) && span_cut(&text, '\n', &preamble));
	snprintf(delimiter, sizeof(delimiter), "\r\n--%.*s", (int)mark.n, mark.p);
	must(!next_part(&text, delimiter, &part_head, &body) && span_icontains(part_head, SPAN("text/plain")));
	if (!next_part(&text, delimiter, &part_head, &body)) {
		struct span original_head, original;

		/* Of some originals there is nothing to show. */
		must(next_part(&text, delimiter, &original_head, &original));
	}
	must(text.n == 0 && span_icontains(part_head, SPAN("delivery-status")));
	is_a_status(body, span_icontains(part_head, SPAN("message/delivery-status")), rcpts);
}

/* ---- one of them ---- */

static void
read_back(const char *id, size_t rcpts)
{
	char path[PATH_MAX];
	struct message *m = NULL;
	const char *why;
	char *text;
	msgid number;

	must(msgid_parse(id, &number) && store_load(store, PLACE_NEW, number, &m, &why) == 0);
	must(addr_is_null(m->env.sender) && m->env.nrcpts == 1 && m->size < REPORT_MAX);
	text = xrealloc(NULL, m->size + 1);
	must(message_read(m, 0, text, m->size) == (ssize_t)m->size);
	is_a_report((struct span){ text, m->size }, rcpts);
	free(text);
	message_close(store, m);
	snprintf(path, sizeof(path), "%s/spool/new/%s", folder(), id);
	must(unlink(path) == 0);
}

static void
tell(struct message *m, uint8_t how, const char *words, const char *host)
{
	static const char *const dsn[] = { "5.1.1", "4.4.7", "2.0.0", "" };
	struct bounced *b = xcalloc(m->env.nrcpts, sizeof(*b));
	char id[ID_LEN + 1];
	size_t told = 0;
	int rc;

	for (size_t i = 0; i < m->env.nrcpts; i++) {
		const unsigned n = m->env.rcpts[i].notify;

		b[i] = (struct bounced){
			.index = i, .action = (enum report_action)(how % 3), .dsn = dsn[how / 4 % 4], .code = (how & 16) ? 550 : 0,
			.text = words, .remote = (how & 32) ? host : NULL, .hint = (how & 64) ? "ask him" : NULL,
			.expired = (how & 128) != 0, .to = (how & 32) ? m->env.rcpts[i].addr : NULL,
		};
		told += how % 3 == REPORT_RELAYED ? n & NOTIFY_SUCCESS && !(n & NOTIFY_NEVER) :
		    n == 0 || (n & (how % 3 == REPORT_FAILED ? NOTIFY_FAILURE : NOTIFY_DELAY)) != 0;
	}
	rc = bounce_write(&conf, store, m, b, m->env.nrcpts, id);
	must(rc == 0 || rc == -ENOMSG || rc == -E2BIG || rc == -EFBIG);
	must(rc != 0 || told > 0);
	if (rc == 0)
		read_back(id, told);
	free(b);
}

/* As replies and the spool have it: what can be printed. */
static char *
printable(struct span s)
{
	struct buf b;
	char *text;

	buf_init(&b, 512);
	text_put_printable(&b, (struct span){ s.p, s.n < 500 ? s.n : 500 });
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void
store_text(struct span in, struct buf *ret)
{
	struct span line;

	while (span_cut(&in, '\n', &line)) {
		for (size_t i = 0; i < line.n; i++)
			buf_char(ret, line.p[i] == '\r' || line.p[i] == '\0' ? ' ' : line.p[i]);
		buf_str(ret, "\r\n");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = { (const char *)data + 1, n - 1 }, line, words, host;
	struct envelope e;
	struct message *m;
	struct buf head, text;
	const char *why;
	char *said, *by;

	if (n == 0)
		return 0;
	begin();
	buf_init(&head, ENVELOPE_MAX_BYTES);
	buf_init(&text, 1 << 20);
	buf_str(&head, "time 1764000000.000001\nhost h\nfrom-user 1000\n");
	while (span_cut(&rest, '\n', &line) && line.n > 0) {
		buf_span(&head, line);
		buf_char(&head, '\n');
	}
	buf_char(&head, '\n');
	span_cut(&rest, '\n', &words);
	span_cut(&rest, '\n', &host);
	store_text(rest, &text);
	if (envelope_parse(buf_view(&head), &e, &why) == 0) {
		said = printable(words);
		by = printable(host);
		m = submission_new(buf_view(&text), "alice");
		if (e.sender == NULL)
			e.sender = addr_parse(SPAN("alice"), NULL);
		if (e.user == NULL)
			e.user = xstrdup("alice");
		envelope_done(&m->env);
		m->env = e;
		m->notes = xcalloc(e.nrcpts + 1, sizeof(*m->notes));
		tell(m, data[0], said, by);
		message_close(NULL, m);
		free(said);
		free(by);
	}
	buf_done(&head);
	buf_done(&text);
	return 0;
}
