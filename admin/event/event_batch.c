/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/event/event_batch.h"
#include "admin/event/event_line.h"
#include "common/json/json_scan.h"
#include "common/model/event_check.h"
#include <errno.h>
#include <stdio.h>

enum { ROOM_FIRST = 16 };

/* ---- room ---- */

static int event_batch_grow(void *array, size_t n, size_t size)
{
    void **place = array, *larger = reallocarray(*place, n, size);

    if (!larger)
        return -ENOMEM;
    *place = larger;
    return 0;
}

/* For one more event, good or not. */
static int event_batch_make_room(struct event_batch *b, size_t most)
{
    size_t room = b->room ? 2 * b->room : b->is_one ? 1 : ROOM_FIRST;

    if (b->n < b->room)
        return 0;
    room = MIN(room, most);
    if (event_batch_grow(&b->events, room, sizeof(*b->events)) ||
        event_batch_grow(&b->receipts, room, sizeof(*b->receipts)))
        return -ENOMEM;
    b->room = room;
    return 0;
}

static int event_batch_refuse(struct event_batch *b, const struct diag *why)
{
    /* Rare, so they have no room before: it grows with each power of two. */
    if ((b->n_refused & (b->n_refused - 1)) == 0 &&
        event_batch_grow(&b->refused, b->n_refused ? 2 * b->n_refused : 1, sizeof(*b->refused)))
        return -ENOMEM;
    b->refused[b->n_refused++] = (struct event_refusal){b->n, *why};
    return 0;
}

/* ---- one event ---- */

static int event_batch_complete(struct grapnel_event *e, const struct event_defaults *d,
                                struct diag *why)
{
    if (!e->tenant)
        e->tenant = d->tenant;
    if (d->is_bound && e->tenant != d->tenant && strcmp(e->tenant, d->tenant) != 0)
        return diag_set(why, "tenant: expected the key's own, or none");
    if (d->is_bound && e->type && event_type_is_own(span_of(e->type)))
        return diag_set(why, "type: those that begin with grapnel. are Grapnel's own");
    if (!e->traceparent && !e->tracestate) {
        e->traceparent = d->traceparent;
        e->tracestate = d->tracestate;
    }
    return 0;
}

/* @text is within b->text. */
static int event_batch_add(struct event_batch *b, struct span text,
                           const struct event_batch_options *o, bool is_checked)
{
    char *line = b->text + (text.data - b->text);
    struct grapnel_event e = {0};
    struct diag why = {""};
    int r;

    if (b->n == o->events_max)
        return -E2BIG;
    if (event_batch_make_room(b, o->events_max))
        return -ENOMEM;
    r = (is_checked ? event_line_take : event_line_parse)(line, text.len, &e, &why);
    r = r ? r : event_batch_complete(&e, &o->defaults, &why);
    if (r)
        r = event_batch_refuse(b, &why);
    else
        b->events[b->n_events++] = e;
    b->n++;
    return r;
}

/* ---- the body ---- */

static int add_items(struct event_batch *b, struct span array, const struct event_batch_options *o)
{
    struct json_walk walk;
    struct span item;
    int r = 0;

    json_walk_at(&walk, array);
    (void)json_walk_enter(&walk);
    while (!r && json_walk_item(&walk)) {
        json_walk_value(&walk, &item);
        r = event_batch_add(b, item, o, true);
    }
    return r;
}

static int add_values(struct event_batch *b, struct span text, const struct event_batch_options *o,
                      struct diag *diag)
{
    struct diag wrong = {""};
    enum json_kind kind;
    struct span value;

    if (json_check(text, &wrong))
        return diag_set(diag, "the body is not JSON: %.100s", wrong.text);
    value = json_value(text, &kind);
    if (kind == JSON_KIND_ARRAY)
        return add_items(b, value, o);
    if (kind != JSON_KIND_OBJECT)
        return diag_set(diag, "expected a JSON object, or an array of them");
    b->is_one = true;
    return event_batch_add(b, value, o, true);
}

static bool event_batch_is_blank(struct span line)
{
    while (line.len && strchr(" \t\r", *line.data) && *line.data)
        line.data++, line.len--;
    return line.len == 0;
}

static int add_lines(struct event_batch *b, struct span text, const struct event_batch_options *o)
{
    int r = 0;

    while (!r && text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        struct span line = {text.data, len};

        if (!event_batch_is_blank(line))
            r = event_batch_add(b, line, o, false);
        len += end != NULL;
        text = (struct span){text.data + len, text.len - len};
    }
    return r;
}

/* The refused ones count: what stands at an index has its key whatever became of the others. */
static int set_keys(struct event_batch *b, const char *key)
{
    size_t refused = 0;

    if (!key || !b->n_events)
        return 0;
    b->keys = calloc(b->n_events, sizeof(*b->keys));
    if (!b->keys)
        return -ENOMEM;
    for (size_t i = 0; i < b->n_events; i++) {
        while (refused < b->n_refused && b->refused[refused].index == i + refused)
            refused++;
        if (b->events[i].idempotency_key)
            continue;
        (void)snprintf(b->keys[i], sizeof(b->keys[i]), b->is_one ? "%s" : "%s#%zu", key,
                       i + refused);
        b->events[i].idempotency_key = b->keys[i];
    }
    return 0;
}

static int take_copy(struct event_batch *b, struct span body)
{
    b->text = malloc(body.len + 1);
    if (!b->text)
        return -ENOMEM;
    if (body.len)
        memcpy(b->text, body.data, body.len);
    b->text[body.len] = '\0';
    return 0;
}

int event_batch_parse(struct event_batch *ret, struct span body,
                      const struct event_batch_options *o, struct diag *diag)
{
    struct span text;
    int r;

    *ret = (struct event_batch){0};
    r = take_copy(ret, body);
    if (r)
        return r;
    text = (struct span){ret->text, body.len};
    r = o->is_lines ? add_lines(ret, text, o) : add_values(ret, text, o, diag);
    if (r == -E2BIG)
        (void)diag_set(diag, "more than %zu events", o->events_max);
    else if (!r && !ret->n)
        r = diag_set(diag, "expected at least one event");
    return r ? r : set_keys(ret, o->defaults.key);
}

void event_batch_fini(struct event_batch *b)
{
    free(b->events);
    free(b->receipts);
    free(b->refused);
    free(b->keys);
    free(b->text);
    *b = (struct event_batch){0};
}
