/* SPDX-License-Identifier: Apache-2.0 */
/* tenant.h: a customer: settings in `tenant:<id>` (a msgpack map), and, when cached, its endpoints.
 */
#ifndef GRAPNEL_COMMON_MODEL_TENANT_H
#define GRAPNEL_COMMON_MODEL_TENANT_H

#include "common/model/endpoint.h"
#include <uthash.h>

enum { TENANT_NAME_MAX = 128, TENANT_LIMIT_MAX = 1000000 };

struct tenant {
    char id[72];
    bool exists; /* false: a cached answer that there is no such tenant */
    char *name, *domain;
    char *webhook;     /* the endpoint that its settings are about (tenant_setting.h); "": none */
    int64_t limit;     /* attempts in 60 s; -1: the setting tenant_limit, 0: none */
    bool may_be_plain; /* http:// endpoints are allowed */
    int64_t created_ms;
    /* in the cache (config_cache.h) */
    struct endpoint **endpoints;
    unsigned n_endpoints;
    int64_t version; /* of the partition, when this was read */
    unsigned refs;
    void (*detach)(struct endpoint *e); /* frees e->attached */
    UT_hash_handle hh;
};

int tenant_new(struct tenant **ret, struct span id); /* refs 1, exists false; -EBADMSG, -ENOMEM */
struct tenant *tenant_ref(struct tenant *t);
struct tenant *tenant_unref(struct tenant *t); /* NULL is fine; returns NULL */

void tenant_pack(struct buf *ret, const struct tenant *t);
int tenant_parse(struct tenant *t, struct span record); /* fills name … created_ms; -EBADMSG */
/* Takes over @e. */
int tenant_add_endpoint(struct tenant *t, struct endpoint *e);
struct endpoint *tenant_endpoint(const struct tenant *t, struct span id); /* lends; NULL */

#endif
