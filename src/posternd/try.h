/*
 * try.h - posternd --try: the steps of one delivery, as the daemon's user and
 * with the daemon's own parts, told as they are done (say.h).  For `postern
 * test` and `postern check`; the daemon that runs has no part in it, and
 * neither has the spool.
 */
#ifndef POSTERND_TRY_H
#define POSTERND_TRY_H

/*
 * --try login|send|wire [-c FILE] [--relay NAME] [--to ADDRESS] [--from ADDRESS] [--messages N]
 *
 * login: log in, and part.  send: messages to ADDRESS, N of them behind each
 * other.  wire: what cron's mail to root would be, and no connection.
 * Returns the exit status: 0; EX_UNAVAILABLE: something was refused for good;
 * EX_TEMPFAIL: not now; EX_CONFIG: a person has to change something; EX_NOPERM.
 */
int try_main(int argc, char **argv);

#endif
