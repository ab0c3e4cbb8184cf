/* SPDX-License-Identifier: Apache-2.0 */
/* redis_probe.h: a redis_client under test: its loop, what it told, and what became of each request. */
#ifndef GRAPNEL_TESTS_SUPPORT_REDIS_PROBE_H
#define GRAPNEL_TESTS_SUPPORT_REDIS_PROBE_H

#include "common/redis/redis_client.h"

enum { PROBE_WAIT_MS = 20000 };

/* One request and its end. */
struct asked {
    struct redis_request request;
    int n_done, result, type;
    int64_t integer;
    char text[256];                /* the beginning of a string, status or error */
    unsigned order;                /* how many requests ended before */
    void (*then)(struct asked *a); /* called from its callback; may be NULL */
};

struct redis_probe {
    struct loop loop;
    struct redis_address address;
    struct redis_client *client; /* NULL from probe_close() on */
    struct redis_client_options options;
    struct timer tick;
    unsigned n_connects, n_losses, n_ended;
    bool is_closed, is_sending;
    void (*on_connect)(void);
};

extern struct redis_probe probe;

/* Starts the loop and the client; `probe.options` are used as they were left, their address is @url. */
void probe_open(const char *url);
/* Closes the client if it is not closed, waits for its end, ends the loop: what is left open fails. */
void probe_close(void);
/* Only asks the client to close; probe_close() must follow. */
void probe_close_client(void);

/* Runs the loop until @is_done; fails the test when that takes PROBE_WAIT_MS. */
void probe_wait(bool (*is_done)(void));
void probe_wait_connected(void);
void probe_wait_asked(const struct asked *a); /* until it was called back */

/* Sends a command of words that are separated by single spaces. */
void probe_ask(struct asked *a, const char *words, int64_t deadline_ms);
void probe_ask_command(struct asked *a, const struct redis_command *cmd);
void probe_run(struct asked *a, const struct redis_script *script, const struct redis_command *cmd);
/* Sends, waits, and returns the text of the reply (integers as digits). */
const char *probe_call(const char *words);

#endif
