/*
 * postern-oauth - OAuth 2.0, and with it HTTP and JSON, outside of the daemon.
 *
 * A request on standard input (src/oauth/request.h), up to an empty line or
 * its end; answered on standard output by lines of NAME VALUE, values in
 * percent encoding:
 *
 *	token ya29...           the access token, and what is known of it:
 *	serial 17               not-serial in a later request says that it was refused
 *	expires 3599            seconds it is good
 *	due 3299                seconds until it is better asked for again
 *	granted 1764000000      when a person agreed; 0: nobody had to
 *	issued 1764003600       when it came
 *	ends 1764604800         when the consent ends, said the provider; 0: said nothing
 *	scope https://...
 *
 * or by one line, KIND being wait, person or config:
 *
 *	error KIND text=... hint=... retry-after=SECONDS
 *
 * `ask authorize` and `ask device` say before that what a person must see:
 * port, seconds, code, visit; and note: what came and was not the answer.
 * Exit: 0 with an answer, whatever it is, 64 wrong use or a request that
 * cannot be read, with one line on standard error.
 *
 * Never root: it becomes the owner of the token file's folder.
 */
#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "base/version.h"
#include "oauth/consent.h"
#include "oauth/obtain.h"
#include "oauth/request.h"

static int
fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return EX_USAGE;
}

/* By the byte: what stands behind the empty line may be pasted later. */
static void
read_request(struct buf *text)
{
	char c;

	while (!text->over && read(STDIN_FILENO, &c, 1) == 1) {
		buf_char(text, c);
		if (c == '\n' && (text->n == 1 || text->p[text->n - 2] == '\n'))
			return;
	}
}

/* ---- answers ---- */

static void
tell(const char *name, const char *value)
{
	struct buf line;

	buf_init(&line, 64 * 1024);
	buf_room(&line, 64 * 1024);             /* growth would leave copies of a token behind */
	record_line(&line, name, span_of(value));
	/* Who asked may be gone; what was found is in the file. */
	if (fwrite(line.p, 1, line.n, stdout) != line.n)
		clearerr(stdout);
	fflush(stdout);
	buf_wipe(&line);
}

static void
tell_number(const char *name, int64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	tell(name, text);
}

static void
tell_tokens(const struct tokens *f, int64_t due_s)
{
	tell("token", f->access);
	tell_number("serial", (int64_t)f->serial);
	tell_number("expires", tokens_left_s(f, clock_wall_s()));
	tell_number("due", due_s);
	tell_number("granted", f->granted_s);
	tell_number("issued", f->issued_s);
	tell_number("ends", f->ends_s);
	if (f->scope != NULL)
		tell("scope", f->scope);
}

/* The command that cures it is said with the relay that it is for. */
static void
put_hint(struct buf *line, const char *hint, const char *relay)
{
	static const char command[] = "postern login";
	const char *at = hint != NULL && relay != NULL ? strstr(hint, command) : NULL;
	struct buf whole;

	if (hint == NULL)
		return;
	if (at == NULL) {
		record_text(line, "hint", hint);
		return;
	}
	at += sizeof(command) - 1;
	buf_init(&whole, 4096);
	buf_printf(&whole, "%.*s %s%s", (int)(at - hint), hint, relay, at);
	record_text(line, "hint", buf_cstr(&whole));
	buf_done(&whole);
}

static void
tell_trouble(const struct request *r, const struct trouble *t)
{
	struct buf line;

	buf_init(&line, 8192);
	buf_printf(&line, "error %s", trouble_name(t->kind));
	record_text(&line, "text", t->text);
	put_hint(&line, t->hint, r->relay);
	if (t->retry_after_s > 0)
		record_number(&line, "retry-after", (uint64_t)t->retry_after_s);
	buf_char(&line, '\n');
	fputs(buf_cstr(&line), stdout);
	fflush(stdout);
	buf_done(&line);
}

/* ---- work ---- */

static int
stop_being_root(const char *token_file)
{
	const char *slash = strrchr(token_file, '/');
	struct stat st;
	char *folder;
	int r;

	if (geteuid() != 0 || slash == NULL)
		return 0;
	folder = span_dup((struct span){ token_file, slash == token_file ? 1 : (size_t)(slash - token_file) });
	r = stat(folder, &st);
	free(folder);
	/* A folder that is not there is what the request will fail for, in words. */
	if (r != 0 || st.st_uid == 0)
		return 0;
	return setgroups(0, NULL) == 0 && setresgid(st.st_gid, st.st_gid, st.st_gid) == 0 &&
	    setresuid(st.st_uid, st.st_uid, st.st_uid) == 0 ? 0 : -errno;
}

static int
answer(struct request *r)
{
	struct tokens f = { 0 };
	struct trouble t = { 0 };
	int64_t due_s = 0;
	int rc;

	if (strcmp(r->ask, "token") == 0)
		rc = obtain_token(r, &f, &due_s, &t);
	else if (strcmp(r->ask, "authorize") == 0)
		rc = consent_browser(r, STDIN_FILENO, tell, &f, &t);
	else if (strcmp(r->ask, "device") == 0)
		rc = consent_device(r, tell, &f, &t);
	else
		return fail("request: ask for token, authorize or device");
	if (rc == 0)
		tell_tokens(&f, due_s > 0 ? due_s : tokens_due_s(&f, clock_wall_s()));
	else
		tell_trouble(r, &t);
	tokens_done(&f);
	return EX_OK;
}

static int
serve(const struct buf *text)
{
	struct request r;
	struct buf why;
	int rc;

	buf_init(&why, 1024);
	if (text->over || request_parse(buf_view(text), &r, &why) < 0) {
		rc = fail(text->over ? "request: too long" : buf_cstr(&why));
		buf_done(&why);
		return rc;
	}
	buf_done(&why);
	if (r.ask == NULL || r.token_file == NULL)
		rc = fail("request: nothing is asked for, or no token-file");
	else if (stop_being_root(r.token_file) < 0)
		rc = fail("the owner of the token file's folder cannot be become");
	else
		rc = answer(&r);
	request_done(&r);
	return rc;
}

int
main(int argc, char **argv)
{
	struct buf text;
	int rc;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		version_print("postern-oauth");
		return EX_OK;
	}
	if (argc != 1)
		return fail("usage: postern-oauth, with a request on standard input");
	umask(077);
	/* It holds secrets: no core, and nobody of the same user looks in. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	buf_init(&text, REQUEST_MAX_BYTES);
	buf_room(&text, REQUEST_MAX_BYTES);
	read_request(&text);
	rc = serve(&text);
	buf_wipe(&text);
	return rc;
}
