/*
 * port.h - listen where a test can find it: bind port 0, then write the
 * number to a file that appears only when connections are welcome.
 */
#ifndef TESTS_PORT_H
#define TESTS_PORT_H

/* where: "127.0.0.1:0", "[::1]:2525".  A listening socket, or -errno.  file NULL: the
   number goes to standard output. */
int port_listen(const char *where, const char *file);

/* Connect, blocking.  A socket, or -errno. */
int port_connect(const char *where);

#endif
