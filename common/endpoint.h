/* endpoint.h: a URL that receives: its configuration, as it lies in `endpoint:<id>` (a msgpack
 * map). */
#ifndef GRAPNEL_COMMON_ENDPOINT_H
#define GRAPNEL_COMMON_ENDPOINT_H

#include "common/base.h"
#include "common/buf.h"
#include "common/dialect.h"
#include "common/egress.h"
#include "common/id.h"
#include "common/secret.h"

enum {
    ENDPOINT_EVENTS_MAX = 100, /* patterns of one endpoint */
    ENDPOINT_SECRETS_MAX = 4,  /* the first signs first */
    ENDPOINTS_PER_TENANT_MAX = 1000,
    ENDPOINT_DESCRIPTION_MAX = 256,
};

struct endpoint {
    char id[ID_SIZE];
    char *tenant, *url, *description;
    const struct dialect *dialect;
    char **events; /* "USER_CREATED", "user.*", or "*" for all */
    unsigned n_events;
    struct sealed {
        char *data;
        size_t len;
    } secrets[ENDPOINT_SECRETS_MAX]; /* by secret_seal(), context: the endpoint's id */
    unsigned n_secrets;
    int64_t created_ms;
    unsigned slots;     /* requests in flight; 0: the setting endpoint_slots */
    int retries;        /* -1: the dialect's */
    int64_t timeout_ms; /* 0: the dialect's */
    /* state, kept apart from the record */
    char *disabled_reason; /* NULL: in use */
    int64_t disabled_ms;
    /* what a program hangs on a cached endpoint; see directory.h */
    void *attached;
};

struct endpoint *endpoint_free(struct endpoint *e); /* NULL is fine; returns NULL */

void endpoint_pack(struct buf *ret, const struct endpoint *e);
/* Gives *ret. -EBADMSG when the bytes are no endpoint (one of a dialect unknown to this version,
 * say). */
int endpoint_parse(struct endpoint **ret, struct span id, struct span record);
/* Why and since when it is off, as it lies in `disabled`: [reason, ms]. Once an endpoint. -EBADMSG. */
int endpoint_parse_disabled(struct endpoint *e, struct span packed);

/* "A,B,user.*" or "*" or "all" → e->events. -EINVAL with words that name the entry. */
int endpoint_set_events(struct endpoint *e, struct span list, struct diag *diag);
/* Is an event of @type wanted? */
bool endpoint_wants(const struct endpoint *e, struct span type);

/* Puts @secret (a text, 16–512 printable ASCII; for dialects with decoded keys whsec_<base64>) in
 * front, sealed; with NULL a new one is made and written to @ret_made (64 bytes). -EINVAL with
 * words. */
int endpoint_add_secret(struct endpoint *e, const struct master_key *k, const char *secret,
                        char *ret_made, struct diag *diag);

int64_t endpoint_timeout_ms(const struct endpoint *e);
/* Attempts as configured: what delivery.maxAttempts tells. */
unsigned endpoint_attempts_max(const struct endpoint *e);

#endif
