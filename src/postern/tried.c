/* tried.c - see tried.h. */
#include "postern/tried.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "postern/document.h"
#include "postern/plain.h"
#include "postern/told.h"
#include "spool/place.h"

#define WORDS_MAX  24
#define CANNOT_RUN 127

void
tried_init(struct tried *t, bool json)
{
	*t = (struct tried){ .json = json };
	term_of(STDOUT_FILENO, &t->term);
	buf_init(&t->error, TOLD_TEXT_MAX);
	if (!json)
		return;
	t->doc = json_object();
	document_set(t->doc, "relay", json_null());
	document_set(t->doc, "steps", json_array());
	document_set(t->doc, "recipients", json_array());
	document_set(t->doc, "trouble", json_null());
}

void
tried_done(struct tried *t)
{
	json_decref(t->doc);
	buf_done(&t->error);
}

/* ---- in plain words ---- */

/* The value of a field, safe for a terminal; lent until the next call with the same buf. */
static const char *
field(struct span fields, const char *key, struct buf *plain)
{
	struct buf raw;

	buf_init(&raw, TOLD_TEXT_MAX);
	told_text(fields, key, &raw);
	buf_done(plain);
	buf_init(plain, TOLD_TEXT_MAX * 2);
	plain_put(plain, buf_view(&raw));
	buf_done(&raw);
	return buf_cstr(plain);
}

static void
print_relay(struct span f)
{
	struct buf b;

	buf_init(&b, 1);
	printf("relay %s", field(f, "name", &b));
	printf(": %s port %u", field(f, "host", &b), (unsigned)told_number(f, "port"));
	printf(", %s", told_is(f, "tls", "implicit") ? "TLS" : told_is(f, "tls", "starttls") ? "STARTTLS" : "no TLS");
	if (field(f, "user", &b)[0] != '\0')
		printf(", login as %s", buf_cstr(&b));
	putchar('\n');
	buf_done(&b);
}

static void
print_step(const struct tried *t, struct span f)
{
	bool good = told_number(f, "ok") == 1;
	struct buf b;

	buf_init(&b, 1);
	printf("%8llu ms  %s%-9s", (unsigned long long)told_number(f, "ms"),
	    good ? "" : term_paint(&t->term, PAINT_BAD), field(f, "name", &b));
	printf(" %s%s%s\n", good ? "" : "refused: ", field(f, "text", &b), good ? "" : term_plain(&t->term));
	buf_done(&b);
}

static void
print_hint(struct span f)
{
	struct buf b;

	buf_init(&b, 1);
	if (field(f, "hint", &b)[0] != '\0')
		printf("    what to do: %s\n", buf_cstr(&b));
	buf_done(&b);
}

/* What the daemon would do about it, had it been anybody's mail. */
static const struct {
	const char *verdict, *means;
} meanings[] = {
	{ "reject", "refused for good: the sender of such a message has it back with a report" },
	{ "defer", "not now: such a message waits, and is tried again" },
	{ "split", "too many at once: such a message goes again in smaller parts" },
	{ "reconnect", "the connection ended too early: such a message goes again on a fresh one" },
	{ "pause", "until it works all mail for this relay is kept, and tried again by itself" },
	{ "credential", "until that is put right all mail for this relay is kept" },
	{ "config", "until that is put right all mail for this relay is kept" },
};

static void
print_meaning(struct span f)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (told_is(f, "verdict", meanings[i].verdict))
			printf("    what it means: %s\n", meanings[i].means);
}

static void
print_recipient(const struct tried *t, struct span f)
{
	bool sent = told_is(f, "verdict", "sent");
	struct buf b;

	buf_init(&b, 1);
	printf("  %s%s %s%s", term_paint(&t->term, sent ? PAINT_GOOD : PAINT_BAD), sent ? "taken for" : "not taken for",
	    field(f, "addr", &b), term_plain(&t->term));
	printf("%s%s\n", sent ? "" : ": ", sent ? "" : field(f, "text", &b));
	if (!sent) {
		print_meaning(f);
		print_hint(f);
	}
	buf_done(&b);
}

static void
print_trouble(const struct tried *t, struct span f)
{
	struct buf b;

	buf_init(&b, 1);
	printf("  %sfailed at %s%s", term_paint(&t->term, PAINT_BAD), field(f, "step", &b), term_plain(&t->term));
	if (told_number(f, "code") > 0)
		printf(": %u %s\n", (unsigned)told_number(f, "code"), field(f, "text", &b));
	else
		printf(": %s\n", field(f, "text", &b));
	print_meaning(f);
	print_hint(f);
	buf_done(&b);
}

static void
print_named(const char *name, struct span f, const char *key)
{
	struct buf b;

	buf_init(&b, 1);
	if (field(f, key, &b)[0] != '\0')
		printf("    %-11s %s\n", name, buf_cstr(&b));
	buf_done(&b);
}

static void
print_date(const char *name, struct span f, const char *key)
{
	struct buf b;

	buf_init(&b, 64);
	text_put_date(&b, (int64_t)told_number(f, key));
	printf("    %-11s %s\n", name, buf_cstr(&b));
	buf_done(&b);
}

static void
print_tls(struct span f)
{
	print_named("TLS", f, "version");
	print_named("cipher", f, "cipher");
	print_named("checked", f, "checked");
	print_named("refused", f, "failure");
}

static void
print_cert(struct span f)
{
	print_named("certificate", f, "subject");
	print_named("  for", f, "names");
	print_named("  issued by", f, "issuer");
	print_date("  from", f, "not_before");
	print_date("  until", f, "not_after");
	print_named("  key", f, "key");
	print_named("  pin", f, "pin");
}

static void
print_text(const char *before, struct span f)
{
	struct buf b;

	buf_init(&b, 1);
	printf("%s%s\n", before, field(f, "text", &b));
	buf_done(&b);
}

static void
print_record(const struct tried *t, struct span kind, struct span f)
{
	if (span_eq(kind, SPAN("relay")))
		print_relay(f);
	else if (span_eq(kind, SPAN("step")))
		print_step(t, f);
	else if (span_eq(kind, SPAN("recipient")))
		print_recipient(t, f);
	else if (span_eq(kind, SPAN("trouble")))
		print_trouble(t, f);
	else if (span_eq(kind, SPAN("again")))
		print_text("  once more, on a fresh connection: ", f);
	else if (span_eq(kind, SPAN("wire")))
		print_text("    ", f);
	else if (t->show_tls && span_eq(kind, SPAN("tls")))
		print_tls(f);
	else if (t->show_tls && span_eq(kind, SPAN("cert")))
		print_cert(f);
	fflush(stdout);
}

/* ---- as a document ---- */

static json_t *
value_of(struct span key, struct span value)
{
	static const char *const numbers[] = { "ms", "code", "port", "sent", "refused", "deferred", "in_flight",
	    "not_before", "not_after" };
	struct buf b;
	json_t *o;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (span_eq(key, span_of(numbers[i])))
			return document_number(value);
	if (span_eq(key, SPAN("ok")) || span_eq(key, SPAN("resumed")) || span_eq(key, SPAN("pipelining")))
		return json_boolean(span_eq(value, SPAN("1")));
	if (value.n == 0)
		return json_null();
	buf_init(&b, TOLD_TEXT_MAX);
	o = text_percent(value, &b) == 0 ? document_span(buf_view(&b)) : json_null();
	buf_done(&b);
	return o;
}

static json_t *
object_of(struct span f)
{
	json_t *o = json_object();
	struct span key, value;

	while (told_next(&f, &key, &value)) {
		char *name = span_dup(key);

		document_set(o, name, value_of(key, value));
		free(name);
	}
	return o;
}

static void
add(json_t *doc, const char *key, json_t *value)
{
	json_t *list = json_object_get(doc, key);

	if (list == NULL) {
		list = json_array();
		document_set(doc, key, list);
	}
	if (json_array_append_new(list, value) != 0)
		abort();
}

static void
keep_wire(json_t *doc, struct span f)
{
	struct buf b;

	buf_init(&b, TOLD_TEXT_MAX);
	told_text(f, "text", &b);
	add(doc, told_is(f, "part", "envelope") ? "envelope" : "header", document_span(buf_view(&b)));
	buf_done(&b);
}

static void
keep_record(struct tried *t, struct span kind, struct span f)
{
	if (span_eq(kind, SPAN("step")))
		add(t->doc, "steps", object_of(f));
	else if (span_eq(kind, SPAN("recipient")))
		add(t->doc, "recipients", object_of(f));
	else if (span_eq(kind, SPAN("again")))
		add(t->doc, "again", object_of(f));
	else if (span_eq(kind, SPAN("cert")))
		add(t->doc, "certificates", object_of(f));
	else if (span_eq(kind, SPAN("tls")))
		document_set(t->doc, "tls", object_of(f));
	else if (span_eq(kind, SPAN("wire")))
		keep_wire(t->doc, f);
	else if (span_eq(kind, SPAN("relay")))
		document_set(t->doc, "relay", object_of(f));
	else if (span_eq(kind, SPAN("trouble")))
		document_set(t->doc, "trouble", object_of(f));
	else if (span_eq(kind, SPAN("result")))
		document_set(t->doc, "result", object_of(f));
}

/* ---- its lines ---- */

static void
note(struct tried *t, struct span kind, struct span f)
{
	struct buf b;

	if (span_eq(kind, SPAN("error"))) {
		told_text(f, "text", &t->error);
	} else if (span_eq(kind, SPAN("trouble"))) {
		t->trouble = true;
	} else if (span_eq(kind, SPAN("result"))) {
		t->sent = (unsigned)told_number(f, "sent");
		t->refused = (unsigned)told_number(f, "refused");
		t->deferred = (unsigned)told_number(f, "deferred");
		t->in_flight = (unsigned)told_number(f, "in_flight");
		t->pipelining = told_number(f, "pipelining") == 1;
	} else if (span_eq(kind, SPAN("relay"))) {
		buf_init(&b, 1);
		snprintf(t->relay, sizeof(t->relay), "%s", field(f, "name", &b));
		buf_done(&b);
	} else if (told_is(f, "name", "EHLO")) {
		buf_init(&b, 1);
		snprintf(t->offers, sizeof(t->offers), "%s", field(f, "text", &b));
		buf_done(&b);
	}
}

static void
on_line(struct tried *t, struct span line)
{
	struct span kind = told_kind(&line);

	note(t, kind, line);
	if (t->json)
		keep_record(t, kind, line);
	else
		print_record(t, kind, line);
}

static void
read_lines(struct tried *t, int fd)
{
	FILE *f = fdopen(fd, "r");
	char *line = xrealloc(NULL, TOLD_TEXT_MAX);

	if (f == NULL)
		abort();        /* no memory, as in base/buf */
	while (fgets(line, TOLD_TEXT_MAX, f) != NULL)
		on_line(t, (struct span){ line, strcspn(line, "\n") });
	fclose(f);
	free(line);
}

static pid_t
start(const char *const words[], int *ret_fd)
{
	char *argv[WORDS_MAX + 3] = { (char *)"posternd", (char *)"--try" };
	char path[4096];
	int pipes[2];
	pid_t pid;

	for (size_t i = 0; i < WORDS_MAX && words[i] != NULL; i++)
		argv[i + 2] = (char *)(uintptr_t)words[i];
	snprintf(path, sizeof(path), "%s/posternd", place_sbin());
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (dup2(pipes[1], STDOUT_FILENO) >= 0)
			execv(path, argv);
		_exit(CANNOT_RUN);
	}
	close(pipes[1]);
	*ret_fd = pipes[0];
	if (pid < 0)
		close(pipes[0]);
	return pid;
}

int
tried_run(struct tried *t, const char *const words[])
{
	int fd = -1, status = 0;
	pid_t pid = start(words, &fd);

	if (pid > 0) {
		read_lines(t, fd);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == CANNOT_RUN) {
		buf_clear(&t->error);
		buf_printf(&t->error, "%s/posternd --try cannot be run, or died", place_sbin());
		return EX_UNAVAILABLE;
	}
	return WEXITSTATUS(status);
}
