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

static void add_state(struct redis_command *cmd, const struct tenant_webhook *w)
{
    static const char *const names[] = {
        [WEBHOOK_AS_IT_IS] = "", [WEBHOOK_ENABLE] = "enable", [WEBHOOK_DISABLE] = "disable"};

    redis_arg_text(cmd, names[w->state]);
    redis_arg_text(cmd, w->reason ? w->reason : "");
}

static int store_setting_write_back(struct store *s, const struct tenant_webhook *w,
                                    const struct records *old)
{
    struct redis_command cmd;
    struct buf record;
    int r;

    redis_command_init(&cmd);
    buf_init(&record, ENDPOINT_RECORD_MAX);
    store_configure_begin(s, &cmd, "webhook", span_of(w->tenant->id));
    tenant_pack(&record, w->tenant);
    redis_arg_span(&cmd, buf_span(&record));
    redis_arg_span(&cmd, buf_span(old->tenant));
    redis_arg_text(&cmd, w->endpoint->id);
    buf_clear(&record);
    endpoint_pack(&record, w->endpoint);
    redis_arg_span(&cmd, buf_span(&record));
    redis_arg_span(&cmd, buf_span(old->endpoint));
    redis_arg_i64(&cmd, ENDPOINTS_PER_TENANT_MAX);
    add_state(&cmd, w);
    r = buf_result(&record);
    r = r ? r : store_configure(s, &cmd);
    buf_fini(&record);
    redis_command_fini(&cmd);
    return r;
}

struct setting_change {
    struct span tenant;
    const struct egress_policy *egress;
    const struct store_setting *settings;
    size_t n;
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
    for (size_t i = 0; i < c->n && !r; i++)
        r = tenant_setting_set(w, c->settings[i].setting, c->settings[i].value, &s->words);
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

int store_settings_put(struct store *s, struct span tenant, const struct egress_policy *egress,
                       const struct store_setting *settings, size_t n, struct tenant_webhook *w)
{
    struct setting_change c = {tenant, egress, settings, n, w};

    *w = (struct tenant_webhook){0};
    return store_update(s, store_setting_change_once, &c);
}
