#include "relay/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "config/oauth_request.h"
#include "net/helper.h"
#include "net/loop.h"
#include "spool/place.h"

#define HELPER_LIMIT_MS  120000         /* its own limits (a lock 50 s, a request 45 s) come first */
#define ANSWER_MAX       32768
#define TOKEN_MAX        8192
#define FIRST_LOOK_MS    0
/* Without mail too: Entra lets 90 days unused be the end, and what is broken is to be known within a day. */
#define LOOK_AGAIN_MS    (12 * 3600 * 1000)
#define PAUSE_MAX_S      (6 * 3600)     /* whatever a service says in Retry-After */
#define SCOPE_MAX        2048
#define DAY_S            86400
#define WARN_S           (3 * DAY_S)    /* before a consent ends: a weekend is no excuse */
#define AGAIN_MS         60000          /* a renewal that failed while the present token is good */

struct token {
	struct event_base       *base;
	const struct relay_conf *relay;
	struct token_ops         ops;
	void                    *arg;
	char                     path[4096];    /* of the token file */
	struct helper           *helper;        /* under way */
	struct timer            *look;

	struct buf               access;        /* empty: none */
	uint64_t                 serial;
	int64_t                  good_mono_ms, good_wall_s;     /* its end, by two clocks: the first to come counts */
	int64_t                  due_mono_ms;
	int64_t                  granted_s, issued_s, ends_s;   /* of the consent; ends_s: as its provider said */
	struct buf               scope;
	int64_t                  warned_s;      /* when its end was last told */
	bool                     wanted;        /* somebody waits for came() or failed() */
	bool                     doubted;       /* the one with this serial was refused … */
	bool                     renewed;       /* … and so this was made in its place */
	char                     hint[256];
};

static const char *program = "postern-oauth";

void
token_set_helper(const char *path)
{
	program = path;
}

/* ---- the question ---- */

static int
put_request(const struct token *t, struct buf *b, struct buf *why)
{
	if (t->doubted)
		buf_printf(b, "not-serial %llu\n", (unsigned long long)t->serial);
	return oauth_request_put(b, t->relay, "token", t->path, why);
}

/* ---- the answer ---- */

static bool
is_good(const struct token *t)
{
	return t->access.n > 0 && clock_mono_ms() < t->good_mono_ms && clock_wall_s() < t->good_wall_s;
}

static int64_t
number(struct span s)
{
	uint64_t n;

	return text_number(s, INT64_MAX / 1000, &n) == 0 ? (int64_t)n : 0;
}

static void
take_line(struct token *t, struct span name, struct span value)
{
	uint64_t serial;

	if (span_eq(name, SPAN("token"))) {
		buf_wipe(&t->access);
		buf_room(&t->access, TOKEN_MAX);
		text_percent(value, &t->access);
	} else if (span_eq(name, SPAN("serial"))) {
		if (text_number(value, INT64_MAX, &serial) == 0)
			t->serial = serial;
	} else if (span_eq(name, SPAN("expires"))) {
		t->good_mono_ms = clock_mono_ms() + number(value) * 1000;
		t->good_wall_s = clock_wall_s() + number(value);
	} else if (span_eq(name, SPAN("due"))) {
		t->due_mono_ms = clock_mono_ms() + number(value) * 1000;
	} else if (span_eq(name, SPAN("granted"))) {
		t->granted_s = number(value);
	} else if (span_eq(name, SPAN("issued"))) {
		t->issued_s = number(value);
	} else if (span_eq(name, SPAN("ends"))) {
		t->ends_s = number(value);
	} else if (span_eq(name, SPAN("scope"))) {
		buf_clear(&t->scope);
		text_percent(value, &t->scope);
	}
}

static bool
take_token(struct token *t, struct span out)
{
	struct span line, name;

	while (span_cut(&out, '\n', &line))
		if (span_cut(&line, ' ', &name))
			take_line(t, name, line);
	return is_good(t);
}

/* KIND text=... hint=... retry-after=... */
static void
take_error(struct token *t, struct span line, struct status *ret)
{
	struct span kind = SPAN(""), pair, name;
	struct buf text, hint;
	int64_t retry_after_s = 0;
	enum verdict v;

	buf_init(&text, 2048);
	buf_init(&hint, 2048);
	span_cut(&line, ' ', &kind);
	while (span_cut(&line, ' ', &pair)) {
		if (!span_cut(&pair, '=', &name))
			continue;
		if (span_eq(name, SPAN("text")))
			text_percent(pair, &text);
		else if (span_eq(name, SPAN("hint")))
			text_percent(pair, &hint);
		else if (span_eq(name, SPAN("retry-after")))
			retry_after_s = number(pair);
	}
	v = span_eq(kind, SPAN("person")) ? VERDICT_CREDENTIAL : span_eq(kind, SPAN("config")) ? VERDICT_CONFIG :
	    VERDICT_PAUSE;
	status_local(ret, v, SCOPE_RELAY, "4.7.0", "no OAuth token: %s", buf_cstr(&text));
	snprintf(t->hint, sizeof(t->hint), "%s", buf_cstr(&hint));
	ret->hint = t->hint[0] != '\0' ? t->hint : NULL;
	if (v == VERDICT_PAUSE)
		ret->pause_s = retry_after_s < PAUSE_MAX_S ? (int)retry_after_s : PAUSE_MAX_S;
	buf_done(&text);
	buf_done(&hint);
}

static int64_t
earlier(int64_t a_s, int64_t b_s)
{
	return a_s == 0 || (b_s > 0 && b_s < a_s) ? b_s : a_s;
}

/* Without use it ends too; each renewal is a use. */
int64_t
token_ends_s(const struct token *t)
{
	const struct oauth_conf *o = t->relay->oauth;
	int64_t ends_s = t->ends_s;

	if (t->granted_s == 0)
		return 0;
	if (o->grant_s > 0)
		ends_s = earlier(ends_s, t->granted_s + o->grant_s);
	if (o->unused_s > 0 && t->issued_s > 0)
		ends_s = earlier(ends_s, t->issued_s + o->unused_s);
	return ends_s;
}

/* Once a day, while mail still goes. */
static void
warn_of_end(struct token *t)
{
	int64_t now_s = clock_wall_s(), ends_s = token_ends_s(t);
	struct buf left;

	if (ends_s == 0 || ends_s - now_s > WARN_S || (t->warned_s <= now_s && now_s - t->warned_s < DAY_S))
		return;
	t->warned_s = now_s;
	buf_init(&left, 64);
	text_put_duration(&left, ends_s > now_s ? ends_s - now_s : 0);
	log_warn("relay=%s, status=consent-ends, left=%s; agree again before: postern login %s", t->relay->name,
	    buf_cstr(&left), t->relay->name);
	buf_done(&left);
}

static void
came(struct token *t)
{
	bool wanted = t->wanted;

	warn_of_end(t);

	t->wanted = false;
	t->renewed = t->doubted;
	t->doubted = false;
	timer_set(t->look, LOOK_AGAIN_MS);
	if (wanted)
		t->ops.came(t->arg);
}

/*
 * While the present token is good, mail goes on; but whoever could repair it
 * is told now and not when it has ended.
 */
static void
failed(struct token *t, const struct status *why)
{
	bool wanted = t->wanted, person = why->verdict != VERDICT_PAUSE;
	int64_t again_ms = why->pause_s > 0 ? why->pause_s * INT64_C(1000) : AGAIN_MS;

	timer_set(t->look, LOOK_AGAIN_MS);
	if (!t->doubted && is_good(t)) {
		t->due_mono_ms = clock_mono_ms() + again_ms;
		log_write(person ? LOG_LEVEL_ALERT : LOG_LEVEL_WARN,
		    "relay=%s, reason=%s%s%s; the present token is good for %lld s", t->relay->name, why->text,
		    why->hint != NULL ? " - " : "", why->hint != NULL ? why->hint : "",
		    (long long)(t->good_wall_s - clock_wall_s()));
		return;
	}
	t->wanted = false;
	if (wanted || person)
		t->ops.failed(t->arg, why);
}

static void
on_answer(void *arg, const struct helper_answer *a)
{
	struct token *t = arg;
	struct status why;
	struct span out = a->out, word;

	t->helper = NULL;
	if (!a->ok)
		status_local(&why, VERDICT_PAUSE, SCOPE_RELAY, "4.7.0", "no OAuth token: %s", a->why);
	else if (span_starts(out, SPAN("error "))) {
		span_cut(&out, ' ', &word);
		span_cut(&out, '\n', &word);
		take_error(t, word, &why);
	} else if (take_token(t, out)) {
		came(t);
		return;
	} else {
		status_local(&why, VERDICT_PAUSE, SCOPE_RELAY, "4.7.0", "no OAuth token: %s gave none", program);
	}
	failed(t, &why);
}

/* ---- asking ---- */

/* "from the loop" also where no helper was run. */
static void
answer_no_secret(struct token *t, int rc, const char *text)
{
	struct status why;

	status_local(&why, rc == EX_TEMPFAIL ? VERDICT_PAUSE : VERDICT_CONFIG, SCOPE_RELAY, "4.7.0", "%s", text);
	failed(t, &why);
}

static void
start(struct token *t)
{
	static const char *const pass[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", NULL,
	};
	const char *const argv[] = { program, NULL };
	struct helper_call c = { .argv = argv, .pass = pass, .limit_ms = HELPER_LIMIT_MS, .max_bytes = ANSWER_MAX };
	struct buf request, why;
	int rc;

	buf_init(&request, OAUTH_REQUEST_MAX);
	buf_room(&request, OAUTH_REQUEST_MAX);        /* growth would leave copies of the secret behind */
	buf_init(&why, 1024);
	if ((rc = put_request(t, &request, &why)) != 0) {
		answer_no_secret(t, rc, buf_cstr(&why));
	} else {
		c.input = buf_view(&request);
		t->helper = helper_call(t->base, &c, on_answer, t);
	}
	buf_wipe(&request);
	buf_done(&why);
}

static void
on_look(void *arg)
{
	struct token *t = arg;

	if (t->helper == NULL)
		start(t);
}

bool
token_ask(struct token *t, struct span *ret)
{
	bool good = is_good(t) && !t->doubted;

	if (!good)
		t->wanted = true;
	if (t->helper == NULL && (!good || clock_mono_ms() >= t->due_mono_ms))
		timer_set(t->look, 0);
	if (good)
		*ret = buf_view(&t->access);
	return good;
}

bool
token_refused(struct token *t)
{
	if (t->doubted)
		return true;            /* another connection was first */
	if (t->renewed)
		return false;
	t->doubted = true;
	t->wanted = true;
	timer_set(t->look, 0);
	return true;
}

void
token_worked(struct token *t)
{
	t->renewed = false;
}

void
token_changed(struct token *t)
{
	t->renewed = false;
	buf_wipe(&t->access);
	timer_set(t->look, 0);
}

int64_t
token_expires_s(const struct token *t)
{
	return t->access.n > 0 ? t->good_wall_s : 0;
}

const char *
token_scope(const struct token *t)
{
	return buf_cstr(&t->scope);
}

/* ---- life ---- */

struct token *
token_new(struct event_base *base, const struct relay_conf *relay, const struct token_ops *ops, void *arg)
{
	struct token *t = xcalloc(1, sizeof(*t));
	struct buf path;

	t->base = base;
	t->relay = relay;
	t->ops = *ops;
	t->arg = arg;
	buf_init(&path, sizeof(t->path) - 1);
	if (relay->oauth->token_file != NULL)
		buf_str(&path, relay->oauth->token_file);
	else
		place_put_token(&path, relay->name);
	snprintf(t->path, sizeof(t->path), "%s", buf_cstr(&path));
	buf_done(&path);
	buf_init(&t->access, TOKEN_MAX);
	buf_init(&t->scope, SCOPE_MAX);
	t->look = timer_new(base, on_look, t);
	timer_set(t->look, FIRST_LOOK_MS);
	return t;
}

void
token_free(struct token *t)
{
	if (t == NULL)
		return;
	helper_leave(t->helper);
	timer_free(t->look);
	buf_wipe(&t->access);
	buf_done(&t->scope);
	free(t);
}
