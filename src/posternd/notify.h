/*
 * notify.h - tell a supervisor how we are (sd_notify(3)'s datagrams, without
 * libsystemd).  Without NOTIFY_SOCKET all of it does nothing.
 */
#ifndef POSTERND_NOTIFY_H
#define POSTERND_NOTIFY_H

struct event_base;

void notify_start(struct event_base *base);     /* reads the environment; pings the watchdog from the loop */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *text);           /* one line for `systemctl status` */
void notify_stop(void);

#endif
