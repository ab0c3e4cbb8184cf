/* SPDX-License-Identifier: Apache-2.0 */
/* h_tables.c: what there is to choose from: the platform guide's event types, and the dialects. */
#include "api/call.h"
#include "api/handlers.h"
#include "api/resources/delivery_view.h"
#include "api/resources/endpoint_view.h"
#include "common/model/format/catalogue.h"

static json_t *h_tables_type_json(const struct catalogue_entry *entry)
{
    static const char *const subscriptions[] = {
        [SUBSCRIBED_BY_DEFAULT] = "default",
        [SUBSCRIBED_BY_ALL] = "all",
        [SUBSCRIBED_BY_NAME] = "name",
    };
    const struct catalogue_category *category = catalogue_category_of(entry->type);

    return json_pack("{s:o, s:o, s:o, s:s, s:b}", "type", json_of_text(entry->type), "category",
                     json_of_text(entry->category), "importance", json_of_text(entry->importance),
                     "subscription", subscriptions[category->subscription], "signed",
                     category->is_signed);
}

void h_event_types(struct call *c, struct store *s)
{
    const struct catalogue_entry *entry;
    json_t *all = json_array();

    (void)s;
    for (size_t i = 0; all && (entry = catalogue_at(i)); i++)
        (void)json_array_append_new(all, h_tables_type_json(entry));
    call_json(c, 200, json_pack("{s:o}", "event_types", all));
}

/* Names as they are sent where the endpoint has no prefix of its own. */
static json_t *headers_json(const struct dialect *d)
{
    json_t *all = json_array();

    for (unsigned i = 0; all && i < d->n_headers; i++)
        (void)json_array_append_new(all, json_string(d->headers[i].name));
    (void)json_array_append_new(all, json_string(d->signature.header));
    return all;
}

static json_t *dialect_json(const struct dialect *d)
{
    json_t *json = policy_v1_json(d);

    if (!json)
        return NULL;
    (void)json_object_set_new(json, "name", json_string(d->name));
    (void)json_object_set_new(json, "sends", headers_json(d));
    (void)json_object_set_new(json, "has_catalogue", json_boolean(d->has_catalogue));
    return json;
}

void h_dialects(struct call *c, struct store *s)
{
    const struct dialect *d;
    json_t *all = json_array();

    (void)s;
    for (size_t i = 0; all && (d = dialect_at(i)); i++)
        (void)json_array_append_new(all, dialect_json(d));
    call_json(c, 200, json_pack("{s:o}", "dialects", all));
}
