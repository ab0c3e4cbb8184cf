/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/temp_redis.h"
#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { READY_TRIES = 1000, READY_STEP_MS = 10 };

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    (void)close(fd);
    return ntohs(a.sin_port);
}

static void exec_redis(const struct temp_redis *t)
{
    char port[16];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
    (void)snprintf(port, sizeof(port), "%d", t->port);
    (void)execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir",
                 t->folder, "--logfile", t->log, "--save", "", "--appendonly", "yes",
                 "--appendfsync", "no", (char *)NULL);
    _exit(127);
}

static bool answers(const struct temp_redis *t)
{
    redisContext *c = redisConnectWithTimeout("127.0.0.1", t->port, (struct timeval){.tv_sec = 1});
    redisReply *reply = NULL;
    bool is_ready;

    if (c && !c->err)
        reply = redisCommand(c, "PING");
    is_ready = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (c)
        redisFree(c);
    return is_ready;
}

void temp_redis_restart(struct temp_redis *t)
{
    const struct timespec step = {.tv_nsec = READY_STEP_MS * 1000000L};

    t->pid = fork();
    assert_true(t->pid >= 0);
    if (t->pid == 0)
        exec_redis(t);
    for (int i = 0; i < READY_TRIES; i++) {
        if (answers(t))
            return;
        if (waitpid(t->pid, NULL, WNOHANG) == t->pid)
            break;
        (void)nanosleep(&step, NULL);
    }
    fail_msg("redis-server did not start; see %s", t->log);
}

void temp_redis_start(struct temp_redis *t)
{
    *t = (struct temp_redis){.folder = "/tmp/grapnel-test-XXXXXX"};
    assert_non_null(mkdtemp(t->folder));
    t->port = free_port();
    (void)snprintf(t->url, sizeof(t->url), "redis://127.0.0.1:%d/0", t->port);
    (void)snprintf(t->log, sizeof(t->log), "%s/log", t->folder);
    temp_redis_restart(t);
}

void temp_redis_kill(struct temp_redis *t)
{
    if (!t->pid)
        return;
    (void)kill(t->pid, SIGKILL);
    while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    t->pid = 0;
}

void temp_redis_stop(struct temp_redis *t)
{
    char command[96];

    temp_redis_kill(t);
    (void)snprintf(command, sizeof(command), "rm -rf '%s'", t->folder);
    assert_int_equal(system(command), 0);
}

const char *temp_redis_cli(const struct temp_redis *t, const char *arguments)
{
    static char line[1024];
    char command[1024];
    FILE *out;

    (void)snprintf(command, sizeof(command), "redis-cli -p %d %s", t->port, arguments);
    out = popen(command, "re");
    assert_non_null(out);
    if (!fgets(line, sizeof(line), out))
        *line = '\0';
    line[strcspn(line, "\n")] = '\0';
    (void)pclose(out);
    return line;
}
