/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/endpoint_secret.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include <errno.h>

static void take_out(struct endpoint_secrets *s, unsigned index)
{
    free(s->all[index].sealed.data);
    s->n--;
    memmove(s->all + index, s->all + index + 1, (s->n - index) * sizeof(s->all[0]));
}

void endpoint_secrets_fini(struct endpoint_secrets *s)
{
    while (s->n)
        take_out(s, s->n - 1);
}

/* ---- the record: [[sealed, id, public text, form, created, until], …] ---- */

enum { FIELDS = 6 };

void endpoint_secrets_pack(struct buf *b, const struct endpoint_secrets *s)
{
    pack_array(b, s->n);
    for (unsigned i = 0; i < s->n; i++) {
        const struct endpoint_secret *one = &s->all[i];

        pack_array(b, FIELDS);
        pack_span(b, (struct span){one->sealed.data, one->sealed.len});
        pack_text(b, one->id);
        pack_text(b, one->public_text);
        pack_i64(b, (int64_t)one->form);
        pack_i64(b, one->created_ms);
        pack_i64(b, one->until_ms);
    }
}

static int endpoint_secret_get_text(const msgpack_object *o, char *ret, size_t size)
{
    struct span text;

    if (object_span(o, &text) || text.len >= size)
        return -EBADMSG;
    memcpy(ret, text.data, text.len);
    ret[text.len] = '\0';
    return 0;
}

static int endpoint_secret_parse_one(struct endpoint_secret *ret, const msgpack_object *o)
{
    struct span sealed;
    int64_t form;

    *ret = (struct endpoint_secret){0};
    if (object_span(object_at(o, 0), &sealed) ||
        endpoint_secret_get_text(object_at(o, 1), ret->id, sizeof(ret->id)) ||
        endpoint_secret_get_text(object_at(o, 2), ret->public_text, sizeof(ret->public_text)) ||
        object_i64(object_at(o, 3), &form) || object_i64(object_at(o, 4), &ret->created_ms) ||
        object_i64(object_at(o, 5), &ret->until_ms))
        return -EBADMSG;
    if (!sealed.len || form < 0 || form > SIGN_FORM_V1A_BASE64)
        return -EBADMSG;
    ret->form = (enum sign_form)form;
    ret->sealed = (struct sealed){malloc(sealed.len), sealed.len};
    if (!ret->sealed.data)
        return -ENOMEM;
    memcpy(ret->sealed.data, sealed.data, sealed.len);
    return 0;
}

int endpoint_secrets_parse(struct endpoint_secrets *s, const msgpack_object *array)
{
    const msgpack_object *item;
    int r = 0;

    if (!array || array->type != MSGPACK_OBJECT_ARRAY ||
        array->via.array.size > ENDPOINT_SECRETS_MAX)
        return -EBADMSG;
    while (!r && (item = object_at(array, s->n))) {
        r = endpoint_secret_parse_one(&s->all[s->n], item);
        s->n += r == 0;
    }
    return r;
}

/* ---- changing ---- */

static void endpoint_secret_make_id(char ret[SECRET_ID_SIZE])
{
    static const char digits[] =
        "abcdefghijkmnpqrstuvwxyz23456789"; /* 32 that are hard to mistake */
    uint8_t bytes[SECRET_ID_SIZE - 5];

    rng_bytes(bytes, sizeof(bytes));
    memcpy(ret, "sec_", 4);
    for (size_t i = 0; i < sizeof(bytes); i++)
        ret[4 + i] = digits[bytes[i] % 32];
    ret[SECRET_ID_SIZE - 1] = '\0';
}

static void end_older(struct endpoint_secrets *s, const struct secret_change *change)
{
    int64_t until_ms = change->now_ms + change->overlap_ms;

    for (unsigned i = s->n; i-- > 0;) {
        struct endpoint_secret *old = &s->all[i];

        if (!old->until_ms || old->until_ms > until_ms)
            old->until_ms = until_ms;
        if (old->until_ms <= change->now_ms)
            take_out(s, i);
    }
}

/* How many of them will still sign when a new one is there. */
static unsigned count_live(const struct endpoint_secrets *s, const struct secret_change *change)
{
    unsigned n = 0;

    for (unsigned i = 0; i < s->n && change->overlap_ms > 0; i++)
        n += endpoint_secret_is_live(&s->all[i], change->now_ms);
    return n;
}

int endpoint_secrets_add(struct endpoint_secrets *s, const struct endpoint_secret *secret,
                         const struct secret_change *change)
{
    if (count_live(s, change) == ENDPOINT_SECRETS_MAX)
        return err_origin(-ENOSPC);
    end_older(s, change);
    memmove(s->all + 1, s->all, s->n * sizeof(s->all[0]));
    s->all[0] = *secret;
    s->all[0].created_ms = change->now_ms;
    s->all[0].until_ms = 0;
    endpoint_secret_make_id(s->all[0].id);
    s->n++;
    return 0;
}

int endpoint_secrets_revoke(struct endpoint_secrets *s, const char *id)
{
    for (unsigned i = 0; i < s->n; i++) {
        if (strcmp(s->all[i].id, id) != 0)
            continue;
        if (!s->all[i].until_ms)
            return err_origin(-EBUSY);
        take_out(s, i);
        return 0;
    }
    return err_origin(-ENOENT);
}

unsigned endpoint_secrets_revoke_old(struct endpoint_secrets *s)
{
    unsigned n = 0;

    for (unsigned i = s->n; i-- > 0;) {
        if (!s->all[i].until_ms)
            continue;
        take_out(s, i);
        n++;
    }
    return n;
}

bool endpoint_secret_is_live(const struct endpoint_secret *s, int64_t now_ms)
{
    return !s->until_ms || s->until_ms > now_ms;
}

bool endpoint_secret_suits(const struct endpoint_secret *s, enum sign_form form)
{
    return sign_form_is_list(s->form) == sign_form_is_list(form);
}
