/* source.c - libconfuse behind one door. */
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/text.h"
#include "config/options.h"
#include "config/scan.h"
#include "config/source.h"
#include "idna/idna.h"

/*
 * libconfuse hands no argument of ours to its callbacks, so what they need
 * stands here while one text is parsed.
 */
static struct {
	const char *path;
	cfg_t      *root;
	struct span text;
	struct buf *why;
	unsigned    mistakes;
	bool        passed_over;        /* an unknown option, and what is set to it */
} parsing;

/* Where an option was given, kept as libconfuse's comment of the option. */
struct where {
	unsigned line;
	unsigned section_line;
};

static bool
where_given(cfg_opt_t *opt, struct where *ret)
{
	struct span rest = span_of(cfg_opt_getcomment(opt)), line;
	uint64_t a, b;

	if (!span_cut(&rest, ' ', &line) || text_number(line, UINT32_MAX, &a) < 0 ||
	    text_number(rest, UINT32_MAX, &b) < 0)
		return false;
	ret->line = (unsigned)a;
	ret->section_line = (unsigned)b;
	return true;
}

/*
 * The root's line stands still at the opening brace while a section of it
 * is parsed: that is the section's first line, which nobody else knows.
 */
static void
note_where(cfg_t *sec, cfg_opt_t *opt)
{
	char note[32];

	snprintf(note, sizeof(note), "%d %d", sec->line, parsing.root->line);
	cfg_opt_setcomment(opt, note);
}

/* A file's words are repeated in what goes to a terminal, and nobody has looked at them yet. */
static void
make_plain(struct buf *why, size_t from)
{
	for (; from < why->n; from++)
		if ((unsigned char)why->p[from] < ' ' || why->p[from] == 127)
			why->p[from] = '?';
}

#define LINE_ROOM 2048

/*
 * The next mistake has a line of its own, as long as there is room for a
 * whole one; then it is said that there are more.
 */
static bool
begin_line(struct buf *why)
{
	static const char more[] = "there are more mistakes; correct these first";

	if (why->n == 0)
		return true;
	if (why->n >= sizeof(more) - 1 && strcmp(why->p + why->n - (sizeof(more) - 1), more) == 0)
		return false;
	buf_char(why, '\n');
	if (why->max - why->n >= LINE_ROOM)
		return true;
	buf_str(why, more);
	return false;
}

/* "FILE:LINE: ", where it is to be said; false: it is counted alone. */
static bool
begin_mistake(cfg_t *sec, size_t *ret_at)
{
	parsing.mistakes++;
	if (!begin_line(parsing.why))
		return false;
	buf_printf(parsing.why, "%s:%d: ", parsing.path, sec->line);
	*ret_at = parsing.why->n;
	return true;
}

/* What is wrong with a value is noted, and the walk goes on: parse() says no in the end. */
int
source_take(cfg_t *sec, cfg_opt_t *opt, const char *value, void *result)
{
	struct where first;
	struct buf wrong;
	size_t at;

	sec->flags &= ~CFGF_IGNORE_UNKNOWN;     /* see complain() */
	/* A list's later elements come here too: they find nvalues above 1. */
	if (where_given(opt, &first) && opt->nvalues <= 1 && begin_mistake(sec, &at))
		buf_printf(parsing.why, "%s: given twice, first in line %u; keep one of them", opt->name, first.line);
	buf_init(&wrong, 1024);
	if (option_check_in(sec->name, opt->name, value, &wrong) < 0 && begin_mistake(sec, &at)) {
		buf_span(parsing.why, buf_view(&wrong));
		make_plain(parsing.why, at);
	}
	buf_done(&wrong);
	if (!where_given(opt, &first))
		note_where(sec, opt);
	*(const char **)result = value;
	return 0;
}

/* What to do about libconfuse's own complaints, by how they begin. */
static const struct {
	const char *begins;
	const char *right;
} advice[] = {
	{ "missing equal sign", "write NAME = VALUE" },
	{ "missing title", "write a name in front of the {" },
	{ "missing opening brace", "write { behind it and } at the end of the section" },
	{ "unexpected closing brace", "there is one } more than {" },
	{ "premature end of file", "a } or a value is missing" },
	{ "found duplicate title", "give every section of a kind a name of its own" },
	{ "attempt to append", "write = instead of +=" },
	{ "unexpected token", "put values with blanks or special characters in \"quotes\"" },
};

static void
advise(struct buf *why, const char *complaint)
{
	size_t i;

	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++)
		if (strncmp(complaint, advice[i].begins, strlen(advice[i].begins)) == 0)
			buf_printf(why, "; %s", advice[i].right);
}

#define MAX_OPTIONS 64

static void
list_options(cfg_t *sec, const char *ret[static MAX_OPTIONS])
{
	unsigned i, n = 0;

	for (i = 0; i < cfg_num(sec) && n + 1 < MAX_OPTIONS; i++)
		ret[n++] = cfg_getnopt(sec, i)->name;
	ret[n] = NULL;
}

/* The section below the root that has this option, for one written outside of it. */
static const char *
section_with(const char *name)
{
	unsigned i;
	const cfg_opt_t *sub;

	for (i = 0; i < cfg_num(parsing.root); i++) {
		const cfg_opt_t *opt = cfg_getnopt(parsing.root, i);

		for (sub = opt->subopts; sub != NULL && sub->name != NULL; sub++)
			if (strcmp(sub->name, name) == 0)
				return opt->name;
	}
	return NULL;
}

static void
unknown_option(cfg_t *sec, const char *name)
{
	const char *known[MAX_OPTIONS];
	const char *near, *section = section_with(name);

	list_options(sec, known);
	near = option_nearest(name, known);
	buf_printf(parsing.why, "unknown option \"%.60s\"", name);
	if (near != NULL)
		buf_printf(parsing.why, "; did you mean \"%s\"?", near);
	else if (section != NULL)
		buf_printf(parsing.why, "; it belongs into %s { ... }", section);
	else
		buf_str(parsing.why, "; postern.conf(5) lists the known ones");
}

/* Is `name = …` what stands in this line of the text?  A section would be `name {`. */
static bool
is_assigned(unsigned line, const char *name)
{
	struct span rest = parsing.text, s = { 0 };
	size_t n = strlen(name);

	while (line-- > 0 && span_cut(&rest, '\n', &s))
		;
	for (; s.n > n; s.p++, s.n--) {
		struct span behind = span_trim((struct span){ s.p + n, s.n - n });

		if (memcmp(s.p, name, n) == 0 && behind.n > 0 && behind.p[0] == '=')
			return true;
	}
	return false;
}

/*
 * An unknown option ends libconfuse's walk, unless its section leaves unknown
 * ones alone: so it does from here to the next option that it knows.  Not
 * where a section is unknown, whose end libconfuse does not find.
 */
static void
complain(cfg_t *sec, char *text)
{
	static const char unknown[] = "no such option '";
	size_t n = strlen(text);

	if (strncmp(text, unknown, sizeof(unknown) - 1) == 0 && text[n - 1] == '\'') {
		text[n - 1] = '\0';
		unknown_option(sec, text + sizeof(unknown) - 1);
		if (is_assigned((unsigned)sec->line, text + sizeof(unknown) - 1)) {
			sec->flags |= CFGF_IGNORE_UNKNOWN;
			parsing.passed_over = true;
		}
	} else {
		buf_str(parsing.why, text);
		advise(parsing.why, text);
	}
}

/* libconfuse's own complaints, the last of which ends its walk; behind something passed over it may be wrong. */
static void
on_error(cfg_t *sec, const char *fmt, va_list ap)
{
	char text[1024];
	size_t at;

	if (parsing.why == NULL)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	if ((parsing.passed_over && strncmp(text, "no such", 7) != 0) || !begin_mistake(sec, &at))
		return;
	complain(sec, text);
	make_plain(parsing.why, at);
}

/* ---- the file ---- */

static int
cannot(struct buf *why, const char *path, int code, const char *what)
{
	buf_printf(why, "%s: %s", path, what);
	return code;
}

/*
 * open(2), not fs_open(): a link is fine here, whoever may write this file
 * already decides everything.  O_NONBLOCK: a FIFO must not hold us.
 */
static int
slurp(const char *path, struct stat *st, struct buf *ret, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = 0;
	char *room;

	if (fd < 0) {
		buf_printf(why, "%s: %s", path, strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_NOINPUT;
	}
	if (fs_stat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		fs_close(fd);
		return cannot(why, path, EX_NOINPUT,
		    "not a regular file; name the configuration file itself");
	}
	if (st->st_size > SOURCE_MAX_BYTES) {
		fs_close(fd);
		return cannot(why, path, EX_CONFIG, "longer than 1 MiB; this is no configuration");
	}
	room = buf_room(ret, (size_t)st->st_size + 1);
	if (room != NULL)
		n = fs_pread_full(fd, room, (size_t)st->st_size, 0);
	fs_close(fd);
	if (room == NULL || n < 0)
		return cannot(why, path, EX_IOERR, n < 0 ? strerror((int)-n) : "too long");
	buf_took(ret, (size_t)n);
	return 0;
}

static int
parse(struct source *s, cfg_opt_t *schema, const struct buf *text, struct buf *why)
{
	int rc;

	assert(parsing.root == NULL);
	s->root = cfg_init(schema, CFGF_NONE);
	if (s->root == NULL)
		abort();
	cfg_set_error_function(s->root, on_error);
	parsing.path = s->path;
	parsing.root = s->root;
	parsing.text = buf_view(text);
	parsing.why = why;
	rc = cfg_parse_buf(s->root, buf_cstr(text));
	if (rc != CFG_SUCCESS && parsing.mistakes == 0)
		buf_printf(why, "%s: not readable as a configuration", s->path);
	if (parsing.mistakes > 0)
		rc = CFG_PARSE_ERROR;
	memset(&parsing, 0, sizeof(parsing));
	return rc == CFG_SUCCESS ? 0 : EX_CONFIG;
}

int
source_open(const char *path, cfg_opt_t *schema, struct source *ret, struct buf *why)
{
	struct source s = { .path = xstrdup(path) };
	struct buf text;
	const char *wrong;
	unsigned line;
	int rc;

	buf_init(&text, SOURCE_MAX_BYTES + 2);
	rc = slurp(path, &s.st, &text, why);
	if (rc == 0 && scan_text(&text, &line, &wrong) < 0) {
		buf_printf(why, "%s:%u: %s", path, line, wrong);
		rc = EX_CONFIG;
	}
	if (rc == 0)
		rc = parse(&s, schema, &text, why);
	buf_wipe(&text);
	if (rc == 0)
		*ret = s;
	else
		source_close(&s);
	return rc;
}

void
source_close(struct source *s)
{
	if (s->root != NULL)
		cfg_free(s->root);
	free(s->path);
	memset(s, 0, sizeof(*s));
}

/* ---- values ---- */

const char *
source_str(cfg_t *sec, const char *name)
{
	return cfg_size(sec, name) > 0 ? cfg_getstr(sec, name) : NULL;
}

char *
source_dup(cfg_t *sec, const char *name)
{
	const char *value = source_str(sec, name);

	return value != NULL ? xstrdup(value) : NULL;
}

/* option_check() has seen that there is one; should it not be so, what was written stands. */
static char *
instead(char *value, char *ascii)
{
	if (ascii == NULL)
		return value;
	free(value);
	return ascii;
}

char *
source_domain(cfg_t *sec, const char *name)
{
	char *value = source_dup(sec, name);

	return value != NULL ? instead(value, idna_domain_text(span_of(value), NULL)) : NULL;
}

char *
source_pattern(cfg_t *sec, const char *name)
{
	char *value = source_dup(sec, name);

	return value != NULL ? instead(value, idna_address_text(span_of(value), NULL)) : NULL;
}

struct addr *
source_addr(cfg_t *sec, const char *name)
{
	const char  *value = source_str(sec, name);
	struct addr *a = value != NULL ? addr_parse(span_of(value), NULL) : NULL;
	struct addr *ascii = a != NULL ? idna_addr(a, NULL) : NULL;

	if (ascii == NULL)
		return a;
	addr_free(a);
	return ascii;
}

char **
source_list(cfg_t *sec, const char *name)
{
	unsigned i, n = cfg_size(sec, name);
	char **list;

	if (n == 0)
		return NULL;
	list = xcalloc(n + 1, sizeof(*list));
	for (i = 0; i < n; i++)
		list[i] = xstrdup(cfg_getnstr(sec, name, i));
	return list;
}

void
source_list_free(char **list)
{
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

unsigned
source_number(cfg_t *sec, const char *name, unsigned otherwise)
{
	const char *value = source_str(sec, name);
	uint64_t n = otherwise;

	if (value != NULL)
		text_number(span_of(value), UINT32_MAX, &n);
	return (unsigned)n;
}

int64_t
source_duration_s(cfg_t *sec, const char *name, int64_t otherwise)
{
	const char *value = source_str(sec, name);

	if (value != NULL)
		text_duration(span_of(value), &otherwise);
	return otherwise;
}

uint64_t
source_size(cfg_t *sec, const char *name, uint64_t otherwise)
{
	const char *value = source_str(sec, name);

	if (value != NULL)
		text_size(span_of(value), &otherwise);
	return otherwise;
}

bool
source_flag(cfg_t *sec, const char *name, bool otherwise)
{
	const char *value = source_str(sec, name);

	return value != NULL ? option_flag(value) : otherwise;
}

/*
 * An option that stands lowest in its section tells where the section
 * begins; an empty section tells only where it ends.
 */
static unsigned
line_of(const struct source *s, cfg_t *sec, const char *option)
{
	struct where w;
	unsigned i;

	if (option != NULL && where_given(cfg_getopt(sec, option), &w))
		return w.line;
	for (i = 0; sec != s->root && i < cfg_num(sec); i++)
		if (where_given(cfg_getnopt(sec, i), &w))
			return w.section_line;
	return (unsigned)sec->line;
}

int
source_wrong(const struct source *s, cfg_t *sec, const char *option, struct buf *why,
    const char *fmt, ...)
{
	va_list ap;
	size_t at;

	if (!begin_line(why))
		return EX_CONFIG;
	buf_printf(why, "%s:%u: ", s->path, line_of(s, sec, option));
	at = why->n;
	va_start(ap, fmt);
	buf_vprintf(why, fmt, ap);
	va_end(ap);
	make_plain(why, at);
	return EX_CONFIG;
}
