#include "postern/done.h"

#include "postern/document.h"

const struct args_option done_options[] = {
	{ "json", NULL, "one JSON document" },
	{ NULL, NULL, NULL },
};

int
done_say(const struct args *a, bool json, const char *relay, int rc, const struct buf *why)
{
	json_t *o;
	int written;

	if (!json) {
		if (rc != 0)
			args_refuse(a, "%s", buf_cstr(why));
		return rc;
	}
	o = json_object();
	document_set(o, "action", document_text(a->argv[0]));
	document_set(o, "relay", document_text(relay));
	document_set(o, "error", rc != 0 ? document_span(buf_view(why)) : json_null());
	document_set(o, "exit", json_integer(rc));
	document_print(stdout, o);
	written = document_finish(stdout);
	return written != 0 ? written : rc;
}
