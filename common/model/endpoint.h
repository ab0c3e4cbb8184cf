/* SPDX-License-Identifier: Apache-2.0 */
/* endpoint.h: a URL that receives: its configuration, as it lies in `endpoint:<id>` (a msgpack
 * map). */
#ifndef GRAPNEL_COMMON_MODEL_ENDPOINT_H
#define GRAPNEL_COMMON_MODEL_ENDPOINT_H

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/id.h"
#include "common/model/egress.h"
#include "common/model/endpoint_secret.h"
#include "common/model/filter/filter.h"
#include "common/model/format/dialect.h"
#include "common/model/format/policy.h"

enum {
    ENDPOINT_EVENTS_MAX = 100, /* patterns of one endpoint */
    ENDPOINTS_PER_TENANT_MAX = 1000,
    ENDPOINT_DESCRIPTION_MAX = 256,
    ENDPOINT_RECORD_MAX = 256 << 10,
};

struct endpoint {
    char id[ID_SIZE];
    char *tenant, *description;
    char *url; /* "": not set yet, and then it is disabled */
    const struct dialect *dialect;
    struct policy policy; /* the dialect, and over it what this endpoint has of its own */
    char **events;        /* see endpoint_set_events() */
    unsigned n_events;
    char *filter_text;     /* "": none */
    struct filter *filter; /* compiled; NULL: none */
    struct endpoint_secrets secrets;
    char *ca, *client_cert;   /* PEM; "": none */
    struct sealed client_key; /* PEM, sealed as secrets are; len 0: none */
    int64_t created_ms;
    unsigned slots; /* requests in flight; 0: the setting endpoint_slots */
    /* state, kept apart from the record */
    char *disabled_reason; /* NULL: in use */
    int64_t disabled_ms;
    /* what a program hangs on a cached endpoint; see config_cache.h */
    void *attached;
};

/* Gives one of dialect @d with nothing in it: its texts are "". -EBADMSG: the id is too long; -ENOMEM. */
int endpoint_new(struct endpoint **ret, struct span id, const struct dialect *d);
struct endpoint *endpoint_free(struct endpoint *e); /* NULL is fine; returns NULL */

void endpoint_pack(struct buf *ret, const struct endpoint *e);
/* Gives *ret. -EBADMSG when the bytes are no endpoint (one of a dialect unknown to this version,
 * say). */
int endpoint_parse(struct endpoint **ret, struct span id, struct span record);
/* Why and since when it is off, as it lies in `disabled`: [reason, ms]. Once an endpoint. -EBADMSG. */
int endpoint_parse_disabled(struct endpoint *e, struct span packed);

/* Replaces a text of @e. -ENOMEM. */
int endpoint_replace_text(char **place, struct span text);

/* "A,B,user.*" → e->events; "*" or "all" for all. Where the dialect has a catalogue: its types, "all"
 * (without those that want to be named), "default" (what is on by default); no prefixes. -EINVAL with
 * words that name the entry. Others the types are free. */
int endpoint_set_events(struct endpoint *e, struct span list, struct diag *diag);
/* Is an event of @type wanted? */
bool endpoint_wants(const struct endpoint *e, struct span type);
/* The same, and by what stands in @data (which passed json_check()), where the endpoint has a filter. */
bool endpoint_takes(const struct endpoint *e, struct span type, struct span data);
/* Is it to be signed? */
bool endpoint_signs(const struct endpoint *e, struct span type);

/* Another dialect under the endpoint's own parts. -EINVAL with words when these, or the events that it
 * wants, do not suit it. */
int endpoint_set_dialect(struct endpoint *e, const struct dialect *d, struct diag *diag);
/* Compiles @text; "": none. -EINVAL with words. */
int endpoint_set_filter(struct endpoint *e, struct span text, struct diag *diag);

/* Puts @secret (15–512 printable ASCII, in the form that the signature takes: sign_key.h) in front, by
 * endpoint_secrets_add(); with NULL a new one is made and written to @ret_made. -EINVAL with words,
 * -ENOKEY. */
int endpoint_add_secret(struct endpoint *e, const struct master_key *k, const char *secret,
                        const struct secret_change *change, char ret_made[SIGN_SECRET_SIZE],
                        struct diag *diag);

#endif
