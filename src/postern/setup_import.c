/* setup_import.c - a machine that another mail system was set up on; see setup.h. */
#include <stdio.h>
#include <sysexits.h>

#include "import/import.h"
#include "postern/setup.h"
#include "spool/place.h"

/* One that delivers by itself has no relay to take over, and is no offer. */
static bool
has_relay(enum import_kind k)
{
	struct import *im = NULL;
	struct buf why;
	bool has;

	buf_init(&why, 65536);
	has = import_read(k, "", place_providers(), &im, &why) == 0;
	import_free(im);
	buf_done(&why);
	return has;
}

static int
take_over(struct setup *s, enum import_kind k)
{
	struct buf program;
	char *argv[] = { NULL, "import", (char *)(uintptr_t)import_name(k), "--write", NULL };
	int rc;

	buf_init(&program, 8192);
	buf_printf(&program, "%s/postern", place_bin());
	argv[0] = (char *)(uintptr_t)buf_cstr(&program);
	rc = ask_run(argv);
	if (rc == EX_OK)
		buf_printf(&s->did, "took over what %s was told\n", import_name(k));
	buf_done(&program);
	return rc;
}

static int
after(struct setup *s)
{
	bool runs = false;
	int found = setup_check(s, s->online), rc = setup_reload(s, &runs);

	buf_str(&s->did, "to see a message on its way: postern test ADDRESS\n");
	return rc != EX_OK ? rc : found;
}

int
setup_offer_import(struct setup *s, bool *ret_taken)
{
	int rc = EX_OK;

	*ret_taken = false;
	for (enum import_kind k = 0; k < IMPORT_KINDS && rc == EX_OK && !*ret_taken; k++) {
		char question[512];
		struct buf path;
		enum ask a;

		buf_init(&path, 4096);
		if (import_detect(k, "", &path) && has_relay(k)) {
			snprintf(question, sizeof(question), "%s relays mail on this machine (%s). Take that over?",
			    import_name(k), buf_cstr(&path));
			a = ask_yes(question, true, ret_taken);
			rc = a != ASK_OK ? setup_unanswered(a) : *ret_taken ? take_over(s, k) : EX_OK;
		}
		buf_done(&path);
	}
	return rc == EX_OK && *ret_taken ? after(s) : rc;
}
