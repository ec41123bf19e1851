/* log.c - postern log: one message's whole story, also when it is gone. */
#include <stdio.h>
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"
#include "postern/document.h"
#include "postern/story.h"
#include "postern/syslogs.h"
#include "spool/msgid.h"

enum { JSON };

const struct args_option log_options[] = {
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

#define LOOKED_MAX 65536

static void
print_line(void *arg, struct span line)
{
	size_t *n = arg;

	if ((*n)++ == 0)
		puts("log");
	story_print_line(stdout, "    ", line);
}

static void
keep_line(void *arg, struct span line)
{
	json_array_append_new(arg, document_span(line));
}

/* 0: nothing was found anywhere. */
static size_t
tell(const char *name, int64_t since_s, const struct story *s, const struct buf *why)
{
	struct span rest, line;
	struct buf looked;
	size_t n = 0;

	buf_init(&looked, LOOKED_MAX);
	if (why->n > 0)
		story_print_line(stdout, "", buf_view(why));
	if (s->there)
		puts("history");
	story_print_history(s, stdout, "    ");
	syslogs_find(name, since_s, print_line, &n, &looked);
	if (n == 0)
		puts("no line of the log names it");
	puts("looked at");
	if (s->there)
		puts("    the message's journal in the spool");
	rest = buf_view(&looked);
	while (span_cut(&rest, '\n', &line))
		story_print_line(stdout, "    ", line);
	buf_done(&looked);
	return n + (s->there ? 1 : 0);
}

static size_t
tell_document(const char *name, int64_t since_s, const struct story *s, const struct buf *why)
{
	json_t *o = json_object(), *lines = json_array(), *places = json_array();
	struct span rest, line;
	struct buf looked;
	size_t n;

	buf_init(&looked, LOOKED_MAX);
	syslogs_find(name, since_s, keep_line, lines, &looked);
	n = json_array_size(lines) + (s->there ? 1 : 0);
	rest = buf_view(&looked);
	while (span_cut(&rest, '\n', &line))
		json_array_append_new(places, document_span(line));
	document_set(o, "id", document_text(name));
	document_set(o, "message", s->there ? document_queued(&s->q) : json_null());
	document_set(o, "spool", s->there ? json_null() : document_span(buf_view(why)));
	document_set(o, "journal", story_document_history(s));
	document_set(o, "log", lines);
	document_set(o, "looked_at", places);
	document_print(stdout, o);
	buf_done(&looked);
	return n;
}

/* That the daemon is down, or that others may not see it, is part of the story. */
static int
run(const char *name, int64_t since_s, bool json)
{
	struct story s;
	struct buf why;
	size_t n;

	story_init(&s);
	buf_init(&why, CLIENT_LINE_MAX);
	if (story_ask(&s, name, &why) == EX_DATAERR) {
		buf_clear(&why);
		buf_str(&why, "not in the queue any more");
	}
	n = json ? tell_document(name, since_s, &s, &why) : tell(name, since_s, &s, &why);
	story_done(&s);
	buf_done(&why);
	return n > 0 ? EX_OK : EX_DATAERR;
}

int
command_log(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = log_options };
	const char *name;
	unsigned options;
	msgid id;
	int rc = story_args(&a, &name, &options);

	if (rc == 0)
		rc = msgid_parse(name, &id) ?
		    run(name, msgid_time_us(id) / 1000000, (options & 1u << JSON) != 0) : EX_USAGE;
	return document_finish(stdout) == EX_OK ? rc : EX_IOERR;
}
