/* SPDX-License-Identifier: Apache-2.0 */
/* h_guide_delivery.c: what a webhook of the small guides got: its deliveries, and (template) a log of all attempts.
 *
 * The guides' answers have no pages. Ours are the guides' as long as they hold everything; else there is a member
 * more, next_cursor. */
#include "api/compat/guide_call.h"
#include "api/handlers.h"
#include "api/resources/delivery_page.h"

static void page(struct call *c, struct store *s, const char *name, delivery_tell_fn *tell)
{
    struct delivery_filter filter = {.endpoint = span_of(call_param(c, 0))};
    struct delivery_page page = {.filter = &filter, .tell = tell};
    struct endpoint *e;
    json_t *json;

    if (guide_webhook(c, s, &e, NULL))
        return;
    (void)endpoint_free(e);
    if (delivery_page_read(c, s, &page))
        return;
    json = json_pack("{s:o}", name, page.found);
    if (!json_is_null(page.next_cursor))
        (void)json_object_set(json, "next_cursor", page.next_cursor);
    json_decref(page.next_cursor);
    call_json(c, 200, json);
}

static void tell_simple(json_t *found, const struct listed_delivery *d)
{
    (void)json_array_append_new(found, guide_delivery_json(&guide_simple, &d->record));
}

static void tell_template(json_t *found, const struct listed_delivery *d)
{
    (void)json_array_append_new(found, guide_delivery_json(&guide_template, &d->record));
}

void h_guide_deliveries(struct call *c, struct store *s)
{
    page(c, s, "deliveries", guide_of(c) == &guide_simple ? tell_simple : tell_template);
}

static void tell_attempts(json_t *found, const struct listed_delivery *d)
{
    guide_add_log(found, &guide_template, &d->record);
}

void h_guide_logs(struct call *c, struct store *s)
{
    page(c, s, "logs", tell_attempts);
}
