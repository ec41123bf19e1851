/*
 * setup.h - what `postern setup` has to know before it writes anything: one
 * relay, its password, where local mail goes.  Gathered from the command
 * line and, from a person, by questions.
 */
#ifndef POSTERN_SETUP_H
#define POSTERN_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "config/provider.h"
#include "postern/args.h"
#include "postern/ask.h"

#define SETUP_PASSWORD_MAX 8192         /* as secret.h has it */

struct setup {
	struct args args;
	bool person;            /* may be asked */
	bool yes, online, test;

	/* Allocated; NULL: not known (yet), or the provider's own. */
	char *address;          /* who sends: the account's, or one that it may use */
	char *provider, *host, *port, *tls, *ca_file;
	char *user;             /* NULL with no_login */
	char *local_mail, *hostname;
	char *relay;            /* its name */
	char *password_from;    /* --password-file */
	char *client_id, *client_secret_file, *tenant;
	bool  no_login, oauth, password_stdin;
	struct buf password;    /* wiped */

	struct provider known;  /* of provider; all zero without one */

	const char *conf;       /* the file that is written, and its folder */
	char       *folder;
	struct buf  old;        /* what it says now; empty: it is not there */
	char       *replaces;   /* the relay there whose place ours takes; NULL: none */

	struct buf  did;        /* a line each */
	char        id[17];     /* of the test message */
	uint64_t    failed;     /* recipients, before it: one more, and it was refused */
};

/* What is not known is asked for; where nobody can be, it is named.  EX_OK: all is known. */
int  setup_ask(struct setup *s);
int  setup_ask_password(struct setup *s);

/*
 * Before the questions: does another mail system here have an account that
 * can be taken over?  *ret_taken: it was, and nothing is left to ask.
 */
int  setup_offer_import(struct setup *s, bool *ret_taken);

/* The exit status of a question that was not answered, said in a line. */
int  setup_unanswered(enum ask a);

/* The provider's file, or one line on standard error.  False: it is none. */
bool setup_take_provider(struct setup *s, const char *name);

/* `value` can be option `name`'s?  If not, a line says what can. */
bool setup_is_right(const struct setup *s, const char *name, const char *value);

/* The configuration with what was gathered in it.  EX_OK, or a line was said. */
int  setup_text(struct setup *s, struct buf *ret);
char *setup_secret_path(const struct setup *s);

/* What comes after the writing: daemon, check, test message.  EX_OK or the exit status. */
int  setup_check(struct setup *s, bool online);
int  setup_reload(struct setup *s, bool *ret_runs);
int  setup_try(struct setup *s);

#endif
