#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "auth.h"
#include "base/fs.h"
#include "base/text.h"
#include "peer.h"
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

/* ---- tokens ---- */

static bool
is_good_token(const char *path, struct span token)
{
	struct buf text;
	struct span rest, line, word;
	struct stat st;
	uint64_t until;
	bool good = false;

	buf_init(&text, 1 << 20);
	if (path != NULL)
		fs_slurp_path(path, 1 << 20, &st, &text);
	rest = buf_view(&text);
	while (!good && span_cut(&rest, '\n', &line))
		good = span_cut(&line, ' ', &word) && span_eq(word, token) &&
		    text_number(line, INT64_MAX, &until) == 0 && until > (uint64_t)time(NULL);
	buf_done(&text);
	return good;
}

/* "user=U\1auth=Bearer T\1\1", "n,a=U,\1host=H\1port=P\1auth=Bearer T\1\1": nothing else is taken. */
static bool
token_is(struct span got, const struct options *o, bool bearer)
{
	static const char auth[] = "auth=Bearer ";
	struct span part, word = { NULL, 0 };
	struct buf head;
	bool ok;

	buf_init(&head, 1000);
	if (bearer)
		buf_printf(&head, "n,a=%s,", o->user);
	else
		buf_printf(&head, "user=%s", o->user);
	ok = span_cut(&got, 1, &part) && span_eq(part, buf_view(&head));
	buf_done(&head);
	if (bearer)
		ok = ok && span_cut(&got, 1, &part) && span_starts(part, SPAN("host=")) &&
		    span_cut(&got, 1, &part) && span_starts(part, SPAN("port="));
	ok = ok && span_cut(&got, 1, &word) && span_starts(word, SPAN(auth)) && span_eq(got, SPAN("\1"));
	return ok && is_good_token(o->tokens, (struct span){ word.p + sizeof(auth) - 1, word.n - sizeof(auth) + 1 });
}

/* A refusal has a challenge with its reason, and only after the answer to that the 535. */
static void
refuse_token(struct wire *w, bool bearer)
{
	struct span line;

	/* {"status":"401","schemes":"bearer","scope":"https://mail.example.com/"} */
	wire_say(w, "334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZXhhbXBsZS5jb20vIn0=\r\n");
	if (!wire_line(w, &line))
		return;
	if (!span_eq(span_trim(line), bearer ? SPAN("AQ==") : SPAN("")))
		peer_breach("a refused token was not answered as its mechanism says");
	wire_say(w, "535-5.7.8 Username and Password not accepted. For more information, go to\r\n"
	    "535 5.7.8  https://support.example.com/?p=BadCredentials\r\n");
}

static bool
by_token(struct wire *w, const struct options *o, struct span initial, bool bearer, bool *ret_said)
{
	struct buf b;
	bool ok;

	buf_init(&b, SECRET_MAX);
	/* RFC 4954 §4: "AUTH XOAUTH2 ", the line end */
	if (initial.n + 15 > 512)
		peer_breach("an initial response of %zu letters", initial.n);
	if (initial.n > 0) {
		ok = decode(initial, &b);
	} else {
		ok = ask(w, "", &b);
		*ret_said = !ok;
	}
	if (ok && !(ok = token_is(buf_view(&b), o, bearer))) {
		refuse_token(w, bearer);
		*ret_said = true;
	}
	buf_done(&b);
	return ok;
}

bool
auth_check(struct wire *w, const struct options *o, struct span arg)
{
	struct span mech;
	bool ok = false, said = false;

	if (!span_cut(&arg, ' ', &mech) || !span_icontains(span_of(o->mechanisms), mech)) {
		wire_say(w, "504 5.5.4 no such mechanism\r\n");
		return false;
	}
	/* "=" alone is an empty initial response (RFC 4954 §4). */
	if (span_ieq(mech, SPAN("PLAIN")))
		ok = plain(w, o->user, o->password, arg, &said);
	else if (span_ieq(mech, SPAN("LOGIN")))
		ok = login(w, o->user, o->password, arg, &said);
	else if (span_ieq(mech, SPAN("XOAUTH2")))
		ok = by_token(w, o, arg, false, &said);
	else if (span_ieq(mech, SPAN("OAUTHBEARER")))
		ok = by_token(w, o, arg, true, &said);
	if (!ok && !said)
		wire_say(w, "535 5.7.8 user name and password not accepted\r\n");
	return ok;
}
