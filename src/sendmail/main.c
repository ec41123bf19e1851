/*
 * main.c - sendmail, mailq and newaliases.  Runs setgid for anybody: what is
 * not a submission is another program's work, and runs without the group.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/version.h"
#include "sendmail/input.h"
#include "sendmail/options.h"
#include "sendmail/submit.h"
#include "spool/place.h"

static const char usage[] =
    "usage: sendmail [-t] [-i] [-f SENDER] [-F NAME] [-B 7BIT|8BITMIME] [-N LIST]\n"
    "                [-R full|hdrs] [-V ENVID] [-U] [--] [RECIPIENT...]  < MESSAGE\n"
    "       sendmail -bp | -bi | -bs | -bv ADDRESS... | -q[[!]I|R|S TEXT]\n"
    "       mailq\n"
    "       newaliases\n"
    "The other options of sendmail(8) are accepted.\n";

static int
fail(int rc, const char *what, const char *why)
{
	fprintf(stderr, "sendmail: %s: %s\n", what, why);
	return rc;
}

/*
 * All three group ids, or a descendant could take the group back.  Looked at
 * afterwards: a program that kept it would be anybody's.
 */
static int
drop_group(void)
{
	gid_t gid = getgid(), r, e, s;

	if (setresgid(gid, gid, gid) < 0 || getresgid(&r, &e, &s) < 0)
		return -errno;
	return r == gid && e == gid && s == gid ? 0 : -EPERM;
}

/* Become FOLDER/PROGRAM with these arguments, WORD first if there is one. */
static int
become(const char *folder, const char *program, const char *word, const char *const *args, size_t nargs)
{
	const char **argv;
	struct buf   path;
	size_t       n = 0;
	int          r;

	if ((r = drop_group()) < 0)
		return fail(EX_OSERR, "cannot give up the group", strerror(-r));
	argv = xcalloc(nargs + 3, sizeof(*argv));
	buf_init(&path, 4096);
	buf_printf(&path, "%s/%s", folder, program);
	argv[n++] = program;
	if (word != NULL)
		argv[n++] = word;
	for (size_t i = 0; i < nargs; i++)
		argv[n++] = args[i];
	execv(buf_cstr(&path), (char *const *)argv);
	r = fail(EX_UNAVAILABLE, buf_cstr(&path), strerror(errno));
	buf_done(&path);
	free(argv);
	return r;
}

/* Each value in its option's word, where nothing it begins with can be an option. */
static int
run_queue(const struct options *o)
{
	const char *args[OPTIONS_SUBSETS];
	struct buf  text[OPTIONS_SUBSETS];
	int         rc;

	for (size_t i = 0; i < o->nsubsets; i++) {
		const struct subset *s = &o->subset[i];
		const char *name = s->kind == 'I' ? "id" : s->kind == 'R' ? "recipient" : "sender";

		buf_init(&text[i], strlen(s->text) + 32);
		buf_printf(&text[i], "--%s=%s%s", name, s->not ? "!" : "", s->text);
		args[i] = buf_cstr(&text[i]);
	}
	rc = become(place_bin(), "postern", "flush", args, o->nsubsets);
	for (size_t i = 0; i < o->nsubsets; i++)
		buf_done(&text[i]);
	return rc;
}

/* With -f: as mail from that sender goes.  An address may begin with '-', there as here. */
static int
run_verify(const struct options *o)
{
	const char **args = xcalloc(o->nargs + 2, sizeof(*args));
	struct buf   from;
	size_t       n = 0;
	int          rc;

	buf_init(&from, 65536);
	buf_printf(&from, "--sender=%s", o->sender != NULL ? o->sender : "");
	if (o->sender != NULL && o->sender[0] != '\0')
		args[n++] = buf_cstr(&from);
	args[n++] = "--";
	for (size_t i = 0; i < o->nargs; i++)
		args[n++] = o->args[i];
	rc = become(place_bin(), "postern", "verify", args, n);
	buf_done(&from);
	free(args);
	return rc;
}

static int
run(const struct options *o)
{
	switch (o->mode) {
	case MODE_SUBMIT:
		return o->from_smtp ? submit_session(o) : submit(o);
	case MODE_QUEUE:
		return become(place_bin(), "postern", "mailq", o->args, o->nargs);
	case MODE_ALIASES:
		return become(place_bin(), "postern", "newaliases", o->args, o->nargs);
	case MODE_VERIFY:
		return run_verify(o);
	case MODE_STDIO:
		if (o->nargs > 0)
			return fail(EX_USAGE, "-bs", "stand-alone mode requires no recipient");
		return become(place_libexec(), "postern-stdio", NULL, NULL, 0);
	case MODE_RUN_QUEUE:
		return run_queue(o);
	case MODE_NOTHING:
		return EX_OK;
	case MODE_VERSION:
		version_print("sendmail");
		return EX_OK;
	case MODE_HELP:
		fputs(usage, stdout);
		return EX_OK;
	}
	return EX_SOFTWARE;
}

static int
refuse(const struct options *o, int rc, const struct buf *why)
{
	struct input in;

	submit_complain(why);
	input_init(&in, STDIN_FILENO, false);
	if (o->mode == MODE_SUBMIT)
		input_drain(&in, INPUT_DRAIN_MS);
	return rc;
}

/*
 * The owner of a spool file says who sent it, so a setuid bit, put there by
 * a habit of other mail systems, would make everybody that user.
 */
int
main(int argc, char **argv)
{
	struct options o;
	struct buf     why;
	int            rc;

	if (getauxval(AT_UID) != getauxval(AT_EUID))
		return fail(EX_CONFIG, argv[0], "must not be setuid, only setgid");
	buf_init(&why, 4096);
	rc = options_parse(argc, argv, &o, &why);
	rc = rc == 0 ? run(&o) : refuse(&o, rc, &why);
	options_done(&o);
	buf_done(&why);
	return rc;
}
