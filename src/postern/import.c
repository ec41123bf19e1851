/*
 * import.c - postern import: what other mail systems were told.  Without a
 * source it lists them; with one it prints the configuration; with --write it
 * is put into the daemon's folder, after a look at what it replaces.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diff.h"
#include "base/fs.h"
#include "import/import.h"
#include "postern/command.h"
#include "postern/install.h"
#include "spool/place.h"

enum { WRITE, TO, ROOT, YES };

const struct args_option import_options[] = {
	[WRITE] = { "write", NULL, "write the configuration, its passwords and its maps" },
	[TO] = { "to", "DIR", "into this folder, in place of the daemon's" },
	[ROOT] = { "root", "DIR", "read a system that is mounted here" },
	[YES] = { "yes", NULL, "replace files without asking" },
	{ NULL, NULL, NULL },
};

struct work {
	struct args      args;
	const char      *root, *to, *source;
	bool             write, yes;
	struct import   *im;
	struct buf       path, conf;    /* the configuration's path, and text */
	char            *dir;
};

static int
fail(int rc, const struct buf *why)
{
	fprintf(stderr, "postern: %s\n", buf_cstr(why));
	return rc;
}

/* ---- what is here ---- */

static int
list(const struct work *w)
{
	struct buf path;
	size_t     found = 0;

	buf_init(&path, 4096);
	for (enum import_kind k = 0; k < IMPORT_KINDS; k++)
		if (import_detect(k, w->root, &path)) {
			printf("%-10s  %-34s  postern import %s\n", import_name(k), buf_cstr(&path), import_name(k));
			found++;
		}
	buf_done(&path);
	if (found > 0)
		return EX_OK;
	fputs("postern: no configuration of another mail system here: looked for", stderr);
	for (enum import_kind k = 0; k < IMPORT_KINDS; k++)
		fprintf(stderr, "%s %s", k > 0 ? "," : "", import_name(k));
	fputs("\n", stderr);
	return EX_NOINPUT;
}

/* ---- what would be replaced ---- */

/* Two passwords are not shown beside each other, nor one. */
static void
show_one(const char *path, const struct import_file *f, const struct buf *old)
{
	struct buf text;

	if (f->secret) {
		printf("%s: holds another password\n", path);
		return;
	}
	buf_init(&text, 16u << 20);
	diff_unified(buf_view(old), path, buf_view(&f->text), "imported", &text);
	fwrite(buf_cstr(&text), 1, text.n, stdout);
	if (text.over)
		printf("%s: is another, and too long to be shown\n", path);
	buf_done(&text);
}

/* Is another text there?  It is shown.  -errno. */
static int
look_at(const struct work *w, const struct import_file *f)
{
	struct stat st;
	struct buf  path, old;
	int         r;

	buf_init(&path, 8192);
	buf_init(&old, IMPORT_TEXT_MAX + 1);
	buf_printf(&path, "%s/%s", w->dir, f->name);
	r = fs_slurp_path(buf_cstr(&path), IMPORT_TEXT_MAX, &st, &old);
	if (r == 0 && !span_eq(buf_view(&old), buf_view(&f->text))) {
		show_one(buf_cstr(&path), f, &old);
		r = 1;
	} else if (r == -ENOENT) {
		r = 0;
	} else if (r < 0) {
		fprintf(stderr, "postern: %s: %s\n", buf_cstr(&path), strerror(-r));
	}
	buf_wipe(&old);
	buf_done(&path);
	return r;
}

static int
agreed(const struct work *w)
{
	char line[64];

	if (w->yes)
		return EX_OK;
	if (!isatty(STDIN_FILENO))
		return args_refuse(&w->args, "files are there already; nobody is here to be asked, so say --yes, or "
		    "--to another folder");
	fputs("Replace what is there? [y/N] ", stderr);
	fflush(stderr);
	if (fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y'))
		return EX_OK;
	fputs("nothing was done\n", stderr);
	return EX_TEMPFAIL;
}

/* ---- writing ---- */

static struct import_file
conf_file(const struct work *w)
{
	return (struct import_file){ .name = strrchr(w->path.p, '/') + 1, .text = w->conf };
}

static int
stage(const struct work *w, const struct import_file *f, struct install *ret, struct buf *why)
{
	struct buf path;
	int        rc;

	buf_init(&path, 8192);
	buf_printf(&path, "%s/%s", w->dir, f->name);
	rc = install_stage(buf_cstr(&path), buf_view(&f->text), f->secret ? INSTALL_SECRET : INSTALL_PLAIN, ret, why);
	buf_done(&path);
	return rc;
}

/*
 * All are written before one has its name: a full disk leaves everything as
 * it was.  The configuration comes last, and never names a file that is not there.
 */
static int
put_files(const struct work *w, struct buf *why)
{
	const struct import_file *f, conf = conf_file(w);
	size_t          n = import_files(w->im, &f);
	struct install *in = xcalloc(n + 1, sizeof(*in));
	int             rc = 0;

	for (size_t i = 0; rc == 0 && i <= n; i++)
		rc = stage(w, i < n ? &f[i] : &conf, &in[i], why);
	for (size_t i = 0; rc == 0 && i <= n; i++)
		rc = install_commit(&in[i], NULL, why);
	for (size_t i = 0; i <= n; i++)
		install_abandon(&in[i]);
	free(in);
	return rc;
}

static void
say_written(const struct work *w)
{
	const struct import_file *f;
	size_t n = import_files(w->im, &f);

	for (size_t i = 0; i < n; i++)
		printf("wrote %s/%s\n", w->dir, f[i].name);
	printf("wrote %s\n", buf_cstr(&w->path));
	if (import_left(w->im) > 0)
		printf("%zu thing%s no equivalent, or want%s a look: see the end of that file\n", import_left(w->im),
		    import_left(w->im) == 1 ? " has" : "s have", import_left(w->im) == 1 ? "s" : "");
	puts("next: postern check");
}

static int
write_all(const struct work *w, struct buf *why)
{
	const struct import_file *f, conf = conf_file(w);
	size_t n = import_files(w->im, &f);
	int    r = look_at(w, &conf), others = 0, rc;

	for (size_t i = 0; r >= 0 && i < n; i++)
		if ((others = look_at(w, &f[i])) != 0)
			r = others;
	if (r < 0)
		return EX_NOINPUT;
	if (r > 0 && (rc = agreed(w)) != EX_OK)
		return rc;
	if ((rc = put_files(w, why)) != 0)
		return fail(rc, why);
	say_written(w);
	return EX_OK;
}

/* ---- the command ---- */

static int
take(struct work *w)
{
	int o;

	while ((o = args_next(&w->args)) != ARGS_END) {
		switch (o) {
		case WRITE: w->write = true; break;
		case YES:   w->yes = true; break;
		case TO:    w->to = w->args.value; break;
		case ROOT:  w->root = w->args.value; break;
		case ARGS_WORD:
			if (w->source != NULL)
				return args_refuse(&w->args, "one source at a time");
			w->source = w->args.value;
			break;
		default:
			return EX_USAGE;
		}
	}
	if (w->to != NULL && w->to[0] != '/')
		return args_refuse(&w->args, "--to: write the folder's full path");
	if (w->write && w->source == NULL)
		return args_refuse(&w->args, "--write: which source? postern import lists them");
	return 0;
}

static int
import(struct work *w, struct buf *why)
{
	enum import_kind k = import_kind_of(w->source);
	int rc;

	if (k == IMPORT_KINDS)
		return args_refuse(&w->args, "\"%s\" is no source; postern import lists what is here", w->source);
	if ((rc = import_read(k, w->root, place_providers(), &w->im, why)) != 0)
		return fail(rc, why);
	if (w->to != NULL)
		buf_printf(&w->path, "%s/postern.conf", w->to);
	else
		buf_str(&w->path, place_conf());
	w->dir = span_dup((struct span){ w->path.p, (size_t)(strrchr(w->path.p, '/') - w->path.p) });
	import_put(w->im, w->dir, &w->conf);
	if (w->conf.over || w->path.over) {
		buf_str(why, "the configuration would be too long");
		return fail(EX_DATAERR, why);
	}
	if (w->write)
		return write_all(w, why);
	fwrite(w->conf.p, 1, w->conf.n, stdout);
	return EX_OK;
}

int
command_import(int argc, char **argv)
{
	struct work w = { .args = { .argc = argc, .argv = argv, .options = import_options }, .root = "" };
	struct buf  why;
	int         rc;

	buf_init(&why, 65536);
	buf_init(&w.path, 4096);
	buf_init(&w.conf, IMPORT_TEXT_MAX);
	rc = take(&w);
	if (rc == 0)
		rc = w.source == NULL ? list(&w) : import(&w, &why);
	import_free(w.im);
	free(w.dir);
	buf_done(&w.path);
	buf_done(&w.conf);
	buf_done(&why);
	return rc;
}
