/* SPDX-License-Identifier: Apache-2.0 */
/* child.h: processes that `grapnel up` starts and looks after.
 *
 * Each is in a process group of its own, so that Ctrl-C reaches `up` alone, which ends them in order;
 * should `up` be killed, the kernel sends them SIGTERM. */
#ifndef GRAPNEL_CLI_UP_CHILD_H
#define GRAPNEL_CLI_UP_CHILD_H

#include "common/base/base.h"

enum { CHILD_ARGS_MAX = 32 };

struct child {
    const char *name;                 /* for people */
    const char *argv[CHILD_ARGS_MAX]; /* borrowed; argv[0] is the program's path */
    char log_path[512]; /* its stderr goes there, and its stdout unless wants_output */
    bool wants_output;
    pid_t pid;  /* 0: not running */
    int output; /* read end of its stdout, -1: none */
    unsigned restarts;
};

/* Borrows the texts. */
void child_init(struct child *c, const char *name, const char *log_folder, bool wants_output);
void child_arg(struct child *c, const char *arg);

int child_start(struct child *c); /* negative: it could not be started */
/* Asks it to end; waits at most @wait_ms, then kills it. 0 when it ended by itself with status 0. */
int child_stop(struct child *c, int wait_ms);
/* Has it ended? Then *@ret_status is as of waitpid(), and it is no longer running. */
bool child_has_ended(struct child *c, int *ret_status);

/* Runs a program to its end and gives all it wrote to stdout, at most @most bytes. Its exit status, or
 * negative. @argv is NULL-terminated; argv[0] is the path. stderr is ours. */
struct buf;
int child_run(const char *const argv[], struct buf *ret_output);

#endif
