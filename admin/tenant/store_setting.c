#include "admin/tenant/store_setting.h"
#include "admin/tenant/store_endpoint.h"
#include "admin/tenant/store_tenant.h"
#include <errno.h>
#include <openssl/crypto.h>

enum { TENANT_BYTES_MAX = 64 << 10 };

/* The records that were read: what is written replaces these, or nothing is. */
struct records {
    struct buf tenant, endpoint;
};

static int store_setting_load(struct store *s, struct span tenant, struct tenant_webhook *w,
                              struct records *ret)
{
    int r = store_tenant_get(s, tenant, &w->tenant, ret ? &ret->tenant : NULL);

    if (r || !*w->tenant->webhook)
        return r;
    r = store_endpoint_get(s, span_of(w->tenant->webhook), &w->endpoint,
                           ret ? &ret->endpoint : NULL);
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
    redis_arg_span(&cmd, buf_span(&old->tenant));
    redis_arg_text(&cmd, w->endpoint->id);
    buf_clear(&record);
    endpoint_pack(&record, w->endpoint);
    redis_arg_span(&cmd, buf_span(&record));
    redis_arg_span(&cmd, buf_span(&old->endpoint));
    redis_arg_i64(&cmd, ENDPOINTS_PER_TENANT_MAX);
    add_state(&cmd, w);
    r = buf_result(&record);
    r = r ? r : store_configure(s, &cmd);
    buf_fini(&record);
    redis_command_fini(&cmd);
    return r;
}

static int store_setting_change(struct store *s, struct span tenant,
                                const struct store_setting *settings, size_t n,
                                struct tenant_webhook *w, struct records *old)
{
    int r = store_setting_load(s, tenant, w, old);

    r = r ? r : store_change_begin(s, &w->now_ms);
    if (!r && !w->endpoint)
        r = tenant_webhook_make(w, s->keys.partitions, &s->words);
    for (size_t i = 0; i < n && !r; i++)
        r = tenant_setting_set(w, settings[i].setting, settings[i].value, &s->words);
    return r ? r : store_setting_write_back(s, w, old);
}

int store_settings_put(struct store *s, struct span tenant, const struct egress_policy *egress,
                       const struct store_setting *settings, size_t n, struct tenant_webhook *w)
{
    struct records old;
    int r;

    *w = (struct tenant_webhook){.egress = egress, .key = &s->key};
    buf_init(&old.tenant, TENANT_BYTES_MAX);
    buf_init(&old.endpoint, ENDPOINT_RECORD_MAX);
    r = store_setting_change(s, tenant, settings, n, w, &old);
    buf_fini(&old.tenant);
    buf_fini(&old.endpoint);
    return r;
}
