/*
 * server_private.h - what the parts of the server share, and nobody else
 * sees: server.c (the driver, replies, questions), server_commands.c (the
 * table of commands), server_content.c (DATA and BDAT), server_auth.c.
 */
#ifndef SMTP_SERVER_PRIVATE_H
#define SMTP_SERVER_PRIVATE_H

#include "smtp/intake.h"
#include "smtp/limits.h"
#include "smtp/request.h"
#include "smtp/server.h"

enum state {
	AT_COMMAND,
	AT_AUTH,        /* a line that answers a challenge */
	AT_DATA,
	AT_CHUNK,
	AT_HANDSHAKE,
	AT_END,
};

enum question {
	ASK_NOTHING, ASK_MAIL, ASK_RCPT, ASK_DATA, ASK_CHUNKS, ASK_END, ASK_STARTTLS, ASK_AUTH,
};

struct answer {
	bool       given;
	int        code;        /* 0: the accepting one, in the words of server.c */
	char       dsn[12];
	struct buf text;
};

/* One message on its way in. */
struct transaction {
	bool            open;           /* MAIL was accepted */
	bool            chunks;         /* BDAT has begun the content */
	size_t          room;           /* octets the envelope may still grow by */
	struct envelope env;
	struct rcpt     rcpt;           /* asked about */
	struct intake   intake;
	uint64_t        left;           /* of a chunk */
	bool            last;
	struct refusal  refused;        /* a code: the chunk is swallowed; no text: the owner's */
};

struct server {
	struct server_config     config;
	const struct server_ops *ops;
	void                    *arg;
	enum state               state;
	enum question            question;
	struct answer            answer;
	struct answer            closing;       /* to be said, and then the session ends */
	struct buf               line;          /* a beginning; whole ones are not copied */
	bool                     too_long;
	struct buf               out;
	char                     helo[LIMIT_HELO_NAME + 1];
	bool                     esmtp, secured, authenticated;
	char                     mechanism[LIMIT_MECHANISM + 1];
	struct challenge         challenge;
	struct transaction       t;
	unsigned                 errors, messages;
};

/* One line of the client's, its end taken off. */
struct line {
	struct span text;
	bool        lf;         /* it ended in LF alone */
	bool        too_long;   /* text is its beginning */
};

/* server.c.  dsn NULL: none (RFC 2034 §3). */
void server_reply(struct server *s, int code, const char *dsn, const char *text);
void server_refuse(struct server *s, const struct refusal *why);
void server_reply_answer(struct server *s, const struct answer *a);
/* True: the owner is to be asked.  False: nobody wants to know, it is accepted. */
bool server_asks(struct server *s, enum question q, bool wanted);
bool server_may(const struct server *s, unsigned flag);
void server_clear(struct server *s);            /* the transaction, without a word to the owner */
void server_drop(struct server *s);             /* the transaction, if any, comes to nothing */
void server_over(struct server *s);             /* the session ends behind what was said */

/* server_commands.c */
void server_command(struct server *s, const struct line *line);
void server_add_rcpt(struct server *s);         /* the one asked about */
void server_drop_rcpt(struct server *s);

/* server_content.c */
void server_do_data(struct server *s, const struct line *line, struct span args);
void server_do_bdat(struct server *s, const struct line *line, struct span args);
void server_take_data(struct server *s, struct span *in);
void server_take_chunk(struct server *s, struct span *in);
void server_settle_content(struct server *s, enum question q, bool yes);

/* server_auth.c */
void server_do_auth(struct server *s, const struct line *line, struct span args);
void server_auth_line(struct server *s, const struct line *line);
void server_settle_auth(struct server *s, int code);

#endif
