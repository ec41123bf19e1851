/* options.c - argv into a struct; see options.h. */
#include "sendmail/options.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* What one option does with its value.  0, or an exit code and *why. */
struct option {
	char letter;
	enum { VALUE_NONE, VALUE_ATTACHED, VALUE_NEEDED } value;
	int  (*take)(struct options *o, const char *value, struct buf *why);
};

/* ---- what the options do ---- */

static int
refuse(struct buf *why, const char *what, const char *value)
{
	buf_printf(why, "%s: %s", what, value);
	return EX_USAGE;
}

static int
take_sender(struct options *o, const char *value, struct buf *why)
{
	(void)why;
	o->sender = value;
	return 0;
}

static int
take_full_name(struct options *o, const char *value, struct buf *why)
{
	(void)why;
	o->full_name = value;
	return 0;
}

static int
take_body(struct options *o, const char *value, struct buf *why)
{
	if (envelope_body(span_of(value), &o->body) < 0)
		return refuse(why, "-B wants 7BIT or 8BITMIME", value);
	return 0;
}

static int
take_notify(struct options *o, const char *value, struct buf *why)
{
	if (envelope_notify(span_of(value), &o->notify) < 0)
		return refuse(why, "-N wants never, or some of success,failure,delay", value);
	return 0;
}

static int
take_ret(struct options *o, const char *value, struct buf *why)
{
	if (envelope_ret(span_of(value), &o->ret) < 0)
		return refuse(why, "-R wants full or hdrs", value);
	return 0;
}

static int
take_envid(struct options *o, const char *value, struct buf *why)
{
	if (!envelope_envid_ok(span_of(value)))
		return refuse(why, "-V wants an envelope id in xtext (RFC 3461)", value);
	o->envid = value;
	return 0;
}

static int
take_from_header(struct options *o, const char *value, struct buf *why)
{
	(void)value;
	(void)why;
	o->from_header = true;
	return 0;
}

static int
take_dot_is_text(struct options *o, const char *value, struct buf *why)
{
	(void)value;
	(void)why;
	o->dot_is_text = true;
	return 0;
}

static int
take_smtputf8(struct options *o, const char *value, struct buf *why)
{
	(void)value;
	(void)why;
	o->smtputf8 = true;
	return 0;
}

/*
 * -b's mode wins over -q's: "-bd -q30m" asks for a daemon.  -qI, -qR and -qS
 * name a subset, "!" before or behind the letter all but that; what else -q
 * can say is how often and in which group, and asks for a run now.
 */
static int
take_run(struct options *o, const char *value, struct buf *why)
{
	struct subset *s;
	const char    *letter = value[0] == '!' ? value + 1 : value;

	if (o->mode == MODE_SUBMIT)
		o->mode = MODE_RUN_QUEUE;
	if (*letter == '\0' || strchr("IRS", *letter) == NULL)
		return value[0] == '!' ? refuse(why, "-q! wants I, R or S and a text", value) : 0;
	if (o->nsubsets == OPTIONS_SUBSETS) {
		buf_printf(why, "more than %d subsets of the queue", OPTIONS_SUBSETS);
		return EX_USAGE;
	}
	s = &o->subset[o->nsubsets++];
	s->kind = *letter;
	s->text = letter + 1;
	s->not = value[0] == '!' || s->text[0] == '!';
	s->text += s->text[0] == '!';
	return s->text[0] != '\0' ? 0 : refuse(why, "a text is missing behind -q", value);
}

static int
take_aliases(struct options *o, const char *value, struct buf *why)
{
	(void)value;
	(void)why;
	o->mode = MODE_ALIASES;
	return 0;
}

/* Only -oi means anything here; the others tune a daemon that is not ours. */
static int
take_old_option(struct options *o, const char *value, struct buf *why)
{
	(void)why;
	if (strcmp(value, "i") == 0)
		o->dot_is_text = true;
	return 0;
}

static int
take_long_option(struct options *o, const char *value, struct buf *why)
{
	(void)why;
	if (span_ieq(span_of(value), SPAN("IgnoreDots")) ||
	    span_istarts(span_of(value), SPAN("IgnoreDots=t")) ||
	    span_istarts(span_of(value), SPAN("IgnoreDots=y")))
		o->dot_is_text = true;
	return 0;
}

static int
take_nothing(struct options *o, const char *value, struct buf *why)
{
	(void)o;
	(void)value;
	(void)why;
	return 0;
}

static int
take_mode(struct options *o, const char *value, struct buf *why)
{
	switch (value[0]) {
	case 'm':
		o->mode = MODE_SUBMIT;
		return 0;
	case 'p':
		o->mode = MODE_QUEUE;
		return 0;
	case 'i':
		o->mode = MODE_ALIASES;
		return 0;
	case 's':
		o->mode = MODE_STDIO;
		return 0;
	case 'v':
		o->mode = MODE_VERIFY;
		return 0;
	case 'h':
	case 'H':
		o->mode = MODE_NOTHING;
		return 0;
	case 'd':
	case 'D':
	case 'l':
		buf_str(why, "the daemon is posternd, a program of its own");
		return EX_USAGE;
	default:
		return refuse(why, "there is no mode -b", value);
	}
}

/*
 * All of Sendmail 8.17's and Postfix's letters.  What is taken and ignored
 * tunes things that are the configuration's here, or the daemon's.
 */
static const struct option options[] = {
	{ 'A', VALUE_NEEDED, take_nothing },            /* which of Sendmail's configurations */
	{ 'B', VALUE_NEEDED, take_body },
	{ 'C', VALUE_NEEDED, take_nothing },            /* a configuration: none is read here */
	{ 'D', VALUE_NEEDED, take_nothing },
	{ 'F', VALUE_NEEDED, take_full_name },
	{ 'G', VALUE_NONE, take_nothing },
	{ 'I', VALUE_NONE, take_aliases },
	{ 'L', VALUE_NEEDED, take_nothing },
	{ 'M', VALUE_NEEDED, take_nothing },
	{ 'N', VALUE_NEEDED, take_notify },
	{ 'O', VALUE_NEEDED, take_long_option },
	{ 'R', VALUE_NEEDED, take_ret },
	{ 'U', VALUE_NONE, take_smtputf8 },
	{ 'V', VALUE_NEEDED, take_envid },
	{ 'X', VALUE_NEEDED, take_nothing },
	{ 'b', VALUE_NEEDED, take_mode },
	{ 'c', VALUE_NONE, take_nothing },
	{ 'd', VALUE_ATTACHED, take_nothing },
	{ 'e', VALUE_NEEDED, take_nothing },            /* how to report errors: by exit code, always */
	{ 'f', VALUE_NEEDED, take_sender },
	{ 'h', VALUE_NEEDED, take_nothing },
	{ 'i', VALUE_NONE, take_dot_is_text },
	{ 'm', VALUE_NONE, take_nothing },
	{ 'n', VALUE_NONE, take_nothing },
	{ 'o', VALUE_NEEDED, take_old_option },
	{ 'p', VALUE_NEEDED, take_nothing },
	{ 'q', VALUE_ATTACHED, take_run },
	{ 'r', VALUE_NEEDED, take_sender },
	{ 's', VALUE_NONE, take_nothing },
	{ 't', VALUE_NONE, take_from_header },
	{ 'v', VALUE_NONE, take_nothing },
	{ 'x', VALUE_NONE, take_nothing },
};

/* ---- walking argv ---- */

static const struct option *
find(char letter)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

static int
unknown(const char *arg, struct buf *why)
{
	buf_printf(why, "unknown option %s", arg);
	return EX_USAGE;
}

/*
 * argv[*i] begins with '-'; *i moves on when the value is the next one.
 * Letters without a value may share a word, "-ti", as getopt(3) has it.
 */
static int
parse_one(int argc, char **argv, int *i, struct options *o, struct buf *why)
{
	const char *arg = argv[*i];

	for (const char *letter = arg + 1; *letter != '\0'; letter++) {
		const struct option *opt = find(*letter);
		const char          *value = letter + 1;
		int                  r;

		if (opt == NULL)
			return unknown(arg, why);
		if (opt->value == VALUE_NEEDED && value[0] == '\0') {
			if (*i + 1 >= argc) {
				buf_printf(why, "option %s wants a value", arg);
				return EX_USAGE;
			}
			value = argv[++*i];
		}
		r = opt->take(o, value, why);
		if (r != 0 || opt->value != VALUE_NONE)
			return r;
	}
	return 0;
}

static bool
long_option(const char *arg, struct options *o)
{
	if (strcmp(arg, "--version") == 0)
		o->mode = MODE_VERSION;
	else if (strcmp(arg, "--help") == 0)
		o->mode = MODE_HELP;
	else if (strcmp(arg, "--from-smtp") == 0)
		o->from_smtp = o->dot_is_text = true;
	else
		return false;
	return true;
}

/* Under these names the program is the command of the same name. */
static int
take_name(const char *argv0, struct options *o, struct buf *why)
{
	const char *slash = argv0 == NULL ? NULL : strrchr(argv0, '/');
	const char *name = slash != NULL ? slash + 1 : argv0;

	if (name == NULL)
		return 0;
	if (strcmp(name, "mailq") == 0)
		o->mode = MODE_QUEUE;
	else if (strcmp(name, "newaliases") == 0)
		o->mode = MODE_ALIASES;
	else if (strcmp(name, "hoststat") == 0 || strcmp(name, "purgestat") == 0)
		o->mode = MODE_NOTHING;
	else if (strcmp(name, "smtpd") == 0)
		return take_mode(o, "d", why);
	return 0;
}

int
options_parse(int argc, char **argv, struct options *ret, struct buf *why)
{
	bool only_args = false;
	int  rc;

	*ret = (struct options){ .args = xcalloc((size_t)argc + 1, sizeof(*ret->args)) };
	rc = take_name(argv[0], ret, why);
	for (int i = 1; i < argc && rc == 0; i++) {
		if (only_args || argv[i][0] != '-' || argv[i][1] == '\0')
			ret->args[ret->nargs++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			only_args = true;
		else if (long_option(argv[i], ret))
			break;
		else
			rc = parse_one(argc, argv, &i, ret, why);
	}
	return rc;
}

void
options_done(struct options *o)
{
	free(o->args);
	o->args = NULL;
	o->nargs = 0;
}
