/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/record.h"

#include "common/base/err.h"
#include "common/base/pack.h"
#include <errno.h>

static const char *const kind_names[] = {
    [RECORD_CREATED] = "created", [RECORD_ATTEMPT] = "attempt", [RECORD_RETRY] = "retry",
    [RECORD_LOST] = "lost",       [RECORD_AGAIN] = "again",     [RECORD_FINAL] = "final",
};

static void pack_head(struct buf *b, const struct record_entry *e, unsigned n)
{
    pack_array(b, n);
    pack_text(b, kind_names[e->kind]);
    pack_i64(b, e->ms);
}

void record_pack(struct buf *b, const struct record_entry *e)
{
    switch (e->kind) {
    case RECORD_CREATED:
        pack_head(b, e, 6);
        pack_span(b, e->tenant);
        pack_span(b, e->endpoint);
        pack_span(b, e->event);
        pack_span(b, e->type);
        return;
    case RECORD_ATTEMPT:
        pack_head(b, e, e->destination.len ? 9 : 8);
        pack_i64(b, e->attempt);
        pack_i64(b, e->duration_ms);
        pack_i64(b, e->status);
        pack_span(b, e->code);
        pack_span(b, e->message);
        pack_span(b, e->response);
        if (e->destination.len)
            pack_span(b, e->destination);
        return;
    case RECORD_RETRY:
    case RECORD_AGAIN:
        pack_head(b, e, 4);
        pack_i64(b, e->attempt);
        pack_i64(b, e->due_ms);
        return;
    case RECORD_LOST:
        pack_head(b, e, 4);
        pack_i64(b, e->attempt);
        pack_span(b, e->worker);
        return;
    case RECORD_FINAL:
        pack_head(b, e, 4);
        pack_span(b, e->final);
        pack_span(b, e->reason);
        return;
    }
    unreachable();
}

struct record_reader {
    struct unpack unpack;
};

int record_open(struct record_reader **ret, struct span bytes)
{
    struct record_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return err_origin(-ENOMEM);
    unpack_init(&r->unpack, bytes);
    *ret = r;
    return 0;
}

struct record_reader *record_close(struct record_reader *r)
{
    if (r)
        unpack_fini(&r->unpack);
    free(r);
    return NULL;
}

static int parse_attempt_number(const msgpack_object *o, struct record_entry *e)
{
    int64_t attempt;

    if (object_i64(object_at(o, 2), &attempt) || attempt < 0 || attempt > UINT32_MAX)
        return -EBADMSG;
    e->attempt = (unsigned)attempt;
    return 0;
}

static int parse_attempt(const msgpack_object *o, struct record_entry *e)
{
    int64_t status;

    if (parse_attempt_number(o, e) || object_i64(object_at(o, 3), &e->duration_ms) ||
        object_i64(object_at(o, 4), &status) || status < 0 || status > 999)
        return -EBADMSG;
    e->status = (int)status;
    if (object_at(o, 8) && object_span(object_at(o, 8), &e->destination))
        return -EBADMSG;
    return object_span(object_at(o, 5), &e->code) || object_span(object_at(o, 6), &e->message) ||
                   object_span(object_at(o, 7), &e->response)
               ? -EBADMSG
               : 0;
}

static int parse_created(const msgpack_object *o, struct record_entry *e)
{
    return object_span(object_at(o, 2), &e->tenant) || object_span(object_at(o, 3), &e->endpoint) ||
                   object_span(object_at(o, 4), &e->event) || object_span(object_at(o, 5), &e->type)
               ? -EBADMSG
               : 0;
}

static int record_parse_kind(const msgpack_object *o, enum record_kind *ret)
{
    struct span name;

    if (object_span(object_at(o, 0), &name))
        return -EBADMSG;
    for (size_t i = 0; i < ARRAY_LEN(kind_names); i++) {
        if (span_equal(name, span_of(kind_names[i]))) {
            *ret = (enum record_kind)i;
            return 0;
        }
    }
    return -EBADMSG;
}

static int parse_entry(const msgpack_object *o, struct record_entry *e)
{
    if (record_parse_kind(o, &e->kind) || object_i64(object_at(o, 1), &e->ms))
        return -EBADMSG;
    switch (e->kind) {
    case RECORD_CREATED:
        return parse_created(o, e);
    case RECORD_ATTEMPT:
        return parse_attempt(o, e);
    case RECORD_RETRY:
    case RECORD_AGAIN:
        return parse_attempt_number(o, e) || object_i64(object_at(o, 3), &e->due_ms) ? -EBADMSG : 0;
    case RECORD_LOST:
        return parse_attempt_number(o, e) || object_span(object_at(o, 3), &e->worker) ? -EBADMSG
                                                                                      : 0;
    case RECORD_FINAL:
        return object_span(object_at(o, 2), &e->final) || object_span(object_at(o, 3), &e->reason)
                   ? -EBADMSG
                   : 0;
    }
    return -EBADMSG;
}

int record_next(struct record_reader *r, struct record_entry *ret)
{
    struct record_entry e = {0};
    const msgpack_object *o;
    int result = unpack_next(&r->unpack, &o);

    if (result == UNPACK_END)
        return RECORD_END;
    if (result || parse_entry(o, &e))
        return err_origin(-EBADMSG);
    *ret = e;
    return 0;
}
