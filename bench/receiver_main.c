/* SPDX-License-Identifier: Apache-2.0 */
/* receiver_main.c: the program grapnel-bench-receiver. Prints its port as one line, then serves
 * until SIGTERM or SIGINT. */
#include "bench/receiver.h"
#include "common/base/text.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

static volatile sig_atomic_t stop;

static const char usage[] =
    "Usage: grapnel-bench-receiver [OPTION]...\n"
    "Receives POSTs on 127.0.0.1 and counts them. Its first line of output is the port.\n"
    "\n"
    "  --port N            port to listen on; 0 (default): a free one\n"
    "  --delay MS          answer each request so much later\n"
    "  --hang PREFIX       never answer paths that begin so; may be repeated\n"
    "  --fail PREFIX=STATUS[:every N|:first N]\n"
    "                      answer so: always, each Nth request, or attempts up to N\n"
    "  --window SECONDS    count the most requests of each path in any so many seconds\n"
    "  --log FILE          a CSV line per request: us,path,delivery_id,attempt,status,latency_us\n"
    "  --counters FILE     show live counters in this file (bench/counters.h)\n"
    "  --ids N             delivery ids to remember (default 1000000)\n"
    "  --connections N     clients at the same time (default 15000)\n"
    "\n"
    "GET /stats, /stats/paths, /stats/seconds answer with JSON; POST /reset forgets all counts,\n"
    "POST /flush writes out the log. A path counts as its first two parts.\n";

enum option_id {
    OPTION_HELP = 256,
    OPTION_PORT,
    OPTION_DELAY,
    OPTION_HANG,
    OPTION_FAIL,
    OPTION_WINDOW,
    OPTION_LOG,
    OPTION_COUNTERS,
    OPTION_IDS,
    OPTION_CONNECTIONS
};

static const struct option option_table[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"port", required_argument, NULL, OPTION_PORT},
    {"delay", required_argument, NULL, OPTION_DELAY},
    {"hang", required_argument, NULL, OPTION_HANG},
    {"fail", required_argument, NULL, OPTION_FAIL},
    {"window", required_argument, NULL, OPTION_WINDOW},
    {"log", required_argument, NULL, OPTION_LOG},
    {"counters", required_argument, NULL, OPTION_COUNTERS},
    {"ids", required_argument, NULL, OPTION_IDS},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {0},
};

static int receiver_main_parse_number(const char *name, const char *text, uint64_t max,
                                      uint64_t *ret, struct diag *diag)
{
    if (parse_u64(span_of(text), ret) || *ret > max)
        return diag_set(diag, "--%s \"%s\": expected a number, 0..%llu", name, text,
                        (unsigned long long)max);
    return 0;
}

static int receiver_main_take_number(struct receiver_options *o, int id, const char *text,
                                     struct diag *diag)
{
    uint64_t n;
    int r = 0;

    if (id == OPTION_PORT && !(r = receiver_main_parse_number("port", text, 65535, &n, diag)))
        o->port = (uint16_t)n;
    else if (id == OPTION_DELAY &&
             !(r = receiver_main_parse_number("delay", text, 3600000, &n, diag)))
        o->delay_us = (int64_t)n * 1000;
    else if (id == OPTION_WINDOW &&
             !(r = receiver_main_parse_number("window", text, 86400, &n, diag)))
        o->window_us = (int64_t)n * 1000000;
    else if (id == OPTION_IDS &&
             !(r = receiver_main_parse_number("ids", text, 100000000, &n, diag)))
        o->ids_max = n;
    else if (id == OPTION_CONNECTIONS &&
             !(r = receiver_main_parse_number("connections", text, 1000000, &n, diag)))
        o->connections_max = MAX(n, 1u);
    return r;
}

static int receiver_main_take_option(struct receiver_options *o, int id, const char *text,
                                     struct diag *diag)
{
    switch (id) {
    case OPTION_HELP:
        fputs(usage, stdout);
        exit(0);
    case OPTION_HANG:
        return rules_add_hang(&o->rules, text, diag);
    case OPTION_FAIL:
        return rules_add_fail(&o->rules, text, diag);
    case OPTION_LOG:
        o->journal_path = text;
        return 0;
    case OPTION_COUNTERS:
        o->counters_path = text;
        return 0;
    default:
        return receiver_main_take_number(o, id, text, diag);
    }
}

static int parse_options(struct receiver_options *o, int argc, char **argv, struct diag *diag)
{
    int id, r;

    while ((id = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        if (id == '?')
            return diag_set(diag, "see --help"); /* getopt has said what */
        r = receiver_main_take_option(o, id, optarg, diag);
        if (r)
            return r;
    }
    if (optind < argc)
        return diag_set(diag, "\"%s\": no arguments are expected", argv[optind]);
    return 0;
}

static void receiver_main_on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* Signals are let in only while waiting: *@ret is the mask for that time. */
static void catch_signals(sigset_t *ret)
{
    struct sigaction action = {.sa_handler = receiver_main_on_signal};
    sigset_t blocked;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, ret);
    sigdelset(ret, SIGTERM);
    sigdelset(ret, SIGINT);
}

static void receiver_main_raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections fit, that is all */
}

int main(int argc, char **argv)
{
    struct receiver_options options = {.ids_max = 1000000, .connections_max = 15000};
    struct receiver *receiver = NULL;
    struct diag diag = {""};
    sigset_t mask;
    int r;

    catch_signals(&mask);
    receiver_main_raise_descriptor_limit();
    r = parse_options(&options, argc, argv, &diag);
    if (!r)
        r = receiver_open(&receiver, &options, &diag);
    if (r) {
        fprintf(stderr, "grapnel-bench-receiver: %s\n", diag.text);
        return 2;
    }
    printf("%u\n", receiver->port);
    fflush(stdout);
    r = receiver_run(receiver, &stop, &mask);
    if (r)
        fprintf(stderr, "grapnel-bench-receiver: %s\n", strerror(-r));
    if (receiver_close(receiver)) {
        fprintf(stderr, "grapnel-bench-receiver: the log could not be written in full\n");
        r = -EIO;
    }
    return r ? 1 : 0;
}
