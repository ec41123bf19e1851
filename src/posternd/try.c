/* try.c - see try.h. */
#include "posternd/try.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "config/secret.h"
#include "net/helper.h"
#include "net/loop.h"
#include "posternd/aim.h"
#include "posternd/privilege.h"
#include "posternd/reload.h"
#include "posternd/say.h"
#include "posternd/trial.h"
#include "relay/session.h"
#include "relay/token.h"
#include "relay/trust.h"
#include "spool/place.h"

#define SILENCE_MS     60000    /* nobody sits and waits for the five minutes of RFC 5321 */
#define CONNECTIONS    3        /* a server that ends them without a verdict gets so many */
#define MESSAGES_MAX   64
#define SECRET_MAX     16384
#define RENEW_MS       50000    /* a renewal that was on its way: its file comes first */

enum what { LOGIN, SEND, WIRE };

/* One message to one address, on its way or not. */
struct letter {
	struct addr *to;        /* the route's */
	unsigned     number;
	enum { WAITS, OUT, DONE } state;
	enum verdict verdict;
};

struct try {
	enum what               what;
	const char             *conf_path, *relay_name, *to, *from;
	unsigned                messages;

	struct config          *conf;
	struct relay_conf       relay;          /* a copy of the configuration's; its pointers are that one's */
	struct aim              aim;
	struct letter          *letters;
	size_t                  n;

	struct event_base      *base;
	struct timer           *silence;
	struct trust           *trust;
	struct token           *token;          /* NULL: a password, or no login */
	struct buf              secret;
	struct relay_lacks      lacks;
	struct session         *session;
	struct trace            trace;
	struct say              say;
	unsigned                connections;
	unsigned                out, most_out;  /* letters in flight: now, and at the most */
	bool                    up, silent;
	int                     rc;
};

/* ---- what it came to ---- */

/* The graver one stays: what a person must change, then what is refused for good, then what may pass. */
static void
note_rc(struct try *t, enum verdict v)
{
	int rc = v == VERDICT_SENT ? EX_OK : v == VERDICT_CREDENTIAL || v == VERDICT_CONFIG ? EX_CONFIG :
	    v == VERDICT_REJECT ? EX_UNAVAILABLE : EX_TEMPFAIL;

	if (t->rc == EX_OK || rc == EX_CONFIG || (rc == EX_UNAVAILABLE && t->rc == EX_TEMPFAIL))
		t->rc = rc;
}

static void
trouble(struct try *t, const struct status *st)
{
	say_trouble(&t->say, st);
	note_rc(t, st->verdict);
}

static void
say_silence(struct try *t)
{
	struct status st;

	status_local(&st, VERDICT_PAUSE, SCOPE_RELAY, "4.4.2", "%s: nothing was heard for %d s", t->relay.host,
	    SILENCE_MS / 1000);
	trouble(t, &st);
}

static void
say_result(const struct try *t)
{
	unsigned sent = 0, refused = 0;

	for (size_t i = 0; i < t->n; i++) {
		sent += t->letters[i].verdict == VERDICT_SENT;
		refused += t->letters[i].verdict == VERDICT_REJECT;
	}
	printf("result sent=%u refused=%u deferred=%u in_flight=%u pipelining=%d\n", sent, refused,
	    (unsigned)t->n - sent - refused, t->most_out, !t->lacks.pipelining);
}

/* ---- what the session asks and tells ---- */

static struct letter *
next_letter(struct try *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->letters[i].state == WAITS)
			return &t->letters[i];
	return NULL;
}

static struct mail *
make_mail(struct try *t, const struct letter *l, struct buf *why)
{
	struct message *m;
	struct mail *mail;
	struct buf text;

	buf_init(&text, 65536);
	trial_put_test(&text, t->conf, &t->relay, t->aim.asked, l->number, t->messages);
	m = trial_message(t->conf, t->aim.sender, t->aim.asked, buf_view(&text));
	mail = trial_mail(t->conf, &t->relay, m, l->to, why);
	if (mail == NULL)
		message_close(NULL, m);
	buf_done(&text);
	return mail;
}

static struct mail *
on_next(void *owner, struct session *s)
{
	struct try *t = owner;
	struct letter *l = next_letter(t);
	struct mail *m;
	struct status st;
	struct buf why;

	(void)s;
	if (l == NULL)
		return NULL;
	buf_init(&why, 1024);
	m = make_mail(t, l, &why);
	if (m != NULL) {
		m->owner = l;
		l->state = OUT;
		t->out++;
		t->most_out = t->out > t->most_out ? t->out : t->most_out;
	} else {
		l->state = DONE;
		l->verdict = VERDICT_REJECT;
		status_local(&st, VERDICT_REJECT, SCOPE_MESSAGE, "5.6.0", "%s", buf_cstr(&why));
		trouble(t, &st);
	}
	buf_done(&why);
	return m;
}

/* Given back: the session's end says why, and whether it is tried again. */
static bool
comes_again(const struct status *st)
{
	return st->verdict == VERDICT_RECONNECT || status_is_relay(st);
}

static void
on_settled(void *owner, struct session *s, struct mail *m)
{
	struct try *t = owner;
	struct letter *l = m->owner;
	struct message *msg = m->msg;
	const struct status *st = &m->rcpt[0].status;

	t->out--;
	l->verdict = st->verdict;
	l->state = DONE;
	if (comes_again(st)) {
		l->state = WAITS;
	} else {
		say_recipient(&m->rcpt[0]);
		note_rc(t, st->verdict);
	}
	mail_free(m);
	message_close(NULL, msg);
	if (next_letter(t) == NULL && t->out == 0)
		session_quit(s);
}

static void
on_up(void *owner, struct session *s)
{
	struct try *t = owner;

	t->up = true;
	if (t->what == LOGIN)
		session_quit(s);
}

static void start_session(struct try *t);

static void
on_over(void *owner, struct session *s, const struct status *why)
{
	struct try *t = owner;
	struct status st = *why;
	bool open = t->what == SEND ? next_letter(t) != NULL : !t->up;

	session_free(s);
	t->session = NULL;
	if (t->silent) {
		say_silence(t);
	} else if (open && st.verdict == VERDICT_RECONNECT && t->connections < CONNECTIONS) {
		say_again(st.text);
		start_session(t);
		return;
	} else if (status_is_relay(&st) || open) {
		trouble(t, &st);
	}
	loop_stop(t->base);
}

static const struct session_ops session_ops = {
	.next = on_next, .settled = on_settled, .up = on_up, .over = on_over,
};

static void
on_heard(void *arg, const struct heard *h)
{
	struct try *t = arg;

	timer_set(t->silence, SILENCE_MS);
	say_heard(&t->say, h);
}

static void
on_silence(void *arg)
{
	struct try *t = arg;

	t->silent = true;
	if (t->session != NULL) {
		session_stop(t->session);
		return;
	}
	say_silence(t);
	loop_stop(t->base);
}

static void
start_session(struct try *t)
{
	struct session_params p = {
		.base = t->base, .relay = &t->relay, .tls = trust_tls(t->trust), .lacks = &t->lacks,
		.ops = &session_ops,
		.helo = t->relay.helo != NULL ? t->relay.helo : t->conf->hostname,
		.secret = buf_view(&t->secret), .trace = &t->trace, .owner = t,
	};

	t->connections++;
	say_rest(&t->say);
	timer_set(t->silence, SILENCE_MS);
	t->session = session_new(&p);
}

/* ---- the secret ---- */

static void
on_token(void *arg)
{
	struct try *t = arg;
	struct span token;

	if (!token_ask(t->token, &token))
		return;
	buf_span(&t->secret, token);
	say_step(&t->say, "token", "postern-oauth has one that is good");
	start_session(t);
}

static void
on_no_token(void *arg, const struct status *why)
{
	struct try *t = arg;

	trouble(t, why);
	loop_stop(t->base);
}

static const struct token_ops token_ops = {
	.came = on_token, .failed = on_no_token,
};

static void
ask_token(struct try *t)
{
	struct span token;

	snprintf(t->say.step, sizeof(t->say.step), "token");
	t->token = token_new(t->base, &t->relay, &token_ops, t);
	timer_set(t->silence, SILENCE_MS);
	if (token_ask(t->token, &token))
		on_token(t);
}

static const char *
secret_origin(const struct relay_conf *r)
{
	if (r->password_file != NULL)
		return r->password_file;
	return r->credential != NULL ? "the service manager's credential" : "the configuration";
}

/* False: told. */
static bool
get_secret(struct try *t)
{
	struct status st;
	struct buf why;
	bool got;

	if (t->relay.user == NULL || t->relay.oauth != NULL)
		return true;
	buf_init(&why, 4096);
	snprintf(t->say.step, sizeof(t->say.step), "secret");
	got = secret_read(&t->relay, &t->secret, &why) == 0;
	if (got) {
		buf_printf(&why, "read from %s", secret_origin(&t->relay));
		say_step(&t->say, "secret", buf_cstr(&why));
	} else {
		status_local(&st, VERDICT_CREDENTIAL, SCOPE_RELAY, "4.7.0", "%s", buf_cstr(&why));
		trouble(t, &st);
	}
	buf_done(&why);
	return got;
}

static void
converse(struct try *t)
{
	struct status st;
	struct buf why;

	say_begin(&t->say, &t->relay);
	t->trace = (struct trace){ .heard = on_heard, .arg = t };
	buf_init(&t->secret, SECRET_MAX);
	buf_room(&t->secret, SECRET_MAX);       /* growth would leave copies behind */
	buf_init(&why, 4096);
	t->base = loop_new();
	t->silence = timer_new(t->base, on_silence, t);
	snprintf(t->say.step, sizeof(t->say.step), "configuration");
	if ((t->trust = trust_new(t->base, &t->relay, &why)) == NULL) {
		status_local(&st, VERDICT_CONFIG, SCOPE_RELAY, "5.3.5", "%s", buf_cstr(&why));
		trouble(t, &st);
	} else if (get_secret(t)) {
		if (t->relay.oauth != NULL)
			ask_token(t);
		else
			start_session(t);
		loop_run(t->base);
	}
	if (t->what == SEND)
		say_result(t);
	buf_wipe(&t->secret);
	timer_free(t->silence);
	token_free(t->token);
	helper_await(t->base, RENEW_MS);
	helper_abandon();
	loop_turn(t->base);
	trust_free(t->trust);
	loop_free(t->base);
	buf_done(&why);
}

/* What would be said to the first relay, and what stands behind DATA. */
static int
show_wire(struct try *t, struct buf *why)
{
	struct message *m;
	struct mail *mail;
	struct buf text, line;

	buf_init(&text, 65536);
	buf_init(&line, 4096);
	trial_put_cron(&text, t->conf);
	m = trial_message(t->conf, NULL, t->aim.asked, buf_view(&text));
	mail = trial_mail(t->conf, &t->relay, m, t->aim.route.to.addr[0], why);
	if (mail != NULL) {
		say_begin(&t->say, &t->relay);
		buf_printf(&line, "MAIL FROM:<%s>\nRCPT TO:<%s>\n", mail->from->text, mail->rcpt[0].to->text);
		say_wire("envelope", buf_view(&line));
		say_wire("header", buf_view(&mail->head));
	}
	mail_free(mail);
	message_close(NULL, m);
	buf_done(&line);
	buf_done(&text);
	return mail != NULL ? 0 : EX_DATAERR;
}

/* ---- the whole ---- */

static void
make_letters(struct try *t)
{
	t->n = t->messages * t->aim.route.to.n;
	t->letters = xcalloc(t->n, sizeof(*t->letters));
	for (size_t i = 0; i < t->n; i++) {
		t->letters[i].number = (unsigned)(i / t->aim.route.to.n) + 1;
		t->letters[i].to = t->aim.route.to.addr[i % t->aim.route.to.n];
	}
}

static int
run(struct try *t, struct buf *why)
{
	int rc;

	if ((rc = reload_read(t->conf_path, &t->conf, why)) != 0)
		return rc == EX_NOINPUT ? EX_CONFIG : rc;
	rc = aim_take(&t->aim, t->conf, t->what == WIRE ? "root" : t->to, t->from, t->relay_name, why);
	if (rc != 0)
		return rc;
	t->relay = *t->aim.relay;
	if (t->messages > 1)
		t->relay.pipeline_depth = (t->messages + 1) / 2;
	if (t->what == WIRE)
		return show_wire(t, why);
	if (t->what == SEND)
		make_letters(t);
	converse(t);
	return t->rc;
}

static void
done(struct try *t)
{
	free(t->letters);
	aim_done(&t->aim);
	if (t->conf != NULL)
		config_free(t->conf);
}

/* ---- start ---- */

static int
arguments(struct try *t, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' }, { "relay", required_argument, NULL, 'r' },
		{ "to", required_argument, NULL, 't' }, { "from", required_argument, NULL, 'f' },
		{ "messages", required_argument, NULL, 'n' }, { NULL, 0, NULL, 0 },
	};
	static const char *const words[] = { [LOGIN] = "login", [SEND] = "send", [WIRE] = "wire" };
	uint64_t n;
	int c;

	while ((c = getopt_long(argc, argv, "c:", longs, NULL)) != -1) {
		if (c == 'c')
			t->conf_path = optarg;
		else if (c == 'r')
			t->relay_name = optarg;
		else if (c == 't')
			t->to = optarg;
		else if (c == 'f')
			t->from = optarg;
		else if (c == 'n' && text_number(span_of(optarg), MESSAGES_MAX, &n) == 0 && n > 0)
			t->messages = (unsigned)n;
		else
			return EX_USAGE;
	}
	for (t->what = LOGIN; optind < argc && t->what <= WIRE; t->what++)
		if (strcmp(argv[optind], words[t->what]) == 0)
			return optind + 1 == argc && (t->what == SEND) == (t->to != NULL) ? 0 : EX_USAGE;
	return EX_USAGE;
}

/* A credential is in a folder of the service's; there it is the daemon's to read, running or not. */
static void
borrow_credentials(void)
{
	static const char dir[] = "/run/credentials/postern.service";

	if (getenv("CREDENTIALS_DIRECTORY") == NULL && access(dir, F_OK) == 0)
		setenv("CREDENTIALS_DIRECTORY", dir, 1);
}

int
try_main(int argc, char **argv)
{
	struct try t = { .conf_path = place_conf(), .messages = 1 };
	struct buf why;
	int rc = arguments(&t, argc, argv);

	if (rc != 0) {
		fputs("usage: posternd --try login|send|wire [-c FILE] [--relay NAME] [--to ADDRESS]"
		    " [--from ADDRESS] [--messages N]\n", stderr);
		return rc;
	}
	log_open("posternd", LOG_TO_STDERR, 0, LOG_LEVEL_WARN);
	borrow_credentials();
	buf_init(&why, 8192);
	if ((rc = privilege_drop(place_spool(), &why)) == 0)
		rc = run(&t, &why);
	if (why.n > 0)
		say_error(buf_cstr(&why));
	puts("end");
	fflush(stdout);
	done(&t);
	buf_done(&why);
	return rc;
}
