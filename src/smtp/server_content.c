/*
 * server_content.c - DATA and BDAT: the content's beginning and end.  What
 * lies between goes through intake.c.
 */
#include <stdio.h>

#include "smtp/server_private.h"

static const struct refusal too_long = {
	552, "5.3.4", "the message is longer than the limit here",
};
static const struct refusal header_too_long = {
	552, "5.3.4", "the header is longer than the limit here",
};

/* May content come now?  False, and *why. */
static bool
may_come(const struct server *s, struct refusal *why)
{
	if (!s->t.open)
		*why = (struct refusal){ 503, "5.5.1", "MAIL comes first" };
	else if (s->t.env.nrcpts == 0)
		*why = (struct refusal){ 554, "5.5.1", "no valid recipients" };
	else
		return true;
	return false;
}

static void
begin(struct server *s, enum question q, bool lf)
{
	intake_start(&s->t.intake, s->config.max_message, s->config.max_header,
	    server_may(s, SERVER_LENIENT), lf);
	if (server_asks(s, q, s->ops->data != NULL))
		s->ops->data(s->arg, &s->t.env);
}

static void
give(void *arg, struct span bytes)
{
	struct server *s = arg;

	if (s->state != AT_END && s->ops->content != NULL)
		s->ops->content(s->arg, bytes);
}

static void
end(struct server *s)
{
	struct transaction *t = &s->t;

	s->state = AT_COMMAND;
	if (t->intake.over != INTAKE_FITS) {
		server_refuse(s, t->intake.over == INTAKE_TOO_LONG ? &too_long : &header_too_long);
		server_drop(s);
		return;
	}
	t->open = false;
	if (server_asks(s, ASK_END, s->ops->end != NULL))
		s->ops->end(s->arg, &t->env);
}

void
server_settle_content(struct server *s, enum question q, bool yes)
{
	if (q == ASK_CHUNKS && !yes)
		s->t.refused = (struct refusal){ .code = s->answer.code };
	else if (q == ASK_DATA && yes)
		s->state = AT_DATA;
	else if (q == ASK_DATA)
		server_drop(s);
}

/* ---- DATA ---- */

void
server_do_data(struct server *s, const struct line *line, struct span args)
{
	struct refusal why = { 503, "5.5.1", "BDAT has begun" };

	if (args.n > 0)
		server_reply(s, 501, "5.5.4", "DATA stands alone");
	else if (!may_come(s, &why) || s->t.chunks)
		server_refuse(s, &why);
	else
		begin(s, ASK_DATA, line->lf);
}

void
server_take_data(struct server *s, struct span *in)
{
	if (intake_data(&s->t.intake, in, give, s) && s->state == AT_DATA)
		end(s);
}

/* ---- BDAT (RFC 3030) ---- */

static bool
fits(const struct server *s, uint64_t more)
{
	uint64_t max = s->config.max_message, n = s->t.chunks ? s->t.intake.n : 0;

	return max == 0 || (more <= max && n <= max - more);
}

/*
 * Octets whose number cannot be read would be taken for commands, and they
 * may be anybody's text: the session ends.
 */
void
server_do_bdat(struct server *s, const struct line *line, struct span args)
{
	struct transaction *t = &s->t;

	(void)line;
	if (request_bdat(args, &t->left, &t->last) < 0) {
		server_reply(s, 501, "5.5.4", "this is BDAT SIZE [LAST]; the session ends");
		server_over(s);
		return;
	}
	t->refused = (struct refusal){ 0 };
	s->state = AT_CHUNK;
	if (may_come(s, &t->refused) && !fits(s, t->left))
		t->refused = too_long;
	if (t->refused.code != 0 || t->chunks)
		return;
	t->chunks = true;
	begin(s, ASK_CHUNKS, false);
}

/* A chunk that is refused ends the transaction: those behind it, already on
   their way, find none and are swallowed like it. */
static void
end_chunk(struct server *s)
{
	struct transaction *t = &s->t;
	char                text[64];

	s->state = AT_COMMAND;
	if (t->refused.code != 0) {
		if (t->refused.text != NULL)
			server_refuse(s, &t->refused);
		else
			server_reply_answer(s, &s->answer);     /* to the first chunk */
		server_drop(s);
	} else if (t->last || t->intake.over != INTAKE_FITS) {
		end(s);
	} else {
		snprintf(text, sizeof(text), "%llu octets so far", (unsigned long long)t->intake.n);
		server_reply(s, 250, "2.0.0", text);
	}
}

void
server_take_chunk(struct server *s, struct span *in)
{
	struct transaction *t = &s->t;
	struct span         piece = { in->p, in->n < t->left ? in->n : (size_t)t->left };

	in->p += piece.n;
	in->n -= piece.n;
	t->left -= piece.n;
	if (t->refused.code == 0)
		intake_chunk(&t->intake, piece, give, s);
	if (s->state == AT_CHUNK && t->left == 0)
		end_chunk(s);
}
