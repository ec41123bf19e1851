#include "relay/fleet.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct fleet *
fleet_new(struct event_base *base, struct config *conf, struct ledger *ledger, const struct upstream_ops *ops,
    void *owner, struct buf *why)
{
	struct fleet *f = xcalloc(1, sizeof(*f));

	f->conf = conf;
	f->up = xcalloc(conf->nrelays, sizeof(*f->up));
	f->seat = xcalloc(conf->nrelays, sizeof(*f->seat));
	for (; f->n < conf->nrelays; f->n++) {
		f->up[f->n] = upstream_new(base, conf, &conf->relays[f->n], ledger, ops, owner, why);
		if (f->up[f->n] == NULL) {
			fleet_free(f);
			return NULL;
		}
	}
	return f;
}

void
fleet_inherit(struct fleet *f, const struct fleet *from)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < from->n; k++)
			if (strcmp(upstream_conf(f->up[i])->name, upstream_conf(from->up[k])->name) == 0)
				upstream_inherit(f->up[i], from->up[k]);
}

void
fleet_set_reach(struct fleet *f, enum reach now)
{
	for (size_t i = 0; i < f->n; i++)
		upstream_set_reach(f->up[i], now);
}

bool
fleet_is_offline(const struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (upstream_is_offline(f->up[i]))
			return true;
	return false;
}

void
fleet_cut(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		upstream_cut(f->up[i]);
}

void
fleet_quit(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		upstream_quit(f->up[i]);
}

void
fleet_stop(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		upstream_stop(f->up[i]);
}

bool
fleet_is_gone(const struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (!upstream_is_gone(f->up[i]))
			return false;
	return true;
}

void
fleet_free(struct fleet *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n; i++)
		upstream_free(f->up[i]);
	free(f->up);
	free(f->seat);
	config_free(f->conf);
	free(f);
}

void
fleet_free_gone(struct fleet **list)
{
	struct fleet *f;

	while ((f = *list) != NULL) {
		if (fleet_is_gone(f)) {
			*list = f->next;
			fleet_free(f);
		} else {
			list = &f->next;
		}
	}
}

static const struct upstream *
relay_at(const struct fleet *f, size_t lane, size_t i)
{
	return f->up[f->conf->lanes[lane].relay[i]];
}

bool
fleet_carries(const struct fleet *f, const struct upstream *u, size_t lane)
{
	for (size_t i = 0; i < f->conf->lanes[lane].n; i++) {
		if (relay_at(f, lane, i) == u)
			return upstream_well(u) != RESTING || upstream_takes_urgent(u);
		if (upstream_well(relay_at(f, lane, i)) == WELL || upstream_is_at_hand(relay_at(f, lane, i)))
			return false;
	}
	return false;                   /* of another lane, or an earlier configuration */
}

bool
fleet_is_at_hand(const struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (upstream_is_at_hand(f->up[i]))
			return true;
	return false;
}

bool
fleet_is_resting(const struct fleet *f, size_t lane)
{
	for (size_t i = 0; i < f->conf->lanes[lane].n; i++)
		if (upstream_well(relay_at(f, lane, i)) != RESTING)
			return false;
	return true;
}

uint64_t
fleet_resting(const struct fleet *f)
{
	uint64_t ret = 0;

	for (size_t i = 0; i < f->conf->nlanes; i++)
		if (fleet_is_resting(f, i))
			ret |= UINT64_C(1) << i;
	return ret;
}

struct seat *
fleet_seat(const struct fleet *f, const struct upstream *u)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->up[i] == u)
			return &f->seat[i];
	return NULL;
}
