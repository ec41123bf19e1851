#include "relay/digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define USERS         50
#define WORDS         24                /* that are counted … */
#define SENDERS_SHOWN 3
#define WORDS_SHOWN   5                 /* … and of those, that are shown */
#define WORD_MAX      72                /* columns of a subject */
#define NAMES_SHOWN   3                 /* in the digest's own subject */

/* How often each of some texts came. */
struct often {
	char  *text[WORDS];
	size_t count[WORDS];
	size_t n;
	bool   about;           /* there were more texts than places */
};

struct user {
	char        *who, *name;
	bool         shared;
	size_t       n;
	int64_t      first_s, last_s;
	struct often senders, subjects;
};

struct digest {
	struct user user[USERS];
	size_t      nusers;
	size_t      n, others;
};

struct digest *
digest_new(void)
{
	return xcalloc(1, sizeof(struct digest));
}

static void
often_done(struct often *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->text[i]);
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->nusers; i++) {
		free(d->user[i].who);
		free(d->user[i].name);
		often_done(&d->user[i].senders);
		often_done(&d->user[i].subjects);
	}
	free(d);
}

size_t
digest_count(const struct digest *d)
{
	return d->n;
}

/* ---- counting ---- */

/*
 * With all places taken the rarest gives way and leaves its count: a text
 * that makes up more than a share of WORDS is there at the end, whenever it
 * came, and its count is too high by less than that share.
 */
static void
often_add(struct often *o, const char *text)
{
	size_t least = 0;

	for (size_t i = 0; i < o->n; i++) {
		if (strcmp(o->text[i], text) == 0) {
			o->count[i]++;
			return;
		}
		if (o->count[i] < o->count[least])
			least = i;
	}
	if (o->n < WORDS) {
		least = o->n++;
	} else {
		free(o->text[least]);
		o->about = true;
	}
	o->text[least] = xstrdup(text);
	o->count[least]++;
}

/* The most frequent first. */
static void
often_sort(struct often *o)
{
	for (size_t i = 1; i < o->n; i++) {
		for (size_t k = i; k > 0 && o->count[k] > o->count[k - 1]; k--) {
			char  *text = o->text[k];
			size_t count = o->count[k];

			o->text[k] = o->text[k - 1];
			o->count[k] = o->count[k - 1];
			o->text[k - 1] = text;
			o->count[k - 1] = count;
		}
	}
}

static struct user *
find(struct digest *d, const struct digest_item *i)
{
	struct user *u;

	for (size_t k = 0; k < d->nusers; k++)
		if (strcmp(d->user[k].who, i->who) == 0)
			return &d->user[k];
	if (d->nusers == USERS)
		return NULL;
	u = &d->user[d->nusers++];
	*u = (struct user){
		.who = xstrdup(i->who), .name = xstrdup(i->user), .shared = i->shared, .first_s = i->arrived_s,
	};
	return u;
}

/* On one line, runs of blanks and folds as one, cut. */
static void
add_subject(struct user *u, struct span subject)
{
	struct buf clean, b;
	bool       blank = false;

	buf_init(&clean, subject.n + 1);
	buf_init(&b, WORD_MAX + 8);
	text_put_printable(&clean, span_trim(subject));
	for (size_t i = 0; i < clean.n && b.n < WORD_MAX; i++) {
		if (clean.p[i] == ' ' || (clean.p[i] == '?' && (subject.p[i] == '\r' || subject.p[i] == '\n'))) {
			blank = true;
			continue;
		}
		if (blank)
			buf_char(&b, ' ');
		blank = false;
		buf_char(&b, clean.p[i]);
	}
	if (b.n >= WORD_MAX)
		buf_str(&b, "...");
	often_add(&u->subjects, b.n > 0 ? buf_cstr(&b) : "(no subject)");
	buf_done(&clean);
	buf_done(&b);
}

void
digest_add(struct digest *d, const struct digest_item *i)
{
	struct user *u = find(d, i);

	d->n++;
	if (u == NULL) {
		d->others++;
		return;
	}
	u->n++;
	u->first_s = i->arrived_s < u->first_s ? i->arrived_s : u->first_s;
	u->last_s = i->arrived_s > u->last_s ? i->arrived_s : u->last_s;
	often_add(&u->senders, i->sender);
	add_subject(u, span_trim(i->subject));
}

/* ---- words ---- */

static int
by_count(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	return x->n < y->n ? 1 : x->n > y->n ? -1 : strcmp(x->who, y->who);
}

/* For a shell, whatever is in it: a sender is anybody's words, and this line will be pasted by root. */
static void
put_quoted(struct buf *b, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+-";

	if (*s != '\0' && *s != '-' && s[strspn(s, plain)] == '\0') {
		buf_str(b, s);
		return;
	}
	buf_char(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_str(b, "'\\''");
		else
			buf_char(b, *s);
	}
	buf_char(b, '\'');
}

static void
put_command(struct buf *b, const char *verb, const struct user *u, const char *sender)
{
	buf_printf(b, "    postern %s --user ", verb);
	put_quoted(b, u->name);
	if (sender != NULL) {
		buf_str(b, " --sender ");
		put_quoted(b, *sender != '\0' ? sender : "<>");
	}
	buf_str(b, " --state hold --reason flood\n");
}

static void
put_often(struct buf *b, const char *name, struct often *o, size_t most)
{
	buf_printf(b, "    %s%s:\n", name, o->about ? " (about)" : "");
	for (size_t i = 0; i < o->n && i < most; i++)
		buf_printf(b, "    %7zu  %s\n", o->count[i], *o->text[i] != '\0' ? o->text[i] : "<> (reports)");
	if (o->about || o->n > most)
		buf_str(b, "             and others\n");
}

static void
put_user(struct buf *b, struct user *u)
{
	often_sort(&u->senders);
	often_sort(&u->subjects);
	buf_printf(b, "\n%s: %zu message%s, submitted from\n    ", u->who, u->n, u->n == 1 ? "" : "s");
	text_put_date(b, u->first_s);
	buf_str(b, " to ");
	text_put_date(b, u->last_s);
	buf_char(b, '\n');
	put_often(b, "senders", &u->senders, SENDERS_SHOWN);
	put_often(b, "subjects", &u->subjects, WORDS_SHOWN);
	buf_char(b, '\n');
	if (!u->shared) {
		put_command(b, "release", u, NULL);
		put_command(b, "delete", u, NULL);
		return;
	}
	for (size_t i = 0; i < u->senders.n && i < SENDERS_SHOWN; i++) {
		if (strchr(u->senders.text[i], '*') != NULL)
			continue;               /* to a filter it is more than this sender */
		put_command(b, "release", u, u->senders.text[i]);
		put_command(b, "delete", u, u->senders.text[i]);
	}
}

void
digest_put_subject(const struct digest *d, struct buf *b)
{
	buf_printf(b, "%zu message%s held: ", d->n, d->n == 1 ? " is" : "s are");
	for (size_t i = 0; i < d->nusers && i < NAMES_SHOWN; i++) {
		buf_str(b, i > 0 ? ", " : "");
		text_put_printable(b, span_of(d->user[i].who));
	}
	buf_str(b, d->nusers > NAMES_SHOWN ? " and others send too much" :
	    d->nusers == 1 ? " sends too much" : " send too much");
}

void
digest_put_text(struct digest *d, const char *hostname, const char *limit, struct buf *b)
{
	buf_printf(b, "This is Postern, the mail relay of %s.\n\n"
	    "The flood guard lets %s of one user pass. What came\n"
	    "beyond that is held here: %zu message%s. Nothing of it is lost, and nothing is\n"
	    "sent by itself: release it, or delete it. If it should have passed, name the\n"
	    "user in flood { exempt = { ... } } of the configuration.\n",
	    hostname, limit, d->n, d->n == 1 ? "" : "s");
	qsort(d->user, d->nusers, sizeof(d->user[0]), by_count);
	for (size_t i = 0; i < d->nusers; i++)
		put_user(b, &d->user[i]);
	if (d->others > 0)
		buf_printf(b, "\nother users: %zu messages\n", d->others);
	buf_str(b, "\nAll of it is listed by:\n\n    postern queue --state hold --reason flood\n");
}
