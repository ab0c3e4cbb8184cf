/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_record.c: a byte that says what the rest is: anything that lies in Redis as msgpack. What can be read is written
 * again and read the same. */
#include "common/model/endpoint.h"
#include "common/model/job.h"
#include "common/model/record.h"
#include "common/model/tenant.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>

enum { PACKED_MAX = 1 << 21 };

static void check_log(struct span bytes)
{
    struct record_reader *reader;
    struct record_entry e;
    int r;

    MUST(!record_open(&reader, bytes));
    while (!(r = record_next(reader, &e))) {
        struct buf packed;

        buf_init(&packed, PACKED_MAX);
        record_pack(&packed, &e);
        MUST(!buf_result(&packed));
        buf_fini(&packed);
    }
    MUST(r == RECORD_END || r == -EBADMSG);
    (void)record_close(reader);
}

static void check_job(struct span bytes)
{
    struct job j, again;
    struct buf packed;

    if (job_parse(&j, bytes))
        return;
    buf_init(&packed, PACKED_MAX);
    job_pack(&packed, &j);
    MUST(!job_parse(&again, buf_span(&packed)) && span_equal(j.id, again.id) &&
         span_equal(j.event, again.event) && j.attempt == again.attempt && j.base == again.base);
    buf_fini(&packed);
}

static void check_outcome(struct span bytes)
{
    struct outcome o, again;
    struct buf packed;

    if (job_outcome_parse(&o, bytes))
        return;
    buf_init(&packed, PACKED_MAX);
    job_outcome_pack(&packed, &o);
    MUST(!job_outcome_parse(&again, buf_span(&packed)) && o.code == again.code);
    buf_fini(&packed);
}

static void check_endpoint(struct span bytes)
{
    static const struct span id = {"ep_1", 4};
    struct endpoint *e = NULL, *again = NULL;
    struct buf packed;

    if (endpoint_parse(&e, id, bytes))
        return;
    buf_init(&packed, PACKED_MAX);
    endpoint_pack(&packed, e);
    MUST(!endpoint_parse(&again, id, buf_span(&packed)) && strcmp(e->url, again->url) == 0);
    buf_fini(&packed);
    (void)endpoint_parse_disabled(e, bytes);
    (void)endpoint_free(e);
    (void)endpoint_free(again);
}

static void check_tenant(struct span bytes)
{
    struct tenant *t, *again;
    struct buf packed;

    MUST(!tenant_new(&t, SPAN("acme")) && !tenant_new(&again, SPAN("acme")));
    if (!tenant_parse(t, bytes)) {
        buf_init(&packed, PACKED_MAX);
        tenant_pack(&packed, t);
        MUST(!tenant_parse(again, buf_span(&packed)) && t->limit == again->limit &&
             strcmp(t->name, again->name) == 0);
        buf_fini(&packed);
    }
    (void)tenant_unref(t);
    (void)tenant_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(struct span) = {check_log, check_job, check_outcome,
                                                  check_endpoint, check_tenant};

    if (size)
        checks[data[0] % ARRAY_LEN(checks)]((struct span){(const char *)data + 1, size - 1});
    return 0;
}
