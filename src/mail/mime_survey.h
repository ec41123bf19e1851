/*
 * mime_survey.h - the first pass over a message: what each part needs.
 * Knows what may be changed; writes nothing.
 */
#ifndef MAIL_MIME_SURVEY_H
#define MAIL_MIME_SURVEY_H

#include "mail/mime.h"
#include "mail/mime_code.h"
#include "mail/mime_head.h"

struct mime_plan {
	struct mime_form form;
	const char      *frozen;        /* why nothing may be changed, or NULL */
	const char      *stuck;         /* 7 bits are asked for and this is in the way, or NULL */
	bool             head;          /* the message's own header block is to be changed */
	bool             body;          /* something behind it is */
	struct buf       parts;         /* an octet for each entity: how its body is written */
};

void mime_plan_init(struct mime_plan *p, const struct mime_form *form);
void mime_plan_done(struct mime_plan *p);

struct mime_survey;

/* head, src->arg and plan are borrowed; the plan is to be fresh. */
struct mime_survey *mime_survey_new(struct span head, const struct mime_source *src, struct mime_plan *plan);

/* Some octets further.  0: the plan is made; -EAGAIN: not yet; -EMSGSIZE; -errno of reading. */
int                 mime_survey_pass(struct mime_survey *s, size_t octets);
void                mime_survey_free(struct mime_survey *s);    /* NULL is fine */

/* How the body of entity `index` is written, and what its header block needs. */
enum mime_coding        mime_plan_coding(const struct mime_plan *p, size_t index);
struct mime_head_change mime_plan_head(const struct mime_plan *p, const struct mime_entity *e, size_t index);

#endif
