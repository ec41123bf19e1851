/* options.c - what each option may be. */
#include <arpa/inet.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/pin.h"
#include "base/text.h"
#include "base/url.h"
#include "config/network.h"
#include "config/options.h"
#include "idna/idna.h"
#include "mail/addr.h"
#include "mail/pattern.h"
#include "smtp/status.h"

enum kind {
	KIND_TEXT, KIND_NUMBER, KIND_DURATION, KIND_SIZE, KIND_FLAG, KIND_WORD,
	KIND_HOST, KIND_DOMAIN, KIND_HELO, KIND_ADDRESS, KIND_PATH, KIND_NAME,
	KIND_MECHANISMS, KIND_FACILITY, KIND_LEVEL, KIND_VERDICT, KIND_CODE, KIND_DSN,
	KIND_MASQUERADE, KIND_LOCAL_PART, KIND_PATTERN, KIND_REPLACEMENT, KIND_NETWORK, KIND_WHO, KIND_PIN, KIND_URL,
};

struct option {
	const char *name;
	enum kind   kind;
	int64_t     min, max;           /* numbers, seconds, bytes */
	const char *right;              /* what one may write */
};

#define HOUR ((int64_t)3600)
#define DAY  (24 * HOUR)
#define MIB  ((int64_t)1 << 20)
#define MANY 10000000

static const struct option options[] = {
	/* the top */
	{ "hostname", KIND_DOMAIN, 0, 0, "write a full name such as \"web1.example.com\"" },
	{ "domain", KIND_DOMAIN, 0, 0, "write a domain such as \"example.com\"" },
	{ "local-mail", KIND_ADDRESS, 0, 0, "write one address such as \"ops@example.com\"" },
	{ "relays", KIND_NAME, 0, 0, "write names of relays: relays = { \"first\", \"second\" }" },
	{ "aliases", KIND_PATH, 0, 0, "write the file's full path" },
	{ "masquerade", KIND_MASQUERADE, 0, 0, "write a domain, or \"!\" and one to leave alone" },
	{ "masquerade-exceptions", KIND_LOCAL_PART, 0, 0, "write user names such as \"root\"" },
	{ "alert-command", KIND_TEXT, 0, 1000, "write a program's full path and its arguments" },
	{ "trusted-users", KIND_LOCAL_PART, 0, 0, "write login names such as \"www-data\"" },
	{ "mailq", KIND_WORD, 0, 0, "write \"all\" or \"own\"" },

	/* map */
	{ "map.from", KIND_PATTERN, 0, 0, "write an address, perhaps with stars: \"*@old.example.com\"" },
	{ "map.to", KIND_REPLACEMENT, 0, 0, "write an address such as \"ops@example.com\" or \"*@example.com\"" },
	{ "file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "map.user", KIND_LOCAL_PART, 0, 0, "write a login name such as \"www-data\", perhaps with stars" },
	{ "user-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "apply", KIND_WORD, 0, 0, "write \"sender\", \"recipient\" or \"both\"" },

	/* route */
	{ "route.sender", KIND_PATTERN, 0, 0, "write an address, perhaps with stars: \"*@shop.example.com\"" },
	{ "route.recipient", KIND_PATTERN, 0, 0, "write an address, perhaps with stars: \"*@corp.example.com\"" },
	{ "route.user", KIND_LOCAL_PART, 0, 0, "write a login name such as \"www-data\"" },

	/* relay, provider */
	{ "provider", KIND_NAME, 0, 0, "write a provider's name such as \"gmail\"" },
	{ "like", KIND_NAME, 0, 0, "write another provider's name" },
	{ "host", KIND_HOST, 0, 0, "write a host name such as \"smtp.example.com\" or an address" },
	{ "port", KIND_NUMBER, 1, 65535, "write a number from 1 to 65535" },
	{ "tls", KIND_WORD, 0, 0, "write \"implicit\", \"starttls\" or \"none\"" },
	{ "tls-min", KIND_WORD, 0, 0, "write \"1.2\" or \"1.3\"" },
	{ "tls-verify", KIND_FLAG, 0, 0, NULL },
	{ "insecure", KIND_FLAG, 0, 0, NULL },
	{ "auth", KIND_MECHANISMS, 0, 0, "write SASL mechanisms such as \"PLAIN LOGIN\"" },
	{ "user", KIND_TEXT, 1, 512, "write the login name" },
	{ "user-hint", KIND_TEXT, 0, 200, "write what the login name looks like" },
	{ "user-default", KIND_TEXT, 1, 200, "write ADDRESS, LOCAL, or the login name that all have" },
	{ "domains", KIND_DOMAIN, 0, 0, "write the domains of its addresses, such as \"example.com\"" },
	{ "password-help", KIND_TEXT, 1, 300, "write what password is wanted, and where it is made" },
	{ "app-password-letters", KIND_NUMBER, 8, 64, "write a number from 8 to 64" },
	{ "password-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "credential", KIND_NAME, 0, 0, "write the name given to LoadCredential=" },
	{ "password-command", KIND_TEXT, 0, 1000, "write a program's full path and its arguments" },
	{ "password-ttl", KIND_DURATION, 0, 7 * 24 * HOUR, "write a time from \"0s\" to \"7d\"" },
	{ "password", KIND_TEXT, 1, 4096, "write the password, or better use password-file" },
	{ "ca-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "ca-path", KIND_PATH, 0, 0, "write the folder's full path" },
	{ "client-cert", KIND_PATH, 0, 0, "write the file's full path" },
	{ "client-key", KIND_PATH, 0, 0, "write the file's full path" },
	{ "fingerprint", KIND_PIN, 0, 0,
	    "write the SHA-256 of the server's public key, 43 letters and \"=\" or 64 hexadecimal digits" },
	{ "dane", KIND_FLAG, 0, 0, NULL },
	{ "tls-ciphers", KIND_TEXT, 1, 4000,
	    "write names with colons between: \"TLS_AES_256_GCM_SHA384:ECDHE+AESGCM\"" },
	{ "from", KIND_ADDRESS, 0, 0, "write the account's address such as \"ops@example.com\"" },
	{ "from-header", KIND_WORD, 0, 0, "write \"keep\", \"rewrite\" or \"rewrite-local\"" },
	{ "helo", KIND_HELO, 0, 0,
	    "write a full name such as \"web1.example.com\", or \"[192.0.2.1]\"" },
	{ "connections", KIND_NUMBER, 1, 100, "write a number from 1 to 100" },
	{ "pipeline-depth", KIND_NUMBER, 1, 64, "write a number from 1 to 64" },
	{ "idle", KIND_DURATION, 1, HOUR, "write a time from \"1s\" to \"1h\"" },
	{ "recipients-per-message", KIND_NUMBER, 1, 1000, "write a number from 1 to 1000" },
	{ "messages-per-minute", KIND_NUMBER, 0, MANY, "write a number up to 10000000, or 0 for no limit" },
	{ "messages-per-hour", KIND_NUMBER, 0, MANY, "write a number up to 10000000, or 0 for no limit" },
	{ "messages-per-day", KIND_NUMBER, 0, MANY, "write a number up to 10000000, or 0 for no limit" },
	{ "recipients-per-day", KIND_NUMBER, 0, MANY, "write a number up to 10000000, or 0 for no limit" },
	{ "null-sender", KIND_FLAG, 0, 0, NULL },
	{ "chunking", KIND_FLAG, 0, 0, NULL },

	/* oauth */
	{ "authorize-endpoint", KIND_URL, 0, 0, "write an address that begins with https://" },
	{ "token-endpoint", KIND_URL, 0, 0, "write an address that begins with https://" },
	{ "device-endpoint", KIND_URL, 0, 0, "write an address that begins with https://" },
	{ "discovery", KIND_URL, 0, 0, "write the issuer's address, which begins with https://" },
	{ "authorize-extra", KIND_TEXT, 1, 400, "write parameters such as \"prompt=consent\"" },
	{ "scope", KIND_TEXT, 1, 1000, "write scopes with blanks between them" },
	{ "app-scope", KIND_TEXT, 1, 1000, "write scopes with blanks between them" },
	{ "tenant", KIND_DOMAIN, 0, 0, "write a domain, an id, \"organizations\" or \"consumers\"" },
	{ "redirect-host", KIND_HOST, 0, 0, "write \"127.0.0.1\" or \"localhost\"" },
	{ "unused-days", KIND_NUMBER, 1, 3650, "write a number from 1 to 3650" },
	{ "grant-days", KIND_NUMBER, 1, 3650, "write a number from 1 to 3650" },
	{ "redirect-port", KIND_NUMBER, 1, 65535, "write a number from 1 to 65535" },
	{ "flow", KIND_WORD, 0, 0, "write \"authorization-code\", \"device-code\", "
	    "\"client-credentials\" or \"service-account\"" },
	{ "client-id", KIND_TEXT, 1, 300, "write the id that the registration shows" },
	{ "client-secret-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "key-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "subject", KIND_TEXT, 1, 512, "write the mailbox that the service account acts as" },
	{ "token-file", KIND_PATH, 0, 0, "write the file's full path" },

	/* rule */
	{ "login", KIND_WORD, 0, 0, "write \"password\" or \"token\"" },
	{ "when", KIND_WORD, 0, 0, "write some of banner, ehlo, starttls, auth, mail, rcpt, data, end, "
	    "other, any" },
	{ "code", KIND_CODE, 0, 0, "write a reply code such as 550, or its class: 4 or 5" },
	{ "dsn", KIND_DSN, 0, 0, "write an enhanced status code such as \"5.7.8\"" },
	{ "contains", KIND_TEXT, 3, 200, "write a piece of the reply's text of at least 3 letters" },
	{ "names", KIND_WORD, 0, 0, "write \"recipient\"" },
	{ "verdict", KIND_VERDICT, 0, 0,
	    "write defer, reject, split, reconnect, pause, credential or config" },
	{ "pause", KIND_DURATION, 1, 2 * DAY, "write a time from \"1s\" to \"2d\"" },
	{ "pause-max", KIND_DURATION, 1, 2 * DAY, "write a time from \"1s\" to \"2d\"" },
	{ "too-many", KIND_WORD, 0, 0, "write \"connections\"" },
	{ "then", KIND_WORD, 0, 0, "write \"pause\", \"credential\" or \"config\"" },
	{ "hint", KIND_TEXT, 1, 400, "write what the admin can do" },
	{ "sample", KIND_TEXT, 3, 600, "write one line of a reply" },

	/* listen */
	{ "allow", KIND_NETWORK, 0, 0, "write networks such as \"192.168.1.0/24\" or addresses" },
	{ "cert", KIND_PATH, 0, 0, "write the file's full path" },
	{ "key", KIND_PATH, 0, 0, "write the file's full path" },
	{ "listen.tls-min", KIND_WORD, 0, 0, "write \"1.0\", \"1.1\", \"1.2\" or \"1.3\"" },
	{ "users-file", KIND_PATH, 0, 0, "write the file's full path" },
	{ "auth-required", KIND_FLAG, 0, 0, NULL },
	{ "clients", KIND_NUMBER, 1, 10000, "write a number from 1 to 10000" },
	{ "clients-per-address", KIND_NUMBER, 1, 10000, "write a number from 1 to 10000" },
	{ "recipients", KIND_NUMBER, 1, 10000, "write a number from 1 to 10000" },
	{ "errors", KIND_NUMBER, 1, 1000, "write a number from 1 to 1000" },

	/* queue */
	{ "expire", KIND_DURATION, 1, 60 * DAY, "write a time from \"1s\" to \"60d\"" },
	{ "warn-after", KIND_DURATION, 1, 60 * DAY, "write a time from \"1s\" to \"60d\"" },
	{ "max-message", KIND_SIZE, 1024, 4096 * MIB, "write a size from \"1k\" to \"4G\"" },
	{ "reports-per-hour", KIND_NUMBER, 1, 100000, "write a number from 1 to 100000" },
	{ "postmaster-copy", KIND_ADDRESS, 0, 0, "write one address such as \"postmaster@example.com\"" },
	{ "min-free", KIND_SIZE, 0, 1024 * 1024 * MIB, "write a size from \"0\" to \"1024G\"" },

	/* flood */
	{ "per-user", KIND_NUMBER, 1, 1000000, "write a number from 1 to 1000000" },
	{ "per", KIND_DURATION, 60, 7 * DAY, "write a time from \"1m\" to \"7d\"" },
	{ "exempt", KIND_WHO, 0, 0, "write login names such as \"www-data\", or networks" },

	/* log */
	{ "to", KIND_WORD, 0, 0, "write \"syslog\" or \"stderr\"" },
	{ "facility", KIND_FACILITY, 0, 0, "write a syslog facility such as \"mail\" or \"local0\"" },
	{ "level", KIND_LEVEL, 0, 0, "write \"alert\", \"err\", \"warn\", \"info\" or \"debug\"" },
};

/* The words of each KIND_WORD option. */
static const struct {
	const char *name;
	const char *words[11];
} words[] = {
	{ "tls", { "implicit", "starttls", "none" } },
	{ "tls-min", { "1.2", "1.3" } },
	{ "listen.tls-min", { "1.0", "1.1", "1.2", "1.3" } },
	{ "from-header", { "keep", "rewrite", "rewrite-local" } },
	{ "flow", { "authorization-code", "device-code", "client-credentials", "service-account" } },
	{ "login", { "password", "token" } },
	{ "names", { "recipient" } },
	{ "too-many", { "connections" } },
	{ "then", { "pause", "credential", "config" } },
	{ "apply", { "sender", "recipient", "both" } },
	{ "mailq", { "all", "own" } },
	{ "to", { "syslog", "stderr" } },
	{ "when", { "banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "end", "other",
	    "any" } },
};

static const char *const yes[] = { "true", "yes", "on" };
static const char *const no[] = { "false", "no", "off" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_one_of(const char *value, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n && list[i] != NULL; i++)
		if (strcasecmp(value, list[i]) == 0)
			return true;
	return false;
}

static bool
is_word_of(const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].name, name) == 0)
			return is_one_of(value, words[i].words, COUNT(words[i].words));
	return false;
}

static bool
is_made_of(struct span s, const char *others)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return s.n > 0;
}

/* Relays, providers, credentials: names that become parts of paths and log lines. */
static bool
is_name(struct span s)
{
	return s.n <= 48 && s.p[0] != '.' && is_made_of(s, "._-");
}

/*
 * Wider than RFC 1123 by the underscore, which real machines' names have;
 * narrower than what a resolver takes, because the name goes into EHLO,
 * Message-ID and log lines.
 */
bool
option_is_host_name(struct span s)
{
	struct span rest = s, label;

	if (s.n == 0 || s.n > 253 || s.p[s.n - 1] == '.')
		return false;
	while (span_cut(&rest, '.', &label))
		if (label.n > 63 || !is_made_of(label, "-_") || label.p[0] == '-')
			return false;
	return true;
}

static bool
is_ip(const char *s)
{
	unsigned char addr[16];

	return inet_pton(AF_INET, s, addr) == 1 || inet_pton(AF_INET6, s, addr) == 1;
}

/* RFC 5321 §4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static bool
is_literal(struct span s)
{
	bool ok;
	char *inside;

	if (s.n < 3 || s.p[0] != '[' || s.p[s.n - 1] != ']')
		return false;
	s = (struct span){ s.p + 1, s.n - 2 };
	if (span_istarts(s, SPAN("IPv6:")))
		s = (struct span){ s.p + 5, s.n - 5 };
	inside = span_dup(s);
	ok = is_ip(inside);
	free(inside);
	return ok;
}

bool
option_is_loopback(const char *host)
{
	return url_is_loopback(span_of(host));
}

bool
option_flag(const char *value)
{
	return is_one_of(value, yes, COUNT(yes));
}

static bool
is_mechanisms(struct span s)
{
	struct span rest = s, word;
	size_t n = 0;

	while (span_cut(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (word.n > 20 || !is_made_of(word, "-_"))
			return false;
		n++;
	}
	return n > 0;
}

static bool
is_code(struct span s)
{
	uint64_t n;

	if (text_number(s, 599, &n) < 0)
		return false;
	return n == 4 || n == 5 || n >= 400;
}

/* RFC 3463 §2: class, subject up to three digits, detail up to three. */
static bool
is_dsn(struct span s)
{
	struct span rest = s, part;
	uint64_t n;
	int i;

	for (i = 0; i < 3; i++) {
		if (!span_cut(&rest, '.', &part) || text_number(part, 999, &n) < 0)
			return false;
		if (i == 0 && n != 4 && n != 5)
			return false;
	}
	return rest.n == 0 && s.p[s.n - 1] != '.';
}

static bool
in_range(const struct option *o, struct span s)
{
	uint64_t size;
	int64_t n;

	switch (o->kind) {
	case KIND_DURATION:
		if (text_duration(s, &n) < 0)
			return false;
		break;
	case KIND_SIZE:
		if (text_size(s, &size) < 0 || size > INT64_MAX)
			return false;
		n = (int64_t)size;
		break;
	default:
		if (text_number(s, INT64_MAX, &size) < 0)
			return false;
		n = (int64_t)size;
		break;
	}
	return n >= o->min && n <= o->max;
}

/* An address with a domain; *ret_why says what is wrong with another. */
static bool
is_address(struct span s, const char **ret_why)
{
	struct addr *a = addr_parse(s, ret_why);
	bool bare;

	if (a == NULL)
		return false;
	bare = addr_is_bare(a);
	addr_free(a);
	if (bare)
		*ret_why = "it has no domain";
	return !bare;
}

/* A login name, or the left side of an address: without a domain. */
static bool
is_local_part(struct span s, const char **ret_why)
{
	struct addr *a = addr_of_user(s, ret_why);
	bool bare = a != NULL && s.p[0] != '"';

	if (a != NULL && memchr(s.p, '@', s.n) != NULL) {
		*ret_why = "a name has no domain";
		bare = false;
	}
	addr_free(a);
	return bare;
}

/* A host name, in any letters. */
static bool
is_domain(struct span s, const char **ret_why)
{
	char *ascii = idna_domain_text(s, ret_why);
	bool  is = ascii != NULL && option_is_host_name(span_of(ascii));

	free(ascii);
	return is;
}

static bool
is_masquerade(struct span s, const char **ret_why)
{
	if (s.n > 1 && s.p[0] == '!')
		s = (struct span){ s.p + 1, s.n - 1 };
	return is_domain(s, ret_why);
}

/* Is what stands behind its '@' a domain that there can be? */
static bool
has_domain(struct span s, const char **ret_why)
{
	char *ascii = idna_address_text(s, ret_why);

	free(ascii);
	return ascii != NULL;
}

static bool
is_valid(const struct option *o, const char *value, const char **ret_why)
{
	struct span s = span_of(value);
	enum verdict verdict;
	enum log_level level;
	struct network network;
	struct pin pin;
	int facility;

	switch (o->kind) {
	case KIND_TEXT:
		return s.n >= (size_t)o->min && s.n <= (size_t)o->max;
	case KIND_NUMBER:
	case KIND_DURATION:
	case KIND_SIZE:
		return in_range(o, s);
	case KIND_FLAG:
		return is_one_of(value, yes, COUNT(yes)) || is_one_of(value, no, COUNT(no));
	case KIND_WORD:
		return is_word_of(o->name, value);
	case KIND_HOST:
		return is_domain(s, ret_why) || is_ip(value);
	case KIND_DOMAIN:
		return is_domain(s, ret_why) && !is_ip(value);
	case KIND_HELO:
		return is_literal(s) || (is_domain(s, ret_why) && !is_ip(value));
	case KIND_ADDRESS:
		return is_address(s, ret_why) && has_domain(s, ret_why);
	case KIND_PATH:
		return value[0] == '/' && s.n < PATH_MAX;
	case KIND_NAME:
		return s.n > 0 && is_name(s);
	case KIND_MECHANISMS:
		return is_mechanisms(s);
	case KIND_FACILITY:
		return log_facility(value, &facility) == 0;
	case KIND_LEVEL:
		return log_level(value, &level) == 0;
	case KIND_VERDICT:
		return verdict_parse(value, &verdict) == 0 && verdict != VERDICT_SENT &&
		    verdict != VERDICT_NONE;
	case KIND_CODE:
		return is_code(s);
	case KIND_DSN:
		return is_dsn(s);
	case KIND_MASQUERADE:
		return is_masquerade(s, ret_why);
	case KIND_LOCAL_PART:
		return is_local_part(s, ret_why);
	case KIND_PATTERN:
		return pattern_is_valid(s, ret_why) && has_domain(s, ret_why);
	case KIND_REPLACEMENT:
		return pattern_is_replacement(s, ret_why) && has_domain(s, ret_why);
	case KIND_NETWORK:
		return network_parse(s, &network, ret_why);
	case KIND_PIN:
		return pin_parse(s, &pin);
	case KIND_WHO:
		return network_parse(s, &network, ret_why) || is_local_part(s, ret_why);
	case KIND_URL:
		return s.n < 2048 && url_is_safe(s, ret_why);
	}
	return false;
}

static const struct option *
find(const char *section, const char *name)
{
	size_t i, n = strlen(section);

	for (i = 0; i < COUNT(options); i++)
		if (strncmp(options[i].name, section, n) == 0 && options[i].name[n] == '.' &&
		    strcmp(options[i].name + n + 1, name) == 0)
			return &options[i];
	for (i = 0; i < COUNT(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

int
option_check(const char *name, const char *value, struct buf *why)
{
	return option_check_in("", name, value, why);
}

int
option_check_in(const char *section, const char *name, const char *value, struct buf *why)
{
	const struct option *o = find(section, name);
	const char *detail = NULL;
	const char *p;

	assert(o != NULL);
	for (p = value; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 127) {
			buf_printf(why, "%s: a control character in the value; take it out", name);
			return -EINVAL;
		}
	}
	if (is_valid(o, value, &detail))
		return 0;

	/* A secret is never repeated, not even a wrong one: this line is logged. */
	buf_printf(why, "%s: ", name);
	if (strcmp(name, "password") == 0)
		buf_str(why, "empty or too long");
	else
		buf_printf(why, "\"%.80s\" is not possible", value);
	if (detail != NULL)
		buf_printf(why, " (%s)", detail);
	buf_printf(why, "; %s", o->right != NULL ? o->right : "write true or false");
	return -EINVAL;
}
