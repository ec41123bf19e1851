/*
 * login_client.h - the client that `postern login` asks for consent as: its
 * id, its secret, its service, where a person at a terminal has to say them
 * because the configuration does not.
 */
#ifndef POSTERN_LOGIN_CLIENT_H
#define POSTERN_LOGIN_CLIENT_H

/*
 * What this relay lacks is asked for, shown as a change of the configuration,
 * and written if that is agreed to.  EX_OK: nothing was missing, or it is
 * there now, or nobody could be asked; else a line was said and nothing has changed.
 */
int login_complete(const char *relay);

/* It has a file, which is not there: a person at a terminal can say it here, once.  path: NULL is fine. */
int login_ask_secret(const char *path);

#endif
