/* SPDX-License-Identifier: Apache-2.0 */
/* h_retry.c: bulk retries: jobs that have many deliveries tried again. */
#include "admin/delivery/store_retry.h"
#include "api/api.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include <errno.h>
#include <stdio.h>

/* ---- what is shown ---- */

static json_t *statuses_json(const char *statuses)
{
    json_t *all = json_array();

    for (const char *at = statuses; *at; at += strspn(at, ",")) {
        size_t len = strcspn(at, ",");

        (void)json_array_append_new(all, json_stringn(at, len));
        at += len;
    }
    return all;
}

static json_t *event_json(const struct retry_job *job, unsigned partition)
{
    char event[64];

    if (id_event(event, partition, span_of(job->event)))
        return json_null();
    return json_string(event);
}

static json_t *job_json(const struct retry_job *job, unsigned partition)
{
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:{s:I, s:I}}",
        "id", job->id, "state", retry_state_name(job->state), "status",
        statuses_json(job->statuses), "type", json_of_text(span_of(job->type)), "endpoint",
        json_of_text(span_of(job->endpoint)), "event", event_json(job, partition), "from",
        json_of_time(job->from_ms), "to", json_of_time(job->to_ms), "created_at",
        json_of_time(job->made_ms), "updated_at", json_of_time(job->at_ms), "ended_at",
        json_of_time(job->ended_ms), "total", (json_int_t)job->total, "looked_at",
        (json_int_t)job->looked, "retried", (json_int_t)job->retried, "skipped",
        (json_int_t)job->skipped, "refused", "endpoint_removed", (json_int_t)job->removed,
        "endpoint_disabled", (json_int_t)job->disabled);
}

/* ---- what is wanted ---- */

static int add_status(struct retry_job *job, const json_t *value, struct diag *diag)
{
    struct span status = {json_string_value(value), json_string_length(value)};
    size_t len = strlen(job->statuses);

    if (!json_is_string(value) || !delivery_status_is_known(status) ||
        span_equal(status, SPAN("pending")) || retry_job_wants(job, status))
        return diag_set(diag, "status: expected failed, timeout, cancelled or success, or a list "
                              "with each of them once at most");
    (void)snprintf(job->statuses + len, sizeof(job->statuses) - len, "%s%s", len ? "," : "",
                   status.data);
    return 0;
}

static int take_status(struct retry_job *job, const char *name, const json_t *value,
                       struct diag *diag)
{
    size_t n = json_array_size(value);
    int r = 0;

    (void)name;
    if (!json_is_array(value))
        return add_status(job, value, diag);
    if (!n)
        return add_status(job, NULL, diag);
    for (size_t i = 0; i < n && !r; i++)
        r = add_status(job, json_array_get(value, i), diag);
    return r;
}

static int h_retry_take_name(char *ret, size_t max, const char *name, const json_t *value,
                             struct diag *diag)
{
    struct span text = {json_string_value(value), json_string_length(value)};

    if (!json_is_string(value) || !text_is_name(text, max))
        return diag_set(diag, "%s: expected 1 to %zu of A-Z a-z 0-9 _ - . :", name, max);
    memcpy(ret, text.data, text.len + 1);
    return 0;
}

static int take_type(struct retry_job *job, const char *name, const json_t *value,
                     struct diag *diag)
{
    return h_retry_take_name(job->type, EVENT_TYPE_MAX, name, value, diag);
}

static int take_endpoint(struct retry_job *job, const char *name, const json_t *value,
                         struct diag *diag)
{
    return h_retry_take_name(job->endpoint, EVENT_ID_MAX, name, value, diag);
}

static int take_event(struct retry_job *job, const char *name, const json_t *value,
                      struct diag *diag)
{
    const char *text = json_string_value(value);
    unsigned partition;

    if (!text || id_event_parse(span_of(text), &partition, job->event))
        return diag_set(diag, "%s: expected an event's id: evt_<partition>_<ms>_<number>", name);
    return 0;
}

static int h_retry_take_time(int64_t *ret, const char *name, const json_t *value, struct diag *diag)
{
    const char *text = json_string_value(value);

    if (json_is_integer(value))
        *ret = json_integer_value(value);
    else if (!text || parse_iso_time(span_of(text), ret))
        *ret = 0;
    if (*ret > 0)
        return 0;
    return diag_set(diag, "%s: expected a time such as 2025-01-22T14:30:00Z", name);
}

static int h_retry_take_from(struct retry_job *job, const char *name, const json_t *value,
                             struct diag *diag)
{
    return h_retry_take_time(&job->from_ms, name, value, diag);
}

static int take_to(struct retry_job *job, const char *name, const json_t *value, struct diag *diag)
{
    return h_retry_take_time(&job->to_ms, name, value, diag);
}

static const struct member {
    const char *name;
    int (*take)(struct retry_job *job, const char *name, const json_t *value, struct diag *diag);
} members[] = {
    {"status", take_status}, {"type", take_type},         {"endpoint", take_endpoint},
    {"event", take_event},   {"from", h_retry_take_from}, {"to", take_to},
};

static int h_retry_take_member(struct retry_job *job, const char *name, const json_t *value,
                               struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (strcmp(name, members[i].name) == 0)
            return json_is_null(value) ? 0 : members[i].take(job, name, value, diag);
    return diag_set(diag, "%.40s: unknown; expected status, type, endpoint, event, from, to", name);
}

static int read_wanted(struct retry_job *job, json_t *body, struct diag *diag)
{
    const char *name;
    json_t *value;

    json_object_foreach(body, name,
                        value) if (h_retry_take_member(job, name, value, diag)) return -EINVAL;
    if (!*job->statuses)
        return diag_set(diag, "status: missing; expected failed, timeout, cancelled or success, or "
                              "a list of them");
    if (job->to_ms && job->from_ms > job->to_ms)
        return diag_set(diag, "to: expected a time that is not before from");
    return 0;
}

/* ---- calls ---- */

static void h_retry_tell_made(struct call *c, const struct store *s, const struct retry_job *job)
{
    char location[ID_SIZE + 16];

    retry_runner_wake(c->api->retries);
    call_json(c, 202, job_json(job, store_partition(s, span_of(c->tenant))));
    (void)snprintf(location, sizeof(location), "/v1/retries/%s", job->id);
    call_field(c, "Location", location);
}

void h_retry_post(struct call *c, struct store *s)
{
    struct retry_job job = {.state = RETRY_RUNNING};
    struct diag diag = {""};
    json_t *body;
    int r;

    if (call_object(c, &body))
        return;
    if (read_wanted(&job, body, &diag)) {
        call_refuse(c, &diag);
        return;
    }
    (void)snprintf(job.tenant, sizeof(job.tenant), "%s", c->tenant);
    r = store_retry_make(s, &job);
    if (r == STORE_TOO_MANY)
        call_problem(c, 409, NULL, "%d of the tenant's run already", RETRIES_RUNNING_MAX);
    else if (r)
        call_store_failed(c, s, r);
    else
        h_retry_tell_made(c, s, &job);
}

static void tell_job(struct call *c, struct store *s)
{
    struct retry_job job;
    int r = store_retry_get(s, span_of(c->tenant), span_of(call_param(c, 0)), &job);

    if (r == STORE_MISSING)
        call_missing(c, "bulk retry");
    else if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, job_json(&job, store_partition(s, span_of(c->tenant))));
}

void h_retry_get(struct call *c, struct store *s)
{
    tell_job(c, s);
}

void h_retry_delete(struct call *c, struct store *s)
{
    int r = store_retry_stop(s, span_of(c->tenant), span_of(call_param(c, 0)));

    if (r == STORE_MISSING)
        call_missing(c, "bulk retry");
    else if (r)
        call_store_failed(c, s, r);
    else
        tell_job(c, s);
}

struct list_arg {
    json_t *all;
    unsigned partition;
};

static void add_job(void *arg, const struct retry_job *job)
{
    struct list_arg *l = arg;

    (void)json_array_append_new(l->all, job_json(job, l->partition));
}

void h_retry_list(struct call *c, struct store *s)
{
    struct list_arg l = {json_array(), store_partition(s, span_of(c->tenant))};
    int r = store_retries(s, span_of(c->tenant), add_job, &l);

    if (!r) {
        call_json(c, 200, json_pack("{s:o}", "retries", l.all));
        return;
    }
    json_decref(l.all);
    call_store_failed(c, s, r);
}
