/* trouble.c - the causes that are known, as a table. */
#include "oauth/trouble.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AGAIN  "somebody has to agree again: postern login"
#define SECRET "look at client-id and client-secret-file"
#define KEY    "look at the clock of this machine, at subject, and whether the key still exists"

/* The first that fits counts: numbers of a service before the word that they stand under. */
static const struct cause {
	const char       *error;        /* NULL: any */
	const char       *piece;        /* of the description; NULL: any */
	enum trouble_kind kind;
	bool              final;
	const char       *hint;
} causes[] = {
	{ NULL, "AADSTS700082", TROUBLE_PERSON, true, "unused for 90 days; " AGAIN },
	{ NULL, "AADSTS70008:", TROUBLE_PERSON, true, "expired; " AGAIN },
	{ NULL, "AADSTS700084", TROUBLE_PERSON, true, "24 hours is all that a browser's registration gets; "
	    "register a desktop client; " AGAIN },
	{ NULL, "AADSTS70043", TROUBLE_PERSON, true, "a policy of the tenant wants a login this often; " AGAIN },
	{ NULL, "AADSTS50173", TROUBLE_PERSON, true, "revoked, or the password was changed; " AGAIN },
	{ NULL, "AADSTS50076", TROUBLE_PERSON, true, "the tenant wants a second factor; " AGAIN },
	{ NULL, "AADSTS50078", TROUBLE_PERSON, true, "the tenant wants a second factor; " AGAIN },
	{ NULL, "AADSTS50079", TROUBLE_PERSON, true, "the tenant wants a second factor; " AGAIN },
	{ NULL, "AADSTS65001", TROUBLE_PERSON, true, "nobody agreed to this client: the account or an "
	    "administrator has to; " AGAIN },
	{ NULL, "AADSTS7000215", TROUBLE_CONFIG, false, "the secret is wrong: client-secret-file holds its value, "
	    "not its ID" },
	{ NULL, "AADSTS7000222", TROUBLE_CONFIG, false, "the secret has expired: make a new one, and write it into "
	    "client-secret-file" },
	{ NULL, "AADSTS7000218", TROUBLE_CONFIG, false, "add client-secret-file, or allow public client flows "
	    "in the app's registration" },
	{ NULL, "AADSTS700025", TROUBLE_CONFIG, false, "this is a public client: take client-secret-file out" },
	{ NULL, "AADSTS700016", TROUBLE_CONFIG, false, "the tenant knows no such client: look at client-id and "
	    "tenant" },
	{ NULL, "AADSTS90002", TROUBLE_CONFIG, false, "there is no such tenant: look at tenant" },
	{ "authorization_pending", NULL, TROUBLE_PENDING, false, NULL },
	{ "slow_down", NULL, TROUBLE_SLOWER, false, NULL },
	{ "expired_token", NULL, TROUBLE_PERSON, false, "the code was not typed in in time: start again" },
	{ "authorization_declined", NULL, TROUBLE_PERSON, false, "it was refused: start again" },
	{ "invalid_grant", NULL, TROUBLE_PERSON, true, "expired or revoked; a changed password revokes it too, and "
	    "so do 7 days at Google while its consent screen is in testing; " AGAIN },
	{ "interaction_required", NULL, TROUBLE_PERSON, false, AGAIN },
	{ "consent_required", NULL, TROUBLE_PERSON, false, AGAIN },
	{ "login_required", NULL, TROUBLE_PERSON, false, AGAIN },
	{ "admin_policy_enforced", NULL, TROUBLE_PERSON, false, "an administrator has to allow this client its scope" },
	{ "org_internal", NULL, TROUBLE_PERSON, false, "the client is for accounts of its own organisation" },
	{ "access_denied", NULL, TROUBLE_PERSON, false, "the account or an administrator said no" },
	{ "invalid_client", NULL, TROUBLE_CONFIG, false, SECRET },
	{ "deleted_client", NULL, TROUBLE_CONFIG, false, "the client does not exist any more: make a new one" },
	{ "unauthorized_client", NULL, TROUBLE_CONFIG, false, "the client may not do this: allow the flow in its "
	    "registration, or, for a service account, its ID and the scope in the admin console (up to a day)" },
	{ "invalid_scope", NULL, TROUBLE_CONFIG, false, "look at scope" },
	{ "invalid_request", NULL, TROUBLE_CONFIG, false, "look at the oauth section" },
	{ "unsupported_grant_type", NULL, TROUBLE_CONFIG, false, "the provider does not do this flow" },
	{ "temporarily_unavailable", NULL, TROUBLE_WAIT, false, NULL },
	{ "server_error", NULL, TROUBLE_WAIT, false, NULL },
};

int
trouble_set(struct trouble *t, enum trouble_kind kind, const char *hint, const char *fmt, ...)
{
	va_list ap;

	memset(t, 0, sizeof(*t));
	t->kind = kind;
	t->hint = hint;
	va_start(ap, fmt);
	vsnprintf(t->text, sizeof(t->text), fmt, ap);
	va_end(ap);
	for (char *c = t->text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return -1;
}

const char *
trouble_name(enum trouble_kind kind)
{
	static const char *const names[] = {
		[TROUBLE_NONE] = "none", [TROUBLE_WAIT] = "wait", [TROUBLE_PERSON] = "person",
		[TROUBLE_CONFIG] = "config", [TROUBLE_PENDING] = "pending", [TROUBLE_SLOWER] = "slower",
	};

	return names[kind];
}

static const struct cause *
find(const char *error, const char *description)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		const struct cause *c = &causes[i];

		if ((c->error == NULL || strcmp(c->error, error) == 0) &&
		    (c->piece == NULL || strstr(description, c->piece) != NULL))
			return c;
	}
	return NULL;
}

void
trouble_judge(struct trouble *t, const char *error, const char *description, bool key)
{
	const struct cause *c = find(error, description);
	size_t first = strcspn(description, "\n\r");    /* what follows is for their support */

	trouble_set(t, TROUBLE_CONFIG, NULL, "%.60s%s%.*s", error, first > 0 ? ": " : "",
	    (int)(first < 300 ? first : 300), description);
	if (c == NULL)
		return;
	t->kind = c->kind;
	t->hint = c->hint;
	t->final = c->final;
	if (key && c->kind == TROUBLE_PERSON && c->final) {
		t->kind = TROUBLE_CONFIG;
		t->final = false;
		t->hint = KEY;
	}
}
