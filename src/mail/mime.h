/*
 * mime.h - a message in the form that RFC 5322 and a server without 8BITMIME
 * (RFC 6152) ask for: 7 bits, lines of at most 998 octets.  Part by part:
 * each leaf that does not fit becomes quoted-printable, or base64 when it is
 * hardly text; its Content-Transfer-Encoding says so, and everything else
 * stays as it is, byte for byte.  Whoever decodes it has the same octets.
 * Nothing is cut, and the same message always becomes the same bytes.
 *
 * What a change would break is never changed: signed and encrypted parts,
 * messages under a DKIM or ARC seal, types that may not be encoded, and
 * structures that two readers would see differently.
 *
 * Streaming: one pass to decide, one to count, one to write.  Memory: a chunk,
 * a part's header, one octet for each part.  The first two take as long as the
 * message is, a second for a hundred megabytes, so they come in slices: whoever
 * has other things to do does them in between.  Knows messages; knows no servers.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdbool.h>

#include "base/buf.h"
#include "mail/mime_walk.h"

#define MIME_PARTS_MAX 65536    /* of one message */

struct mime;

/* What is wanted.  Overlong lines of the message's own header are folded in any case. */
struct mime_form {
	bool sevenbit;          /* nothing above 127 anywhere; includes the others */
	bool short_lines;       /* no line over 998 octets, but in what may not be changed */
	bool ascii_head;        /* nothing above 127 in the message's own header, where there is a way */
};

/*
 * head: the header block with its closing blank line; src: the body.  Both
 * are borrowed for as long as it lives; nothing is read yet.  Never NULL.
 */
struct mime *mime_open(struct span head, const struct mime_source *src, const struct mime_form *form);

/*
 * Look at some `octets` (above 0) more.
 *  -EAGAIN: that was not all, call again;
 *  1: the message in that form can be read; overlong lines that may not be
 *     changed are in it;
 *  0: nothing is to be changed, or nothing may be and 7 bits were not asked
 *     for: the message as it is;
 *  -EILSEQ: 7 bits were asked for, and that cannot be; *ret_why says what is
 *     in the way, "a part of it is signed" (constant);
 *  -EMSGSIZE: a header block would become too large; other -errno of reading.
 * After another answer than -EAGAIN it is not called again; what is below is
 * for after the 1 alone.
 */
int         mime_prepare(struct mime *m, size_t octets, const char **ret_why);
void        mime_free(struct mime *m);          /* NULL is fine; at any time */

struct span mime_head(const struct mime *m);    /* with the closing blank line */
uint64_t    mime_size(const struct mime *m);    /* octets of the body */

/*
 * Bytes of the body from `at` on, at most n; as a body is read from a file.
 * Cheap when read in order; any other `at` begins anew and skips.  -EIO: the
 * source is not what it was when it was counted.
 */
ssize_t     mime_read(struct mime *m, uint64_t at, void *p, size_t n);

#endif
