/* fuzz_tlsa.c - whatever a name server says: read within its bounds, or refused with a word. */
#include "base/tlsa.h"
#include "fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span answer = { (const char *)data, n };
	static struct tlsa_answer got;
	const char *why = NULL;
	struct buf question, line;
	struct tlsa t;

	buf_init(&question, 512);
	buf_init(&line, 512);
	must(tlsa_question("mail.example.com", 465, 0x1234, &question));
	if (tlsa_answer(answer, buf_view(&question), &got, &why))
		must(why == NULL && got.n <= TLSA_MAX);
	else
		must(why != NULL);
	for (size_t i = 0; i < got.n; i++) {
		buf_clear(&line);
		tlsa_put(&got.records[i], &line);
		must(got.records[i].n <= TLSA_DATA_MAX && tlsa_parse(span_trim(buf_view(&line)), &t));
		must(t.n == got.records[i].n);
	}
	(void)tlsa_parse(answer, &t);
	buf_done(&question);
	buf_done(&line);
	return 0;
}
