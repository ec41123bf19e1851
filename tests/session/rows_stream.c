/*
 * rows_stream.c - several messages on one connection, long ones, ones that
 * do not fit, and servers that promise what they do not hold.
 */
#include "rows.h"

/* What a row does not mention is nothing, on purpose. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct row rows[] = {
	/* ---- several messages ---- */
	{ "ten messages", "a|b|c|d|e|f|g|h|i|j", "S|S|S|S|S|S|S|S|S|S", "S", IN_LOCK },
	{ "ten messages, ever more of them in flight", "a|b|c|d|e|f|g|h|i|j", "S|S|S|S|S|S|S|S|S|S", "S", IN_PIPE, 0,
	  .depth = 8 },
	{ "three messages to two each", "ab|cd|ef", "SS|SS|SS", "S", IN_ALL, ROW_CROSS | ROW_CROSS_TLS },
	{ "MAIL of the second of four refused", "a|b|c|d", "S|R|S|S", "S", IN_ALL, ROW_CROSS,
	  { { "MAIL FROM:<sender2", "550 5.7.1 not you", ACT_SAY } } },
	{ "RCPT of the second of four refused", "a|b|c|d", "S|R|S|S", "S", IN_ALL, 0,
	  { { "RCPT TO:<b", "550 5.1.1 who?", ACT_SAY } } },
	{ "both recipients of the second of four refused", "a|bc|d|e", "S|RR|S|S", "S", IN_ALL, ROW_CROSS,
	  { { "RCPT TO:<b", "550 5.1.1 who?", ACT_SAY }, { "RCPT TO:<c", "550 5.1.1 who?", ACT_SAY } } },
	{ "one recipient of each refused", "ab|cd|ef", "SR|SR|SR", "S", IN_ALL, 0,
	  { { "RCPT TO:<b", "550 5.1.1 who?", ACT_SAY }, { "RCPT TO:<d", "550 5.1.1 who?", ACT_SAY },
	    { "RCPT TO:<f", "550 5.1.1 who?", ACT_SAY } } },
	{ "DATA of the second of four refused", "a|b|c|d", "S|R|S|S", "S", IN_DATA, ROW_CROSS,
	  { { "DATA", "554 5.7.1 no", ACT_SAY, .of = "sender2" } } },
	{ "the end of the third of five refused", "a|b|c|d|e", "S|S|R|S|S", "S", IN_ALL, ROW_CROSS,
	  { { "end", "550 5.7.1 spam", ACT_SAY, .of = "sender3" } } },
	{ "the end of every message refused", "a|b|c", "R|R|R", "S", IN_ALL, 0,
	  { { "end", "550 5.7.1 spam", ACT_SAY } } },
	{ "MAIL of every message refused", "a|b|c", "R|R|R", "S", IN_ALL, 0,
	  { { "MAIL", "550 5.7.1 not you", ACT_SAY } } },
	{ "closed behind the first message", "a|b", "S|S", "TS", IN_LOCK | 1u << MODE_DATA, ROW_CROSS,
	  { { "end", "*", ACT_CLOSE, .nth = 1 } } },
	{ "closed behind the first message, with the next on its way", "a|b", "S|D", "T",
	  1u << MODE_BDAT | 1u << MODE_TLS, ROW_CROSS,
	  { { "end", "*", ACT_CLOSE, .nth = 1 } }, .text = "duplicate" },
	{ "reset behind the first message", "a|b", "S|S", "TS", IN_LOCK | 1u << MODE_DATA, 0,
	  { { "end", "*", ACT_RESET, .nth = 1 } } },
	{ "reset behind the first message, with the next on its way", "a|b", "S|D", "T",
	  1u << MODE_BDAT | 1u << MODE_TLS, 0,
	  { { "end", "*", ACT_RESET, .nth = 1 } }, .text = "duplicate" },
	{ "the link dies in the middle, before the next was begun", "a|b|c|d", "S|S|S|S", "TS",
	  IN_LOCK | 1u << MODE_DATA, 0,
	  { { "end", "*", ACT_CLOSE, .nth = 2 } } },
	{ "the link dies in the middle, with the next on its way", "a|b|c|d", "S|S|D|S", "TS",
	  1u << MODE_BDAT | 1u << MODE_TLS, 0,
	  { { "end", "*", ACT_CLOSE, .nth = 2 } }, .text = "duplicate" },
	{ "a message that breaks every connection", "a|b|c|d", "S|D|S|S", "TS", IN_ALL, 0,
	  { { "RCPT TO:<b", NULL, ACT_RESET } } },
	{ "RSET refused", "a|b|c", "S|S|S", "TS", IN_PIPE, ROW_LIES,
	  { { "RSET", "451 4.3.0 no", ACT_SAY, .nth = 1 } } },
	{ "MAILMAX 2", "a|b|c|d|e", "S|S|S|S|S", "SSS", IN_ALL, 0, .mail_max = 2 },

	/* ---- extensions that are none ---- */
	{ "BDAT 503", "a|b", "S|S", "TS", IN_BDAT, 0,
	  { { "BDAT", "503 5.5.1 no", ACT_SAY } }, .lacks = LACKS_CHUNKING },
	{ "BDAT 502", "a|b", "S|S", "TS", IN_BDAT, 0,
	  { { "BDAT", "502 5.5.1 no", ACT_SAY } }, .lacks = LACKS_CHUNKING },
	{ "BDAT unknown, its content taken for commands", "a|b", "S|S", "TS", IN_BDAT, ROW_LIES,
	  { { "BDAT", "500 5.5.1 what?", ACT_FORGET } }, .lacks = LACKS_CHUNKING },
	{ "BDAT 503 because nobody was accepted", "a|b", "R|S", "S", 1u << MODE_BDAT | 1u << MODE_TLS, 0,
	  { { "RCPT TO:<a", "550 5.1.1 who?", ACT_SAY }, { "end", "503 5.5.1 no recipients", ACT_SAY, .nth = 1 } },
	  .lacks = LACKS_NONE },
	{ "a pipelined RCPT 503", "a|b", "S|S", "TS", IN_PIPE, 0,
	  { { "RCPT", "503 5.5.1 one at a time", ACT_SAY, .conn = 1 } }, .lacks = LACKS_PIPELINING },
	{ "a pipelined RCPT 500", "ab", "SS", "TS", IN_PIPE, ROW_LIES,
	  { { "RCPT TO:<b", "500 5.5.1 what?", ACT_SAY, .conn = 1 } }, .lacks = LACKS_PIPELINING },
	{ "a pipelined DATA 503", "a", "S", "TS", 1u << MODE_DATA, 0,
	  { { "DATA", "503 5.5.1 one at a time", ACT_SAY, .conn = 1 } }, .lacks = LACKS_PIPELINING },

	/* ---- what does not fit ---- */
	{ "larger than SIZE", "Xab", "RR", "S", IN_ALL, 0,
	  { { "MAIL", "250 ok", ACT_CLOSE } }, .size = 1000000, .code = -1, .dsn = "5.3.4" },
	{ "larger than SIZE, before one that fits", "Xa|b|Xc|d", "R|S|R|S", "S", IN_ALL, ROW_CROSS,
	  .size = 1000000, .code = -1, .dsn = "5.3.4" },
	{ "8-bit content", "8a", "S", "S", IN_ALL, 0 },
	{ "8-bit content without 8BITMIME", "8a|b", "R|S", "S", IN_ALL, 0,
	  .without = OFFER_8BITMIME, .code = -1, .dsn = "5.6.3" },
	{ "UTF-8 addresses", "uab", "SS", "S", IN_ALL, 0 },
	{ "UTF-8 addresses without SMTPUTF8", "ua|b", "R|S", "S", IN_ALL, 0,
	  .without = OFFER_SMTPUTF8, .code = -1, .dsn = "5.6.7" },
	{ "no extension at all", "a|b", "S|S", "S", 1u << MODE_LOCK, 0,
	  .without = OFFER_8BITMIME | OFFER_SMTPUTF8 | OFFER_SIZE | OFFER_ENHANCED },

	/* ---- broken payload ---- */
	{ "content that cannot be read", "Ea", "D", "T", IN_ALL, 0, .code = -1, .dsn = "4.3.0" },
	{ "content that breaks off", "La", "D", "T", IN_ALL, 0, .code = -1, .dsn = "4.3.0" },
	{ "content that breaks off, among others", "a|b|Lc|d|e", "S|S|D|S|S", "TS", IN_ALL, ROW_CROSS,
	  .code = -1, .dsn = "4.3.0" },
	{ "content that cannot be read, and nobody to get it", "Ea|b", "R|S", "S", 1u << MODE_LOCK | 1u << MODE_LOCK_BDAT, 0,
	  { { "RCPT TO:<a", "550 5.1.1 who?", ACT_SAY } } },

	/* ---- long messages ---- */
	{ "20 MB", "Ha", "S", "S", 1u << MODE_DATA | 1u << MODE_BDAT | 1u << MODE_TLS },
	{ "20 MB to a slow reader", "Ha", "S", "S", 1u << MODE_DATA | 1u << MODE_BDAT, 0,
	  { { "content", NULL, ACT_SLOW, .at = 1 } }, .least_s = 600, .most_s = 3600 },
	{ "a reader that stops", "Ha", "D", "T", 1u << MODE_DATA | 1u << MODE_BDAT | 1u << MODE_TLS, 0,
	  { { "content", NULL, ACT_DEAF, .at = 100000 } }, .code = -1, .least_s = 180, .most_s = 260 },
	{ "closed in the middle of the content", "Ma|b", "D|S", "TS", IN_ALL, 0,
	  { { "content", NULL, ACT_CLOSE, .at = 100000, .nth = 1 } }, .code = -1 },
	{ "reset in the middle of the content", "Ha|b", "D|S", "TS", IN_ALL, 0,
	  { { "content", NULL, ACT_RESET, .at = 100000, .nth = 1 } }, .code = -1 },
	{ "refused in the middle of the content", "Ha|b", "R|S", "TS", IN_ALL, 0,
	  { { "content", "552 5.3.4 too much", ACT_STALL, .at = 100000, .nth = 1 } }, .code = 552 },
	{ "refused for now in the middle of the content, and closed", "Ha|b", "D|S", "TS", IN_ALL, 0,
	  { { "content", "452 4.3.1 no room", ACT_CLOSE, .at = 100000, .nth = 1 } }, .code = 452 },
	{ "accepted in the middle of the content", "Ha|b", "D|S", "TS", IN_ALL, ROW_LIES,
	  { { "content", "250 2.0.0 thanks", ACT_STALL, .at = 100000, .nth = 1 } }, .code = -1 },

	/* ---- a server that says too much ---- */
	{ "a reply too many, one command at a time", "a", "D", "T", IN_LOCK, ROW_LIES,
	  { { "RCPT", "250 2.1.5 ok\n250 2.1.5 ok", ACT_SAY } }, .code = -1 },
	{ "a reply too many at the end of data", "a", "S", "T", IN_LOCK, ROW_LIES,
	  { { "end", "250 2.0.0 queued\n250 2.0.0 queued", ACT_SAY } } },
	{ "a reply too many, taken for the one to QUIT", "a", "S", "S", IN_PIPE, ROW_LIES,
	  { { "end", "250 2.0.0 queued\n250 2.0.0 queued", ACT_SAY } } },
	{ "a 421 behind the last reply, while idle", "a", "S", "T", IN_ALL, ROW_LIES | ROW_IDLE,
	  { { "end", "250 2.0.0 queued\n421 4.4.2 idle", ACT_CLOSE } } },
};

const struct rows rows_stream = { rows, COUNT(rows) };
