/*
 * setup.c - postern setup: from an account to mail that arrives.  Everything
 * is asked first; then what would change is shown; then it is written, all
 * or nothing; then it is tried.
 */
#include "postern/setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/source.h"
#include "postern/change.h"
#include "postern/command.h"
#include "postern/install.h"
#include "spool/place.h"

enum {
	O_FROM, O_PROVIDER, O_HOST, O_PORT, O_TLS, O_CA_FILE, O_USER, O_NO_LOGIN, O_PASSWORD_FILE, O_PASSWORD_STDIN,
	O_OAUTH, O_CLIENT_ID, O_CLIENT_SECRET_FILE, O_TENANT, O_LOCAL_MAIL, O_HOSTNAME, O_RELAY, O_YES,
	O_NO_ONLINE, O_NO_TEST,
};

const struct args_option setup_options[] = {
	[O_FROM] = { "from", "ADDRESS", "the address that sends: the account's" },
	[O_PROVIDER] = { "provider", "NAME", "the service; default: by the address's domain" },
	[O_HOST] = { "host", "NAME", "its server, where it is no known service" },
	[O_PORT] = { "port", "N", "the server's port" },
	[O_TLS] = { "tls", "HOW", "implicit, starttls, or none on this machine" },
	[O_CA_FILE] = { "ca-file", "FILE", "certificates that the server's is checked by" },
	[O_USER] = { "user", "NAME", "the login name; default: what the service wants" },
	[O_NO_LOGIN] = { "no-login", NULL, "the server wants none" },
	[O_PASSWORD_FILE] = { "password-file", "FILE", "read the password from here; it is copied" },
	[O_PASSWORD_STDIN] = { "password-stdin", NULL, "read it from standard input" },
	[O_OAUTH] = { "oauth", NULL, "tokens instead of a password" },
	[O_CLIENT_ID] = { "client-id", "ID", "of the client registered for OAuth" },
	[O_CLIENT_SECRET_FILE] = { "client-secret-file", "FILE", "its secret, where it has one" },
	[O_TENANT] = { "tenant", "DOMAIN", "of Microsoft 365" },
	[O_LOCAL_MAIL] = { "local-mail", "ADDRESS", "where mail for root goes" },
	[O_HOSTNAME] = { "hostname", "NAME", "this machine's full name" },
	[O_RELAY] = { "relay", "NAME", "what the relay is called, or which one is replaced" },
	[O_YES] = { "yes", NULL, "change an existing configuration without asking" },
	[O_NO_ONLINE] = { "no-online", NULL, "do not connect to the server" },
	[O_NO_TEST] = { "no-test", NULL, "send no test message" },
	{ NULL, NULL, NULL }
};

/* ---- the command line ---- */

static bool
take_value(struct setup *s, char **where, const char *option)
{
	if (!setup_is_right(s, option, s->args.value))
		return false;
	free(*where);
	*where = xstrdup(s->args.value);
	return true;
}

static bool
take_flag(struct setup *s, int option)
{
	switch (option) {
	case O_NO_LOGIN:       s->no_login = true; break;
	case O_PASSWORD_STDIN: s->password_stdin = true; break;
	case O_OAUTH:          s->oauth = true; break;
	case O_YES:            s->yes = true; break;
	case O_NO_ONLINE:      s->online = s->test = false; break;
	case O_NO_TEST:        s->test = false; break;
	default:               return false;
	}
	return true;
}

static bool
take_option(struct setup *s, int option)
{
	switch (option) {
	case O_FROM:               return take_value(s, &s->address, "from");
	case O_PROVIDER:           return take_value(s, &s->provider, "provider");
	case O_HOST:               return take_value(s, &s->host, "host");
	case O_PORT:               return take_value(s, &s->port, "port");
	case O_TLS:                return take_value(s, &s->tls, "tls");
	case O_CA_FILE:            return take_value(s, &s->ca_file, "ca-file");
	case O_USER:               return take_value(s, &s->user, "user");
	case O_CLIENT_ID:          return take_value(s, &s->client_id, "client-id");
	case O_CLIENT_SECRET_FILE: return take_value(s, &s->client_secret_file, "client-secret-file");
	case O_TENANT:             return take_value(s, &s->tenant, "tenant");
	case O_LOCAL_MAIL:         return take_value(s, &s->local_mail, "local-mail");
	case O_HOSTNAME:           return take_value(s, &s->hostname, "hostname");
	case O_RELAY:              return take_value(s, &s->relay, "provider");
	case O_PASSWORD_FILE:
		free(s->password_from);
		s->password_from = xstrdup(s->args.value);
		return true;
	default:
		return take_flag(s, option);
	}
}

static int
read_args(struct setup *s)
{
	int option;
	bool person = s->person;

	s->person = false;              /* what is wrong with a word is no answer to a question */
	while ((option = args_next(&s->args)) >= 0)
		if (!take_option(s, option))
			return EX_USAGE;
	if (option == ARGS_WORD)
		return args_refuse(&s->args, "\"%s\" is a word too many; options begin with --", s->args.value);
	if (option == ARGS_BAD)
		return EX_USAGE;
	if (s->no_login && (s->user != NULL || s->password_stdin || s->password_from != NULL || s->oauth))
		return args_refuse(&s->args, "--no-login: then there is no --user and no password");
	if (s->password_stdin && s->password_from != NULL)
		return args_refuse(&s->args, "one password: --password-file or --password-stdin");
	if (s->oauth && (s->password_stdin || s->password_from != NULL))
		return args_refuse(&s->args, "--oauth: then there is no password");
	if (s->provider != NULL && !setup_take_provider(s, s->provider))
		return EX_DATAERR;
	/* A password on standard input leaves nobody there to answer. */
	s->person = person && !s->password_stdin;
	return EX_OK;
}

/* ---- before anything is asked ---- */

static int
read_old(struct setup *s)
{
	struct stat st;
	const char *slash = strrchr(s->conf, '/');
	int r = fs_slurp_path(s->conf, SOURCE_MAX_BYTES, &st, &s->old);

	if (slash == NULL || slash == s->conf)
		s->folder = xstrdup(slash == NULL ? "." : "/");
	else
		s->folder = span_dup((struct span){ s->conf, (size_t)(slash - s->conf) });
	if (r == 0 || r == -ENOENT)
		return EX_OK;
	args_refuse(&s->args, "%s: %s", s->conf, strerror(-r));
	return r == -EACCES ? EX_NOPERM : EX_NOINPUT;
}

/* A folder that is not there is made later; its parent says whether it can be. */
static int
check_rights(const struct setup *s)
{
	const char *slash = strrchr(s->folder, '/'), *hint = "";
	char *parent;
	int may = access(s->folder, W_OK | X_OK);

	if (may != 0 && errno == ENOENT && slash != NULL) {
		parent = span_dup((struct span){ s->folder, (size_t)(slash - s->folder) });
		may = access(parent[0] != '\0' ? parent : "/", W_OK | X_OK);
		free(parent);
	}
	if (may == 0)
		return EX_OK;
	if (errno == EACCES && geteuid() != 0)
		hint = "; it belongs to root: sudo postern setup";
	else if (errno == EROFS)
		hint = "; the file system is mounted read-only";
	may = errno;
	args_refuse(&s->args, "%s: %s%s", s->folder, strerror(may), hint);
	return may == EACCES ? EX_NOPERM : EX_CANTCREAT;
}

/* ---- showing ---- */

/* An admin's file is changed only after he has seen how. */
static int
agree(struct setup *s, const struct buf *text)
{
	bool yes = true, changes = s->old.n > 0 && !span_eq(buf_view(&s->old), buf_view(text));
	enum ask a;

	if (changes)
		change_show(s->person ? stdout : stderr, s->conf, buf_view(&s->old), buf_view(text));
	if (s->yes)
		return EX_OK;
	if (!s->person)
		return !changes ? EX_OK : args_refuse(&s->args, "%s is there already, and would change as shown; "
		    "say --yes to have it so", s->conf);
	if (s->old.n == 0) {
		printf("\nThis will be %s:\n\n", s->conf);
		change_print(stdout, buf_view(text));
	}
	putchar('\n');
	a = ask_yes("Write it?", s->old.n == 0, &yes);
	if (a != ASK_OK)
		return setup_unanswered(a);
	if (yes)
		return EX_OK;
	fputs("postern setup: nothing was changed\n", stderr);
	return EX_TEMPFAIL;
}

/* ---- writing ---- */

static int
wrong(const struct setup *s, int rc, const struct buf *why)
{
	if (rc != 0)
		args_refuse(&s->args, "%s", buf_cstr(why));
	return rc;
}

static int
stage_secret(const struct setup *s, struct install *ret, struct buf *why)
{
	char *path = setup_secret_path(s);
	struct buf line;
	int rc;

	/* With its line end, as editors leave it: the reader takes it off again. */
	buf_init(&line, SETUP_PASSWORD_MAX + 128);
	buf_room(&line, SETUP_PASSWORD_MAX + 127);
	buf_span(&line, buf_view(&s->password));
	buf_char(&line, '\n');
	rc = install_stage(path, buf_view(&line), INSTALL_SECRET, ret, why);
	buf_wipe(&line);
	free(path);
	return rc;
}

static bool
has_secret(const struct setup *s)
{
	return !s->no_login && !s->oauth;
}

static void
note_files(struct setup *s, bool changed, const struct buf *kept)
{
	char *secret = setup_secret_path(s);

	if (has_secret(s))
		buf_printf(&s->did, "wrote %s, for root and the daemon alone\n", secret);
	if (changed)
		buf_printf(&s->did, "wrote %s\n", s->conf);
	if (kept->n > 0)
		buf_printf(&s->did, "kept the old one as %s\n", buf_cstr(kept));
	free(secret);
}

/* The secret comes first: a configuration that names it is never there without it. */
static int
write_files(struct setup *s, const struct buf *text)
{
	struct install secret = { 0 }, conf = { 0 };
	struct buf why, kept;
	bool changed = !span_eq(buf_view(&s->old), buf_view(text));
	int rc;

	buf_init(&why, 65536);
	buf_init(&kept, 8192);
	rc = install_folder(s->conf, &why);
	if (rc == 0 && changed)
		rc = install_stage(s->conf, buf_view(text), INSTALL_PLAIN, &conf, &why);
	if (rc == 0 && changed)
		rc = change_check(&conf, &why);
	if (rc == 0 && has_secret(s))
		rc = stage_secret(s, &secret, &why);
	if (rc == 0 && has_secret(s))
		rc = install_commit(&secret, NULL, &why);
	if (rc == 0 && changed)
		rc = install_commit(&conf, s->old.n > 0 ? &kept : NULL, &why);
	if (rc == 0)
		note_files(s, changed, &kept);
	else
		wrong(s, rc, &why);
	install_abandon(&secret);
	install_abandon(&conf);
	buf_done(&kept);
	buf_done(&why);
	return rc;
}

/* ---- trying ---- */

/* A password that was typed wrong is the usual case, and its message still waits. */
static int
try_again(struct setup *s, bool *ret_again)
{
	struct install secret;
	struct buf why;
	bool runs;
	enum ask a;
	int rc;

	*ret_again = false;
	if (!s->person || !has_secret(s))
		return EX_TEMPFAIL;
	a = ask_yes("Type the password again?", true, ret_again);
	if (a != ASK_OK || !*ret_again)
		return EX_TEMPFAIL;
	*ret_again = false;
	if (setup_ask_password(s) != EX_OK)
		return EX_TEMPFAIL;
	buf_init(&why, 65536);
	rc = stage_secret(s, &secret, &why);
	if (rc == 0)
		rc = install_commit(&secret, NULL, &why);
	wrong(s, rc, &why);
	buf_done(&why);
	if (rc == 0)
		rc = setup_reload(s, &runs);
	*ret_again = rc == 0;
	return rc;
}

static int
try(struct setup *s)
{
	bool runs = false, again = true;
	int found = setup_check(s, false), rc = setup_reload(s, &runs);

	/* Where no daemon can send a message, the login at least. */
	if (rc == 0 && !runs && s->online && !s->oauth)
		rc = setup_check(s, true);
	if (rc == 0 && (!runs || !s->test || s->oauth))
		rc = found;
	if (rc != 0 || !runs || !s->test || s->oauth)
		return rc;
	while (again && (rc = setup_try(s)) == EX_TEMPFAIL)
		rc = try_again(s, &again);
	return rc;
}

static void
print_did(struct setup *s)
{
	if (s->oauth)
		buf_printf(&s->did, "still to be done: postern login %s\n", s->relay);
	if (s->did.n > 0)
		putchar('\n');
	change_print(stdout, buf_view(&s->did));
	fflush(stdout);
}

/* ---- the command ---- */

/* What `make install` leaves there: its account is nobody's. */
static bool
is_sample(const struct setup *s)
{
	static const char account[] = "\"you@gmail.com\"";

	return memmem(s->old.p, s->old.n, account, sizeof(account) - 1) != NULL;
}

/* Somebody who gives options knows what he wants, and a configuration that is there is not replaced by one. */
static bool
may_import(const struct setup *s)
{
	return s->person && s->args.argc == 1 && (s->old.n == 0 || is_sample(s));
}

static int
run(struct setup *s)
{
	struct buf text;
	bool taken = false;
	int rc = read_args(s);

	if (rc == EX_OK)
		rc = read_old(s);
	if (rc == EX_OK)
		rc = check_rights(s);
	if (rc == EX_OK && may_import(s))
		rc = setup_offer_import(s, &taken);
	if (taken)
		print_did(s);
	if (rc == EX_OK && !taken)
		rc = setup_ask(s);
	if (rc != EX_OK || taken)
		return rc;
	buf_init(&text, SOURCE_MAX_BYTES);
	rc = setup_text(s, &text);
	if (rc == EX_OK)
		rc = agree(s, &text);
	if (rc == EX_OK)
		rc = write_files(s, &text);
	buf_done(&text);
	if (rc != EX_OK)
		return rc;
	rc = try(s);
	print_did(s);
	return rc;
}

static void
done(struct setup *s)
{
	char **texts[] = { &s->address, &s->provider, &s->host, &s->port, &s->tls, &s->ca_file, &s->user,
		&s->local_mail, &s->hostname, &s->relay, &s->password_from, &s->client_id, &s->client_secret_file,
		&s->tenant, &s->folder, &s->replaces };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		free(*texts[i]);
	provider_done(&s->known);
	buf_wipe(&s->password);
	buf_done(&s->old);
	buf_done(&s->did);
}

int
command_setup(int argc, char **argv)
{
	struct setup s = {
		.args = { .argc = argc, .argv = argv, .options = setup_options },
		.person = ask_is_person(), .online = true, .test = true, .conf = place_conf(),
	};
	int rc;

	buf_init(&s.password, SETUP_PASSWORD_MAX + 64);
	buf_room(&s.password, SETUP_PASSWORD_MAX + 63);
	buf_init(&s.old, SOURCE_MAX_BYTES);
	buf_init(&s.did, 65536);
	ask_begin();
	rc = run(&s);
	done(&s);
	return rc;
}
