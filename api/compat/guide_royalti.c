/* SPDX-License-Identifier: Apache-2.0 */
#include "api/compat/guide_royalti.h"
#include "api/compat/render.h"
#include "api/resources/delivery_view.h"

static const struct render_field delivery_fields[] = {
    {"id", "id", NULL},
    {"eventType", "type", NULL},
    {"requestUrl", "url", NULL},
    {"deliveryStatus", "status", NULL},
    {"responseStatus", "response_status", NULL},
    {"responseTimeMs", "response_ms", NULL},
    {"attemptNumber", "attempts", NULL},
    {"finalAttempt", "ended_at", render_is_set},
    {"errorCode", "error_code", NULL},
    {"errorMessage", "error_message", render_message},
    {"createdAt", "created_at", NULL},
    {NULL, NULL, NULL},
};

static const struct render_field attempt_fields[] = {
    {"attemptNumber", "attempt", NULL},
    {"responseStatus", "response_status", NULL},
    {"responseTimeMs", "response_ms", NULL},
    {"errorCode", "error_code", NULL},
    {"errorMessage", "error_message", render_message},
    {"responseBody", "response_body", NULL},
    {"attemptedAt", "at", NULL},
    {NULL, NULL, NULL},
};

static const struct render_field retry_fields[] = {
    {"id", "id", NULL},
    {"deliveryStatus", "status", NULL},
    {"finalAttempt", "ended_at", render_is_set},
    {"nextRetryAt", "next_attempt_at", NULL},
    {NULL, NULL, NULL},
};

json_t *royalti_retry_json(const struct delivery_record *d, const char *url)
{
    return render(retry_fields, delivery_v1_json(d, url));
}

json_t *royalti_delivery_json(const struct delivery_record *d, const char *url)
{
    return render(delivery_fields, delivery_v1_json(d, url));
}

static json_t *royalti_attempts(const struct delivery_record *d)
{
    json_t *all = delivery_v1_attempts(d);

    for (size_t i = 0; i < json_array_size(all); i++)
        (void)json_array_set_new(all, i,
                                 render(attempt_fields, json_incref(json_array_get(all, i))));
    return all;
}

json_t *royalti_delivery_whole(const struct delivery_record *d, const char *url)
{
    json_t *json = royalti_delivery_json(d, url);

    if (json)
        (void)json_object_set_new(json, "attempts", royalti_attempts(d));
    return json;
}
