/*
 * text.h - small text forms that several floors share: numbers, durations,
 * sizes, dates, percent and xtext encoding.  Pure: no locale, no files; the
 * local time zone is the one thing it asks of the machine.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Decimal or hex digits and nothing else.  -EINVAL; -ERANGE above max. */
int  text_number(struct span s, uint64_t max, uint64_t *ret);
int  text_hex(struct span s, uint64_t *ret);

void text_put_number(struct buf *b, uint64_t n);        /* decimal: buf_printf, where there are very many */

/* "90", "30s", "5m", "4h", "5d", "1w" → seconds.  "35M", "64k", "1G" → bytes (1024s). */
int  text_duration(struct span s, int64_t *ret_s);
int  text_size(struct span s, uint64_t *ret_bytes);

/* "3d04h", "12m30s", "45s" for people. */
void text_put_duration(struct buf *b, int64_t s);

/*
 * Percent encoding, the spool's: blanks, controls, '%', '=' when it would
 * be read as a separator is the caller's care, and every byte above 126
 * become %XX.  An empty text stays empty.
 */
void text_put_percent(struct buf *b, struct span s);
int  text_percent(struct span s, struct buf *ret);      /* decode; -EINVAL adds nothing */

/* Decode xtext (RFC 3461 §4): printable ASCII but '+' and '=', others "+HH"; -EINVAL adds nothing. */
int  text_xtext(struct span s, struct buf *ret);

/* "Fri, 27 Nov 2026 19:22:43 +0000": RFC 5322 §3.3, numeric local zone. */
void text_put_date(struct buf *b, int64_t wall_s);

/* "Fri Nov 27 19:22:43": mailq's form, local time. */
void text_put_ctime(struct buf *b, int64_t wall_s);

/* The bytes of s that are printable ASCII or blank; a tab as a
   blank, others as '?'. */
void text_put_printable(struct buf *b, struct span s);

bool text_is_ascii(struct span s);
/* Length of the well-formed UTF-8 character at the front of s; 0: none is. */
size_t text_utf8_char(struct span s);
bool text_is_utf8(struct span s);                       /* well-formed, RFC 3629 */

#endif
