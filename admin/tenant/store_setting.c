/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/tenant/store_setting.h"
#include "admin/store/store_update.h"
#include "admin/tenant/store_endpoint.h"
#include "admin/tenant/store_tenant.h"
#include <errno.h>
#include <openssl/crypto.h>

/* The records that were read: what is written replaces these, or nothing is. */
struct records {
    struct buf *tenant, *endpoint;
};

static int store_setting_load(struct store *s, struct span tenant, struct tenant_webhook *w,
                              const struct records *ret)
{
    int r = store_tenant_get(s, tenant, &w->tenant, ret ? ret->tenant : NULL);

    if (r || !*w->tenant->webhook)
        return r;
    r = store_endpoint_get(s, span_of(w->tenant->webhook), &w->endpoint,
                           ret ? ret->endpoint : NULL);
    return r == STORE_MISSING ? 0 : r; /* it was removed by hand: the next change makes another */
}

int store_webhook_load(struct store *s, struct span tenant, struct tenant_webhook *w)
{
    *w = (struct tenant_webhook){0};
    return store_setting_load(s, tenant, w, NULL);
}

void store_webhook_fini(struct tenant_webhook *w)
{
    w->tenant = tenant_unref(w->tenant);
    w->endpoint = endpoint_free(w->endpoint);
    OPENSSL_cleanse(w->made, sizeof(w->made));
}

static enum configure_use store_setting_use_of(const struct tenant_webhook *w)
{
    return w->state == WEBHOOK_ENABLE    ? CONFIGURE_ENABLE
           : w->state == WEBHOOK_DISABLE ? CONFIGURE_DISABLE
                                         : CONFIGURE_AS_IT_IS;
}

static int store_setting_send(struct store *s, const struct tenant_webhook *w,
                              const struct configure_webhook *change)
{
    struct redis_command cmd;
    int r;

    redis_command_init(&cmd);
    move_configure_webhook(&cmd, store_head(s, span_of(w->tenant->id)), change);
    r = store_configure(s, &cmd);
    redis_command_fini(&cmd);
    return r;
}

static int store_setting_write_back(struct store *s, const struct tenant_webhook *w,
                                    const struct records *old)
{
    struct buf tenant, endpoint;
    int r;

    buf_init(&tenant, STORE_RECORD_MAX);
    buf_init(&endpoint, ENDPOINT_RECORD_MAX);
    tenant_pack(&tenant, w->tenant);
    endpoint_pack(&endpoint, w->endpoint);
    r = buf_result(&tenant);
    r = r ? r : buf_result(&endpoint);
    if (!r)
        r = store_setting_send(s, w,
                               &(struct configure_webhook){.tenant = w->tenant->id,
                                                           .endpoint = w->endpoint->id,
                                                           .tenant_record = buf_span(&tenant),
                                                           .tenant_old = buf_span(old->tenant),
                                                           .endpoint_record = buf_span(&endpoint),
                                                           .endpoint_old = buf_span(old->endpoint),
                                                           .most = ENDPOINTS_PER_TENANT_MAX,
                                                           .use = store_setting_use_of(w),
                                                           .reason = w->reason});
    buf_fini(&tenant);
    buf_fini(&endpoint);
    return r;
}

struct setting_change {
    struct span tenant;
    const struct egress_policy *egress;
    const struct tenant_setting *setting;
    struct span value;
    struct tenant_webhook *w;
};

static int store_setting_change(const struct setting_change *c, struct store *s,
                                const struct records *old)
{
    struct tenant_webhook *w = c->w;
    int r = store_setting_load(s, c->tenant, w, old);

    r = r ? r : store_change_begin(s, &w->now_ms);
    if (!r && !w->endpoint)
        r = tenant_webhook_make(w, s->keys.partitions, &s->words);
    r = r ? r : tenant_setting_set(w, c->setting, c->value, &s->words);
    return r ? r : store_setting_write_back(s, w, old);
}

static int store_setting_change_once(void *arg, struct store *s, struct buf *old)
{
    const struct setting_change *c = arg;
    struct buf endpoint;
    int r;

    store_webhook_fini(c->w);
    *c->w = (struct tenant_webhook){.egress = c->egress, .key = &s->key};
    buf_init(&endpoint, ENDPOINT_RECORD_MAX);
    r = store_setting_change(c, s, &(struct records){old, &endpoint});
    buf_fini(&endpoint);
    return r;
}

int store_setting_put(struct store *s, struct span tenant, const struct egress_policy *egress,
                      const struct tenant_setting *setting, struct span value,
                      struct tenant_webhook *w)
{
    struct setting_change c = {tenant, egress, setting, value, w};

    *w = (struct tenant_webhook){0};
    return store_update(s, store_setting_change_once, &c);
}
