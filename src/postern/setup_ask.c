/* setup_ask.c - what has to be known, in the order in which it is asked; see setup.h. */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/fs.h"
#include "config/options.h"
#include "postern/plain.h"
#include "postern/setup.h"
#include "spool/place.h"

/* ---- what all questions share ---- */

int
setup_unanswered(enum ask a)
{
	if (a == ASK_END)
		fputs("postern setup: no answer; nothing was changed\n", stderr);
	else
		fputs("postern setup: stopped; nothing was changed\n", stderr);
	return a == ASK_END ? EX_USAGE : 130;
}

/* What is shown of others' texts, and of an admin's own: no escape sequence gets through. */
static void
say(const char *text)
{
	struct buf b;

	buf_init(&b, 65536);
	plain_put(&b, span_of(text));
	puts(buf_cstr(&b));
	buf_done(&b);
}

bool
setup_is_right(const struct setup *s, const char *name, const char *value)
{
	struct buf why;
	bool right;

	buf_init(&why, 4096);
	right = option_check(name, value, &why) == 0;
	if (!right && s->person)
		say(buf_cstr(&why));
	else if (!right)
		args_refuse(&s->args, "--%s", buf_cstr(&why));
	buf_done(&why);
	return right;
}

/* Ask until it is a value that the option can have. */
static int
ask_option(struct setup *s, const char *question, const char *otherwise, const char *option, char **ret)
{
	struct buf answer;
	enum ask a;

	buf_init(&answer, ASK_LINE_MAX);
	while ((a = ask_line(question, otherwise, &answer)) == ASK_OK)
		if (setup_is_right(s, option, buf_cstr(&answer)))
			break;
	if (a == ASK_OK) {
		free(*ret);
		*ret = xstrdup(buf_cstr(&answer));
	}
	buf_done(&answer);
	return a == ASK_OK ? EX_OK : setup_unanswered(a);
}

static struct span
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? span_of(at + 1) : SPAN("");
}

/* ---- who sends ---- */

static int
ask_address(struct setup *s)
{
	puts("Mail of this machine is sent through an account that you have.");
	return ask_option(s, "Its address, such as you@gmail.com", NULL, "from", &s->address);
}

/* ---- through whom ---- */

bool
setup_take_provider(struct setup *s, const char *name)
{
	struct buf why;
	bool there;

	buf_init(&why, 65536);
	there = provider_read(place_providers(), name, &s->known, &why) == 0;
	if (there && s->known.host == NULL && s->host == NULL) {
		buf_printf(&why, "provider \"%s\" is only about replies; say which server it is", name);
		provider_done(&s->known);
		there = false;
	}
	if (there) {
		char *taken = xstrdup(name);    /* the option's own value, perhaps */

		free(s->provider);
		s->provider = taken;
	} else if (s->person) {
		say(buf_cstr(&why));
	} else {
		args_refuse(&s->args, "%s", buf_cstr(&why));
	}
	buf_done(&why);
	return there;
}

/* The domain's provider; none of a domain of one's own. */
static bool
find_provider(struct setup *s)
{
	struct buf name;
	bool found;

	buf_init(&name, 256);
	found = s->address != NULL && provider_of_domain(place_providers(), domain_of(s->address), &name) &&
	    setup_take_provider(s, buf_cstr(&name));
	buf_done(&name);
	return found;
}

static void
print_name(void *arg, const char *name)
{
	unsigned *n = arg;

	printf("%-19s%s", name, ++*n % 5 == 0 ? "\n" : "");
}

static void
print_providers(void)
{
	unsigned n = 0;

	provider_list(place_providers(), print_name, &n);
	if (n % 5 != 0)
		putchar('\n');
}

static int
ask_provider(struct setup *s)
{
	struct buf answer;
	enum ask a;

	if (find_provider(s))
		return EX_OK;
	printf("Who carries mail for %s is not known here.\n", s->address);
	puts("Name the service, such as gworkspace or m365; ? lists them.");
	puts("Or give the host name of its mail server, such as smtp.example.com.");
	buf_init(&answer, ASK_LINE_MAX);
	while ((a = ask_line("Service or server", NULL, &answer)) == ASK_OK) {
		const char *text = buf_cstr(&answer);

		if (strcmp(text, "?") == 0) {
			print_providers();
		} else if (strchr(text, '.') == NULL && strcmp(text, "localhost") != 0) {
			if (setup_take_provider(s, text))
				break;
		} else if (setup_is_right(s, "host", text)) {
			s->host = xstrdup(text);
			break;
		}
	}
	buf_done(&answer);
	return a == ASK_OK ? EX_OK : setup_unanswered(a);
}

/* A preset says both; and where the port says it, the other is not asked for. */
static int
ask_endpoint(struct setup *s)
{
	int rc;

	if (s->port == NULL && (rc = ask_option(s, "Port", "465", "port", &s->port)) != EX_OK)
		return rc;
	if (s->tls != NULL || strcmp(s->port, "465") == 0 || strcmp(s->port, "587") == 0)
		return EX_OK;
	puts("TLS from the first byte is \"implicit\"; after a STARTTLS, \"starttls\".");
	return ask_option(s, "TLS", "starttls", "tls", &s->tls);
}

static void
say_provider(const struct setup *s)
{
	if (s->provider != NULL)
		printf("That is %s: %s, port %u.\n", s->provider, s->host != NULL ? s->host : s->known.host,
		    s->known.port);
}

/* ---- the login ---- */

static bool
may_be_open(const struct setup *s)
{
	return s->known.user_hint == NULL || s->known.user_hint[0] == '\0';
}

static char *
likely_user(const struct setup *s)
{
	const char *is = s->known.user_default;
	struct span address;

	if (s->provider == NULL)
		is = "ADDRESS";
	if (is == NULL || (s->address == NULL && (strcmp(is, "ADDRESS") == 0 || strcmp(is, "LOCAL") == 0)))
		return NULL;
	if (strcmp(is, "ADDRESS") == 0)
		return xstrdup(s->address);
	if (strcmp(is, "LOCAL") != 0)
		return xstrdup(is);
	address = span_of(s->address);
	return span_dup((struct span){ address.p, address.n - domain_of(s->address).n - 1 });
}

static int
ask_user(struct setup *s)
{
	char *likely = likely_user(s);
	int rc;

	if (s->known.user_hint != NULL && s->known.user_hint[0] != '\0')
		printf("The login name is %s.\n", s->known.user_hint);
	else
		puts("The login name; - if that server wants no login.");
	rc = ask_option(s, "Login name", likely, "user", &s->user);
	free(likely);
	if (rc == EX_OK && may_be_open(s) && strcmp(s->user, "-") == 0) {
		free(s->user);
		s->user = NULL;
		s->no_login = true;
	}
	return rc;
}

/* The provider's mechanisms are for tokens alone. */
static bool
wants_token(const struct setup *s)
{
	const char *auth = s->known.auth;

	return auth != NULL && strstr(auth, "OAUTH") != NULL && strstr(auth, "PLAIN") == NULL &&
	    strstr(auth, "LOGIN") == NULL && strstr(auth, "SCRAM") == NULL && strstr(auth, "CRAM") == NULL;
}

static int
ask_token(struct setup *s)
{
	printf("%s takes no passwords, but OAuth: you register a client there once, then `postern login` asks you\n"
	    "for your consent in a browser.  postern.conf(5), OAUTH, says how a client is registered.\n",
	    s->provider != NULL ? s->provider : s->host);
	return ask_option(s, "Client id", NULL, "client-id", &s->client_id);
}

/* A line of it, and no other: what a password file may have. */
static const char *
wrong_password(const struct buf *p)
{
	if (p->over)
		return "it is too long for a password";
	if (p->n == 0)
		return "it is empty";
	if (memchr(p->p, '\n', p->n) != NULL || memchr(p->p, '\0', p->n) != NULL || memchr(p->p, '\r', p->n) != NULL)
		return "it has more than one line";
	return NULL;
}

int
setup_ask_password(struct setup *s)
{
	enum ask a;

	if (s->known.password_help != NULL)
		printf("The password is %s.\n", s->known.password_help);
	for (;;) {
		a = ask_secret("Password", &s->password);
		if (a != ASK_OK)
			return setup_unanswered(a);
		if (wrong_password(&s->password) == NULL)
			return EX_OK;
		printf("That cannot be: %s.\n", wrong_password(&s->password));
	}
}

/* From a file, or from standard input to its end. */
static int
read_password(struct setup *s)
{
	const char *from = s->password_stdin ? "standard input" : s->password_from;
	char *room = buf_room(&s->password, SETUP_PASSWORD_MAX);
	struct stat st;
	ssize_t n = 1;
	int r = 0;

	if (s->password_stdin) {
		while (n > 0 && s->password.n < SETUP_PASSWORD_MAX) {
			n = read(STDIN_FILENO, room + s->password.n, SETUP_PASSWORD_MAX - s->password.n);
			if (n > 0)
				buf_took(&s->password, (size_t)n);
		}
		r = n < 0 ? -errno : 0;
	} else {
		r = fs_slurp_path(s->password_from, SETUP_PASSWORD_MAX, &st, &s->password);
	}
	if (r < 0) {
		args_refuse(&s->args, "%s: %s", from, strerror(-r));
		return EX_NOINPUT;
	}
	if (s->password.n > 0 && s->password.p[s->password.n - 1] == '\n')
		buf_cut(&s->password, s->password.n - 1);
	if (s->password.n > 0 && s->password.p[s->password.n - 1] == '\r')
		buf_cut(&s->password, s->password.n - 1);
	if (wrong_password(&s->password) == NULL)
		return EX_OK;
	args_refuse(&s->args, "%s: %s; the password alone belongs there, on one line", from,
	    wrong_password(&s->password));
	return EX_DATAERR;
}

static int
ask_secret_kind(struct setup *s)
{
	if (s->oauth || wants_token(s)) {
		s->oauth = true;
		return s->client_id != NULL ? EX_OK : ask_token(s);
	}
	return setup_ask_password(s);
}

/* ---- names of this machine ---- */

static int
ask_local_mail(struct setup *s)
{
	puts("Where does mail for root and the other users of this machine go?");
	return ask_option(s, "Address", s->address, "local-mail", &s->local_mail);
}

static void
own_name(char ret[static 256])
{
	ret[0] = ret[255] = '\0';
	if (gethostname(ret, 255) < 0)
		ret[0] = '\0';
}

/* Servers want a full name in EHLO; what the file says already stays. */
static bool
lacks_name(const struct setup *s)
{
	char name[256];
	struct span old = buf_view(&s->old);

	own_name(name);
	return s->hostname == NULL && strchr(name, '.') == NULL && !span_icontains(old, SPAN("\nhostname")) &&
	    !span_icontains(old, SPAN("\ndomain"));
}

static int
ask_hostname(struct setup *s)
{
	char name[256], *full;
	struct buf b;
	int rc;

	own_name(name);
	printf("This machine is called \"%s\", without a domain; mail servers want a full name.\n", name);
	buf_init(&b, 512);
	buf_printf(&b, "%s.localdomain", name[0] != '\0' ? name : "localhost");
	full = xstrdup(buf_cstr(&b));
	rc = ask_option(s, "Full name", full, "hostname", &s->hostname);
	free(full);
	buf_done(&b);
	return rc;
}

/* ---- all of it ---- */

static int
ask_person(struct setup *s)
{
	int rc = EX_OK;

	if (s->address == NULL)
		rc = ask_address(s);
	if (rc == EX_OK && s->provider == NULL && s->host == NULL)
		rc = ask_provider(s);
	if (rc == EX_OK && s->provider == NULL)
		rc = ask_endpoint(s);
	if (rc == EX_OK)
		say_provider(s);
	if (rc == EX_OK && s->user == NULL && !s->no_login)
		rc = ask_user(s);
	if (rc == EX_OK && !s->no_login && s->password.n == 0)
		rc = ask_secret_kind(s);
	if (rc == EX_OK && s->local_mail == NULL)
		rc = ask_local_mail(s);
	if (rc == EX_OK && lacks_name(s))
		rc = ask_hostname(s);
	return rc;
}

static void
put_missing(struct buf *b, const char *option)
{
	buf_printf(b, "%s%s", b->n > 0 ? ", " : "", option);
}

/* Guesses that a person would have seen and could have corrected are not made, but for what the data says. */
static int
name_missing(struct setup *s)
{
	struct buf missing;
	int rc = EX_OK;

	if (s->provider == NULL && s->host == NULL)
		find_provider(s);
	if (s->user == NULL && !s->no_login)
		s->user = likely_user(s);
	if (s->local_mail == NULL && s->address != NULL && s->user != NULL && strcmp(s->user, s->address) == 0)
		s->local_mail = xstrdup(s->address);
	buf_init(&missing, 1024);
	if (s->address == NULL)
		put_missing(&missing, "--from (the account's address)");
	if (s->provider == NULL && s->host == NULL)
		put_missing(&missing, "--provider or --host");
	if (s->user == NULL && !s->no_login)
		put_missing(&missing, may_be_open(s) ? "--user or --no-login" : "--user");
	if (!s->no_login && (s->oauth || wants_token(s)))
		s->oauth = true;
	if (!s->no_login && s->oauth && s->client_id == NULL)
		put_missing(&missing, "--client-id (it takes no passwords)");
	if (!s->no_login && !s->oauth && s->password.n == 0)
		put_missing(&missing, "--password-file or --password-stdin");
	if (s->local_mail == NULL)
		put_missing(&missing, "--local-mail");
	if (missing.n > 0)
		rc = args_refuse(&s->args, "nobody is here to be asked, and this is missing: %s", buf_cstr(&missing));
	buf_done(&missing);
	return rc;
}

int
setup_ask(struct setup *s)
{
	int rc = EX_OK;

	if (s->password_from != NULL || s->password_stdin)
		rc = read_password(s);
	if (rc != EX_OK)
		return rc;
	if (s->address == NULL && s->user != NULL && domain_of(s->user).n > 0)
		s->address = xstrdup(s->user);
	return s->person ? ask_person(s) : name_missing(s);
}
