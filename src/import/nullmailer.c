/* nullmailer.c - the folder of files with a line each, and remotes with its options. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/sources.h"
#include "import/text.h"

/* A word as a shell would take it: quotes and backslashes. */
static bool
next_word(struct span *rest, struct buf *ret)
{
	struct span s = span_trim(*rest);
	char        quote = '\0';
	size_t      i;

	buf_clear(ret);
	for (i = 0; i < s.n && (quote != '\0' || (s.p[i] != ' ' && s.p[i] != '\t')); i++) {
		if (s.p[i] == '\\' && quote != '\'' && i + 1 < s.n)
			buf_char(ret, s.p[++i]);
		else if (quote == '\0' ? s.p[i] == '\'' || s.p[i] == '"' : s.p[i] == quote)
			quote = quote == '\0' ? s.p[i] : '\0';
		else
			buf_char(ret, s.p[i]);
	}
	*rest = (struct span){ s.p + i, s.n - i };
	return s.n > 0;
}

struct remote {
	struct import  *im;
	struct section *relay;
	bool            tls, starttls, insecure;
};

static const struct {
	const char *key, *option;
} same[] = {
	{ "port", "port" }, { "user", "user" }, { "x509cafile", "ca-file" },
};

static const struct {
	const char *key, *why;
} others[] = {
	{ "source", "the system chooses the address" },
	{ "x509certfile", TEXT_CERTIFICATE },
	{ "x509keyfile", TEXT_CERTIFICATE },
	{ "x509crlfile", "no list of revoked certificates is read" },
	{ "x509fmtder", "certificates are in PEM here" },
	{ "tls-anon-auth", "a server without a certificate is anybody" },
	{ "auth-login", NULL },
};

static void
take_option(struct remote *r, struct span word, struct place at)
{
	struct span key, value = word;

	while (value.n > 0 && value.p[0] == '-')
		value = (struct span){ value.p + 1, value.n - 1 };
	span_cut(&value, '=', &key);
	if (span_eq(key, SPAN("auth-login")))
		model_set(r->im, r->relay, "auth", SPAN("LOGIN"), at);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (span_eq(key, span_of(same[i].key))) {
			model_set(r->im, r->relay, same[i].option, value, at);
			return;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (span_eq(key, span_of(others[i].key))) {
			if (others[i].why != NULL)
				model_left(r->im, at, key, "%s", others[i].why);
			return;
		}
	if (span_eq(key, SPAN("pass")))
		model_secret(r->im, r->relay, value, at);
	else if (span_eq(key, SPAN("ssl")) || span_eq(key, SPAN("tls")))
		r->tls = true;
	else if (span_eq(key, SPAN("starttls")))
		r->starttls = true;
	else if (span_eq(key, SPAN("insecure")))
		r->insecure = true;
	else
		model_unknown(r->im, at, key, span_starts(word, SPAN("--")));
}

/* HOST [PROTOCOL [OPTION...]] */
static void
take_remote(struct import *im, struct span line, struct place at)
{
	struct remote r = { .im = im };
	struct buf    word;
	char         *host;

	buf_init(&word, MODEL_LINE);
	buf_room(&word, MODEL_LINE);            /* one may be a password */
	next_word(&line, &word);
	host = span_dup(buf_view(&word));
	if (next_word(&line, &word) && !span_eq(buf_view(&word), SPAN("smtp"))) {
		model_left(im, at, span_of(host), "only the protocol smtp is spoken here");
	} else if ((r.relay = model_add(im, SECTION_RELAY, span_of(host), at)) != NULL) {
		text_endpoint(im, r.relay, span_of(host), SPAN("host"), at);
		while (next_word(&line, &word)) {
			if (word.over)
				model_left(im, at, SPAN("option"), "too long");
			else
				take_option(&r, buf_view(&word), at);
		}
		model_set(im, r.relay, "tls", r.starttls ? SPAN("starttls") : r.tls ? SPAN("implicit") :
		    SPAN("none"), at);
		if (r.starttls && model_get(r.relay, "port") == NULL)
			model_set(im, r.relay, "port", SPAN("25"), at);
		if (r.insecure && (r.tls || r.starttls))
			model_set(im, r.relay, "tls-verify", SPAN("false"), at);
	}
	free(host);
	buf_wipe(&word);
}

/* ---- the other files ---- */

static bool
first_line(struct import *im, const char *path, const char *name, struct span *ret, struct text *t)
{
	struct buf full;
	bool       ok;

	buf_init(&full, MODEL_LINE);
	text_beside(path, name, &full);
	ok = text_open(t, im, buf_cstr(&full)) == 0 && text_line(t, ret);
	buf_done(&full);
	return ok;
}

static void
put_everywhere(struct import *im, const char *option, struct span value, struct place at)
{
	for (size_t i = 0; i < im->nsections; i++)
		if (im->section[i]->kind == SECTION_RELAY)
			model_set(im, im->section[i], option, value, at);
}

static void
take_file(struct import *im, const char *name, struct span value, struct place at)
{
	struct section *top = model_top(im);

	if (strcmp(name, "me") == 0)
		model_set(im, top, "hostname", value, at);
	else if (strcmp(name, "defaulthost") == 0 || strcmp(name, "defaultdomain") == 0)
		model_set(im, top, "domain", value, at);
	else if (strcmp(name, "adminaddr") == 0)
		model_set(im, top, "local-mail", value, at);
	else if (strcmp(name, "helohost") == 0)
		put_everywhere(im, "helo", value, at);
	else if (strcmp(name, "allmailfrom") == 0)
		put_everywhere(im, "from", value, at);
	else if (strcmp(name, "queuelifetime") == 0)
		model_set(im, model_queue(im), "expire", value, at);
	else if (strcmp(name, "doublebounceto") == 0)
		model_left(im, at, span_of(name), "queue { postmaster-copy = ... } has a copy of every report; what "
		    "cannot be returned waits in dead, see postern status");
	else if (strcmp(name, "bouncefrom") == 0)
		model_left(im, at, span_of(name), "reports are from mailer-daemon at domain");
	else if (strcmp(name, "idhost") == 0)
		model_left(im, at, span_of(name), "Message-ID has hostname");
	else
		model_left(im, at, span_of(name), "the next attempt is planned by the age of a message");
}

/* The default domain is for hosts without a dot, the default host for names alone: it goes before. */
static const char *const files[] = {
	"me", "defaultdomain", "defaulthost", "adminaddr", "helohost", "allmailfrom", "queuelifetime",
	"doublebounceto", "bouncefrom", "idhost", "pausetime", "maxpause", "sendtimeout",
};

int
nullmailer_read(struct import *im, const char *path)
{
	struct text t;
	struct span line;
	int         r = text_open(&t, im, path);

	while (r == 0 && text_line(&t, &line))
		take_remote(im, line, t.at);
	text_done(&t);
	for (size_t i = 0; r == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
		if (first_line(im, path, files[i], &line, &t))
			take_file(im, files[i], line, t.at);
		text_done(&t);
	}
	return r;
}
