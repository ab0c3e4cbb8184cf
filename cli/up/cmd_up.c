/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_up.c: `grapnel up`: all of Grapnel on this machine, and a sample event on its way. */
#include "cli/api/context.h"
#include "cli/commands.h"
#include "cli/up/up.h"
#include "common/base/clock.h"
#include "common/crypto/sign.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#define TENANT "demo"
#define CONTEXT "up"
#define SAMPLE_TYPE "PAYMENT_COMPLETED"
enum { OUTPUT_MAX = 4 << 20, SAMPLE_MS = 20000, POLL_MS = 50 };

static const char sample_data[] =
    "{\"actor\":{\"id\":\"usr_789\",\"type\":\"user\",\"name\":\"Ada\"},"
    "\"resource\":{\"type\":\"payment\",\"id\":\"pay_123\"},"
    "\"attributes\":{\"amount\":1500.00,\"currency\":\"USD\"}}";

struct args {
    const char *folder;
    bool is_once;
};

/* What demo.json holds: the sample endpoint, and the receiver that it points to. */
struct demo {
    char endpoint[64], secret[96], event[96], delivery[64];
    uint16_t port;
};

enum { OPT_STATE = OPTION_FIRST, OPT_ONCE };

static const struct argp_option options[] = {
    {"state", OPT_STATE, "FOLDER", 0, "Where everything is kept (default ./grapnel-state)", 0},
    {"once", OPT_ONCE, 0, 0, "End when the sample event was received and verified", 0},
    {0},
};

static int cmd_up_on_option(void *data, int key, char *value, struct diag *diag)
{
    struct args *a = data;

    switch (key) {
    case OPT_STATE:
        a->folder = value;
        return 0;
    case OPT_ONCE:
        a->is_once = true;
        return 0;
    default:
        return diag_set(diag, "unexpected argument");
    }
}

/* ---- other commands, run as a user would ---- */

static json_t *run_json(const char *const argv[], int *ret_status)
{
    struct buf output;
    json_t *json = NULL;

    buf_init(&output, OUTPUT_MAX);
    *ret_status = child_run(argv, &output);
    if (*ret_status >= 0 && output.len)
        json = json_loadb(output.data, output.len, 0, NULL);
    buf_fini(&output);
    return json;
}

/* Fails with the words of the command. */
static json_t *run_or_tell(struct up *up, const char *const argv[])
{
    int status;
    json_t *json = run_json(argv, &status);

    if (status == 0 && json)
        return json;
    (void)cli_fail(up->cli, EXIT_FAILED, "grapnel %s %s: failed with status %d", argv[1], argv[2],
                   status);
    json_decref(json);
    return NULL;
}

static int cmd_up_copy_text(char *ret, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text || strlen(text) >= size)
        return -EBADMSG;
    (void)snprintf(ret, size, "%s", text);
    return 0;
}

/* ---- the sample endpoint ---- */

static void demo_path(const struct up *up, char ret[UP_PATH_MAX + 16])
{
    (void)snprintf(ret, UP_PATH_MAX + 16, "%s/demo.json", up->folder);
}

static bool demo_load(const struct up *up, struct demo *ret)
{
    char path[UP_PATH_MAX + 16];
    json_t *json;
    bool is_whole;

    demo_path(up, path);
    json = json_load_file(path, 0, NULL);
    is_whole = json && !cmd_up_copy_text(ret->endpoint, sizeof(ret->endpoint), json, "endpoint") &&
               !cmd_up_copy_text(ret->secret, sizeof(ret->secret), json, "secret");
    ret->port = (uint16_t)json_integer_value(json_object_get(json, "port"));
    json_decref(json);
    return is_whole;
}

static int demo_save(const struct up *up, const struct demo *demo)
{
    char path[UP_PATH_MAX + 16];
    json_t *json = json_pack("{s:s,s:s,s:i}", "endpoint", demo->endpoint, "secret", demo->secret,
                             "port", demo->port);
    int fd, r = -1;

    demo_path(up, path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); /* it holds the secret */
    if (fd >= 0 && json)
        r = json_dumpfd(json, fd, JSON_INDENT(2));
    if (fd >= 0)
        close(fd);
    json_decref(json);
    return r ? cli_fail(up->cli, EXIT_FAILED, "%s: cannot be written", path) : EXIT_DONE;
}

static void url_text(const struct demo *demo, char ret[64])
{
    (void)snprintf(ret, 64, "http://127.0.0.1:%u/webhooks", demo->port);
}

/* The first time: a tenant, and an endpoint that points to the receiver. */
static int demo_make(struct up *up, struct demo *demo)
{
    char url[64];
    const char *const tenant[] = {up->grapnel, "tenant",       "add",    TENANT, "--name",
                                  "Demo",      "--allow-http", "--json", NULL};
    const char *const endpoint[] = {up->grapnel,  "endpoint", "add",   "--tenant", TENANT,
                                    "--dialect",  "royalti",  "--url", url,        "--secret",
                                    demo->secret, "--json",   NULL};
    int status;
    json_t *json = run_json(tenant, &status);

    json_decref(json); /* it may be there from an `up` that was killed: the endpoint tells */
    url_text(demo, url);
    json = run_or_tell(up, endpoint);
    if (!json)
        return EXIT_FAILED;
    status = cmd_up_copy_text(demo->endpoint, sizeof(demo->endpoint), json, "id");
    json_decref(json);
    return status ? cli_fail(up->cli, EXIT_FAILED, "endpoint add: no id in its answer")
                  : demo_save(up, demo);
}

/* Later: the receiver may have had to take another port. */
static int demo_move(struct up *up, struct demo *demo)
{
    char url[64];
    const char *const set[] = {up->grapnel, "endpoint", "set", demo->endpoint, "--tenant",
                               TENANT,      "--url",    url,   "--json",       NULL};
    json_t *json;

    url_text(demo, url);
    json = run_or_tell(up, set);
    if (!json)
        return EXIT_FAILED;
    json_decref(json);
    return demo_save(up, demo);
}

static int start_receiver(struct up *up, struct demo *demo)
{
    bool is_known = demo_load(up, demo);
    uint16_t port = demo->port;

    if (!is_known)
        sign_secret_make(demo->secret, SIGN_FORM_SHA256_HEX);
    up->port = is_known ? port : 0;
    if (up_start_receiver(up, demo->secret))
        return EXIT_FAILED;
    demo->port = up->port;
    if (!is_known)
        return demo_make(up, demo);
    return demo->port == port ? EXIT_DONE : demo_move(up, demo);
}

/* ---- the sample event ---- */

static int publish_sample(struct up *up, struct demo *demo)
{
    const char *const argv[] = {up->grapnel, "publish", "--tenant",  TENANT,   "--type",
                                SAMPLE_TYPE, "--data",  sample_data, "--json", NULL};
    json_t *json = run_or_tell(up, argv);
    int r;

    if (!json)
        return EXIT_FAILED;
    r = cmd_up_copy_text(demo->event, sizeof(demo->event), json, "eventId");
    json_decref(json);
    return r ? cli_fail(up->cli, EXIT_FAILED, "publish: no eventId in its answer") : EXIT_DONE;
}

/* A request as the receiver tells it, for a person. */
static void show_request(const json_t *request)
{
    const char *body = json_string_value(json_object_get(request, "body"));
    json_t *json = body ? json_loads(body, JSON_DECODE_ANY, NULL) : NULL;
    const char *reason = json_string_value(json_object_get(request, "reason"));
    bool is_verified = json_is_true(json_object_get(request, "verified"));

    (void)printf("  received %s  event %s  attempt %lld  signature %s%s%s → answered %lld\n",
                 json_string_value(json_object_get(request, "path")),
                 json_string_value(json_object_get(json, "event")),
                 (long long)json_integer_value(
                     json_object_get(json_object_get(json, "delivery"), "attempt")),
                 is_verified ? "verified" : "WRONG", reason ? ": " : "", reason ? reason : "",
                 (long long)json_integer_value(json_object_get(request, "status")));
    (void)fflush(stdout);
    json_decref(json);
}

/* Is this the sample, with a good signature? Then its delivery id is noted. */
static bool is_sample(struct demo *demo, const json_t *request)
{
    const json_t *headers = json_object_get(request, "headers");
    const char *body = json_string_value(json_object_get(request, "body"));

    return body && strstr(body, demo->event) &&
           json_is_true(json_object_get(request, "verified")) &&
           !cmd_up_copy_text(demo->delivery, sizeof(demo->delivery), headers, "X-Royalti-Delivery");
}

static bool cmd_up_take_request(struct demo *demo, const struct buf *line)
{
    json_t *request = json_loadb(line->data, line->len, 0, NULL);
    bool is_it = request && is_sample(demo, request);

    if (request)
        show_request(request);
    json_decref(request);
    return is_it;
}

/* Until the sample has arrived: an exit status, told; -1: a signal came. */
static int await_sample(struct up *up, struct demo *demo)
{
    int64_t end_ms = clock_mono_ms() + SAMPLE_MS;
    struct buf line;
    int status = EXIT_FAILED;
    bool has_come = false;

    buf_init(&line, OUTPUT_MAX);
    while (!has_come && status != -1 && clock_mono_ms() < end_ms) {
        switch (up_wait(up, POLL_MS, &line)) {
        case UP_LINE:
            has_come = cmd_up_take_request(demo, &line);
            break;
        case UP_SIGNAL:
        case UP_BROKEN:
            status = -1;
            break;
        case UP_NOTHING:
            break;
        }
    }
    buf_fini(&line);
    if (has_come)
        return EXIT_DONE;
    return status == -1 ? -1
                        : cli_fail(up->cli, EXIT_FAILED,
                                   "the sample event did not arrive within %d s; see %s",
                                   SAMPLE_MS / 1000, up->log_folder);
}

static bool is_settled(struct up *up, const struct demo *demo, int *ret_status)
{
    const char *const argv[] = {up->grapnel, "delivery", "show",   demo->delivery,
                                "--tenant",  TENANT,     "--json", NULL};
    json_t *json = run_json(argv, ret_status);
    const char *state = json_string_value(json_object_get(json, "status"));
    bool is_success = state && strcmp(state, "success") == 0;

    json_decref(json);
    return is_success;
}

static void show_delivery(const struct up *up, const struct demo *demo)
{
    const char *const argv[] = {up->grapnel, "delivery", "show", demo->delivery,
                                "--tenant",  TENANT,     NULL};
    struct buf text;

    buf_init(&text, OUTPUT_MAX);
    if (child_run(argv, &text) == 0)
        (void)printf("\n%s\n", text.data);
    buf_fini(&text);
    (void)fflush(stdout);
}

/* The record is written right after the answer. */
static int await_record(struct up *up, struct demo *demo)
{
    int64_t end_ms = clock_mono_ms() + SAMPLE_MS;
    struct buf line;
    int status = 0;
    bool has_ended;

    buf_init(&line, OUTPUT_MAX);
    while (!(has_ended = is_settled(up, demo, &status)) && status == 0 && clock_mono_ms() < end_ms)
        if (up_wait(up, POLL_MS, &line) == UP_LINE)
            (void)cmd_up_take_request(demo, &line);
    buf_fini(&line);
    if (!has_ended)
        return cli_fail(up->cli, EXIT_FAILED, "the sample delivery was not settled");
    show_delivery(up, demo);
    return EXIT_DONE;
}

/* So that a terminal without `env` can manage it too. */
static void cmd_up_write_context(const struct up *up)
{
    char url[64];
    struct diag diag = {""};

    (void)snprintf(url, sizeof(url), "http://%s", up->http.listen);
    if (context_write(CONTEXT, url, up->http.key, &diag))
        (void)fprintf(stderr, "No context is written: %s\n", diag.text);
}

static void invite(const struct up *up)
{
    (void)printf("Grapnel is up. In another terminal:\n\n"
                 "  . %s/env\n"
                 "  %s publish --tenant " TENANT " --type USER_CREATED --data '{\"id\":1}'\n"
                 "  %s delivery list --tenant " TENANT "\n"
                 "  curl -H \"Authorization: Bearer $GRAPNEL_API_KEY\" "
                 "'http://%s/v1/deliveries?tenant=" TENANT "'\n\n"
                 "Ctrl-C ends it; nothing accepted is lost. Requests are shown here:\n",
                 up->folder, up->grapnel, up->grapnel, up->http.listen);
    (void)fflush(stdout);
}

static void show_until_signal(struct up *up, struct demo *demo)
{
    struct buf line;
    enum up_news news = UP_NOTHING;

    buf_init(&line, OUTPUT_MAX);
    while (news != UP_SIGNAL && news != UP_BROKEN) {
        news = up_wait(up, -1, &line);
        if (news == UP_LINE)
            (void)cmd_up_take_request(demo, &line);
    }
    buf_fini(&line);
}

static int run_all(struct up *up, const struct args *a)
{
    struct demo demo = {0};
    int status = up_start(up);

    status = status ? status : start_receiver(up, &demo);
    if (status)
        return status;
    (void)printf("Redis, scheduler, worker, API and a receiver on port %u are running (%s).\n"
                 "Publishing a sample event:\n\n",
                 demo.port, up->folder);
    (void)fflush(stdout);
    status = publish_sample(up, &demo);
    status = status ? status : await_sample(up, &demo);
    status = status ? status : await_record(up, &demo);
    if (status == -1)
        return EXIT_DONE;
    if (status || a->is_once)
        return status;
    cmd_up_write_context(up);
    invite(up);
    show_until_signal(up, &demo);
    (void)context_remove(CONTEXT, NULL);
    return EXIT_DONE;
}

static int cmd_up_run(struct cli *cli)
{
    const struct args *a = cli->args;
    struct up up;
    int status = up_prepare(&up, cli, a->folder ? a->folder : "grapnel-state"), stopped;

    if (!status) {
        status = run_all(&up, a);
        stopped = up_stop(&up);
        status = status ? status : stopped;
    }
    up_fini(&up);
    return status;
}

const struct command command_up = {
    .name = "up",
    .arguments = "",
    .about = "Run all of Grapnel on this machine, with a sample event",
    .details =
        "Starts a redis-server of its own (append-only file, in the state folder), a scheduler, "
        "a worker, the API and a receiver, delivers a sample event and shows it, then shows every "
        "request until Ctrl-C.\n\n"
        "A second run on the same folder goes on where the first stopped. The master key is "
        "made in the folder; `env` in it sets what other commands need. While it runs, the context "
        "`up' names its API.",
    .options = options,
    .args_size = sizeof(struct args),
    .option = cmd_up_on_option,
    .run = cmd_up_run,
};
