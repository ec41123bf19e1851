/* fuzz_ehlo.c - an EHLO answer's lines, without their "250-". */
#include <string.h>

#include "fuzz/fuzz.h"
#include "smtp/ehlo.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct reply r = { .code = 250 };
	struct ehlo e;
	size_t i;

	reply_init(&r);
	buf_add(&r.lines, data, n);
	memset(&e, 0xff, sizeof(e));
	ehlo_read(&e, &r);
	must(memchr(e.auth, '\0', sizeof(e.auth)) != NULL);
	for (i = 0; e.auth[i] != '\0'; i++)
		must(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ ", e.auth[i]) != NULL);
	must(i == 0 || ((e.ext & EXT_AUTH) != 0 && e.auth[i - 1] != ' ' && e.auth[0] != ' '));
	must(e.size == 0 || (e.ext & EXT_SIZE) != 0);
	must(e.mail_max <= 999999 && e.rcpt_max <= 999999);
	reply_done(&r);
	return 0;
}
