/* main.c - the admin's command: a table of subcommands, one file each. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/version.h"
#include "postern/command.h"

static const struct {
	const char *name;
	int       (*run)(int argc, char **argv);
	const char *does;
} commands[] = {
	{ "mailq", command_mailq, "list the queue: what waits, since when, and why" },
	{ "flush", command_flush, "try what waits now" },
	{ "verify", command_verify, "say where mail for an address goes, and why" },
	{ "newaliases", command_newaliases, "check the aliases file" },
	{ "passwd", command_passwd, "put a user of a listener into its users file" },
	{ "check", command_check, "read the configuration and say what is wrong with it" },
};

#define COUNT (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *f)
{
	size_t i;

	fputs("usage: postern COMMAND [ARGUMENT...]\n\n", f);
	for (i = 0; i < COUNT; i++)
		fprintf(f, "  %-10s %s\n", commands[i].name, commands[i].does);
	fputs("\n  --version, --help\n", f);
}

int
main(int argc, char **argv)
{
	size_t i;

	if (argc < 2) {
		usage(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		version_print("postern");
		return EX_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return EX_OK;
	}
	for (i = 0; i < COUNT; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "postern: no command \"%s\"; postern --help lists them\n", argv[1]);
	return EX_USAGE;
}
