/*
 * fuzz_challenge.c - what a server says in an AUTH exchange.  The first line
 * is a mechanism, each further one a challenge: in base64 as it stands, or
 * behind a '!' encoded here, where every "%" becomes the client's own nonce,
 * without which no library reads on.
 */
#include <string.h>

#include "base/base64.h"
#include "fuzz/fuzz.h"
#include "smtp/limits.h"
#include "smtp/sasl.h"

static void
find_nonce(const char *initial, struct buf *ret)
{
	struct buf clear;
	struct span rest, part;

	if (initial == NULL)
		return;
	buf_init(&clear, LIMIT_AUTH_LINE);
	if (base64_get(span_of(initial), &clear) == 0) {
		rest = buf_view(&clear);
		while (span_cut(&rest, ',', &part))
			if (span_starts(part, SPAN("r=")))
				buf_add(ret, part.p + 2, part.n - 2);
	}
	buf_done(&clear);
}

static void
encode(struct span text, struct span nonce, struct buf *ret)
{
	struct buf clear;

	buf_init(&clear, LIMIT_AUTH_LINE);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%')
			buf_span(&clear, nonce);
		else
			buf_char(&clear, text.p[i]);
	}
	base64_put(ret, buf_view(&clear));
	buf_done(&clear);
}

/* One line of base64: command.c refuses others, and a login would end. */
static void
is_a_line(const char *answer)
{
	for (; *answer != '\0'; answer++)
		must(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", *answer) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sasl_identity id = {
		.user = "user", .secret = SPAN("pencil"), .tls = true, .binding = SPAN("bound"), .host = "mx", .port = 465,
	};
	struct span rest = { (const char *)data, n }, line;
	struct sasl *s = NULL;
	struct buf nonce, text;
	const char *why, *r;
	char *name;
	unsigned said = 0;

	if (!span_cut(&rest, '\n', &line))
		return 0;
	id.token = span_icontains(line, SPAN("auth"));
	id.certificate = span_icontains(line, SPAN("external"));
	name = span_dup(line);
	if (sasl_start(name, &id, &s, &why) == 0) {
		buf_init(&nonce, 256);
		r = sasl_initial(s);
		find_nonce(r, &nonce);
		while (span_cut(&rest, '\n', &line) && said < 16) {
			buf_init(&text, LIMIT_AUTH_LINE);
			if (span_starts(line, SPAN("!"))) {
				encode((struct span){ line.p + 1, line.n - 1 }, buf_view(&nonce), &text);
				line = buf_view(&text);
			}
			r = sasl_answer(s, line);
			if (r != NULL)
				is_a_line(r);
			said += r != NULL;
			must(said <= 3);
			must(!sasl_is_forged(s) || r == NULL);
			/* Nobody here knows the key that a right signature is made with. */
			must(span_icontains(span_of(sasl_mechanism(s)), SPAN("SCRAM")) ? !sasl_is_proved(s) : sasl_is_proved(s));
			buf_done(&text);
		}
		buf_done(&nonce);
		sasl_free(s);
	}
	free(name);
	return 0;
}
