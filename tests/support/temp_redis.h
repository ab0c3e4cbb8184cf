/* SPDX-License-Identifier: Apache-2.0 */
/* temp_redis.h: a redis-server of a test's own: a temporary folder, a free port, gone at the end.
 */
#ifndef GRAPNEL_TESTS_SUPPORT_TEMP_REDIS_H
#define GRAPNEL_TESTS_SUPPORT_TEMP_REDIS_H

#include <sys/types.h>

struct temp_redis {
    char folder[64];
    char url[64]; /* redis://127.0.0.1:<port>/0 */
    char log[96]; /* its log file */
    int port;
    pid_t pid; /* 0: not running */
};

/* Starts one and waits until it answers. Data survives temp_redis_kill() and a new start
 * (append-only file). Fails the test when it cannot. */
void temp_redis_start(struct temp_redis *t);
void temp_redis_restart(struct temp_redis *t); /* after temp_redis_kill(), on the same port */
void temp_redis_kill(struct temp_redis *t);    /* SIGKILL, and waits for its end */
void temp_redis_stop(struct temp_redis *t);    /* kills, removes the folder */

/* Runs `redis-cli ARGUMENTS` (a shell's words) on it; the first line of its output, "" when none.
 * Lends a static buffer. */
const char *temp_redis_cli(const struct temp_redis *t, const char *arguments);

#endif
