#include "speech.h"

void
speech_put_wire(struct buf *b, struct span lines)
{
	struct span rest = lines, line;

	while (span_cut(&rest, '\n', &line)) {
		if (line.n > 0 && line.p[line.n - 1] == '\\') {
			buf_add(b, line.p, line.n - 1);
			return;
		}
		buf_span(b, line);
		buf_str(b, "\r\n");
	}
}

void
speech_garbage(struct buf *b, bool overlong)
{
	if (overlong)
		buf_str(b, "250 ");
	for (unsigned i = 0; i < (overlong ? 5000 : 256); i++)
		buf_char(b, overlong ? 'x' : (char)i);
	buf_char(b, '\n');
}

void
speech_many(struct buf *b, const char *code)
{
	for (unsigned i = 0; i < 150; i++)
		buf_printf(b, "%.3s-line %u\n", code, i);
	buf_printf(b, "%.3s that was all\n", code);
}
