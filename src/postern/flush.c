/*
 * flush.c - postern flush (sendmail -q): try what waits now, or those
 * messages whose ID, recipient or sender has a text in it, as sendmail(8)'s
 * -qI, -qR and -qS mean it: without regard to case; several of a kind are
 * alternatives, kinds must all fit, and '!' in front means "not".
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "postern/client.h"
#include "postern/command.h"
#include "postern/done.h"
#include "postern/idlist.h"
#include "postern/queued.h"

enum { BY_ID, BY_RECIPIENT, BY_SENDER, NKINDS, JSON = NKINDS };

const struct args_option flush_options[] = {
	{ "id", "TEXT", "whose ID has this text in it; !TEXT: has it not" },
	{ "recipient", "TEXT", "one of whose waiting recipients has" },
	{ "sender", "TEXT", "whose sender has" },
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

#define SUBSETS_MAX 64

struct subset {
	int         kind;
	bool        not;
	struct span text;
};

struct flush {
	struct args   args;
	struct subset subset[SUBSETS_MAX];
	size_t        n;
	struct idlist ids;
	bool          json;
};

static bool
has(const struct queued *q, const struct subset *s)
{
	if (s->kind == BY_ID)
		return span_icontains(span_of(q->id), s->text);
	if (s->kind == BY_SENDER)
		return q->sender != NULL && span_icontains(span_of(q->sender), s->text);
	for (size_t i = 0; i < q->nrcpts; i++)
		if (!queued_is_settled(&q->rcpts[i]) && span_icontains(span_of(q->rcpts[i].addr), s->text))
			return true;
	return false;
}

static bool
fits(const struct flush *f, const struct queued *q)
{
	bool wanted[NKINDS] = { false }, found[NKINDS] = { false };

	for (size_t i = 0; i < f->n; i++) {
		const struct subset *s = &f->subset[i];

		if (s->not && has(q, s))
			return false;
		wanted[s->kind] = wanted[s->kind] || !s->not;
		found[s->kind] = found[s->kind] || (!s->not && has(q, s));
	}
	for (int k = 0; k < NKINDS; k++)
		if (wanted[k] && !found[k])
			return false;
	return true;
}

/* What is held stays held: a queue run never touched quarantined mail. */
static void
on_message(void *arg, struct queued *q)
{
	struct flush *f = arg;

	if (q->state == QUEUED_LATER && fits(f, q))
		idlist_add(&f->ids, q->id);
}

static void
each(void *arg, struct span line)
{
	queued_read(arg, line);
}

static int
some(struct flush *f, struct buf *why)
{
	struct queued_reader reader = { .message = on_message, .arg = f };
	struct idlist_result r;
	int rc = client_daemon("mailq", NULL, each, &reader, why);

	queued_read_end(&reader);
	idlist_result_init(&r);
	if (rc == 0 && f->ids.n > 0)
		rc = idlist_send(&f->ids, "retry", &r, why);
	idlist_result_done(&r);
	return rc;
}

static int
read_args(struct flush *f)
{
	int i;

	while ((i = args_next(&f->args)) != ARGS_END) {
		bool not;

		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == ARGS_WORD)
			return args_refuse(&f->args, "\"%s\" is a word too many; postern retry tries messages by ID",
			    f->args.value);
		if (i == JSON) {
			f->json = true;
			continue;
		}
		if (f->n == SUBSETS_MAX)
			return args_refuse(&f->args, "more than %d texts", SUBSETS_MAX);
		not = f->args.value[0] == '!';
		f->subset[f->n++] = (struct subset){ i, not, span_of(f->args.value + not) };
	}
	return 0;
}

int
command_flush(int argc, char **argv)
{
	struct flush f = { .args = { .argc = argc, .argv = argv, .options = flush_options } };
	struct buf why;
	int rc = read_args(&f);

	if (rc != 0)
		return rc;
	buf_init(&why, CLIENT_LINE_MAX);
	idlist_init(&f.ids);
	rc = f.n == 0 ? client_daemon("flush", NULL, client_nothing, NULL, &why) : some(&f, &why);
	rc = done_say(&f.args, f.json, NULL, rc, &why);
	idlist_done(&f.ids);
	buf_done(&why);
	return rc;
}
