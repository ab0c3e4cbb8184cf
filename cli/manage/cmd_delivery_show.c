/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_delivery_show.c: `grapnel delivery show`: all that is known of one delivery. */
#include "admin/delivery/store_delivery.h"
#include "admin/event/store_event.h"
#include "cli/commands.h"
#include "cli/json_write.h"
#include "cli/manage/cli_store.h"
#include "cli/manage/delivery_view.h"
#include "common/model/event.h"
#include "common/model/options.h"
#include <errno.h>
#include <stdio.h>

enum { RECORD_BYTES_MAX = 256 << 20, URL_BYTES_MAX = 4096 };

struct args {
    const char *id;
};

static int cmd_delivery_show_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    if (key == ARGP_KEY_ARG)
        return option_argument(&a->id, "delivery", value, diag);
    return diag_set(diag, "unexpected option");
}

/* What stands beside the record. */
struct around {
    struct buf url;    /* of its endpoint now; empty: removed */
    char event_id[80]; /* the producer's own, or ours; "": the body is no longer there */
    int64_t now_ms;
};

static int cmd_delivery_show_print_json(struct cli *cli, const struct delivery_record *d,
                                        const struct around *a)
{
    struct buf json;
    int status;

    buf_init(&json, DELIVERY_JSON_MAX);
    json_begin(&json, '{');
    delivery_json(&json, d, a->url.len ? a->url.data : NULL);
    json_put_text(&json, "eventId", *a->event_id ? a->event_id : NULL);
    json_put_text(&json, "place", delivery_place_name(delivery_place(d, a->now_ms)));
    delivery_json_details(&json, d);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_fini(&json);
    return status;
}

static void print_head(const struct delivery_record *d, const struct around *a)
{
    const struct record_entry *created = delivery_created(d), *last = delivery_last(d);
    struct span status = delivery_status(d);
    char event[64];

    delivery_event(d, event);
    print_field("delivery", "%s", d->id);
    print_field_span("tenant", created->tenant);
    if (*a->event_id && strcmp(a->event_id, event) != 0)
        print_field("event", "%.*s  %s (%s)", (int)created->type.len, created->type.data, event,
                    a->event_id);
    else
        print_field("event", "%.*s  %s", (int)created->type.len, created->type.data, event);
    print_field("endpoint", "%.*s  %s", (int)created->endpoint.len, created->endpoint.data,
                a->url.len ? a->url.data : "(removed)");
    print_field_time("created", created->ms);
    if (delivery_is_final(d))
        print_field("status", "%.*s%s%.*s", (int)status.len, status.data,
                    last->reason.len ? ": " : "", (int)last->reason.len, last->reason.data);
    else
        print_field("status", "pending (%s)", delivery_place_words(delivery_place(d, a->now_ms)));
    print_field_time("next attempt", delivery_next_ms(d));
}

static void print_responses(const struct delivery_record *d)
{
    struct buf text;

    for (size_t i = 0; i < d->n; i++) {
        const struct record_entry *e = &d->entries[i];

        if (e->kind != RECORD_ATTEMPT || !e->response.len)
            continue;
        buf_init(&text, 4 * RESPONSE_WORDS_CHARS + 16);
        text_clean(&text, e->response, RESPONSE_WORDS_CHARS);
        (void)printf("\nresponse to attempt %u (%zu bytes):\n%.*s\n", e->attempt, e->response.len,
                     (int)text.len, text.data ? text.data : "");
        buf_fini(&text);
    }
}

static int cmd_delivery_show_print_words(const struct delivery_record *d, const struct around *a)
{
    struct table t;

    print_head(d, a);
    (void)printf("\n");
    table_init(&t, delivery_entry_titles, DELIVERY_ENTRY_COLUMNS);
    for (size_t i = 0; i < d->n; i++)
        delivery_entry_row(&t, &d->entries[i]);
    table_end(&t);
    print_responses(d);
    return EXIT_DONE;
}

/* The event's id is told by its body, which may be gone. */
static int look_up_event(struct store *s, const struct delivery_record *d, struct around *ret)
{
    struct stored_event stored;
    int r = store_event_get(s, d->partition, delivery_created(d)->event, &stored);

    if (!r && stored.is_readable)
        (void)snprintf(ret->event_id, sizeof(ret->event_id), "%s", stored.event.id);
    if (!r)
        stored_event_fini(&stored);
    return r == STORE_MISSING ? 0 : r;
}

static int look_around(struct store *s, const struct delivery_record *d, struct around *ret)
{
    int r = store_now_ms(s, &ret->now_ms);

    r = r ? r : store_endpoint_url(s, delivery_created(d)->endpoint, &ret->url);
    return r ? r : look_up_event(s, d, ret);
}

static int cmd_delivery_show_show(struct store *s, struct span id, struct span bytes)
{
    struct around around = {.event_id = ""};
    struct delivery_record d;
    int status, r = delivery_record_parse(&d, id, bytes);

    if (r)
        return cli_fail(cli_of(s), EXIT_FAILED, "the record of delivery %.*s cannot be read",
                        (int)id.len, id.data);
    buf_init(&around.url, URL_BYTES_MAX);
    r = look_around(s, &d, &around);
    if (r)
        status = cli_store_fail(s, r);
    else
        status = cli_of(s)->is_json ? cmd_delivery_show_print_json(cli_of(s), &d, &around)
                                    : cmd_delivery_show_print_words(&d, &around);
    buf_fini(&around.url);
    delivery_record_fini(&d);
    return status;
}

static int cmd_delivery_show_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct store s;
    struct buf bytes;
    int status, r;

    if (!a->id)
        return cli_misuse(cli, "the delivery's id is missing");
    buf_init(&bytes, RECORD_BYTES_MAX);
    status = cli_store_open(&s, cli);
    if (!status) {
        r = store_delivery_read(&s, span_of(a->id), 0, &bytes);
        if (r == STORE_MISSING)
            status = delivery_missing(cli, a->id);
        else
            status = r ? cli_store_fail(&s, r)
                       : cmd_delivery_show_show(&s, span_of(a->id), buf_span(&bytes));
    }
    store_close(&s);
    buf_fini(&bytes);
    return status;
}

const struct command command_delivery_show = {
    .name = "delivery show",
    .arguments = "ID",
    .about = "Show one delivery: its state and all its attempts",
    .details =
        "A pending delivery is `ready' (it waits for a permit or a worker, or is being sent), "
        "waits for a `verdict' on its last attempt, or is `delayed' until its next one. With "
        "--json a response is shown up to 16 KiB, and what is no UTF-8 in it as U+FFFD.",
    .args_size = sizeof(struct args),
    .option = cmd_delivery_show_on_option,
    .run = cmd_delivery_show_run,
};
