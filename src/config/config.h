/*
 * config.h - the configuration as one immutable struct, checked as a whole
 * before anyone sees it.  libconfuse is read once and stays in this folder.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/pin.h"
#include "config/network.h"
#include "mail/addr.h"
#include "smtp/rules.h"

enum tls_mode { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };

enum from_header { FROM_KEEP, FROM_REWRITE, FROM_REWRITE_LOCAL };

/* What a map is for: bits. */
enum map_use { MAP_SENDER = 1, MAP_RECIPIENT = 2, MAP_BOTH = 3 };

struct mapfile;                 /* mapfile.h */

/*
 * One map { }: an address that fits `from` becomes `to` (mail/pattern.h), or
 * a line of the file says what it becomes.  by_user: the file's lines are for
 * login names, and for this host's addresses.
 */
struct map_conf {
	char           *from, *to;      /* NULL with a file */
	struct mapfile *file;           /* or NULL */
	char           *user;           /* only in mail of this login name, with stars; NULL: in all */
	unsigned        apply;          /* enum map_use */
	bool            by_user;
};

/*
 * A lane: one ordered list of relays, of which the first that is well
 * carries.  Lane 0 is the option relays; each other list of a route is one,
 * and each relay alone.  The queue keeps a bit for each with every message.
 */
#define LANES_MAX 64

struct lane_conf {
	size_t *relay;                  /* in config.relays */
	size_t  n;                      /* at least one */
};

/* One route { }: mail that all of these fit (NULL: any) goes by this lane. */
struct route_conf {
	char  *sender, *recipient;      /* patterns (mail/pattern.h) */
	char  *user;                    /* a login name */
	size_t lane;
};

struct secret_source;           /* secret.h */

enum oauth_flow { FLOW_BROWSER, FLOW_DEVICE, FLOW_CLIENT, FLOW_KEY };

/* Where a relay's tokens come from.  NULL where not given, or not needed. */
struct oauth_conf {
	enum oauth_flow flow;
	char    *authorize_endpoint, *token_endpoint, *device_endpoint;
	char    *discovery;             /* an issuer: what of the endpoints is missing is asked there */
	char    *authorize_extra;
	char    *scope;                 /* never NULL */
	char    *client_id;             /* NULL: FLOW_KEY */
	char    *client_secret_file;
	char    *key_file;              /* FLOW_KEY: never NULL */
	char    *subject;               /* whom a service account acts as; the user when not given */
	char    *token_file;            /* NULL: place_put_token() */
	char    *redirect_host;
	unsigned redirect_port;         /* 0: any */
	int64_t  grant_s, unused_s;     /* how long a consent lasts: from its day on, and without use; 0: not known */
	char    *ca_file;
};

/* One relay.  Strings are owned by the config; NULL where not given unless said otherwise. */
struct relay_conf {
	char         *name;
	char         *provider;
	char         *host;             /* never NULL */
	unsigned      port;
	enum tls_mode tls;
	char         *auth;             /* allowed mechanisms, upper case, blanks between; NULL: all */
	char         *user;             /* NULL: no AUTH */
	char         *password_file;
	char         *credential;       /* a name under $CREDENTIALS_DIRECTORY */
	char         *password;         /* inline */
	char        **password_command; /* argv, NULL-ended; or NULL */
	int64_t       password_ttl_s;   /* how long what it said is kept */
	struct oauth_conf *oauth;       /* tokens and no password; or NULL */
	unsigned      app_password_letters;     /* so many letters are shown with blanks between; 0: none */
	char         *ca_file;
	char         *ca_path;
	char         *client_cert;      /* PEM, with what stands between it and the root; NULL: none */
	char         *client_key;       /* NULL without a certificate; its file where none was named */
	struct pin   *pins;             /* keys that the server may have */
	size_t        npins;
	bool          dane;             /* ask DNS which certificate it is to have */
	char         *tls_min;
	char         *tls_ciphers;      /* NULL: the library's */
	bool          insecure;         /* tls = none beyond loopback, in words */
	bool          verify;           /* the certificate's chain and name */
	struct addr  *from;             /* NULL: the envelope sender is kept */
	enum from_header from_header;
	char         *helo;             /* EHLO name; NULL: config.hostname */
	unsigned      connections;
	unsigned      pipeline_depth;
	int64_t       idle_s;
	unsigned      recipients_per_message;
	unsigned      messages_per_minute;      /* these: 0: no limit */
	unsigned      messages_per_hour;
	unsigned      messages_per_day;         /* of the 24 hours that end now */
	unsigned      recipients_per_day;
	bool          null_sender;      /* false: MAIL FROM:<> is refused there */
	bool          chunking;         /* false: never BDAT */
	size_t        lane;             /* this relay alone */
	struct rules  rules;            /* the admin's own, then the provider's */
};

/* Above per_user messages in per_s what a user sends is held. */
struct flood_conf {
	unsigned per_user;              /* 0: there is no guard */
	int64_t  per_s;
	char   **exempt;                /* login names, of listeners too, and networks; NULL-ended; NULL: none */
};

/* What a login there is with. */
enum with relay_conf_with(const struct relay_conf *r);

enum listen_kind { LISTEN_ADDRESS, LISTEN_UNIX, LISTEN_PASSED };

/*
 * One listener.  Who may send: those of `allow`, and with users_file whoever
 * logs in; with neither, this machine alone.  auth_required: only those of
 * allow, where it is given, may come, and they must log in.
 */
struct listen_conf {
	char            *at;            /* as written: "127.0.0.1:25", "/path", "fd:NAME" */
	enum listen_kind kind;
	struct address   address;       /* LISTEN_ADDRESS */
	unsigned         port;
	struct network  *allow;
	size_t           nallow;
	enum tls_mode    tls;
	char            *cert, *key;    /* NULL with TLS_NONE */
	char            *tls_min;
	char            *users_file;
	bool             auth_required;
	unsigned         clients;
	unsigned         clients_per_address;   /* 0: not said */
	unsigned         recipients;
	unsigned         errors;
	int64_t          idle_s;
};

struct config {
	char     *path;                 /* the file it came from */
	char     *hostname;             /* never NULL: gethostname's FQDN when not given */
	char     *domain;               /* what bare addresses get; hostname when not given */
	struct addr *local_mail;        /* NULL: local addresses are qualified and relayed */
	char     *aliases;              /* the aliases file; never NULL; need not be there */
	struct map_conf *maps;          /* the first that fits counts */
	size_t    nmaps;
	char    **masquerade;           /* domains, or "!domain"; the first that fits counts; NULL-ended; NULL: none */
	char    **masquerade_exceptions;/* local parts; NULL-ended; NULL: none */
	bool      mailq_own;            /* users see their own messages alone */
	char    **trusted_users;        /* NULL-ended; NULL: everybody may set any envelope sender */
	struct relay_conf *relays;      /* those in use; those of lane 0 in front, in order of preference */
	size_t    nrelays;              /* at least one */
	struct lane_conf *lanes;
	size_t    nlanes;
	struct route_conf *routes;      /* the first that fits counts; lane 0 when none does */
	size_t    nroutes;
	struct listen_conf *listens;
	size_t    nlistens;
	struct flood_conf flood;
	unsigned  reports_per_hour;
	struct addr *postmaster_copy;   /* NULL: nobody has a copy of reports */
	char    **alert_command;        /* argv, NULL-ended; NULL: none */
	int64_t   expire_s;
	int64_t   warn_after_s;
	uint64_t  max_message;
	uint64_t  min_free;
	enum log_target log_to;
	int       log_facility;
	enum log_level log_level;
};

/*
 * Read and check.  0 and *ret (config_free()'s), or a sysexits code
 * (EX_CONFIG, EX_NOINPUT, …) with a line for each mistake in *why, '\n' between
 * them: "FILE:LINE: what is wrong; what would be right".  What options mean
 * together is looked at when each of them is good.  providers: the folder of provider files.
 */
int  config_read(const char *path, const char *providers, struct config **ret, struct buf *why);
void config_free(struct config *c);     /* NULL is fine */

/* The relay of that name; NULL with one line in *why, which names the nearest. */
const struct relay_conf *config_find_relay(const struct config *c, const char *name, struct buf *why);

#endif
