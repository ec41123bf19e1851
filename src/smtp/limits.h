/*
 * limits.h - every limit of the protocol side, each with its reason.
 */
#ifndef SMTP_LIMITS_H
#define SMTP_LIMITS_H

#define LIMIT_REPLY_LINE     2048   /* RFC 5321 §4.5.3.1.5: 512; big services send longer texts */
#define LIMIT_REPLY_LINES    100    /* an EHLO of 30 keywords is large; 100 is somebody playing */
#define LIMIT_REPLY_BYTES    16384
#define LIMIT_COMMAND        2048   /* RFC 5321 §4.5.3.1.4: 512, and what extensions add: 1153 */
#define LIMIT_AUTH_LINE      12288  /* RFC 4954 §4 */
#define LIMIT_AUTH_INITIAL   512    /* RFC 4954 §4: an initial response fits a common line */
#define LIMIT_HELO_NAME      255    /* RFC 5321 §4.5.3.1.2: a domain */
#define LIMIT_MECHANISM      20     /* RFC 4422 §3.1 */
#define LIMIT_ENVID          100    /* RFC 3461 §4.4 */
#define LIMIT_ORCPT          500    /* RFC 3461 §4.2 */
#define LIMIT_HEADER_BLOCK   (1u << 20)
#define LIMIT_BODY_CHUNK     65536  /* read from the file at a time: bounds memory a connection */

#endif
