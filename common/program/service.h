/* SPDX-License-Identifier: Apache-2.0 */
/* service.h: the frame of a long-running program: settings, log, loop, signals, drain.
 *
 * SIGTERM or SIGINT asks for a drain; a second one, or the drain deadline, ends it at once; a third
 * one kills. SIGPIPE is ignored; the soft limit of descriptors is raised to the hard one. Life:
 * service_init → (program starts its parts) → service_run → (parts closed) → service_fini. After
 * that main() calls uv_library_shutdown(), the very last thing: it ends libuv's threads for all
 * loops. */
#ifndef GRAPNEL_COMMON_PROGRAM_SERVICE_H
#define GRAPNEL_COMMON_PROGRAM_SERVICE_H

#include "common/base/base.h"
#include "common/redis/redis_client.h"
#include "common/runtime/loop.h"
#include "common/runtime/settings.h"

struct service;

struct service_ops {
    const char *program; /* "grapnel-worker" */
    const char *about;   /* one line for --help */
    unsigned scope;      /* enum settings_scope */
    /* Stop taking work, finish what is in hand, close everything; when all is closed the loop ends
     * by itself. Called once, on the first signal. */
    void (*drain)(struct service *s);
    /* The drain deadline passed or a second signal came: give up what is left, close now. */
    void (*abandon)(struct service *s);
};

struct service {
    const struct service_ops *ops;
    struct settings settings;
    struct loop loop;
    struct redis_address redis;
    char name[128]; /* settings.name, or host-pid-random */
    uv_signal_t sigterm, sigint;
    struct timer drain_timer;
    struct defer stop;
    bool is_draining, is_abandoned;
};

/* Parses the command line (prints and returns negative on bad input, with nothing left to release;
 * --help and --version exit 0), sets up log, loop, Redis address, signals. */
int service_init(struct service *s, const struct service_ops *ops, int argc, char **argv);
int service_run(struct service *s); /* returns when the loop has nothing left */
/* To be called by the program when its last part is closed: closes the frame's own handles. */
void service_close(struct service *s);
void service_fini(struct service *s);
/* Begins a drain from inside, as if SIGTERM had come, on the next turn of the loop. */
void service_stop(struct service *s);

#endif
