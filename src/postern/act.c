/*
 * act.c - postern retry, hold, release, delete, bounce, requeue: by IDs, or
 * by the filters of postern queue.  What a filter means is decided here,
 * from the daemon's list, and IDs go there: so what was shown and agreed to
 * is what is done, whatever came meanwhile.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/document.h"
#include "postern/filter.h"
#include "postern/idlist.h"
#include "postern/plain.h"
#include "postern/rows.h"
#include "postern/story.h"

enum { ALL = FILTER_OPTIONS_N, DRY_RUN, YES, JSON, RELAY };

#define ACT_OPTIONS \
	{ "all", NULL, "every message that the command can be done with" }, \
	{ "dry-run", NULL, "list them, and do nothing" }, \
	{ "yes", NULL, "do not ask" }, \
	{ "json", NULL, "one JSON document" }

const struct args_option act_options[] = {
	FILTER_OPTIONS,
	ACT_OPTIONS,
	{ NULL, NULL, NULL },
};

const struct args_option requeue_options[] = {
	FILTER_OPTIONS_AS("from-relay"),
	ACT_OPTIONS,
	{ "relay", "RELAY", "which one carries them from now on" },
	{ NULL, NULL, NULL },
};

#define STATE(s) (1u << QUEUED_##s)

struct action {
	const char *name, *past;
	unsigned    states;     /* that a filter means, when it names none; 0: all */
};

/*
 * A filter that is about something else must not release what was held, nor
 * hold what was: whoever wants that says --state, or IDs.
 */
static const struct action actions[] = {
	{ "retry", "due now", STATE(READY) | STATE(LATER) },
	{ "hold", "held", STATE(READY) | STATE(ACTIVE) | STATE(LATER) },
	{ "release", "released", STATE(HOLD) | STATE(DEAD) },
	{ "delete", "deleted", 0 },
	{ "bounce", "returned to the sender", 0 },
	{ "requeue", "to go by that relay", 0 },
};

struct act {
	const char    *name, *past;
	struct args    args;
	struct filter  filter;
	bool           all, dry_run, yes, json;
	const char    *relay;
	struct idlist  named;           /* by the caller; none: the filter says which */
	struct idlist  found;
	const struct idlist *ids;       /* one of these */

	int64_t        now_s;
	uint64_t       bytes;
	struct term    term;
	struct rows    rows;
	json_t        *shown;           /* --dry-run --json */
};

/* ---- which ---- */

static int
add_id(struct act *a)
{
	struct buf why;
	int rc = 0;

	buf_init(&why, 65536);
	if (story_is_id(a->args.value, &why))
		idlist_add(&a->named, a->args.value);
	else
		rc = args_refuse(&a->args, "%s", buf_cstr(&why));
	buf_done(&why);
	return rc;
}

static int
read_args(struct act *a)
{
	int i, rc = 0;

	while (rc == 0 && (i = args_next(&a->args)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD)
			rc = add_id(a);
		else if (i < FILTER_OPTIONS_N)
			rc = filter_set(&a->filter, &a->args, i);
		else if (i == RELAY)
			a->relay = a->args.value;
		a->all = a->all || i == ALL;
		a->dry_run = a->dry_run || i == DRY_RUN;
		a->yes = a->yes || i == YES;
		a->json = a->json || i == JSON;
	}
	return rc;
}

/* Nothing said is not everything: `postern delete` alone must not empty the queue. */
static int
check_args(const struct act *a)
{
	bool filtered = filter_is_set(&a->filter);

	if (a->args.options == requeue_options && a->relay == NULL)
		return args_refuse(&a->args, "by which relay? postern requeue --relay RELAY ID...; postern status "
		    "lists them");
	if (a->named.n == 0 && !filtered && !a->all)
		return args_refuse(&a->args, "which messages? name IDs or a filter, or say --all; postern help %s "
		    "lists them", a->name);
	if (a->named.n > 0 && (filtered || a->all))
		return args_refuse(&a->args, "IDs or a filter, not both");
	if (filtered && a->all)
		return args_refuse(&a->args, "--all or a filter, not both");
	return 0;
}

static bool
is_meant(const struct act *a, const struct queued *q)
{
	size_t n = strlen(q->id);

	return a->named.n > 0 ? memmem(a->named.lines.p, a->named.lines.n, q->id, n) != NULL :
	    filter_fits(&a->filter, q, a->now_s);
}

static void
on_message(void *arg, struct queued *q)
{
	struct act *a = arg;

	if (!is_meant(a, q))
		return;
	idlist_add(&a->found, q->id);
	a->bytes += q->size;
	if (a->shown != NULL)
		json_array_append_new(a->shown, document_queued(q));
	else if (a->dry_run)
		rows_put(&a->rows, q);
}

static void
each(void *arg, struct span line)
{
	queued_read(arg, line);
}

/* Not from the spool while the daemon is down: then nothing can be done with them. */
static int
find(struct act *a)
{
	struct queued_reader reader = { .message = on_message, .arg = a };
	struct buf why;
	int rc;

	buf_init(&why, CLIENT_LINE_MAX);
	rc = client_daemon("mailq", NULL, each, &reader, &why);
	queued_read_end(&reader);
	if (rc != 0)
		args_refuse(&a->args, "%s", buf_cstr(&why));
	buf_done(&why);
	return rc;
}

/* ---- whether ---- */

static void
put_count(struct buf *b, const struct act *a)
{
	buf_printf(b, "%zu message%s", a->ids->n, a->ids->n == 1 ? "" : "s");
}

/* Yes by a word that begins with y; no by everything else. */
static bool
agreed(const struct act *a)
{
	char line[64];

	fprintf(stderr, "%s %zu message%s%s%s? [y/N] ", a->name, a->ids->n, a->ids->n == 1 ? "" : "s",
	    a->relay != NULL ? " by relay " : "", a->relay != NULL ? a->relay : "");
	fflush(stderr);
	return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

/* EX_OK: go on. */
static int
may(const struct act *a)
{
	bool person = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

	if (a->yes || (person && a->ids->n <= 1) || (!person && a->named.n > 0))
		return EX_OK;
	if (!person)
		return args_refuse(&a->args, "%zu message%s; nobody is here to be asked, so say --yes (or --dry-run "
		    "to list them)", a->ids->n, a->ids->n == 1 ? " fits" : "s fit");
	if (agreed(a))
		return EX_OK;
	fputs("nothing was done\n", stderr);
	return EX_TEMPFAIL;
}

/* ---- doing it ---- */

/* One status for several messages: the gravest. */
static int
status_of(const struct act *a, const struct idlist_result *r)
{
	if (r->denied > 0)
		return EX_NOPERM;
	if (r->refused > 0)
		return EX_TEMPFAIL;
	return a->named.n > 0 && r->gone > 0 ? EX_DATAERR : EX_OK;
}

static void
print_result(const struct act *a, const struct idlist_result *r)
{
	struct span rest = buf_view(&r->why), line;

	printf("%llu message%s %s\n", (unsigned long long)r->done, r->done == 1 ? "" : "s", a->past);
	fflush(stdout);
	if (r->gone > 0)
		fprintf(stderr, "postern %s: %llu not in the queue%s\n", a->name, (unsigned long long)r->gone,
		    a->named.n > 0 ? "" : " any more");
	if (r->denied > 0)
		fprintf(stderr, "postern %s: %llu of other users, or for root alone\n", a->name,
		    (unsigned long long)r->denied);
	while (span_cut(&rest, '\n', &line)) {
		fprintf(stderr, "postern %s: ", a->name);
		story_print_line(stderr, "", line);
	}
}

static void
print_result_document(const struct act *a, const struct idlist_result *r)
{
	json_t *o = json_object(), *why = json_object();
	struct span rest = buf_view(&r->why), line, id;

	document_set(o, "action", document_text(a->name));
	document_set(o, "done", json_integer((json_int_t)r->done));
	document_set(o, "gone", json_integer((json_int_t)r->gone));
	document_set(o, "denied", json_integer((json_int_t)r->denied));
	document_set(o, "refused", json_integer((json_int_t)r->refused));
	while (span_cut(&rest, '\n', &line) && span_cut(&line, ':', &id)) {
		json_t *name = document_span(id);

		document_set(why, json_string_value(name), document_span(span_trim(line)));
		json_decref(name);
	}
	document_set(o, "refused_why", why);
	document_print(stdout, o);
}

static int
do_it(const struct act *a)
{
	struct idlist_result r;
	struct buf command, why;
	int rc;

	idlist_result_init(&r);
	buf_init(&command, 65536);
	buf_init(&why, CLIENT_LINE_MAX);
	buf_str(&command, a->name);
	if (a->relay != NULL)
		client_put_word(&command, a->relay);
	rc = idlist_send(a->ids, buf_cstr(&command), &r, &why);
	if (rc == 0 || r.done > 0) {
		if (a->json)
			print_result_document(a, &r);
		else
			print_result(a, &r);
	}
	if (rc != 0)
		args_refuse(&a->args, "%s", buf_cstr(&why));
	else
		rc = status_of(a, &r);
	buf_done(&command);
	buf_done(&why);
	idlist_result_done(&r);
	return rc;
}

/* ---- the command ---- */

static void
print_dry_run(struct act *a)
{
	struct buf text;
	json_t *o;

	if (a->json) {
		o = json_object();
		document_set(o, "action", document_text(a->name));
		document_set(o, "would", json_integer((json_int_t)a->ids->n));
		document_set(o, "messages", a->shown);
		document_print(stdout, o);
		return;
	}
	buf_init(&text, 256);
	put_count(&text, a);
	printf("%s would be %s\n", buf_cstr(&text), a->past);
	buf_done(&text);
}

static int
run(struct act *a)
{
	int rc = read_args(a);

	if (rc == 0)
		rc = check_args(a);
	if (rc != 0)
		return rc;
	term_of(STDOUT_FILENO, &a->term);
	rows_begin(&a->rows, stdout, &a->term, a->now_s);
	if (a->dry_run && a->json)
		a->shown = json_array();
	/* Named ones need no looking for, but to say whether they are there. */
	if (a->named.n > 0 && !a->dry_run)
		a->ids = &a->named;
	else if ((rc = find(a)) != 0)
		return rc;
	if (a->dry_run) {
		print_dry_run(a);
		return EX_OK;
	}
	if (a->ids->n == 0 && !a->json) {
		puts("no message fits");
		return EX_OK;
	}
	rc = a->ids->n > 0 ? may(a) : EX_OK;
	return rc == EX_OK ? do_it(a) : rc;
}

static int
act(const struct args_option *options, int argc, char **argv)
{
	struct act a = { .name = argv[0], .now_s = clock_wall_s() };
	unsigned states = 0;
	int rc;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].name, a.name) != 0)
			continue;
		a.past = actions[i].past;
		states = actions[i].states;
	}
	a.args = (struct args){ .argc = argc, .argv = argv, .options = options };
	filter_init(&a.filter, states);
	idlist_init(&a.named);
	idlist_init(&a.found);
	a.ids = &a.found;
	rc = run(&a);
	idlist_done(&a.found);
	idlist_done(&a.named);
	return document_finish(stdout) == EX_OK ? rc : EX_IOERR;
}

int
command_act(int argc, char **argv)
{
	return act(act_options, argc, argv);
}

int
command_requeue(int argc, char **argv)
{
	return act(requeue_options, argc, argv);
}
