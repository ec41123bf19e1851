/* journal.c - reading and writing what happened to a message; see journal.h. */
#include "spool/journal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"

/* A line is at most NOTE_TEXT_MAX octets tripled, an address tripled, and a few words. */
#define LINE_MAX_BYTES (5 * NOTE_TEXT_MAX)
#define CHUNK_BYTES    (4 * LINE_MAX_BYTES)
#define PARTS_MAX      100000   /* more are forgotten, and may be sent twice */

static const char *const event_names[] = {
	[OUTCOME_SENT] = "sent", [OUTCOME_DEFERRED] = "defer", [OUTCOME_FAILED] = "fail",
};

static const char *const part_names[] = {
	[OUTCOME_SENT] = "sent-part", [OUTCOME_FAILED] = "fail-part",
};

/*
 * What is put behind a line that a crash cut off, before the next is begun.
 * A line end alone would make it whole, and "sent rcpt=1", torn out of
 * "rcpt=12", would be the loss of a message.  No whole line ends like this.
 */
static const struct span torn_mark = { " torn", 5 };

/* ---- reading ---- */

static bool
named(struct span word, struct span name, struct span *ret)
{
	if (!span_starts(word, name))
		return false;
	*ret = (struct span){ word.p + name.n, word.n - name.n };
	return true;
}

/* Into a fixed place; what does not fit or decode is left out. */
static void
decode_into(struct span s, char *to, size_t size)
{
	struct buf b;

	buf_init(&b, size - 1);
	if (text_percent(s, &b) == 0 && !b.over && b.n > 0)
		memcpy(to, b.p, b.n + 1);
	buf_done(&b);
}

static char *
decode_text(struct span s)
{
	struct buf b;

	buf_init(&b, NOTE_TEXT_MAX);
	if (text_percent(s, &b) < 0 || b.over) {
		buf_done(&b);
		return NULL;
	}
	return (char *)buf_steal(&b).p;
}

/* rest: the words of an outcome.  The new note takes the old one's place. */
static void
fold_outcome(struct message *m, enum outcome what, int64_t time_s, struct span rest)
{
	struct outcome_note note = { .what = what, .time_s = time_s };
	struct span         word, v;
	uint64_t            rcpt = 0, n;

	while (span_cut(&rest, ' ', &word)) {
		if (named(word, SPAN("rcpt="), &v))
			(void)text_number(v, m->env.nrcpts, &rcpt);
		else if (named(word, SPAN("code="), &v) && text_number(v, 999, &n) == 0)
			note.code = (int)n;
		else if (named(word, SPAN("dsn="), &v))
			decode_into(v, note.dsn, sizeof(note.dsn));
		else if (named(word, SPAN("relay="), &v))
			decode_into(v, note.relay, sizeof(note.relay));
		else if (named(word, SPAN("text="), &v) && note.text == NULL)
			note.text = decode_text(v);
	}
	if (rcpt == 0) {
		free(note.text);
		return;
	}
	note.tries = m->notes[rcpt - 1].tries + 1;
	if (note.tries > m->attempts)
		m->attempts = note.tries;
	free(m->notes[rcpt - 1].text);
	m->notes[rcpt - 1] = note;
}

/* Takes `to`. */
static void
add_part(struct message *m, size_t rcpt, enum outcome what, char *to)
{
	if (m->nparts == PARTS_MAX) {
		free(to);
		return;
	}
	if ((m->nparts & (m->nparts + 1)) == 0)
		m->parts = xrealloc(m->parts, 2 * (m->nparts + 1) * sizeof(*m->parts));
	m->parts[m->nparts++] = (struct part_note){ .rcpt = rcpt, .what = what, .to = to };
}

static void
fold_part(struct message *m, enum outcome what, struct span rest)
{
	struct span word, v;
	uint64_t    rcpt = 0;
	char       *to = NULL;

	while (span_cut(&rest, ' ', &word)) {
		if (named(word, SPAN("rcpt="), &v))
			(void)text_number(v, m->env.nrcpts, &rcpt);
		else if (named(word, SPAN("to="), &v) && to == NULL)
			to = decode_text(v);
	}
	if (rcpt > 0 && to != NULL)
		add_part(m, rcpt - 1, what, to);
	else
		free(to);
}

static void
fold_stored(struct message *m, struct span rest)
{
	struct span word, v;
	uint64_t    n;

	while (span_cut(&rest, ' ', &word)) {
		if (span_eq(word, SPAN("8bit")))
			m->eightbit = true;
		else if (span_eq(word, SPAN("dots")))
			m->dots = true;
		else if (named(word, SPAN("longest="), &v) && text_number(v, SIZE_MAX, &n) == 0)
			m->longest = (size_t)n;
	}
}

static void
fold_held(struct message *m, struct span rest)
{
	struct span word, v;

	m->held_by[0] = '\0';
	while (span_cut(&rest, ' ', &word))
		if (named(word, SPAN("by="), &v))
			decode_into(v, m->held_by, sizeof(m->held_by));
}

static void
fold_reopened(struct message *m, int64_t time_s)
{
	size_t n = 0;

	m->reopened_s = time_s;
	for (size_t i = 0; i < m->env.nrcpts; i++)
		if (m->notes[i].what == OUTCOME_FAILED)
			m->notes[i].what = OUTCOME_NONE;
	for (size_t i = 0; i < m->nparts; i++)
		if (m->parts[i].what == OUTCOME_FAILED)
			free(m->parts[i].to);
		else
			m->parts[n++] = m->parts[i];
	m->nparts = n;
}

/* The last one counts; what cannot be read names nobody, and then its routes do. */
static void
fold_route(struct message *m, struct span rest)
{
	struct span word, v;

	free(m->relay);
	m->relay = NULL;
	while (span_cut(&rest, ' ', &word))
		if (named(word, SPAN("relay="), &v) && m->relay == NULL)
			m->relay = decode_text(v);
}

static void
fold_line(struct message *m, struct span line)
{
	struct span word;
	uint64_t    time_s;

	if (line.n >= torn_mark.n && span_eq(torn_mark,
	    (struct span){ line.p + line.n - torn_mark.n, torn_mark.n }))
		return;
	if (!span_cut(&line, ' ', &word) || text_number(word, INT64_MAX, &time_s) < 0 ||
	    !span_cut(&line, ' ', &word))
		return;
	if (m->first_s == 0 || (int64_t)time_s < m->first_s)
		m->first_s = (int64_t)time_s;
	for (size_t i = OUTCOME_SENT; i < sizeof(event_names) / sizeof(event_names[0]); i++)
		if (span_eq(word, span_of(event_names[i])))
			fold_outcome(m, (enum outcome)i, (int64_t)time_s, line);
	for (size_t i = OUTCOME_SENT; i < sizeof(part_names) / sizeof(part_names[0]); i++)
		if (part_names[i] != NULL && span_eq(word, span_of(part_names[i])))
			fold_part(m, (enum outcome)i, line);
	if (span_eq(word, SPAN("stored")))
		fold_stored(m, line);
	else if (span_eq(word, SPAN("warn")))
		m->warned = true;
	else if (span_eq(word, SPAN("hold")))
		fold_held(m, line);
	else if (span_eq(word, SPAN("reopen")))
		fold_reopened(m, (int64_t)time_s);
	else if (span_eq(word, SPAN("route")))
		fold_route(m, line);
}

/* All whole lines of text; how many octets they were. */
static size_t
fold_lines(struct message *m, struct span text)
{
	const char *start = text.p;
	const char *lf;

	while (text.n > 0 && (lf = memchr(text.p, '\n', text.n)) != NULL) {
		struct span line;

		span_cut(&text, '\n', &line);
		fold_line(m, line);
	}
	return (size_t)(text.p - start);
}

/*
 * In pieces: 10,000 recipients tried for five days have more journal than
 * the daemon has memory.  A line longer than we write is somebody else's
 * damage; its end is found, and what stands before it is not.
 */
static int
read_pieces(struct message *m, uint64_t at, uint64_t end)
{
	char   *p = xrealloc(NULL, CHUNK_BYTES);
	char    last = '\n';
	size_t  kept = 0;
	ssize_t n = 0;

	while (at < end) {
		size_t want = CHUNK_BYTES - kept, used;

		if (want > end - at)
			want = (size_t)(end - at);
		n = fs_pread_full(m->fd, p + kept, want, (off_t)at);
		if (n <= 0)
			break;
		at += (uint64_t)n;
		kept += (size_t)n;
		last = p[kept - 1];
		used = fold_lines(m, (struct span){ p, kept });
		if (kept - used > LINE_MAX_BYTES)
			used = kept;
		kept -= used;
		memmove(p, p + used, kept);
	}
	m->torn = last != '\n';         /* also when nothing of it was kept */
	free(p);
	return n < 0 ? (int)n : 0;
}

int
journal_read(struct message *m, uint64_t end)
{
	uint64_t at = m->at + m->size;

	if (end > m->cache.n)
		return read_pieces(m, at, end);
	at += fold_lines(m, (struct span){ m->cache.p + at, (size_t)(end - at) });
	m->torn = at < end;
	return 0;
}

/* ---- writing ---- */

static int
append(struct message *m, struct buf *line)
{
	int r;

	buf_char(line, '\n');
	assert(!line->over);
	r = fs_write_all(m->fd, buf_view(line));
	m->torn = r < 0;
	m->grown = true;
	return r;
}

static void
begin_line(const struct message *m, struct buf *b, int64_t time_s)
{
	buf_init(b, LINE_MAX_BYTES);
	if (m->torn) {
		buf_span(b, torn_mark);
		buf_char(b, '\n');
	}
	buf_printf(b, "%lld ", (long long)time_s);
}

static struct span
cut_text(const char *text)
{
	struct span s = span_of(text);

	if (s.n > NOTE_TEXT_MAX)
		s.n = NOTE_TEXT_MAX;
	return s;
}

static void
put_note(struct buf *b, size_t rcpt, const struct outcome_note *n)
{
	buf_printf(b, "%s rcpt=%zu", n->to != NULL ? part_names[n->what] : event_names[n->what], rcpt + 1);
	if (n->to != NULL) {
		buf_str(b, " to=");
		text_put_percent(b, cut_text(n->to));
	}
	if (n->code != 0)
		buf_printf(b, " code=%d", n->code);
	if (n->dsn[0] != '\0') {
		buf_str(b, " dsn=");
		text_put_percent(b, span_of(n->dsn));
	}
	if (n->relay[0] != '\0') {
		buf_str(b, " relay=");
		text_put_percent(b, span_of(n->relay));
	}
	if (n->text != NULL) {
		buf_str(b, " text=");
		text_put_percent(b, cut_text(n->text));
	}
}

/* What reading the line back would have made of it. */
static void
remember(struct message *m, size_t rcpt, const struct outcome_note *n)
{
	struct outcome_note *to = &m->notes[rcpt];
	char                *text = n->text == NULL ? NULL : span_dup(cut_text(n->text));
	unsigned             tries = to->tries + 1;

	if (n->to != NULL) {
		free(text);
		add_part(m, rcpt, n->what, xstrdup(n->to));
		return;
	}
	free(to->text);
	*to = *n;
	to->text = text;
	to->tries = tries;
	if (tries > m->attempts)
		m->attempts = tries;
}

int
message_note(struct message *m, size_t rcpt, const struct outcome_note *n, bool sync)
{
	struct buf b;
	int        r;

	assert(rcpt < m->env.nrcpts && n->what != OUTCOME_NONE);
	assert(n->to == NULL || n->what != OUTCOME_DEFERRED);
	begin_line(m, &b, n->time_s);
	put_note(&b, rcpt, n);
	r = append(m, &b);
	buf_done(&b);
	if (r == 0 && sync)
		r = fs_datasync(m->fd);
	remember(m, rcpt, n);
	return r;
}

int
message_note_warned(struct message *m, int64_t now_s)
{
	struct buf b;
	int        r;

	begin_line(m, &b, now_s);
	buf_str(&b, "warn");
	r = append(m, &b);
	buf_done(&b);
	m->warned = true;
	return r;
}

/* ---- an admin's hand ---- */

/* word: what the event says of itself, "by" or "relay", and what; NULL: nothing. */
static int
note_hand(struct message *m, int64_t now_s, const char *event, const char *word, const char *what,
    const char *user)
{
	struct buf b;
	int        r;

	begin_line(m, &b, now_s);
	buf_str(&b, event);
	if (word != NULL) {
		buf_printf(&b, " %s=", word);
		text_put_percent(&b, cut_text(what));
	}
	if (user != NULL) {
		buf_str(&b, " user=");
		text_put_percent(&b, cut_text(user));
	}
	r = append(m, &b);
	buf_done(&b);
	return r;
}

int
message_note_held(struct message *m, int64_t now_s, const char *by, const char *user)
{
	snprintf(m->held_by, sizeof(m->held_by), "%s", by);
	return note_hand(m, now_s, "hold", "by", by, user);
}

int
message_note_released(struct message *m, int64_t now_s, const char *user)
{
	return note_hand(m, now_s, "release", NULL, NULL, user);
}

int
message_note_reopened(struct message *m, int64_t now_s, const char *user)
{
	int r = note_hand(m, now_s, "reopen", NULL, NULL, user);

	fold_reopened(m, now_s);
	return r < 0 ? r : fs_datasync(m->fd);
}

int
message_note_routed(struct message *m, int64_t now_s, const char *relay, const char *user)
{
	free(m->relay);
	m->relay = xstrdup(relay);
	return note_hand(m, now_s, "route", "relay", relay, user);
}
