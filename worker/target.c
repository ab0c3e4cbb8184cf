#include "worker/target.h"

#include "common/err.h"
#include "common/partition.h"
#include <errno.h>

static int add_key(struct target *t, const struct master_key *key, const struct endpoint *e,
                   const struct sealed *sealed)
{
    struct buf secret;
    int r;

    buf_init(&secret, SECRET_TEXT_MAX);
    r = secret_open(&secret, key, span_of(e->id), (struct span){sealed->data, sealed->len});
    if (!r)
        r = sign_key_new(&t->keys[t->n_keys], buf_span(&secret), e->dialect->signature.key_form,
                         &t->why);
    buf_wipe(&secret);
    if (r)
        return r;
    t->n_keys++;
    return 0;
}

static void add_keys(struct target *t, const struct master_key *key, const struct endpoint *e)
{
    unsigned n = e->dialect->signature.carries_several ? e->n_secrets : MIN(e->n_secrets, 1u);

    for (unsigned i = 0; i < n; i++) {
        int r = add_key(t, key, e, &e->secrets[i]);

        if (!r)
            continue;
        t->fault = OUTCOME_UNKNOWN_ERROR;
        (void)diag_set(&t->why, "the endpoint's secret cannot be used: %s", err_text(r));
        return;
    }
}

struct target *target_new(struct http_client *client, const struct master_key *key,
                          const struct egress_policy *egress, const struct endpoint *e,
                          const struct tenant *tenant)
{
    struct target *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->shard = crc32_add(0, span_of(e->id));
    add_keys(t, key, e);
    if (t->fault)
        return t;
    if (egress_check_url(egress, span_of(e->url), tenant->may_be_plain, &t->why) ||
        http_target_new(&t->http, client, e->url, &t->why))
        t->fault = OUTCOME_INVALID_URL;
    return t;
}

struct target *target_free(struct target *t)
{
    if (!t)
        return NULL;
    http_target_unref(t->http);
    for (unsigned i = 0; i < t->n_keys; i++)
        sign_key_free(t->keys[i]);
    free(t);
    return NULL;
}
