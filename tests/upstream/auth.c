#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "wire.h"

#define SECRET_MAX 12288        /* RFC 4954 §4 */

static bool
decode(struct span s, struct buf *ret)
{
	char *in = span_dup(s);
	unsigned char *out = xcalloc(1, s.n + 4);
	int n = EVP_DecodeBlock(out, (unsigned char *)in, (int)s.n);

	for (size_t i = s.n; n > 0 && i > 0 && in[i - 1] == '='; i--)
		n--;
	if (n >= 0)
		buf_add(ret, out, (size_t)n);
	free(in);
	free(out);
	return n >= 0 && !ret->over;
}

/* The client's answer to a 334; false when the connection ends or it says "*". */
static bool
ask(struct wire *w, const char *challenge, struct buf *ret)
{
	struct span line;

	wire_say(w, "334 ");
	wire_say(w, challenge);
	wire_say(w, "\r\n");
	if (!wire_line(w, &line))
		return false;
	line = span_trim(line);
	if (!span_eq(line, SPAN("*")) && decode(line, ret))
		return true;
	wire_say(w, "501 5.5.2 cancelled or no base64\r\n");
	return false;
}

/* authzid NUL authcid NUL password */
static bool
plain_is(struct span got, const char *user, const char *password)
{
	struct span authzid, authcid;

	return span_cut(&got, '\0', &authzid) && span_cut(&got, '\0', &authcid) &&
	    (authzid.n == 0 || span_eq(authzid, span_of(user))) &&
	    span_eq(authcid, span_of(user)) && span_eq(got, span_of(password));
}

static bool
plain(struct wire *w, const char *user, const char *password, struct span initial, bool *ret_said)
{
	struct buf b;
	bool ok;

	buf_init(&b, SECRET_MAX);
	if (initial.n > 0) {
		ok = decode(initial, &b);
	} else {
		ok = ask(w, "", &b);
		*ret_said = !ok;
	}
	ok = ok && plain_is(buf_view(&b), user, password);
	buf_done(&b);
	return ok;
}

static bool
login(struct wire *w, const char *user, const char *password, struct span initial, bool *ret_said)
{
	struct buf name, secret;
	bool ok;

	buf_init(&name, SECRET_MAX);
	buf_init(&secret, SECRET_MAX);
	ok = initial.n > 0 ? decode(initial, &name) : ask(w, "VXNlcm5hbWU6", &name);
	ok = ok && ask(w, "UGFzc3dvcmQ6", &secret);
	*ret_said = !ok;
	ok = ok && span_eq(buf_view(&name), span_of(user)) &&
	    span_eq(buf_view(&secret), span_of(password));
	buf_done(&name);
	buf_done(&secret);
	return ok;
}

bool
auth_check(struct wire *w, const char *user, const char *password, const char *mechanisms,
    struct span arg)
{
	struct span mech;
	bool ok = false, said = false;

	if (!span_cut(&arg, ' ', &mech) || !span_icontains(span_of(mechanisms), mech)) {
		wire_say(w, "504 5.5.4 no such mechanism\r\n");
		return false;
	}
	/* "=" alone is an empty initial response (RFC 4954 §4). */
	if (span_ieq(mech, SPAN("PLAIN")))
		ok = plain(w, user, password, arg, &said);
	else if (span_ieq(mech, SPAN("LOGIN")))
		ok = login(w, user, password, arg, &said);
	if (!ok && !said)
		wire_say(w, "535 5.7.8 user name and password not accepted\r\n");
	return ok;
}
