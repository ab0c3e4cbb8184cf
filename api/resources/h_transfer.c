/* SPDX-License-Identifier: Apache-2.0 */
/* h_transfer.c: downloads and royalty files that a tenant registers, so that those who prepare them can tell of
 * them (h_inbound.c). */
#include "admin/inbound/mail_endpoint.h"
#include "admin/inbound/store_transfer.h"
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include <errno.h>
#include <stdio.h>

enum { LIMIT_DEFAULT = 20, LIMIT_MAX = 100 };

/* ---- views ---- */

static json_t *text_or_null(const char *text)
{
    return json_of_text(span_of(text));
}

static json_t *h_transfer_to_json(const struct transfer *t)
{
    json_t *json =
        json_pack("{s:s, s:o, s:s, s:o, s:o}", "id", t->id, "name", text_or_null(t->name), "status",
                  transfer_state_name(t->kind, t->state), "created_at", json_of_time(t->created_ms),
                  "updated_at", json_of_time(t->updated_ms));

    if (!json)
        return NULL;
    if (t->kind == TRANSFER_FILE) {
        (void)json_object_set_new(json, "source", text_or_null(t->source));
        return json;
    }
    (void)json_object_set_new(json, "email", text_or_null(t->email));
    (void)json_object_set_new(json, "url", text_or_null(t->url));
    return json;
}

/* ---- what is registered ---- */

static int h_transfer_take_id(struct transfer *t, struct span value, struct diag *diag)
{
    return transfer_id_parse(t->id, value) ? diag_set(diag, "id: expected a UUID") : 0;
}

static const struct member {
    const char *name;
    bool of_kind[2]; /* enum transfer_kind */
    int (*take)(struct transfer *t, struct span value, struct diag *diag);
} members[] = {
    {"id", {true, true}, h_transfer_take_id},
    {"name", {true, true}, transfer_set_name},
    {"email", {true, false}, transfer_set_email},
    {"source", {false, true}, transfer_set_source},
};

static int h_transfer_take_member(struct transfer *t, const char *name, json_t *value,
                                  struct diag *diag)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (!members[i].of_kind[t->kind] || strcmp(name, members[i].name) != 0)
            continue;
        if (json_is_null(value))
            return 0;
        if (!json_is_string(value))
            return diag_set(diag, "%s: expected a text", name);
        return members[i].take(
            t, (struct span){json_string_value(value), json_string_length(value)}, diag);
    }
    return diag_set(diag, "%.40s: unknown; expected id, name or %s", name,
                    t->kind == TRANSFER_FILE ? "source" : "email");
}

static int h_transfer_read_body(struct call *c, struct transfer *t)
{
    struct diag diag = {""};
    const char *name;
    json_t *body, *value;
    int r;

    if (call_object(c, &body))
        return -EINVAL;
    (void)snprintf(t->tenant, sizeof(t->tenant), "%s", c->tenant);
    json_object_foreach(body, name, value)
    {
        r = h_transfer_take_member(t, name, value, &diag);
        if (r) {
            call_refuse(c, &diag);
            return r;
        }
    }
    return 0;
}

/* Somebody whose answer was lost asks again: it is there, and just as it was to be. */
static bool is_there_already(struct store *s, const struct transfer *wanted, struct transfer *ret)
{
    int r = store_transfer_get(s, wanted->kind, span_of(wanted->tenant), wanted->id, ret);

    return r == 0 && strcmp(wanted->name, ret->name) == 0 &&
           strcmp(wanted->email, ret->email) == 0 && strcmp(wanted->source, ret->source) == 0;
}

static void h_transfer_tell_failed(struct call *c, struct store *s, const struct transfer *t, int r)
{
    struct transfer there;

    if (r == STORE_EXISTS && is_there_already(s, t, &there))
        call_json(c, 200, h_transfer_to_json(&there));
    else if (r == STORE_EXISTS)
        call_problem(c, 409, "id", "this id is taken");
    else if (r == STORE_TOO_MANY)
        call_problem(c, 409, NULL, "the tenant has as many as it may have");
    else
        call_store_failed(c, s, r);
}

static void create(struct call *c, struct store *s, enum transfer_kind kind)
{
    struct transfer t = {.kind = kind};
    int r = 0;

    if (h_transfer_read_body(c, &t))
        return;
    if (*t.email) /* first, so that no download is there whose e-mail goes nowhere */
        r = store_mail_endpoint_ensure(s, span_of(t.tenant));
    r = r ? r : store_transfer_add(s, &t);
    if (r)
        h_transfer_tell_failed(c, s, &t, r);
    else
        call_json(c, 201, h_transfer_to_json(&t));
}

/* ---- what is there ---- */

static void h_transfer_add_to_list(void *arg, const struct transfer *t)
{
    (void)json_array_append_new(arg, h_transfer_to_json(t));
}

static int h_transfer_read_page(struct call *c, struct transfer_page *page, char cursor[ID_SIZE])
{
    const char *text = call_query(c, "cursor");

    cursor[0] = '\0';
    page->after = cursor;
    page->tenant = span_of(c->tenant);
    if (text && transfer_id_parse(cursor, span_of(text))) {
        call_problem(c, 400, "cursor", "expected next_cursor of an earlier answer");
        return -EINVAL;
    }
    return call_query_i64(c, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &page->limit);
}

static void h_transfer_list(struct call *c, struct store *s, enum transfer_kind kind,
                            const char *name)
{
    struct transfer_page page = {.kind = kind};
    char cursor[ID_SIZE], next[ID_SIZE];
    json_t *found;
    int r;

    if (h_transfer_read_page(c, &page, cursor))
        return;
    found = json_array();
    r = store_transfers(s, &page, h_transfer_add_to_list, found, next);
    if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, json_pack("{s:O, s:o}", name, found, "next_cursor", text_or_null(next)));
    json_decref(found);
}

static void h_transfer_get(struct call *c, struct store *s, enum transfer_kind kind)
{
    char id[ID_SIZE];
    struct transfer t;
    int r = STORE_MISSING;

    if (!transfer_id_parse(id, span_of(call_param(c, 0))))
        r = store_transfer_get(s, kind, span_of(c->tenant), id, &t);
    if (r == STORE_MISSING)
        call_missing(c, transfer_noun(kind));
    else if (r)
        call_store_failed(c, s, r);
    else
        call_json(c, 200, h_transfer_to_json(&t));
}

/* ---- the calls ---- */

void h_download_post(struct call *c, struct store *s)
{
    create(c, s, TRANSFER_DOWNLOAD);
}

void h_download_list(struct call *c, struct store *s)
{
    h_transfer_list(c, s, TRANSFER_DOWNLOAD, "downloads");
}

void h_download_get(struct call *c, struct store *s)
{
    h_transfer_get(c, s, TRANSFER_DOWNLOAD);
}

void h_file_post(struct call *c, struct store *s)
{
    create(c, s, TRANSFER_FILE);
}

void h_file_list(struct call *c, struct store *s)
{
    h_transfer_list(c, s, TRANSFER_FILE, "files");
}

void h_file_get(struct call *c, struct store *s)
{
    h_transfer_get(c, s, TRANSFER_FILE);
}
