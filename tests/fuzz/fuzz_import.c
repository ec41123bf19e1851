/*
 * fuzz_import.c - foreign configurations.  The first byte says whose; what
 * follows is its main file, and behind a line "%%" the text of every other
 * file that it names.  What comes of it is something our own parsers take.
 */
#include <stdlib.h>
#include <string.h>

#include "config/scan.h"
#include "fuzz/fuzz.h"
#include "import/model.h"
#include "import/sources.h"
#include "mail/maptable.h"

struct input {
	struct span first, others;
	unsigned    reads;
};

static int
read_input(void *arg, const char *path, struct buf *ret)
{
	struct input *in = arg;

	must(strlen(path) < IMPORT_TEXT_MAX);
	buf_span(ret, in->reads++ == 0 ? in->first : in->others);
	return 0;
}

static void
check_text(const struct import *im)
{
	const struct import_file *f;
	const char *why = NULL;
	struct buf  text, said;
	unsigned    line = 0;
	size_t      n = import_files(im, &f);

	buf_init(&text, IMPORT_TEXT_MAX);
	buf_init(&said, 65536);
	import_put(im, "/etc/postern", &text);
	must(text.over || scan_text(&text, &line, &why) == 0);
	for (size_t i = 0; i < n; i++) {
		enum maptable_key key = strcmp(f[i].name, "senders") == 0 ? MAPTABLE_USERS : MAPTABLE_ADDRESSES;
		struct maptable  *t;

		must(strchr(f[i].name, '/') == NULL && f[i].name[0] != '.');
		if (f[i].secret || f[i].text.over)
			continue;
		t = maptable_parse(buf_view(&f[i].text), f[i].name, key, NULL, &said);
		must(t != NULL || strstr(buf_cstr(&said), "stars") != NULL);
		maptable_free(t);
	}
	buf_done(&text);
	buf_done(&said);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int (*const readers[IMPORT_KINDS])(struct import *, const char *) = {
		[IMPORT_POSTFIX] = postfix_read, [IMPORT_EXIM] = exim_read, [IMPORT_NULLMAILER] = nullmailer_read,
		[IMPORT_DMA] = dma_read, [IMPORT_SSMTP] = ssmtp_read, [IMPORT_MSMTP] = msmtp_read,
		[IMPORT_ESMTP] = esmtp_read,
	};
	struct input   in = { 0 };
	struct import *im;
	const char    *border;

	if (n == 0)
		return 0;
	im = model_new(data[0] % IMPORT_KINDS);
	in.first = (struct span){ (const char *)data + 1, n - 1 };
	border = memmem(in.first.p, in.first.n, "\n%%\n", 4);
	if (border != NULL) {
		in.others = (struct span){ border + 4, in.first.n - (size_t)(border - in.first.p) - 4 };
		in.first.n = (size_t)(border - in.first.p) + 1;
	}
	im->read = read_input;
	im->arg = &in;
	must(readers[im->kind](im, "/etc/conf") == 0);
	model_settle(im, "/nonexistent");
	check_text(im);
	import_free(im);
	return 0;
}
