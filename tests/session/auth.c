#include "auth.h"

#include <openssl/evp.h>

#define MAX_ANSWER 4096

/* Strict base64 into b; false when it is none. */
static bool
put_decoded(struct span s, struct buf *b)
{
	unsigned char out[1024];
	int           n;

	if (s.n == 0 || s.n % 4 != 0 || s.n > sizeof(out))
		return false;
	n = EVP_DecodeBlock(out, (const unsigned char *)s.p, (int)s.n);
	if (n < 0)
		return false;
	n -= (s.p[s.n - 1] == '=') + (s.p[s.n - 2] == '=');
	buf_add(b, out, (size_t)n);
	return true;
}

static bool
decodes_to(struct span base64, struct span want)
{
	struct buf got;
	bool       same;

	buf_init(&got, MAX_ANSWER);
	same = put_decoded(base64, &got) && span_eq(buf_view(&got), want);
	buf_done(&got);
	return same;
}

bool
auth_is(struct span base64, const char *want)
{
	return decodes_to(base64, span_of(want));
}

/* No authorization identity: NUL user NUL password (RFC 4616 §2). */
bool
auth_is_plain(struct span base64, const char *user, const char *password)
{
	struct buf want;
	bool       same;

	buf_init(&want, MAX_ANSWER);
	buf_char(&want, '\0');
	buf_span(&want, span_of(user));
	buf_char(&want, '\0');
	buf_span(&want, span_of(password));
	same = decodes_to(base64, buf_view(&want));
	buf_done(&want);
	return same;
}
