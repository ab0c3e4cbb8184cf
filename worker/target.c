/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/target.h"

#include "common/base/err.h"
#include "common/model/partition.h"
#include <errno.h>

static int target_add_key(struct target *t, const struct master_key *key, const struct endpoint *e,
                          const struct endpoint_secret *from)
{
    struct buf secret;
    struct span sealed = {from->sealed.data, from->sealed.len};
    struct diag why = {""};
    int r;

    buf_init(&secret, SECRET_TEXT_MAX);
    r = secret_open(&secret, key, span_of(e->id), sealed);
    if (r)
        secret_fault(&why, key, sealed, r);
    else
        r = sign_key_new(&t->keys[t->n_keys].key, buf_span(&secret), e->policy.row.signature.form,
                         &why);
    buf_wipe(&secret);
    if (r)
        (void)diag_set(&t->why, "the endpoint's secret cannot be used: %.150s", why.text);
    if (r)
        return r;
    t->keys[t->n_keys++].until_ms = from->until_ms;
    return 0;
}

/* An older secret only signs besides, for a while: what is wrong with it must not stop the newest one. */
static void target_add_keys(struct target *t, const struct master_key *key,
                            const struct endpoint *e)
{
    const struct endpoint_secrets *s = &e->secrets;
    unsigned n = sign_form_is_list(e->policy.row.signature.form) ? s->n : MIN(s->n, 1u);

    if (!n) {
        (void)diag_set(&t->why, "the endpoint has no secret");
        t->fault = OUTCOME_UNKNOWN_ERROR;
    }
    for (unsigned i = 0; i < n && !t->fault; i++) {
        int r = target_add_key(t, key, e, &s->all[i]);

        if (r && (i == 0 || r == -ENOMEM))
            t->fault = OUTCOME_UNKNOWN_ERROR;
    }
}

struct target *target_new(const struct destinations *destinations, const struct master_key *key,
                          const struct egress_policy *egress, const struct endpoint *e,
                          const struct tenant *tenant)
{
    const struct destination_rules rules = {.egress = egress, .may_be_plain = tenant->may_be_plain};
    struct target *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->shard = crc32_add(0, span_of(e->id));
    t->type = destination_type_of(span_of(e->url));
    t->destination = destination_of(t->type);
    t->self = destinations_self(destinations, t->type);
    if (t->type->secret == DESTINATION_SIGNS)
        target_add_keys(t, key, e);
    if (t->fault)
        return t;
    if (destination_check(span_of(e->url), &rules, &t->why))
        t->fault = OUTCOME_INVALID_URL;
    else
        t->fault = t->destination->prepare(&t->prepared, t->self, e, &t->why);
    return t;
}

bool target_key_signs(const struct target_key *k, int64_t now_ms)
{
    return !k->until_ms || k->until_ms > now_ms;
}

struct target *target_free(struct target *t)
{
    if (!t)
        return NULL;
    t->destination->release(t->prepared);
    for (unsigned i = 0; i < t->n_keys; i++)
        sign_key_free(t->keys[i].key);
    free(t);
    return NULL;
}
