#include "api/compat/guide.h"
#include "api/resources/delivery_view.h"
#include "common/base/iso_time.h"

enum { SECONDS_LEN = 19 }; /* of 2026-01-15T12:00:00.000Z without what follows the seconds */

json_t *guide_time_json(int64_t ms)
{
    char text[ISO_TIME_LEN];

    if (!ms)
        return json_null();
    iso_time_write(text, ms);
    return json_sprintf("%.*sZ", SECONDS_LEN, text);
}

json_t *guide_events_json(const struct endpoint *e)
{
    json_t *all = json_array();

    for (unsigned i = 0; all && i < e->n_events; i++)
        (void)json_array_append_new(all, json_string(e->events[i]));
    return all;
}

json_t *guide_id_json(const struct delivery_record *d)
{
    return json_of_text(span_of(d->id));
}

json_t *guide_error_json(const struct delivery_record *d)
{
    const struct record_entry *last = delivery_last(d), *a = delivery_last_attempt(d);

    if (last->kind == RECORD_FINAL && span_equal(last->final, SPAN("cancelled")))
        return json_of_text(last->reason);
    return a && a->code.len ? attempt_message_json(a) : NULL;
}

bool guide_is_delivered(const struct delivery_record *d)
{
    return delivery_is_final(d) && span_equal(delivery_status(d), SPAN("success"));
}
