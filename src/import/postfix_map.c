/* postfix_map.c - tables that are text, and what those of addresses become; what is left of main.cf. */
#include <stdlib.h>
#include <string.h>

#include "import/postfix.h"

#define VALUE_MAX 65536

/* Kinds of table whose source is a text beside the index. */
static bool
is_text_kind(struct span s)
{
	static const char *const kinds[] = { "hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "texthash" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (span_eq(s, span_of(kinds[i])))
			return true;
	return false;
}

static void
read_table(struct postfix *p, const char *path, struct place from, const char *parameter, postfix_line line,
    void *arg)
{
	struct text t;
	struct span rest, left;

	if (text_open_named(&t, p->im, path, from, span_of(parameter)))
		while (text_line(&t, &rest)) {
			left = text_word(&rest);
			if (rest.n == 0)
				model_left(p->im, t.at, SPAN("line"), "not understood; it should be a key and a value");
			else
				line(arg, left, rest, t.at);
		}
	text_done(&t);
}

void
postfix_each(struct postfix *p, const char *parameter, postfix_line line, void *arg)
{
	struct buf   v;
	struct place at;
	struct span  rest, one, kind;
	char        *path;

	buf_init(&v, VALUE_MAX);
	if (postfix_list(p, parameter, &v, &at)) {
		rest = buf_view(&v);
		while ((one = text_word(&rest)).n > 0) {
			span_cut(&one, ':', &kind);
			if (span_eq(kind, SPAN("static")) && one.n > 0) {
				line(arg, SPAN("*"), one, at);
				continue;
			}
			if (!is_text_kind(kind) || one.n == 0 || one.p[0] != '/') {
				model_left(p->im, at, span_of(parameter), "%.*s: only tables that are text are read",
				    (int)(one.n == 0 ? 0 : kind.n < 20 ? kind.n : 20), kind.p);
				continue;
			}
			path = span_dup(one);
			read_table(p, path, at, parameter, line, arg);
			free(path);
		}
	}
	buf_done(&v);
}

/* ---- addresses ---- */

struct addresses {
	struct postfix *p;
	enum model_map  map;
};

/* "@example.com" is every address there; on the right it keeps who it was. */
static void
put_address(struct postfix *p, struct buf *b, struct span s, bool right)
{
	struct span domain = model_value(model_top(p->im), "domain");

	if (s.n > 0 && s.p[0] == '@')
		buf_char(b, '*');
	buf_span(b, s);
	if (domain.n == 0)
		domain = model_value(model_top(p->im), "hostname");
	if (right && domain.n > 0 && memchr(s.p, '@', s.n) == NULL) {
		buf_char(b, '@');
		buf_span(b, domain);
	}
}

static void
on_address(void *arg, struct span left, struct span right, struct place at)
{
	struct addresses *a = arg;
	struct buf        from, to;

	if (memchr(right.p, ',', right.n) != NULL || memchr(right.p, ' ', right.n) != NULL ||
	    memchr(right.p, '\t', right.n) != NULL) {
		model_left(a->p->im, at, left, "several addresses; a list is a line of aliases");
		return;
	}
	buf_init(&from, MODEL_LINE);
	buf_init(&to, MODEL_LINE);
	put_address(a->p, &from, left, false);
	put_address(a->p, &to, right, true);
	if (from.over || to.over)
		model_left(a->p->im, at, SPAN("line"), "too long");
	else
		model_map(a->p->im, a->map, buf_view(&from), buf_view(&to), at);
	buf_done(&from);
	buf_done(&to);
}

/* The first that is a file; it is read as it is. */
static void
put_aliases(struct postfix *p)
{
	struct buf   v;
	struct place at;
	struct span  rest, one, kind;
	bool         have = false;

	buf_init(&v, VALUE_MAX);
	if (postfix_list(p, "alias_maps", &v, &at)) {
		rest = buf_view(&v);
		while ((one = text_word(&rest)).n > 0) {
			span_cut(&one, ':', &kind);
			if (!have && is_text_kind(kind) && one.n > 0 && one.p[0] == '/')
				model_set(p->im, model_top(p->im), "aliases", one, at);
			else
				model_left(p->im, at, SPAN("alias_maps"), have ? "there is one file of aliases here" :
				    "a table that is no text");
			have = have || model_get(model_top(p->im), "aliases") != NULL;
		}
	}
	buf_done(&v);
}

void
postfix_put_maps(struct postfix *p)
{
	static const struct {
		const char    *parameter;
		enum model_map map;
	} tables[] = {
		{ "canonical_maps", MAP_GENERIC }, { "smtp_generic_maps", MAP_GENERIC },
		{ "sender_canonical_maps", MAP_SENDERS }, { "recipient_canonical_maps", MAP_RECIPIENTS },
		{ "virtual_alias_maps", MAP_RECIPIENTS }, { "virtual_maps", MAP_RECIPIENTS },
	};

	put_aliases(p);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct addresses a = { p, tables[i].map };

		postfix_each(p, tables[i].parameter, on_address, &a);
	}
}

/* ---- what is left ---- */

/* By name, or, ending in '_', by its start.  NULL: nothing is lost without it. */
static const struct {
	const char *name, *why;
} others[] = {
	{ "compatibility_level", NULL }, { "biff", NULL }, { "readme_directory", NULL },
	{ "html_directory", NULL }, { "manpage_directory", NULL }, { "sample_directory", NULL },
	{ "daemon_directory", NULL }, { "command_directory", NULL }, { "queue_directory", NULL },
	{ "data_directory", NULL }, { "config_directory", NULL }, { "meta_directory", NULL },
	{ "shlib_directory", NULL }, { "sendmail_path", NULL }, { "newaliases_path", NULL },
	{ "mailq_path", NULL }, { "setgid_group", NULL }, { "mail_owner", NULL }, { "debug_peer_level", NULL },
	{ "debugger_command", NULL }, { "append_dot_mydomain", NULL }, { "alias_database", NULL },
	{ "mailbox_size_limit", NULL }, { "unknown_local_recipient_reject_code", NULL },
	{ "recipient_delimiter", NULL }, { "smtp_sasl_security_options", NULL },
	{ "smtp_sasl_tls_security_options", NULL }, { "smtp_tls_session_cache_database", NULL },
	{ "smtp_tls_loglevel", NULL }, { "smtp_tls_note_starttls_offer", NULL }, { "smtp_sasl_type", NULL },
	{ "smtp_sasl_auth_enable", NULL }, { "smtp_sasl_password_maps", NULL },
	{ "smtp_sender_dependent_authentication", NULL }, { "smtp_use_tls", NULL }, { "smtp_enforce_tls", NULL },
	{ "inet_protocols", "the families that the resolver gives are tried, as RFC 8305 has it" },
	{ "mydestination", "there is no local delivery: local-mail and aliases say where mail for this host goes" },
	{ "luser_relay", "local-mail is for all users of this host" },
	{ "mynetworks_style", "allow of a listener names networks" },
	{ "relay_domains", "what listeners take goes to the relay, whatever its domain" },
	{ "transport_maps", "route { recipient = ... } sends mail for some addresses another way" },
	{ "default_transport", "mail goes to relays by SMTP" },
	{ "relay_transport", "mail goes to relays by SMTP" },
	{ "local_transport", "there is no local delivery" },
	{ "mailbox_command", "there is no local delivery" }, { "home_mailbox", "there is no local delivery" },
	{ "header_checks", "headers are not searched" }, { "smtp_header_checks", "headers are not searched" },
	{ "body_checks", "bodies are not searched" }, { "content_filter", "mail is not filtered" },
	{ "always_bcc", "no copies are sent" }, { "sender_bcc_maps", "no copies are sent" },
	{ "recipient_bcc_maps", "no copies are sent" },
	{ "smtp_destination_rate_delay", "messages-per-minute of the relay is a limit of that kind" },
	{ "default_destination_rate_delay", "messages-per-minute of the relay is a limit of that kind" },
	{ "smtp_tls_fingerprint_cert_match", "ca-file has a certificate to trust" },
	{ "smtp_tls_cert_file", TEXT_CERTIFICATE },
	{ "smtp_tls_key_file", TEXT_CERTIFICATE },
	{ "smtp_tls_policy_maps", "tls of each relay says how it is reached" },
	{ "smtp_bind_address", "the system chooses the address" },
	{ "authorized_submit_users", "every user may send; the flood guard holds who sends too much" },
	{ "smtpd_tls_", "cert and key of a listener, in a file that the daemon may read" },
	{ "smtpd_sasl_", "users-file of a listener has who may log in; see postern passwd" },
	{ "smtpd_", "allow, users-file and the limits of a listener say who may send and how much" },
	{ "milter_", "mail is not filtered" }, { "virtual_mailbox_", "there is no local delivery" },
};

static void
say_left(struct postfix *p, const struct parameter *q)
{
	struct span name = span_of(q->name);

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct span known = span_of(others[i].name);

		if (known.p[known.n - 1] == '_' ? span_starts(name, known) : span_eq(name, known)) {
			if (others[i].why != NULL && q->text[0] != '\0')
				model_left(p->im, q->at, name, "%s", others[i].why);
			return;
		}
	}
	model_unknown(p->im, q->at, name, true);
}

void
postfix_put_left(struct postfix *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->parameter[i].used)
			say_left(p, &p->parameter[i]);
}
