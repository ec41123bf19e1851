/* listeners.c - where a foreign system listened, and for whom. */
#include <stdlib.h>
#include <string.h>

#include "config/network.h"
#include "import/text.h"

#define BETWEEN " \t\r\n,;"

static bool
next(struct span *rest, struct span *ret)
{
	size_t i = 0, n = 0;

	if (rest->n == 0)
		return false;
	while (i < rest->n && rest->p[i] != '\0' && strchr(BETWEEN, rest->p[i]) != NULL)
		i++;
	while (i + n < rest->n && (rest->p[i + n] == '\0' || strchr(BETWEEN, rest->p[i + n]) == NULL))
		n++;
	*ret = (struct span){ rest->p + i, n };
	*rest = (struct span){ rest->p + i + n, rest->n - i - n };
	return n > 0;
}

/* "[2001:db8::]/32" is Postfix's way. */
static void
put_net(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '[' && s.p[i] != ']')
			buf_char(b, s.p[i]);
}

static bool
is_loopback(struct span net)
{
	return span_starts(net, SPAN("127.")) || span_starts(net, SPAN("::1")) ||
	    span_starts(net, SPAN("[::1]")) || span_starts(net, SPAN("[::ffff:127."));
}

static bool
is_only_this_machine(struct span nets)
{
	struct span net;

	while (next(&nets, &net))
		if (!is_loopback(net))
			return false;
	return true;
}

static void
put_allow(struct import *im, struct section *l, struct span nets, struct place at)
{
	struct span net;
	struct buf  b;

	buf_init(&b, MODEL_LINE);
	while (next(&nets, &net)) {
		buf_clear(&b);
		put_net(&b, net);
		model_append(im, l, "allow", buf_view(&b), at);
	}
	buf_done(&b);
}

static void
listen_at(struct import *im, const char *where, struct place at, struct span nets, struct place nets_at)
{
	struct section *l;

	for (size_t i = 0; i < im->nsections; i++)
		if (im->section[i]->kind == SECTION_LISTEN && strcmp(im->section[i]->title, where) == 0)
			return;
	l = model_add(im, SECTION_LISTEN, span_of(where), at);
	if (l != NULL && !is_only_this_machine(nets))
		put_allow(im, l, nets, nets_at);
}

/* Both families; a machine alone needs no list of who may. */
static void
listen_on(struct import *im, bool all, struct place at, struct span nets, struct place nets_at)
{
	listen_at(im, all ? "0.0.0.0:25" : "127.0.0.1:25", at, nets, nets_at);
	listen_at(im, all ? "[::]:25" : "[::1]:25", at, nets, nets_at);
}

static void
take_interface(struct import *im, struct span s, struct place at, struct span nets, struct place nets_at)
{
	struct address a;
	struct buf     where;

	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = (struct span){ s.p + 1, s.n - 2 };
	if (span_ieq(s, SPAN("loopback-only")) || span_ieq(s, SPAN("localhost"))) {
		listen_on(im, false, at, nets, nets_at);
	} else if (span_ieq(s, SPAN("all")) || span_eq(s, SPAN("0.0.0.0")) || span_eq(s, SPAN("::0")) ||
	    span_eq(s, SPAN("::"))) {
		listen_on(im, !is_only_this_machine(nets), at, nets, nets_at);
	} else if (!address_parse(s, &a)) {
		model_left(im, at, SPAN("interface"), "not an address; write listen \"ADDRESS:25\" { }");
	} else if (!address_is_loopback(&a) && is_only_this_machine(nets)) {
		model_left(im, at, SPAN("interface"), "nobody but this machine might send there; "
		    "write listen \"127.0.0.1:25\" { } if programs send by SMTP");
	} else {
		buf_init(&where, 128);
		buf_printf(&where, memchr(s.p, ':', s.n) != NULL ? "[%.*s]:25" : "%.*s:25", (int)s.n, s.p);
		listen_at(im, buf_cstr(&where), at, nets, nets_at);
		buf_done(&where);
	}
}

void
listeners_put(struct import *im, struct span interfaces, struct place at, struct span nets, struct place nets_at)
{
	struct span one;

	while (next(&interfaces, &one))
		take_interface(im, one, at, nets, nets_at);
}
