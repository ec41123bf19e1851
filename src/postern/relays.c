/* relays.c - postern pause and resume: whether a relay carries mail. */
#include <stdio.h>
#include <sysexits.h>

#include "base/text.h"
#include "postern/client.h"
#include "postern/command.h"
#include "postern/done.h"

enum { JSON };  /* done_options */

static int
ask(const struct args *a, bool json, const char *relay, int64_t for_s)
{
	struct buf command, why;
	int rc;

	buf_init(&command, 65536);
	buf_init(&why, CLIENT_LINE_MAX);
	buf_str(&command, a->argv[0]);
	client_put_word(&command, relay);
	if (for_s > 0)
		buf_printf(&command, " %lld", (long long)for_s);
	rc = client_daemon(buf_cstr(&command), NULL, client_nothing, NULL, &why);
	rc = done_say(a, json, relay, rc, &why);
	buf_done(&command);
	buf_done(&why);
	return rc;
}

/* most: words that may be said. */
static int
read_words(struct args *a, int most, const char *word[2], bool *json)
{
	int i, n = 0;

	while ((i = args_next(a)) != ARGS_END) {
		if (i == ARGS_BAD)
			return EX_USAGE;
		if (i == JSON) {
			*json = true;
			continue;
		}
		if (n == most)
			return args_refuse(a, "\"%s\" is a word too many", a->value);
		word[n++] = a->value;
	}
	return n > 0 ? 0 : args_refuse(a, "which relay? postern status lists them");
}

int
command_pause(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = done_options };
	const char *word[2] = { NULL, NULL };
	bool json = false;
	int64_t for_s = 0;
	int rc = read_words(&a, 2, word, &json);

	if (rc != 0)
		return rc;
	if (word[1] != NULL && (text_duration(span_of(word[1]), &for_s) < 0 || for_s <= 0))
		return args_refuse(&a, "\"%s\" is no time; write 30m, 4h or 2d", word[1]);
	return ask(&a, json, word[0], for_s);
}

int
command_resume(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv, .options = done_options };
	const char *word[2] = { NULL, NULL };
	bool json = false;
	int rc = read_words(&a, 1, word, &json);

	return rc != 0 ? rc : ask(&a, json, word[0], 0);
}
