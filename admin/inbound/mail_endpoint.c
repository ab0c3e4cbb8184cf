/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/mail_endpoint.h"
#include "admin/inbound/transfer_news.h"
#include "admin/tenant/store_endpoint.h"
#include "common/model/endpoint.h"
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>

static void id_of(const struct store *s, struct span tenant, char ret[ID_SIZE])
{
    char seed[128];
    int n =
        snprintf(seed, sizeof(seed), TRANSFER_EVENT_EMAIL "/%.*s", (int)tenant.len, tenant.data);

    id_derive(ret, "ep_", store_partition(s, tenant), (struct span){seed, (size_t)n});
}

/* No receiver sees its signatures, but an endpoint has a secret. */
static int mail_endpoint_add_secret(const struct store *s, struct endpoint *e, int64_t now_ms,
                                    struct diag *diag)
{
    struct secret_change change = {.now_ms = now_ms};
    char made[SIGN_SECRET_SIZE];
    int r = endpoint_add_secret(e, &s->key, NULL, &change, made, diag);

    OPENSSL_cleanse(made, sizeof(made));
    if (r == -ENOKEY)
        return diag_set(diag, "master_key: not set, but secrets are kept encrypted");
    return r;
}

static int mail_endpoint_fill(struct store *s, struct endpoint *e, struct span tenant)
{
    int r = store_change_begin(s, &e->created_ms);

    r = r ? r : endpoint_replace_text(&e->tenant, tenant);
    r = r ? r : endpoint_replace_text(&e->url, SPAN(MAIL_ENDPOINT_URL));
    r = r ? r
          : endpoint_replace_text(&e->description, SPAN("E-mails, to the address in each event"));
    r = r ? r : endpoint_set_events(e, SPAN(TRANSFER_EVENT_EMAIL), &s->words);
    return r ? r : mail_endpoint_add_secret(s, e, e->created_ms, &s->words);
}

static int mail_endpoint_make(struct store *s, const char *id, struct span tenant)
{
    struct endpoint *e = NULL;
    int r = endpoint_new(&e, span_of(id), dialect_find(SPAN("standard")));

    r = r ? r : mail_endpoint_fill(s, e, tenant);
    r = r ? r : store_endpoint_put(s, e, SPAN(""));
    (void)endpoint_free(e);
    return r == STORE_EXISTS ? 0 : r; /* somebody else made it at the same time */
}

int store_mail_endpoint_ensure(struct store *s, struct span tenant)
{
    struct endpoint *e = NULL;
    char id[ID_SIZE];
    int r;

    id_of(s, tenant, id);
    r = store_endpoint_get(s, span_of(id), &e, NULL);
    (void)endpoint_free(e);
    return r == STORE_MISSING ? mail_endpoint_make(s, id, tenant) : r;
}
