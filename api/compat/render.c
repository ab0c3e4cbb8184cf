/* SPDX-License-Identifier: Apache-2.0 */
#include "api/compat/render.h"
#include "common/base/iso_time.h"
#include "common/base/text.h"
#include "common/model/destination.h"

enum { SECONDS_LEN = 19 }; /* of 2026-01-15T12:00:00.000Z without what follows the seconds */

static void render_one(json_t *into, const struct render_field *f, json_t *whole)
{
    json_t *value = json_object_get(whole, f->of);

    if (!value)
        return;
    value = f->convert ? f->convert(value, whole) : json_incref(value);
    if (value)
        (void)json_object_set_new(into, f->name, value);
}

json_t *render(const struct render_field *fields, json_t *whole)
{
    json_t *json = whole ? json_object() : NULL;

    for (const struct render_field *f = fields; json && f->name; f++)
        render_one(json, f, whole);
    json_decref(whole);
    return json;
}

json_t *render_is_set(json_t *value, json_t *whole)
{
    (void)whole;
    return json_boolean(!json_is_null(value));
}

json_t *render_text_or_null(json_t *value, json_t *whole)
{
    (void)whole;
    return json_string_length(value) ? json_incref(value) : json_null();
}

json_t *render_time(int64_t ms)
{
    char text[ISO_TIME_LEN];

    if (!ms)
        return json_null();
    iso_time_write(text, ms);
    return json_sprintf("%.*sZ", SECONDS_LEN, text);
}

int64_t render_ms(const json_t *time)
{
    const char *text = json_string_value(time);
    int64_t ms;

    return text && !parse_iso_time(span_of(text), &ms) ? ms : 0;
}

json_t *render_seconds(json_t *value, json_t *whole)
{
    (void)whole;
    return render_time(render_ms(value));
}

const char *render_text(json_t *whole, const char *of)
{
    const char *text = json_string_value(json_object_get(whole, of));

    return text ? text : "";
}

bool render_is(json_t *whole, const char *status)
{
    return strcmp(render_text(whole, "status"), status) == 0;
}

json_t *render_message(json_t *value, json_t *whole)
{
    json_int_t status = json_integer_value(json_object_get(whole, "response_status"));

    if (json_is_null(value) && *render_text(whole, "error_code") && status)
        return json_sprintf("%s status %d",
                            destination_title(span_of(render_text(whole, "destination"))),
                            (int)status);
    return json_incref(value);
}
