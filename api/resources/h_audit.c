/* SPDX-License-Identifier: Apache-2.0 */
/* h_audit.c: what was changed, and by whom. */
#include "admin/access/store_audit.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_query.h"
#include "api/resources/delivery_view.h"
#include <errno.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100, ENOUGH = 1 };

static json_t *entry_json(const struct audit_entry *e)
{
    json_t *objects = json_array();

    for (unsigned i = 0; objects && i < e->n_objects; i++)
        (void)json_array_append_new(objects, json_of_text(e->objects[i]));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", e->id, "at",
                     json_of_time(e->ms), "who", json_of_text(e->who), "method",
                     json_of_text(e->method), "route", json_of_text(e->route), "objects", objects,
                     "status", e->status ? json_integer(e->status) : json_null(), "peer",
                     json_of_text(e->peer), "request_id", json_of_text(e->request));
}

struct listing {
    json_t *entries;
    size_t limit;
    char last[AUDIT_ID_SIZE];
    bool has_more;
};

static int h_audit_each(void *arg, const struct audit_entry *e)
{
    struct listing *l = arg;

    if (json_array_size(l->entries) == l->limit) {
        l->has_more = true;
        return ENOUGH;
    }
    (void)snprintf(l->last, sizeof(l->last), "%s", e->id);
    return json_array_append_new(l->entries, entry_json(e)) ? -ENOMEM : 0;
}

static int h_audit_read_query(struct call *c, struct audit_query *q)
{
    *q = (struct audit_query){.before = call_query(c, "cursor")};
    if (q->before && !audit_id_is_valid(span_of(q->before))) {
        call_problem(c, 400, "cursor", "expected the next_cursor of an earlier answer");
        return -EINVAL;
    }
    if (call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &q->n) ||
        call_query_time(c, "from", &q->from_ms) || call_query_time(c, "to", &q->to_ms))
        return -EINVAL;
    return 0;
}

void h_audit_list(struct call *c, struct store *s)
{
    struct audit_query q;
    struct listing l = {.has_more = false};
    int r;

    if (h_audit_read_query(c, &q))
        return;
    l.limit = (size_t)q.n;
    l.entries = json_array();
    q.n++; /* to know whether there are more */
    r = store_audit_list(s, span_of(c->tenant), &q, h_audit_each, &l);
    if (r < 0)
        call_store_failed(c, s, r);
    else
        call_json(c, 200,
                  json_pack("{s:O, s:o}", "entries", l.entries, "next_cursor",
                            l.has_more ? json_string(l.last) : json_null()));
    json_decref(l.entries);
}
