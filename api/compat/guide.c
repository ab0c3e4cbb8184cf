/* SPDX-License-Identifier: Apache-2.0 */
#include "api/compat/guide.h"
#include "api/resources/delivery_view.h"
#include "api/resources/endpoint_view.h"

json_t *guide_webhook_json(const struct guide *g, const struct endpoint *e, const char *secret)
{
    json_t *whole = endpoint_v1_json(e, NULL);

    if (whole && secret)
        (void)json_object_set_new(whole, "secret", json_string(secret));
    return render(g->webhook, whole);
}

json_t *guide_webhooks_json(const struct guide *g, const struct tenant *t)
{
    json_t *list = json_array(), *json = json_pack("{s:o}", "webhooks", list);

    for (unsigned i = 0; json && i < t->n_endpoints; i++)
        (void)json_array_append_new(list,
                                    render(g->listed, endpoint_v1_json(t->endpoints[i], NULL)));
    if (json && g->has_total)
        (void)json_object_set_new(json, "total", json_integer(t->n_endpoints));
    return json;
}

json_t *guide_delivery_json(const struct guide *g, const struct delivery_record *d)
{
    return render(g->delivery, delivery_v1_json(d, NULL));
}

void guide_add_log(json_t *log, const struct guide *g, const struct delivery_record *d)
{
    json_t *all = delivery_v1_attempts(d);

    for (size_t i = json_array_size(all); i-- > 0;) {
        json_t *attempt = json_incref(json_array_get(all, i));

        (void)json_object_set_new(attempt, "delivery", json_string(d->id));
        (void)json_object_set_new(attempt, "type", json_of_text(delivery_created(d)->type));
        (void)json_object_set_new(attempt, "place", json_integer((json_int_t)i + 1));
        (void)json_array_append_new(log, render(g->attempt, attempt));
    }
    json_decref(all);
}

json_t *guide_end_time(json_t *value, json_t *whole)
{
    int64_t ms = render_ms(value);

    return render_time(ms ? ms + json_integer_value(json_object_get(whole, "response_ms")) : 0);
}
