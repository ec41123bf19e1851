/*
 * command.h - the subcommands of `postern`.  Each is given its own arguments,
 * argv[0] being its name, and returns an exit status (sysexits.h).
 */
#ifndef POSTERN_COMMAND_H
#define POSTERN_COMMAND_H

#include "postern/args.h"

/* Options of those that have some; the help and the completions read them too. */
extern const struct args_option status_options[];
extern const struct args_option queue_options[];
extern const struct args_option show_options[];
extern const struct args_option log_options[];
extern const struct args_option verify_options[];
extern const struct args_option act_options[];
extern const struct args_option requeue_options[];
extern const struct args_option flush_options[];
extern const struct args_option import_options[];
extern const struct args_option check_options[];
extern const struct args_option test_options[];
extern const struct args_option setup_options[];

int command_status(int argc, char **argv);
int command_queue(int argc, char **argv);
int command_show(int argc, char **argv);
int command_log(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_act(int argc, char **argv);         /* retry, hold, release, delete, bounce */
int command_requeue(int argc, char **argv);
int command_pause(int argc, char **argv);
int command_resume(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_mailq(int argc, char **argv);
int command_check(int argc, char **argv);
int command_test(int argc, char **argv);
int command_newaliases(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_passwd(int argc, char **argv);
int command_login(int argc, char **argv);
int command_flush(int argc, char **argv);
int command_import(int argc, char **argv);
int command_setup(int argc, char **argv);

#endif
