/*
 * fuzz_submit.c - sendmail as anybody may call it: words, a line each, up to
 * an empty one, and then its standard input.  Exit 0 is one message in new/
 * that the daemon can read, with line ends as they go on the wire; every
 * other exit is nothing in the spool, and one line that says why.
 */
#include <sys/mman.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "fuzz/folder.h"
#include "fuzz/fuzz.h"
#include "sendmail/options.h"
#include "sendmail/submit.h"
#include "spool/store.h"

#define WORDS_MAX 64

static int           input = -1;
static struct store *store;

static void
end(void)
{
	store_close(store);
}

static void
begin(void)
{
	const struct draft_limits none = { 0, 0 };
	const char *spool, *what;
	int fd;

	if (store != NULL)
		return;
	input = memfd_create("input", MFD_CLOEXEC);
	must(input >= 0 && dup2(input, STDIN_FILENO) == STDIN_FILENO);
	spool = folder_spool();
	setenv("POSTERN_SPOOL", spool, 1);
	setenv("POSTERN_RUN", "/nonexistent", 1);
	fd = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(fd >= 0 && draft_limits_write(fd, &none) == 0);    /* however little room this machine has */
	close(fd);
	must(store_open(spool, false, &store, &what) == 0);
	atexit(end);
}

static void
set_input(struct span text)
{
	must(ftruncate(input, 0) == 0 && pwrite(input, text.p, text.n, 0) == (ssize_t)text.n && lseek(input, 0, SEEK_SET) == 0);
}

/* What a program says to a terminal that is not its caller's fault. */
static void
is_a_complaint(const char *said, size_t n)
{
	must(n > 0 && strncmp(said, "sendmail: ", 10) == 0);
	must(memchr(said, '\n', n) == said + n - 1);
}

/* ---- what is in the spool ---- */

static const char *
path_of(enum place p, msgid id)
{
	static char path[PATH_MAX];
	char name[ID_LEN + 1];

	msgid_format(id, name);
	snprintf(path, sizeof(path), "%s/spool/%s/%s", folder(), place_name(p), id != 0 ? name : "");
	return path;
}

static unsigned
count(enum place p, msgid *ret)
{
	DIR *d = opendir(path_of(p, 0));
	struct dirent *e;
	unsigned n = 0;

	must(d != NULL);
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (ret != NULL)
			must(msgid_parse(e->d_name, ret));
	}
	closedir(d);
	return n;
}

static void
is_on_the_wire(const struct message *m)
{
	char *text = xrealloc(NULL, m->size + 1);

	must(message_read(m, 0, text, m->size) == (ssize_t)m->size);
	for (uint64_t i = 0; i < m->size; i++) {
		must(text[i] != '\0' && (text[i] != '\r' || (i + 1 < m->size && text[i + 1] == '\n')));
		must(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
	}
	must(m->size == 0 || text[m->size - 1] == '\n');
	free(text);
}

static void
take_message(const struct options *o)
{
	struct message *m = NULL;
	const char *why = NULL;
	msgid id = 0;

	must(count(PLACE_NEW, &id) == 1);
	must(store_load(store, PLACE_NEW, id, &m, &why) == 0);
	must(m->env.nrcpts > 0 && m->env.nrcpts <= ENVELOPE_MAX_RCPTS);
	must(m->env.sender != NULL && m->env.user != NULL && m->uid == getuid());
	must((m->env.envid != NULL) == (o->envid != NULL) && m->env.ret == o->ret && m->env.body == o->body);
	for (size_t i = 0; i < m->env.nrcpts; i++)
		must(m->env.rcpts[i].notify == o->notify);
	is_on_the_wire(m);
	message_close(store, m);
	must(unlink(path_of(PLACE_NEW, id)) == 0);
}

/* ---- a call ---- */

static void
call(int argc, char **argv)
{
	FILE *real = stderr, *mine;
	struct options o;
	struct buf why;
	char *said = NULL;
	size_t n = 0;
	int rc;

	buf_init(&why, 4096);
	mine = open_memstream(&said, &n);
	must(mine != NULL);
	stderr = mine;
	rc = options_parse(argc, argv, &o, &why);
	if (rc != 0)
		submit_complain(&why);
	else if (o.mode == MODE_SUBMIT && !o.from_smtp)
		rc = submit(&o);
	stderr = real;
	fclose(mine);
	must((rc >= EX__BASE && rc <= EX__MAX) || rc == 0);
	must((rc == 0) == (n == 0));
	if (rc != 0)
		is_a_complaint(said, n);
	if (rc == 0 && o.mode == MODE_SUBMIT && !o.from_smtp)
		take_message(&o);
	must(count(PLACE_NEW, NULL) == 0 && count(PLACE_TMP, NULL) == 0);
	options_done(&o);
	buf_done(&why);
	free(said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span rest = { (const char *)data, n }, line;
	char *argv[WORDS_MAX + 1] = { xstrdup("sendmail") };
	int argc = 1;

	begin();
	while (span_cut(&rest, '\n', &line) && line.n > 0)
		if (argc < WORDS_MAX)
			argv[argc++] = span_dup(line);
	set_input(rest);
	call(argc, argv);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}
