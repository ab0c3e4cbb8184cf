/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manage/endpoint_view.h"
#include "cli/json_write.h"
#include <inttypes.h>
#include <stdio.h>

unsigned endpoint_slots(const struct cli *cli, const struct endpoint *e)
{
    return e->slots ? e->slots : (unsigned)cli->settings.endpoint_slots;
}

/* What it has of its own over its dialect, as it was written. */
static void put_own(struct buf *b, const struct endpoint *e)
{
    json_key(b, "own");
    json_begin(b, '{');
    for (unsigned i = 0; i < N_POLICY_PARTS; i++)
        if (e->policy.texts[i])
            json_put_text(b, policy_part_name((enum policy_part)i), e->policy.texts[i]);
    json_end(b, '}');
}

static void put_secrets(struct buf *b, const struct endpoint_secrets *s)
{
    json_key(b, "secrets");
    json_begin(b, '[');
    for (unsigned i = 0; i < s->n; i++) {
        json_begin(b, '{');
        json_put_text(b, "id", s->all[i].id);
        json_put_time(b, "createdAt", s->all[i].created_ms);
        json_put_time(b, "until", s->all[i].until_ms);
        if (*s->all[i].public_text)
            json_put_text(b, "publicKey", s->all[i].public_text);
        json_end(b, '}');
    }
    json_end(b, ']');
}

void endpoint_json(struct buf *b, const struct cli *cli, const struct endpoint *e)
{
    json_put_text(b, "id", e->id);
    json_put_text(b, "tenant", e->tenant);
    json_put_text(b, "url", e->url);
    json_put_text(b, "description", e->description);
    json_put_text(b, "dialect", e->dialect->name);
    json_key(b, "events");
    json_begin(b, '[');
    for (unsigned i = 0; i < e->n_events; i++)
        json_text(b, span_of(e->events[i]));
    json_end(b, ']');
    json_put_i64(b, "slots", endpoint_slots(cli, e));
    json_put_i64(b, "retries", e->policy.row.schedule.retries);
    json_put_i64(b, "timeoutMs", e->policy.row.timeout_ms);
    put_own(b, e);
    json_put_text(b, "filter", *e->filter_text ? e->filter_text : NULL);
    put_secrets(b, &e->secrets);
    json_put_bool(b, "ownCa", *e->ca);
    json_put_bool(b, "clientCertificate", *e->client_cert);
    json_put_bool(b, "enabled", !e->disabled_reason);
    json_put_text(b, "disabledReason", e->disabled_reason);
    json_put_time(b, "disabledAt", e->disabled_ms);
    json_put_time(b, "createdAt", e->created_ms);
}

void endpoint_events(struct buf *b, const struct endpoint *e)
{
    for (unsigned i = 0; i < e->n_events; i++) {
        if (i)
            buf_add_char(b, ',');
        buf_add_text(b, e->events[i]);
    }
}

static int endpoint_view_print_json(struct cli *cli, const struct endpoint *e, const char *secret,
                                    uint64_t line)
{
    struct buf json;
    int status;

    buf_init(&json, ENDPOINT_JSON_MAX);
    (void)buf_reserve(&json, ENDPOINT_JSON_MAX / 2); /* growing would leave the secret behind */
    json_begin(&json, '{');
    if (line)
        json_put_i64(&json, "line", (int64_t)line);
    endpoint_json(&json, cli, e);
    if (*secret)
        json_put_text(&json, "secret", secret);
    json_end(&json, '}');
    status = cli_print_json(cli, &json);
    buf_wipe(&json);
    return status;
}

int endpoint_print(struct cli *cli, const struct endpoint *e, const char *what, const char *secret,
                   uint64_t line)
{
    if (cli->is_json)
        return endpoint_view_print_json(cli, e, secret, line);
    if (line)
        (void)printf("line %" PRIu64 ": ", line);
    (void)printf("endpoint %s %s\n", e->id, what);
    if (*secret)
        (void)printf("secret %s (shown this once)\n", secret);
    return EXIT_DONE;
}
