/* SPDX-License-Identifier: Apache-2.0 */
#include "common/model/job.h"

#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/model/event_check.h"
#include <errno.h>

enum { ATTEMPT_MAX = 1000000 };

void job_pack(struct buf *ret, const struct job *j)
{
    pack_array(ret, 6);
    pack_span(ret, j->id);
    pack_span(ret, j->tenant);
    pack_span(ret, j->endpoint);
    pack_span(ret, j->event);
    pack_i64(ret, j->attempt);
    pack_i64(ret, j->base);
}

static int parse_object(struct job *j, const msgpack_object *o)
{
    int64_t attempt, base;

    if (object_span(object_at(o, 0), &j->id) || object_span(object_at(o, 1), &j->tenant) ||
        object_span(object_at(o, 2), &j->endpoint) || object_span(object_at(o, 3), &j->event) ||
        object_i64(object_at(o, 4), &attempt) || object_i64(object_at(o, 5), &base))
        return -EBADMSG;
    if (attempt < 1 || attempt > ATTEMPT_MAX || base < 0 || base >= attempt)
        return -EBADMSG;
    if (j->tenant.len > EVENT_TENANT_MAX) /* could not be looked up, which would stop its batch */
        return -EBADMSG;
    j->attempt = (unsigned)attempt;
    j->base = (unsigned)base;
    return 0;
}

int job_parse(struct job *ret, struct span bytes)
{
    struct unpack u;
    const msgpack_object *o;
    struct job j = {0};
    int r;

    unpack_init(&u, bytes);
    r = unpack_next(&u, &o);
    r = r ? -EBADMSG : parse_object(&j, o);
    unpack_fini(&u); /* the texts lie in @bytes, not in the zone that goes here */
    if (r)
        return err_origin(r);
    *ret = j;
    return 0;
}

void job_outcome_pack(struct buf *ret, const struct outcome *o)
{
    pack_array(ret, 4);
    pack_text(ret, outcome_code_text(o->code));
    pack_i64(ret, o->next);
    pack_i64(ret, o->status);
    pack_i64(ret, o->retry_after_ms);
}

static int parse_outcome(struct outcome *ret, const msgpack_object *o)
{
    int64_t next, status, retry_after_ms;
    struct span code;

    if (object_span(object_at(o, 0), &code) || object_i64(object_at(o, 1), &next) ||
        object_i64(object_at(o, 2), &status) || object_i64(object_at(o, 3), &retry_after_ms) ||
        outcome_code_parse(code, &ret->code))
        return -EBADMSG;
    if (next < NEXT_DONE || next > NEXT_DISABLE || status < 0 || status > 999 || retry_after_ms < 0)
        return -EBADMSG;
    ret->next = (enum outcome_next)next;
    ret->status = (int)status;
    ret->retry_after_ms = retry_after_ms;
    return 0;
}

int job_outcome_parse(struct outcome *ret, struct span bytes)
{
    struct unpack u;
    const msgpack_object *o;
    struct outcome outcome = {0};
    int r;

    unpack_init(&u, bytes);
    r = unpack_next(&u, &o);
    r = r ? -EBADMSG : parse_outcome(&outcome, o);
    unpack_fini(&u);
    if (r)
        return err_origin(r);
    *ret = outcome;
    return 0;
}
