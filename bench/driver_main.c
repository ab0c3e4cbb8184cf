/* SPDX-License-Identifier: Apache-2.0 */
/* driver_main.c: the program grapnel-bench-driver. Publishes, then prints one line of JSON. */
#include "bench/driver.h"
#include "common/base/text.h"

#include <getopt.h>
#include <sys/prctl.h>

static volatile sig_atomic_t stop;

static const char usage[] =
    "Usage: grapnel-bench-driver --redis-url URL | --post ADDRESS:PORT [OPTION]...\n"
    "Publishes events and prints what it did as JSON. Each event's data begins with {\"t\":…, its\n"
    "publish time, from which grapnel-bench-receiver works out the latency.\n"
    "\n"
    "  --redis-url URL     publish by libgrapnel\n"
    "  --post ADDRESS:PORT post straight to the receiver instead: what the two cost by themselves\n"
    "  --tenant NAME       publish for this tenant (default bench)\n"
    "  --tenants N         for N tenants in turn: NAME0 to NAME<N-1>\n"
    "  --type TYPE         type of the events (default USER_CREATED)\n"
    "  --bytes N           size of an event's data (default 1024)\n"
    "  --batch N           most events per call (default 128)\n"
    "  --rate N            so many a second, evenly spaced\n"
    "  --window N          at most so many published and not yet received; needs --counters\n"
    "  --counters FILE     the receiver's\n"
    "  --count N           stop after so many\n"
    "  --seconds N         stop after so long\n";

struct arguments {
    struct driver_options options;
    const char *redis_url, *post, *counters;
};

enum option_id {
    OPTION_HELP = 256,
    OPTION_REDIS_URL,
    OPTION_POST,
    OPTION_TENANT,
    OPTION_TYPE,
    OPTION_COUNTERS,
    OPTION_NUMBERS, /* from here on: number_rows */
};

static const struct {
    const char *name;
    size_t at; /* in driver_options */
    uint64_t min, max;
} number_rows[] = {
    {"tenants", offsetof(struct driver_options, tenants), 1, DRIVER_TENANTS_MAX},
    {"bytes", offsetof(struct driver_options, bytes), PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX},
    {"batch", offsetof(struct driver_options, batch), 1, DRIVER_BATCH_MAX},
    {"rate", offsetof(struct driver_options, rate), 1, 1000000},
    {"window", offsetof(struct driver_options, window), 1, 100000000},
    {"count", offsetof(struct driver_options, count), 1, 1000000000},
    {"seconds", offsetof(struct driver_options, duration_us), 1, 86400},
};

static const struct option option_table[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"redis-url", required_argument, NULL, OPTION_REDIS_URL},
    {"post", required_argument, NULL, OPTION_POST},
    {"tenant", required_argument, NULL, OPTION_TENANT},
    {"type", required_argument, NULL, OPTION_TYPE},
    {"counters", required_argument, NULL, OPTION_COUNTERS},
    {"tenants", required_argument, NULL, OPTION_NUMBERS},
    {"bytes", required_argument, NULL, OPTION_NUMBERS + 1},
    {"batch", required_argument, NULL, OPTION_NUMBERS + 2},
    {"rate", required_argument, NULL, OPTION_NUMBERS + 3},
    {"window", required_argument, NULL, OPTION_NUMBERS + 4},
    {"count", required_argument, NULL, OPTION_NUMBERS + 5},
    {"seconds", required_argument, NULL, OPTION_NUMBERS + 6},
    {0},
};

static int driver_main_take_number(struct arguments *a, size_t row, const char *text,
                                   struct diag *diag)
{
    uint64_t n;

    if (parse_u64(span_of(text), &n) || n < number_rows[row].min || n > number_rows[row].max)
        return diag_set(diag, "--%s \"%s\": expected a number, %llu..%llu", number_rows[row].name,
                        text, (unsigned long long)number_rows[row].min,
                        (unsigned long long)number_rows[row].max);
    memcpy((char *)&a->options + number_rows[row].at, &n, sizeof(n));
    return 0;
}

static int driver_main_take_option(struct arguments *a, int id, const char *text, struct diag *diag)
{
    if (id >= OPTION_NUMBERS)
        return driver_main_take_number(a, (size_t)(id - OPTION_NUMBERS), text, diag);
    switch (id) {
    case OPTION_HELP:
        fputs(usage, stdout);
        exit(0);
    case OPTION_REDIS_URL:
        a->redis_url = text;
        break;
    case OPTION_POST:
        a->post = text;
        break;
    case OPTION_TENANT:
        a->options.tenant_prefix = text;
        break;
    case OPTION_TYPE:
        a->options.type = text;
        break;
    case OPTION_COUNTERS:
        a->counters = text;
        break;
    default:
        return diag_set(diag, "see --help"); /* getopt has said what is wrong */
    }
    return 0;
}

static int parse_arguments(struct arguments *a, int argc, char **argv, struct diag *diag)
{
    int id, r;

    while ((id = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        r = driver_main_take_option(a, id, optarg, diag);
        if (r)
            return r;
    }
    a->options.duration_us *= 1000000;
    if (optind < argc)
        return diag_set(diag, "\"%s\": no arguments are expected", argv[optind]);
    if (!a->redis_url == !a->post)
        return diag_set(diag, "expected either --redis-url or --post");
    if (strlen(a->options.tenant_prefix) > DRIVER_TENANT_BYTES - 16)
        return diag_set(diag, "--tenant: expected at most %d characters", DRIVER_TENANT_BYTES - 16);
    return 0;
}

static int driver_main_run(const struct arguments *a, struct sink *sink,
                           const struct counters *counters, struct diag *diag)
{
    struct driver driver;
    int r = driver_init(&driver, &a->options, sink, counters, diag);

    if (r)
        return r;
    r = driver_run(&driver, &stop, diag);
    driver_write_json(&driver, stdout); /* also what was done before an error */
    driver_fini(&driver);
    return r;
}

static int run_with_parts(const struct arguments *a, struct diag *diag)
{
    const struct counters *counters = NULL;
    struct sink *sink;
    int r;

    if (a->counters) {
        r = counters_map(&counters, a->counters);
        if (r)
            return diag_set(diag, "--counters %s: %s", a->counters, strerror(-r));
    }
    r = a->post ? sink_http_open(&sink, a->post, a->options.batch, diag)
                : sink_redis_open(&sink, a->redis_url, a->options.batch, diag);
    if (!r) {
        r = driver_main_run(a, sink, counters, diag);
        sink->ops->close(sink);
    }
    counters_unmap(counters);
    return r;
}

static void driver_main_on_signal(int number)
{
    (void)number;
    stop = 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {
        .options = {.tenant_prefix = "bench", .type = "USER_CREATED", .bytes = 1024, .batch = 128}};
    struct sigaction action = {.sa_handler = driver_main_on_signal};
    struct diag diag = {""};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    (void)prctl(PR_SET_TIMERSLACK, 1); /* else each sleep is up to 50 µs too long */
    if (parse_arguments(&arguments, argc, argv, &diag) || run_with_parts(&arguments, &diag)) {
        fprintf(stderr, "grapnel-bench-driver: %s\n", diag.text);
        return 1;
    }
    return 0;
}
