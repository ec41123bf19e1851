/*
 * fuzz_control.c - what anybody on this machine may say to the daemon's
 * control socket, against a queue of several people's messages and a relay
 * that has no network.  Whoever asks gets one answer, in lines that a program
 * can read, and leaves nothing behind; who is not root does nothing to
 * others' messages and, by mailq = "own", learns of none.
 *
 * The first octet: its lowest bit, whether a stranger asks (only root can try
 * that), the others how long the pieces are.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/text.h"
#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "net/loop.h"
#include "posternd/control_private.h"

#define NOW_US     INT64_C(1764000100000000)
#define STRANGER   1000
#define ANSWER_MAX (8u << 20)
#define QUIET      40           /* turns in which nothing is heard: it waits for more */

static const char conf_text[] =
    "hostname = \"web1.example.com\"\nmailq = \"own\"\naliases = \"/nonexistent\"\n"
    "relay one { host = \"127.0.0.1\" port = 1 tls = \"none\" }\n"
    "relay two { host = \"127.0.0.2\" port = 1 tls = \"none\" }\n";

#define ENVELOPE "time 1764000000.000001\nhost h\nfrom-user %u\nrecipient a@x.org\nrecipient b@x.org\n\n"
#define MESSAGE  "Subject: x\r\n\r\ntext\r\n"

static const struct sample {
	const char *place, *id;
	uid_t       uid;
	const char *journal;
} samples[] = {
	{ "cur",   "6445941624000001", STRANGER,     "" },
	{ "cur",   "6445941624000002", STRANGER + 1, "" },
	{ "later", "6445941624000003", STRANGER,     "1764000001 defer rcpt=1 code=450 dsn=4.2.0 relay=mx text=not%20now\n" },
	{ "hold",  "6445941624000004", STRANGER,     "1764000001 held by=user user=u\n" },
	{ "hold",  "6445941624000005", STRANGER + 1, "1764000001 held by=admin user=root\n" },
	{ "dead",  "6445941624000006", 0,            "1764000001 fail rcpt=1 code=550 text=no\n" },
	{ "bad",   "6445941624000007", STRANGER + 1, "" },
};

#define NSAMPLES (sizeof(samples) / sizeof(samples[0]))

static struct daemon {
	struct event_base *base;
	struct store      *store;
	struct queue      *queue;
	struct control    *control;
	bool               idle;
	unsigned           reloads;
} d;

static bool changed;            /* a file of the spool: the next one begins with a new spool */
static struct buf heard, log_text;

/* ---- the daemon ---- */

static ssize_t
seen_write(int fd, const void *p, size_t n)
{
	changed = true;
	return fs_kernel.write(fd, p, n);
}

static ssize_t
seen_pwrite(int fd, const void *p, size_t n, off_t at)
{
	changed = true;
	return fs_kernel.pwrite(fd, p, n, at);
}

static int
seen_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	changed = true;
	return fs_kernel.renameat2(from_dir, from, to_dir, to, flags);
}

static int
seen_unlinkat(int dir, const char *name, int flags)
{
	changed = true;
	return fs_kernel.unlinkat(dir, name, flags);
}

static bool
reload(void *arg, struct buf *why)
{
	struct daemon *self = arg;

	if (self->reloads++ % 2 == 0)
		return true;
	buf_str(why, "a line\nand \x1b[1m another");
	return false;
}

static void
put_sample(const struct sample *s)
{
	char envelope[256], name[PATH_MAX];
	struct buf text;
	const char *path;

	buf_init(&text, 4096);
	snprintf(envelope, sizeof(envelope), ENVELOPE, (unsigned)s->uid);
	if (strcmp(s->place, "bad") == 0)
		buf_str(&text, "no message\n");
	else
		buf_printf(&text, "postern 1 %014zu %014zu\n%s" MESSAGE "%s", strlen(envelope), strlen(MESSAGE), envelope,
		    s->journal);
	snprintf(name, sizeof(name), "spool/%s/%s", s->place, s->id);
	path = folder_file(name, buf_view(&text), 0600);
	must(geteuid() != 0 || chown(path, s->uid, (gid_t)-1) == 0);
	buf_done(&text);
}

static struct config *
read_config(void)
{
	struct config *c = NULL;
	struct buf why;

	buf_init(&why, 4096);
	must(config_read(folder_file("conf", span_of(conf_text), 0600), "/nonexistent", &c, &why) == 0);
	buf_done(&why);
	return c;
}

static void
start(void)
{
	const struct control_daemon self = { .reload = reload, .arg = &d };
	const char *what, *spool = folder_spool();
	struct buf why;

	setenv("POSTERN_SPOOL", spool, 1);
	setenv("POSTERN_RUN", folder(), 1);
	for (size_t i = 0; i < NSAMPLES; i++)
		put_sample(&samples[i]);
	buf_init(&why, 4096);
	d.base = loop_new();
	must(store_open(spool, true, &d.store, &what) == 0);
	d.queue = queue_new(d.base, d.store, read_config(), &why);
	must(d.queue != NULL);
	queue_set_reach(d.queue, REACH_NONE);
	must(queue_start(d.queue) == 0);
	d.control = control_start(d.base, d.queue, &self, &why);
	must(d.control != NULL);
	for (int i = 0; i < 20; i++)
		loop_turn(d.base);
	buf_done(&why);
	changed = false;
}

static void
on_idle(void *arg)
{
	struct daemon *self = arg;

	self->idle = true;
}

static void
stop(void)
{
	control_stop(d.control);
	queue_quit(d.queue, on_idle, &d);
	queue_stop(d.queue);
	for (int i = 0; i < 1000 && !d.idle; i++)
		loop_turn(d.base);
	must(d.idle);
	queue_free(d.queue);
	store_close(d.store);
	loop_free(d.base);
	memset(&d, 0, sizeof(d));
}

static void
end(void)
{
	if (d.base != NULL)
		stop();
	buf_done(&heard);
	log_capture(NULL);
	buf_done(&log_text);
}

static void
begin(void)
{
	static bool begun;

	if (!begun) {
		begun = true;
		buf_init(&heard, ANSWER_MAX);
		buf_init(&log_text, ANSWER_MAX);
		log_capture(&log_text);
		fs.write = seen_write;
		fs.pwrite = seen_pwrite;
		fs.renameat2 = seen_renameat2;
		fs.unlinkat = seen_unlinkat;
		atexit(end);
	}
	clock_set(NOW_US, 1000000);
	if (d.base != NULL && changed)
		stop();
	if (d.base == NULL)
		start();
	buf_clear(&heard);
	buf_clear(&log_text);
}

/* ---- one who asks ---- */

static int
ask(bool stranger)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	must(fd >= 0 && (size_t)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control", folder()) < sizeof(sun.sun_path));
	must(!stranger || seteuid(STRANGER) == 0);
	must(connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0);
	must(!stranger || seteuid(0) == 0);
	return fd;
}

/* False: the daemon has closed. */
static bool
hear(int fd, bool *any)
{
	char piece[65536];
	ssize_t n;

	loop_turn(d.base);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		buf_add(&heard, piece, (size_t)n);
		*any = true;
	}
	return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static void
converse(int fd, struct span said, size_t piece)
{
	unsigned quiet = 0;
	bool there = true;

	while (there && quiet < QUIET) {
		ssize_t n = said.n > 0 ? send(fd, said.p, said.n < piece ? said.n : piece, MSG_NOSIGNAL) : 0;
		bool any = n > 0;

		if (n > 0) {
			said.p += n;
			said.n -= (size_t)n;
		}
		there = hear(fd, &any);
		quiet = any ? 0 : quiet + 1;
	}
	close(fd);
	for (int i = 0; i < 1000 && d.control->naskers > 0; i++)
		loop_turn(d.base);
	must(d.control->naskers == 0 && d.control->nlarge[0] == 0 && d.control->nlarge[1] == 0);
}

/* ---- what he heard ---- */

static void
is_a_record(struct span line)
{
	struct span word, value;
	struct buf b;
	bool kind = true;

	for (size_t i = 0; i < line.n; i++)
		must(line.p[i] >= ' ' && line.p[i] <= '~');
	if (span_starts(line, SPAN("error "))) {
		must(span_cut(&line, ' ', &word) && span_cut(&line, ' ', &word) && word.n > 0);
		must(span_starts(line, SPAN("text=")));
		kind = false;
	}
	buf_init(&b, ANSWER_MAX);
	for (; span_cut(&line, ' ', &word); kind = false) {
		if (kind) {
			must(word.n > 0 && memchr(word.p, '=', word.n) == NULL);
			continue;
		}
		value = word;
		must(span_cut(&value, '=', &word) && word.n > 0);
		buf_clear(&b);
		must(text_percent(value, &b) == 0);
	}
	buf_done(&b);
}

static void
check_answer(void)
{
	struct span rest = buf_view(&heard), line;

	must(!heard.over);
	while (rest.n > 0) {
		must(memchr(rest.p, '\n', rest.n) != NULL && span_cut(&rest, '\n', &line));
		is_a_record(line);
		/* One of them closes it. */
		must((rest.n == 0) == (span_eq(line, SPAN("end")) || span_starts(line, SPAN("error "))));
	}
}

static bool
is_there(const char *place, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/spool/%s/%s", folder(), place, name);
	return access(path, F_OK) == 0;
}

/* They stay where they are, and no record names one. */
static void
check_others(void)
{
	for (size_t i = 0; i < NSAMPLES; i++) {
		char field[64];

		if (samples[i].uid == STRANGER)
			continue;
		must(is_there(samples[i].place, samples[i].id));
		snprintf(field, sizeof(field), " id=%s", samples[i].id);
		must(strstr(buf_cstr(&heard), field) == NULL);
	}
	must(d.reloads == 0 && !is_there("state", "paused"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	bool stranger;

	if (n == 0)
		return 0;
	begin();
	stranger = (data[0] & 1) != 0 && geteuid() == 0;
	d.reloads = 0;
	converse(ask(stranger), (struct span){ (const char *)data + 1, n - 1 }, data[0] < 2 ? SIZE_MAX : data[0] / 2);
	check_answer();
	if (stranger)
		check_others();
	return 0;
}
