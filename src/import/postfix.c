/*
 * postfix.c - main.cf: parameters with their continuation lines, the values
 * of $others in them, and what they mean here.  Its tables: maps.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "import/postfix.h"
#include "import/sources.h"

#define PARAMETERS_MAX 1000
#define EXPANSION_MAX  65536
#define EXPANSION_DEEP 20
#define EXPANSION_STEPS 1000

/* ---- reading ---- */

/* A line that begins with a blank goes on with the one before; comments may stand between. */
static bool
logical_line(struct text *t, struct buf *ret, struct place *at)
{
	struct span line, bare;
	unsigned    first = 0;

	buf_clear(ret);
	while (t->rest.n > 0) {
		struct span rest = t->rest;

		span_cut(&rest, '\n', &line);
		bare = span_trim(line);
		if (bare.n > 0 && bare.p[0] != '#') {
			bool more = line.p[0] == ' ' || line.p[0] == '\t';

			if (!more && first != 0)
				break;
			if (first == 0)
				first = t->lines + 1;
			buf_char(ret, ' ');
			buf_span(ret, bare);
		}
		t->rest = rest;
		t->lines++;
	}
	*at = (struct place){ t->at.file, first };
	return first != 0;
}

static struct parameter *
find(const struct postfix *p, struct span name)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->parameter[i].name_n == name.n && memcmp(p->parameter[i].name, name.p, name.n) == 0)
			return &p->parameter[i];
	return NULL;
}

static void
take_line(struct postfix *p, struct span line, struct place at)
{
	struct span name, value = line;
	struct parameter *q;

	span_cut(&value, '=', &name);
	name = span_trim(name);
	if (name.n == 0 || name.n + 1 >= line.n || memchr(name.p, ' ', name.n) != NULL) {
		model_left(p->im, at, SPAN("line"), "not understood; it should be NAME = VALUE");
		return;
	}
	if ((q = find(p, name)) == NULL) {
		if (p->n == PARAMETERS_MAX) {
			model_left(p->im, at, name, "too many parameters");
			return;
		}
		q = &p->parameter[p->n++];
		q->name = span_dup(name);
		q->name_n = name.n;
	}
	free(q->text);
	q->text = span_dup(span_trim(value));
	q->at = at;
}

/* ---- $name, ${name}, ${name?text}, ${name:text} ---- */

static const struct {
	const char *name, *text;
} defaults[] = {
	{ "config_directory", "/etc/postfix" }, { "data_directory", "/var/lib/postfix" },
	{ "mydestination", "$myhostname, localhost.$mydomain, localhost" },
	{ "myorigin", "$myhostname" }, { "smtp_generic_maps", "" }, { "alias_maps", "" },
};

static void expand(struct postfix *p, struct span s, int deep, struct buf *out);

static void
expand_name(struct postfix *p, struct span name, int deep, struct buf *out)
{
	struct parameter *q = find(p, name);
	const char *dot;

	if (q != NULL) {
		q->used = true;
		expand(p, span_of(q->text), deep + 1, out);
		return;
	}
	/* Without its own value mydomain is myhostname less its first part. */
	if (span_eq(name, SPAN("mydomain"))) {
		struct buf host;

		buf_init(&host, 1024);
		expand_name(p, SPAN("myhostname"), deep + 1, &host);
		out->over = out->over || host.over;
		dot = strchr(buf_cstr(&host), '.');
		buf_str(out, dot != NULL ? dot + 1 : "");
		buf_done(&host);
		return;
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (span_eq(name, span_of(defaults[i].name)))
			expand(p, span_of(defaults[i].text), deep + 1, out);
}

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* What stands in the braces; nested ones are not looked for. */
static void
expand_braces(struct postfix *p, struct span in, int deep, struct buf *out)
{
	struct span name = { in.p, 0 }, rest;
	const struct parameter *q;

	while (name.n < in.n && is_name_char(in.p[name.n]))
		name.n++;
	rest = (struct span){ in.p + name.n, in.n - name.n };
	if (rest.n == 0) {
		expand_name(p, name, deep, out);
		return;
	}
	q = find(p, name);
	if ((rest.p[0] == '?' && q != NULL && q->text[0] != '\0') ||
	    (rest.p[0] == ':' && (q == NULL || q->text[0] == '\0')))
		expand(p, (struct span){ rest.p + 1, rest.n - 1 }, deep + 1, out);
}

static void
expand(struct postfix *p, struct span s, int deep, struct buf *out)
{
	/* It goes round; or doubles with each name, and comes to nothing each time. */
	if (deep > EXPANSION_DEEP || ++p->steps > EXPANSION_STEPS) {
		out->over = true;
		return;
	}
	for (size_t i = 0; i < s.n && !out->over; i++) {
		struct span name = { s.p + i + 1, 0 };
		const char *close;

		if (s.p[i] != '$' || i + 1 == s.n) {
			buf_char(out, s.p[i]);
		} else if (s.p[i + 1] == '$') {
			buf_char(out, s.p[++i]);
		} else if (s.p[i + 1] == '{' || s.p[i + 1] == '(') {
			close = memchr(s.p + i, s.p[i + 1] == '{' ? '}' : ')', s.n - i);
			if (close == NULL)
				return;
			expand_braces(p, (struct span){ s.p + i + 2, (size_t)(close - s.p) - i - 2 }, deep, out);
			i = (size_t)(close - s.p);
		} else {
			while (i + 1 + name.n < s.n && is_name_char(name.p[name.n]))
				name.n++;
			expand_name(p, name, deep, out);
			i += name.n;
		}
	}
}

bool
postfix_value(struct postfix *p, const char *name, struct buf *ret, struct place *ret_at)
{
	struct parameter *q = find(p, span_of(name));
	struct span trimmed;

	buf_clear(ret);
	if (q == NULL)
		return false;
	q->used = true;
	p->steps = 0;
	expand(p, span_of(q->text), 0, ret);
	*ret_at = q->at;
	if (ret->over) {
		model_left(p->im, q->at, span_of(name), "it refers to itself, or is too long");
		buf_clear(ret);
		return false;
	}
	if (ret->n == 0)
		return true;
	trimmed = span_trim(buf_view(ret));
	buf_cut(ret, (size_t)(trimmed.p - ret->p) + trimmed.n);
	buf_drop(ret, (size_t)(trimmed.p - ret->p));
	return true;
}

bool
postfix_list(struct postfix *p, const char *name, struct buf *ret, struct place *ret_at)
{
	if (!postfix_value(p, name, ret, ret_at))
		return false;
	for (size_t i = 0; i < ret->n; i++)
		if (ret->p[i] == ',')
			ret->p[i] = ' ';
	return true;
}

/* ---- what they mean ---- */

/* A file's first line, where a parameter names one: myorigin = /etc/mailname. */
static void
set_name(struct postfix *p, const char *parameter, const char *option, struct buf *v)
{
	struct place at;
	struct text  t;
	struct span  line;

	if (!postfix_value(p, parameter, v, &at) || v->n == 0)
		return;
	if (v->p[0] != '/') {
		model_set(p->im, model_top(p->im), option, buf_view(v), at);
		return;
	}
	if (text_open_named(&t, p->im, buf_cstr(v), at, span_of(parameter)) && text_line(&t, &line))
		model_set(p->im, model_top(p->im), option, line, t.at);
	text_done(&t);
}

static void
put_size(struct postfix *p, struct buf *v)
{
	struct place at;
	uint64_t     n;

	if (!postfix_value(p, "message_size_limit", v, &at))
		return;
	if (text_number(buf_view(v), UINT64_MAX, &n) == 0 && n == 0)
		model_set(p->im, model_queue(p->im), "max-message", SPAN("4G"), at);
	else
		model_set(p->im, model_queue(p->im), "max-message", buf_view(v), at);
}

/* Times are 5d, 4h, 30m, 10s as here; a number alone is days for the first, hours for the second. */
static void
put_time(struct postfix *p, const char *parameter, const char *option, char unit, struct buf *v)
{
	struct place at;
	uint64_t     n;

	if (!postfix_value(p, parameter, v, &at))
		return;
	if (text_number(buf_view(v), UINT64_MAX, &n) == 0) {
		if (n == 0)
			return;
		buf_char(v, unit);
	}
	model_set(p->im, model_queue(p->im), option, buf_view(v), at);
}

static void
put_listeners(struct postfix *p, struct buf *v)
{
	struct place at = model_place(p->im, buf_cstr(&p->im->source), 0), nets_at = at;
	struct buf   nets;

	buf_init(&nets, EXPANSION_MAX);
	postfix_value(p, "mynetworks", &nets, &nets_at);
	if (nets.n > 0 && (nets.p[0] == '/' || memmem(nets.p, nets.n, ":/", 2) != NULL)) {
		model_left(p->im, nets_at, SPAN("mynetworks"),
		    "a table of networks; write them into allow of a listener");
		buf_clear(&nets);
	}
	/* It listens everywhere unless it is told not to. */
	postfix_value(p, "inet_interfaces", v, &at);
	listeners_put(p->im, v->n > 0 ? buf_view(v) : SPAN("all"), at, buf_view(&nets), nets_at);
	buf_done(&nets);
}

/* masquerade_domains is the same list here. */
static void
put_masquerade(struct postfix *p, const char *parameter, const char *option, struct buf *v)
{
	struct place at;
	struct span  rest, word;

	if (!postfix_value(p, parameter, v, &at))
		return;
	for (size_t i = 0; i < v->n; i++)
		if (v->p[i] == ',' || v->p[i] == '\n')
			v->p[i] = ' ';
	rest = buf_view(v);
	while ((word = text_word(&rest)).n > 0)
		model_append(p->im, model_top(p->im), option, word, at);
}

static void
put_names(struct postfix *p, struct buf *v)
{
	set_name(p, "myhostname", "hostname", v);
	set_name(p, "myorigin", "domain", v);
	put_masquerade(p, "masquerade_domains", "masquerade", v);
	put_masquerade(p, "masquerade_exceptions", "masquerade-exceptions", v);
	if (find(p, SPAN("mydomain")) != NULL)
		find(p, SPAN("mydomain"))->used = true;
}

int
postfix_read(struct import *im, const char *path)
{
	struct postfix p = { .im = im, .parameter = xcalloc(PARAMETERS_MAX, sizeof(*p.parameter)) };
	struct text    t;
	struct buf     line;
	struct place   at;
	int            r = text_open(&t, im, path);

	buf_init(&line, EXPANSION_MAX);
	while (r == 0 && logical_line(&t, &line, &at)) {
		if (line.over)
			model_left(im, at, SPAN("line"), "too long; %u bytes at the most", (unsigned)EXPANSION_MAX);
		else
			take_line(&p, span_trim(buf_view(&line)), at);
	}
	text_done(&t);
	if (r == 0) {
		put_names(&p, &line);
		postfix_put_relays(&p);
		postfix_put_maps(&p);
		put_size(&p, &line);
		put_time(&p, "maximal_queue_lifetime", "expire", 'd', &line);
		put_time(&p, "delay_warning_time", "warn-after", 'h', &line);
		put_listeners(&p, &line);
		postfix_put_left(&p);
	}
	for (size_t i = 0; i < p.n; i++) {
		free(p.parameter[i].name);
		free(p.parameter[i].text);
	}
	free(p.parameter);
	buf_done(&line);
	return r;
}
