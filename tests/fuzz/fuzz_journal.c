/*
 * fuzz_journal.c - what a broken disk makes of the lines behind a message:
 * read in pieces or out of the cache they say the same, and each recipient
 * has an outcome that there is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fuzz/fuzz.h"
#include "spool/journal.h"

#define RECIPIENTS 3
#define LONG_LINE  5000         /* what stands before the end of a longer one may be passed over */

static struct span input;

static ssize_t
pread_input(int fd, void *p, size_t n, off_t at)
{
	(void)fd;
	if ((size_t)at >= input.n)
		return 0;
	if (n > input.n - (size_t)at)
		n = input.n - (size_t)at;
	if (n > 97)
		n = 97;         /* short: it goes on */
	memcpy(p, input.p + at, n);
	return (ssize_t)n;
}

static void
read_it(struct message *m, bool cached)
{
	memset(m, 0, sizeof(*m));
	m->env.nrcpts = RECIPIENTS;
	m->notes = xcalloc(RECIPIENTS, sizeof(*m->notes));
	if (cached)
		m->cache = input;
	must(journal_read(m, input.n) == 0);
}

static void
done(struct message *m)
{
	for (size_t i = 0; i < RECIPIENTS; i++)
		free(m->notes[i].text);
	for (size_t i = 0; i < m->nparts; i++)
		free(m->parts[i].to);
	free(m->notes);
	free(m->parts);
	free(m->relay);
}

static void
check(const struct message *m)
{
	unsigned most = 0;

	for (size_t i = 0; i < RECIPIENTS; i++) {
		const struct outcome_note *n = &m->notes[i];

		must(n->what >= OUTCOME_NONE && n->what <= OUTCOME_FAILED && n->code >= 0 && n->code <= 999);
		must(memchr(n->dsn, '\0', sizeof(n->dsn)) != NULL && memchr(n->relay, '\0', sizeof(n->relay)) != NULL);
		most = n->tries > most ? n->tries : most;
	}
	must(m->attempts == most);
	for (size_t i = 0; i < m->nparts; i++)
		must(m->parts[i].rcpt < RECIPIENTS && m->parts[i].to != NULL);
}

static bool
has_long_line(struct span text)
{
	struct span line;

	while (span_cut(&text, '\n', &line))
		if (line.n >= LONG_LINE)
			return true;
	return false;
}

static void
same(const struct message *a, const struct message *b)
{
	must(a->nparts == b->nparts && a->warned == b->warned && a->torn == b->torn && a->first_s == b->first_s);
	must(a->eightbit == b->eightbit && a->dots == b->dots && a->longest == b->longest);
	must(a->reopened_s == b->reopened_s && strcmp(a->held_by, b->held_by) == 0);
	for (size_t i = 0; i < RECIPIENTS; i++) {
		must(a->notes[i].what == b->notes[i].what && a->notes[i].tries == b->notes[i].tries);
		must(a->notes[i].time_s == b->notes[i].time_s && a->notes[i].code == b->notes[i].code);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct message cached, pieces;

	if (n == 0)
		return 0;
	input = (struct span){ (const char *)data, n };
	fs.pread = pread_input;
	read_it(&cached, true);
	read_it(&pieces, false);
	check(&cached);
	check(&pieces);
	if (!has_long_line(input))
		same(&cached, &pieces);
	done(&cached);
	done(&pieces);
	return 0;
}
