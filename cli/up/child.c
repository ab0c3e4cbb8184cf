/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/up/child.h"

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void child_init(struct child *c, const char *name, const char *log_folder, bool wants_output)
{
    *c = (struct child){.name = name, .wants_output = wants_output, .output = -1};
    (void)snprintf(c->log_path, sizeof(c->log_path), "%s/%s.log", log_folder, name);
}

void child_arg(struct child *c, const char *arg)
{
    size_t n = 0;

    while (c->argv[n])
        n++;
    assert(n + 1 < CHILD_ARGS_MAX);
    c->argv[n] = arg;
}

/* In the new process: never returns. */
static void become(const char *const argv[], int output, int errors)
{
    union {
        const char *const *in;
        char *const *out;
    } args = {.in = argv}; /* execv() does not change its arguments, whatever its type says */
    sigset_t none;
    int nothing;

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)setpgid(0, 0);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0)
        (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    if (errors >= 0)
        (void)dup2(errors, STDERR_FILENO);
    execv(argv[0], args.out);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

int child_start(struct child *c)
{
    int ends[2] = {-1, -1};
    int log = open(c->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    if (log < 0)
        return err_origin(-errno);
    if (c->wants_output && pipe2(ends, O_CLOEXEC)) {
        close(log);
        return err_origin(-errno);
    }
    c->pid = fork();
    if (c->pid == 0)
        become(c->argv, c->wants_output ? ends[1] : log, log);
    close(log);
    if (ends[1] >= 0)
        close(ends[1]);
    if (c->pid < 0) {
        if (ends[0] >= 0)
            close(ends[0]);
        c->pid = 0;
        return err_origin(-EAGAIN);
    }
    c->output = ends[0];
    return 0;
}

static void child_forget(struct child *c)
{
    c->pid = 0;
    if (c->output >= 0)
        close(c->output);
    c->output = -1;
}

bool child_has_ended(struct child *c, int *ret_status)
{
    if (c->pid == 0 || waitpid(c->pid, ret_status, WNOHANG) != c->pid)
        return false;
    child_forget(c);
    return true;
}

/* Waits for its end: SIGCHLD is blocked but for this wait. */
static bool wait_for_end(struct child *c, int wait_ms, int *ret_status)
{
    int64_t end_ms = clock_mono_ms() + wait_ms;
    sigset_t child;

    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    while (!child_has_ended(c, ret_status)) {
        int64_t left_ms = end_ms - clock_mono_ms();
        struct timespec left = {left_ms / 1000, left_ms % 1000 * 1000000};

        if (left_ms <= 0)
            return false;
        (void)sigtimedwait(&child, NULL, &left);
    }
    return true;
}

int child_stop(struct child *c, int wait_ms)
{
    int status = 0;

    if (c->pid == 0)
        return 0;
    (void)kill(c->pid, SIGTERM);
    if (!wait_for_end(c, wait_ms, &status)) {
        (void)kill(c->pid, SIGKILL);
        (void)waitpid(c->pid, &status, 0);
        child_forget(c);
        return -ETIMEDOUT;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

static int child_read_all(int fd, struct buf *ret)
{
    for (;;) {
        char *room = buf_reserve(ret, 4096);
        ssize_t n = room ? read(fd, room, 4096) : -1;

        if (n < 0 && room && errno == EINTR)
            continue;
        if (n < 0)
            return room ? -errno : buf_result(ret);
        if (n == 0)
            return 0;
        buf_wrote(ret, (size_t)n);
    }
}

int child_run(const char *const argv[], struct buf *ret_output)
{
    int ends[2], status, r;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC))
        return err_origin(-errno);
    pid = fork();
    if (pid == 0)
        become(argv, ends[1], -1);
    close(ends[1]);
    r = pid < 0 ? err_origin(-EAGAIN) : child_read_all(ends[0], ret_output);
    close(ends[0]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && !r)
        r = WIFEXITED(status) ? WEXITSTATUS(status) : err_origin(-ECHILD);
    return r;
}
