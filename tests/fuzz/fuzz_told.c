/*
 * fuzz_told.c - what the daemon answers, with the words of strangers in it,
 * on its way to a terminal and to a program: heard over a socket, shown as
 * mailq, queue, status and show do.  A terminal is only shown letters, each
 * message has its one row, and each document is ASCII and can be read.
 *
 * The first octet: how wide the terminal is.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "postern/document.h"
#include "postern/listing.h"
#include "postern/rows.h"
#include "postern/standing.h"
#include "postern/story.h"
#include "postern/told.h"

#define NOW_S 1764000000

/* ---- the daemon: says the input, once a call ---- */

static struct span answer;
static int listener = -1;
static sem_t said;               /* it looks at the input no more */

static void *
serve(void *arg)
{
	char piece[4096];
	int fd;

	(void)arg;
	for (;;) {
		struct span left;

		fd = accept(listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		(void)!recv(fd, piece, sizeof(piece), 0);
		for (left = answer; left.n > 0;) {
			ssize_t n = send(fd, left.p, left.n, MSG_NOSIGNAL);

			if (n <= 0)
				break;
			left.p += n;
			left.n -= (size_t)n;
		}
		close(fd);
		sem_post(&said);
	}
}

static pthread_t thread;

static void
end(void)
{
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
}

static void
begin(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	if (listener >= 0)
		return;
	must((size_t)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control", folder()) < sizeof(sun.sun_path));
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(listener >= 0 && bind(listener, (struct sockaddr *)&sun, sizeof(sun)) == 0 && listen(listener, 8) == 0);
	setenv("POSTERN_RUN", folder(), 1);
	setenv("POSTERN_SPOOL", "/nonexistent", 1);
	must(sem_init(&said, 0, 0) == 0);
	must(pthread_create(&thread, NULL, serve, NULL) == 0);
	atexit(end);
}

/* ---- what came out ---- */

struct screen {
	FILE  *f;
	char  *p;
	size_t n;
};

static void
show(struct screen *s)
{
	*s = (struct screen){ .p = NULL };
	s->f = open_memstream(&s->p, &s->n);
	must(s->f != NULL);
}

static bool
is_quiet(uint32_t c)
{
	return c >= ' ' && (c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029 && (c < 0x202a || c > 0x202e) &&
	    (c < 0x2066 || c > 0x2069);
}

/* Returns how many lines. */
static size_t
is_harmless(struct screen *s)
{
	size_t lines = 0;

	fclose(s->f);
	for (size_t i = 0, n; i < s->n; i += n) {
		uint32_t c = (unsigned char)s->p[i];

		n = text_utf8_char((struct span){ s->p + i, s->n - i });
		must(n > 0);
		for (size_t k = 1; k < n; k++)
			c = (k == 1 ? c & (0x7fu >> n) : c) << 6 | (s->p[i + k] & 0x3f);
		must(is_quiet(c) || c == '\n' || c == '\t');
		lines += c == '\n';
	}
	free(s->p);
	return lines;
}

static void
is_a_document(json_t *o)
{
	struct screen s;

	show(&s);
	document_print(s.f, o);
	fclose(s.f);
	for (size_t i = 0; i < s.n; i++)
		must((s.p[i] >= ' ' && s.p[i] <= '~') || s.p[i] == '\n');
	o = json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	must(o != NULL);
	json_decref(o);
	free(s.p);
}

/* ---- mailq and queue ---- */

struct views {
	struct listing listing;
	struct rows    rows;
	struct term    term;
	struct screen  list, table;
	size_t         n;
};

static void
on_message(void *arg, struct queued *q)
{
	struct views *v = arg;

	listing_queued(&v->listing, q);
	rows_put(&v->rows, q);
	is_a_document(document_queued(q));
	v->n++;
}

static void
on_record(void *arg, struct span line)
{
	struct views *v = arg;

	listing_relay(&v->listing, line);
}

static void
queue(struct span text, unsigned width)
{
	struct views v = { .term = { .tty = width > 0, .width = width, .height = 24 } };
	struct queued_reader r = { .message = on_message, .record = on_record, .arg = &v };
	struct span line;

	show(&v.list);
	show(&v.table);
	listing_begin(&v.listing, v.list.f, NOW_S);
	rows_begin(&v.rows, v.table.f, &v.term, NOW_S);
	while (span_cut(&text, '\n', &line))
		queued_read(&r, line);
	queued_read_end(&r);
	listing_end(&v.listing);
	(void)is_harmless(&v.list);
	/* A row each below the titles. */
	must(is_harmless(&v.table) == (v.n > 0 ? v.n + 1 : 0));
}

/* ---- status ---- */

static void
status(struct span text, unsigned width)
{
	struct term term = { .tty = width > 0, .width = width, .height = 24 };
	struct standing s;
	struct screen screen;
	struct span line;

	show(&screen);
	standing_init(&s);
	while (span_cut(&text, '\n', &line))
		standing_record(&s, line);
	standing_judge(&s, NOW_S);
	must((s.health == HEALTH_WELL) == (s.why.n == 0));
	standing_print(&s, screen.f, &term, NOW_S);
	standing_done(&s);
	(void)is_harmless(&screen);
}

/* ---- show ---- */

static void
story(void)
{
	struct screen screen;
	struct story s;
	struct buf why;
	int rc;

	buf_init(&why, 1 << 20);
	story_init(&s);
	rc = story_ask(&s, "6445941624000001", &why);
	while (sem_wait(&said) < 0 && errno == EINTR)
		;
	must((rc == 0) == (why.n == 0) && (rc != 0 || s.there));
	must(rc == 0 || (rc >= EX__BASE && rc <= EX__MAX));
	show(&screen);
	story_print_history(&s, screen.f, "    ");
	for (size_t i = 0; i < s.header.n; i++)
		story_print_line(screen.f, "", kept_at(&s.header, i));
	(void)is_harmless(&screen);
	is_a_document(story_document_history(&s));
	story_done(&s);
	buf_done(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n == 0)
		return 0;
	begin();
	answer = (struct span){ (const char *)data + 1, n - 1 };
	story();
	queue(answer, data[0]);
	status(answer, data[0]);
	return 0;
}
