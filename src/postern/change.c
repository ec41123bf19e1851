/* change.c - see change.h. */
#include "postern/change.h"

#include <string.h>
#include <sysexits.h>

#include "base/diff.h"
#include "config/config.h"
#include "postern/plain.h"
#include "spool/place.h"

#define TEXT_MAX (8u << 20)

void
change_print(FILE *out, struct span text)
{
	struct span line;
	struct buf b;

	buf_init(&b, TEXT_MAX);
	while (span_cut(&text, '\n', &line)) {
		buf_clear(&b);
		/* A tab is a tab here: it is an admin's own text. */
		for (; line.n > 0 && memchr("\t+- ", line.p[0], 4) != NULL; line.p++, line.n--)
			buf_char(&b, line.p[0]);
		plain_put(&b, line);
		fprintf(out, "%s\n", buf_cstr(&b));
	}
	buf_done(&b);
}

void
change_show(FILE *out, const char *path, struct span old, struct span now)
{
	struct buf diff;

	buf_init(&diff, TEXT_MAX);
	diff_unified(old, path, now, path, &diff);
	fprintf(out, "\nThis changes in %s:\n\n", path);
	change_print(out, buf_view(&diff));
	buf_done(&diff);
}

int
change_check(const struct install *staged, struct buf *why)
{
	struct config *c = NULL;
	int rc = config_read(staged->temp, place_providers(), &c, why);

	config_free(c);
	return rc == EX_NOINPUT ? EX_CONFIG : rc;
}
