/*
 * place.h - where things are on this machine: the compiled paths, or, for
 * tests and `make try`, those of POSTERN_SPOOL, POSTERN_RUN, POSTERN_LIBEXEC,
 * POSTERN_CONF and others.  The environment is ignored when the program runs with a
 * privilege its caller lacks (AT_SECURE): a setgid shim believes nobody.
 */
#ifndef SPOOL_PLACE_H
#define SPOOL_PLACE_H

#include "base/buf.h"

const char *place_spool(void);          /* /var/spool/postern */
const char *place_run(void);            /* /run/postern: sockets */
const char *place_libexec(void);        /* postern-resolve and the other helpers */
const char *place_bin(void);            /* the folder of postern; POSTERN_LIBEXEC moves it too */
const char *place_sbin(void);           /* the folder of sendmail; likewise */
const char *place_conf(void);           /* /etc/postern/postern.conf */
void        place_put_token(struct buf *path, const char *relay);       /* its OAuth tokens, in state/ */
const char *place_providers(void);      /* provider files; POSTERN_PROVIDERS */
const char *place_log(void);            /* the system's log files; POSTERN_LOG */

#endif
