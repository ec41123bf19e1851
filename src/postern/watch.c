/*
 * watch.c - postern watch: how things stand, again each second, until q or
 * ^C.  Plain escape sequences; the terminal is put back whatever ends it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/plain.h"
#include "postern/rows.h"
#include "postern/standing.h"

#define TURN_MS    1000
#define NEWEST_MAX 200
#define COST_TIMES 20           /* the list is asked for no more often than that times what it took */

/* Another screen, no cursor, no line that goes on in the next. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[?7h\033[?25h\033[?1049l"

struct watch {
	struct args    args;
	struct term    term;
	struct termios was;
	bool           whole;           /* this daemon has only all of the list */
	int64_t        list_next_ms;
	struct queued  newest[NEWEST_MAX];
	size_t         nnewest, next;   /* a ring: next is the oldest, once it is full */
};

static volatile sig_atomic_t ended, resized;

static void
on_signal(int number)
{
	if (number == SIGWINCH)
		resized = 1;
	else
		ended = 1;
}

/* ---- the terminal ---- */

static void
write_all(const char *p, size_t n)
{
	ssize_t wrote;

	for (; n > 0; p += wrote, n -= (size_t)wrote) {
		wrote = write(STDOUT_FILENO, p, n);
		if (wrote < 0 && errno != EINTR)
			return;
		if (wrote < 0)
			wrote = 0;
	}
}

/* ^C comes as a byte, as q does. */
static void
take_terminal(struct watch *w)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH };
	struct sigaction act = { .sa_handler = on_signal };
	struct termios raw;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &act, NULL);
	tcgetattr(STDIN_FILENO, &w->was);
	raw = w->was;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	write_all(ENTER, sizeof(ENTER) - 1);
}

static void
give_terminal(struct watch *w)
{
	write_all(LEAVE, sizeof(LEAVE) - 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &w->was);
}

/* False: somebody wants no more.  A new size of the window draws at once, also one that came while it was drawn. */
static bool
wait_turn(int64_t until_ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left;
	char c;

	while (ended == 0 && resized == 0 && (left = until_ms - clock_mono_ms()) > 0) {
		int n = poll(&p, 1, (int)left);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0 && (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q' || c == 3))
			return false;
	}
	return ended == 0;
}

/* ---- what is shown ---- */

static void
on_message(void *arg, struct queued *q)
{
	struct watch *w = arg;

	queued_done(&w->newest[w->next]);
	w->newest[w->next] = *q;
	*q = (struct queued){ .nrcpts = 0 };
	w->next = (w->next + 1) % NEWEST_MAX;
	if (w->nnewest < NEWEST_MAX)
		w->nnewest++;
}

static void
on_line(void *arg, struct span line)
{
	queued_read(arg, line);
}

static void
forget(struct watch *w)
{
	for (size_t i = 0; i < NEWEST_MAX; i++)
		queued_done(&w->newest[i]);
	w->nnewest = w->next = 0;
}

/*
 * A daemon that cannot give the newest alone gives all of them.  Of a large
 * queue either takes a while, and to look must not be what keeps it busy.
 */
static int
read_newest(struct watch *w, struct buf *why)
{
	struct queued_reader reader = { .message = on_message, .arg = w };
	int64_t before = clock_mono_ms();
	char command[64];
	int rc;

	if (before < w->list_next_ms)
		return 0;
	forget(w);
	snprintf(command, sizeof(command), w->whole ? "mailq" : "mailq newest %u", w->term.height);
	rc = client_daemon(command, NULL, on_line, &reader, why);
	queued_read_end(&reader);
	if (!w->whole && (rc == EX_USAGE || rc == EX_PROTOCOL)) {
		w->whole = true;
		buf_clear(why);
		return read_newest(w, why);
	}
	w->list_next_ms = clock_mono_ms() + (clock_mono_ms() - before) * COST_TIMES;
	return rc;
}

static void
on_status(void *arg, struct span line)
{
	standing_record(arg, line);
}

static void
print_newest(const struct watch *w, FILE *out, int64_t now_s)
{
	struct rows rows;

	rows_begin(&rows, out, &w->term, now_s);
	for (size_t i = 0; i < w->nnewest; i++)
		rows_put(&rows, &w->newest[(w->next + NEWEST_MAX - 1 - i) % NEWEST_MAX]);
}

static void
print_all(struct watch *w, FILE *out)
{
	int64_t now_s = clock_wall_s();
	struct standing s;
	struct buf text, plain;

	standing_init(&s);
	buf_init(&text, CLIENT_LINE_MAX);
	buf_init(&plain, 2 * CLIENT_LINE_MAX);
	text_put_ctime(&text, now_s);
	fprintf(out, "%s   q ends\n\n", buf_cstr(&text));
	buf_clear(&text);
	if (client_daemon("status", NULL, on_status, &s, &text) == 0) {
		standing_judge(&s, now_s);
		standing_print(&s, out, &w->term, now_s);
		fputc('\n', out);
		if (read_newest(w, &text) == 0)
			print_newest(w, out, now_s);
	}
	plain_put(&plain, buf_view(&text));
	fputs(buf_cstr(&plain), out);
	standing_done(&s);
	buf_done(&text);
	buf_done(&plain);
}

/* As many lines as there are, each over the old one, and nothing below. */
static void
draw(struct watch *w)
{
	struct span rest, line;
	struct buf screen;
	char *text = NULL;
	size_t n = 0;
	unsigned at = 0;
	FILE *out;

	term_of(STDOUT_FILENO, &w->term);
	out = open_memstream(&text, &n);
	if (out == NULL)
		return;
	print_all(w, out);
	fclose(out);
	buf_init(&screen, 64u << 20);
	buf_str(&screen, "\033[H");
	rest = (struct span){ text, n };
	for (; at < w->term.height && span_cut(&rest, '\n', &line); at++) {
		buf_str(&screen, at > 0 ? "\n" : "");
		buf_span(&screen, line);
		buf_str(&screen, "\033[K");
	}
	buf_str(&screen, "\033[J");
	write_all(buf_cstr(&screen), screen.n);
	buf_done(&screen);
	free(text);
}

int
command_watch(int argc, char **argv)
{
	struct watch *w;
	const char *kind = getenv("TERM");
	struct args a = { .argc = argc, .argv = argv };
	int64_t next_ms;

	if (!args_none(argc, argv))
		return EX_USAGE;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || kind == NULL || strcmp(kind, "dumb") == 0)
		return args_refuse(&a, "this is no terminal that can be drawn on; postern status says the same once");
	w = xcalloc(1, sizeof(*w));
	take_terminal(w);
	do {
		next_ms = clock_mono_ms() + TURN_MS;
		resized = 0;
		draw(w);
	} while (wait_turn(next_ms));
	give_terminal(w);
	forget(w);
	free(w);
	return EX_OK;
}
