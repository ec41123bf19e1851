/*
 * command.h - the subcommands of `postern`.  Each is given its own arguments,
 * argv[0] being its name, and returns an exit status (sysexits.h).
 */
#ifndef POSTERN_COMMAND_H
#define POSTERN_COMMAND_H

int command_mailq(int argc, char **argv);
int command_check(int argc, char **argv);
int command_newaliases(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_passwd(int argc, char **argv);
int command_flush(int argc, char **argv);

#endif
