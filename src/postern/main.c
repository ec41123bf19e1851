/* main.c - the admin's command: a table of subcommands, one file each. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/version.h"
#include "config/options.h"
#include "postern/command.h"
#include "postern/done.h"
#include "postern/help.h"

static int command_help(int argc, char **argv);

#define ACT "(ID... | FILTER | --all) [--dry-run] [--yes] [--json]"

/* In the order of postern(8). */
static const struct command commands[] = {
	{ "status", command_status, "[--json]", "say how the relays and the queue are", status_options, "Looking" },
	{ "queue", command_queue, "[FILTER] [--sort KEY] [--reverse] [--limit N] [--page P] [--json]",
	  "list the queue, filtered and sorted", queue_options, NULL },
	{ "mailq", command_mailq, "", "list the queue as Sendmail and Postfix do", NULL, NULL },
	{ "show", command_show, "[--body] [--json] ID", "show one message: envelope, history, header", show_options,
	  NULL },
	{ "log", command_log, "[--json] ID", "tell one message's whole story, from the spool and the system's log",
	  log_options, NULL },
	{ "watch", command_watch, "", "show status and the newest of the queue, live, until q is typed", NULL, NULL },

	{ "retry", command_act, ACT, "try messages now", act_options, "Acting" },
	{ "hold", command_act, ACT, "keep messages until they are released", act_options, NULL },
	{ "release", command_act, ACT, "let held or dead messages go", act_options, NULL },
	{ "delete", command_act, ACT, "delete messages; nobody is told", act_options, NULL },
	{ "bounce", command_act, ACT, "return messages to their senders", act_options, NULL },
	{ "requeue", command_requeue, "--relay RELAY (ID... | FILTER | --all) [--dry-run] [--yes] [--json]",
	  "let another relay carry messages", requeue_options, NULL },
	{ "flush", command_flush, "[--id TEXT] [--recipient TEXT] [--sender TEXT] [--json]",
	  "try what waits now, or some of it", flush_options, NULL },
	{ "pause", command_pause, "[--json] RELAY [TIME]",
	  "let a relay carry nothing, for a time (30m, 4h, 2d) or until it is resumed", done_options, NULL },
	{ "resume", command_resume, "[--json] RELAY", "end a pause", done_options, NULL },
	{ "reload", command_reload, "[--json]", "let the daemon read its configuration again", done_options, NULL },

	{ "setup", command_setup, "[OPTION...]", "write the configuration, asking what it needs, and try it",
	  setup_options, "Setting up" },
	{ "import", command_import, "[SOURCE] [--write] [--to DIR] [--root DIR] [--yes]",
	  "take over what another mail system was told", import_options, NULL },
	{ "login", command_login, "RELAY", "agree that this machine sends mail for an account (OAuth)", NULL, NULL },
	{ "check", command_check, "[--online] [--json] [FILE]",
	  "look at configuration, secrets, spool and relays, and say what is wrong", check_options, NULL },
	{ "test", command_test, "[--relay RELAY] [--from ADDRESS] [--tls | --queue | --pipeline] [--json] ADDRESS",
	  "send a message, and tell each step", test_options, NULL },
	{ "verify", command_verify, "[--sender ADDRESS] [--user NAME] ADDRESS...",
	  "say where mail for an address goes, and why", verify_options, NULL },
	{ "newaliases", command_newaliases, "[FILE]", "check the aliases file", NULL, NULL },
	{ "passwd", command_passwd, "FILE NAME",
	  "put a user of a listener into its users file; the password comes from standard input", NULL, NULL },
	{ "help", command_help, "[COMMAND]", "say what a command takes", NULL, NULL },
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static int
no_command(const char *name)
{
	const char *known[COUNT + 1] = { NULL }, *nearest;

	for (size_t i = 0; i < COUNT; i++)
		known[i] = commands[i].name;
	nearest = option_nearest(name, known);
	if (nearest != NULL)
		fprintf(stderr, "postern: no command \"%s\"; did you mean %s?\n", name, nearest);
	else
		fprintf(stderr, "postern: no command \"%s\"; postern --help lists them\n", name);
	return EX_USAGE;
}

static int
command_help(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		help_all(stdout, commands, COUNT);
		return EX_OK;
	}
	if (strcmp(argv[1], "--words") == 0) {
		help_words(commands, COUNT);
		return EX_OK;
	}
	if ((c = find(argv[1])) == NULL)
		return no_command(argv[1]);
	help_one(c);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		help_all(stderr, commands, COUNT);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		version_print("postern");
		return EX_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_all(stdout, commands, COUNT);
		return EX_OK;
	}
	if ((c = find(argv[1])) == NULL)
		return no_command(argv[1]);
	if (argc > 2 && (strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0)) {
		help_one(c);
		return EX_OK;
	}
	return c->run(argc - 1, argv + 1);
}
