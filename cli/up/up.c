/* SPDX-License-Identifier: Apache-2.0 */
/* up.c: the processes of `grapnel up`; what they are shown doing is in cmd_up.c. */
#include "cli/up/up.h"

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/moves/key_names.h"
#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_MS = 15000, /* for Redis to load what it holds, and for the programs to be heard of */
    POLL_MS = 20,
    RESTARTS_MAX = 20,
    DRAIN_MS = 35000, /* the drain setting's default, and some more */
    STOP_MS = 10000,
    LINES_MAX = 4 << 20,
};

/* ---- folder, programs, environment ---- */

static bool is_program(const char *path)
{
    return access(path, X_OK) == 0;
}

/* @name beside our own program, or where the build puts it. */
static bool find_sibling(struct up *up, const char *folder, const char *name, char *ret,
                         size_t size)
{
    char *slash = strrchr(up->grapnel, '/');
    int n = (int)(slash - up->grapnel);

    (void)snprintf(ret, size, "%.*s/%s", n, up->grapnel, name);
    if (is_program(ret))
        return true;
    (void)snprintf(ret, size, "%.*s/../%s/%s", n, up->grapnel, folder, name);
    return is_program(ret);
}

static bool find_in_path(const char *name, char *ret, size_t size)
{
    const char *path = getenv("PATH");

    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");

        (void)snprintf(ret, size, "%.*s/%s", (int)n, p, name);
        if (is_program(ret))
            return true;
        p += n + (p[n] == ':');
    }
    return false;
}

static int find_programs(struct up *up)
{
    ssize_t n = readlink("/proc/self/exe", up->grapnel, sizeof(up->grapnel) - 1);

    if (n <= 0)
        return cli_fail(up->cli, EXIT_FAILED, "/proc/self/exe cannot be read");
    if (!find_sibling(up, "scheduler", "grapnel-scheduler", up->scheduler, sizeof(up->scheduler)) ||
        !find_sibling(up, "worker", "grapnel-worker", up->worker, sizeof(up->worker)) ||
        !find_sibling(up, "api", "grapnel-api", up->api, sizeof(up->api)))
        return cli_fail(up->cli, EXIT_FAILED,
                        "grapnel-scheduler, grapnel-worker and grapnel-api: expected beside %s",
                        up->grapnel);
    if (!find_in_path("redis-server", up->redis_server, sizeof(up->redis_server)) &&
        !find_in_path("valkey-server", up->redis_server, sizeof(up->redis_server)))
        return cli_fail(up->cli, EXIT_FAILED,
                        "redis-server: not found; install Redis 7 or Valkey (./dev up does)");
    return EXIT_DONE;
}

static int make_folder(struct up *up, const char *path)
{
    if (mkdir(path, 0700) && errno != EEXIST)
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, strerror(errno));
    return EXIT_DONE;
}

static int lock_folder(struct up *up)
{
    char path[UP_PATH_MAX + 8];

    (void)snprintf(path, sizeof(path), "%s/lock", up->folder);
    up->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (up->lock < 0)
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (flock(up->lock, LOCK_EX | LOCK_NB))
        return cli_fail(up->cli, EXIT_FAILED, "%s: another `grapnel up` is using this folder",
                        up->folder);
    return EXIT_DONE;
}

static int name_paths(struct up *up, const char *folder)
{
    char *whole;

    if (make_folder(up, folder))
        return EXIT_FAILED;
    whole = realpath(folder, NULL);
    if (!whole)
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", folder, strerror(errno));
    (void)snprintf(up->folder, sizeof(up->folder), "%s", whole);
    free(whole);
    (void)snprintf(up->log_folder, sizeof(up->log_folder), "%s/log", up->folder);
    (void)snprintf(up->redis_folder, sizeof(up->redis_folder), "%s/redis", up->folder);
    (void)snprintf(up->redis_socket, sizeof(up->redis_socket), "%s/redis.sock", up->folder);
    (void)snprintf(up->redis_url, sizeof(up->redis_url), "unix://%s", up->redis_socket);
    if (strlen(up->redis_socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return cli_fail(up->cli, EXIT_USAGE,
                        "--state: the folder's path is too long for a socket in it (%zu bytes; "
                        "expected at most 90)",
                        strlen(up->folder));
    if (make_folder(up, up->log_folder) || make_folder(up, up->redis_folder))
        return EXIT_FAILED;
    return lock_folder(up);
}

/* 32 random bytes in base64, made once; readable by its owner only. */
static int up_make_key(struct up *up, const char *path)
{
    uint8_t bytes[32];
    struct buf text;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = 0;

    if (fd < 0 && errno == EEXIST)
        return EXIT_DONE;
    buf_init(&text, 64);
    rng_bytes(bytes, sizeof(bytes));
    buf_add_base64(&text, bytes, sizeof(bytes));
    buf_add_char(&text, '\n');
    if (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len || fsync(fd))
        r = cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    buf_wipe(&text);
    explicit_bzero(bytes, sizeof(bytes));
    return r;
}

static int prepare_api(struct up *up)
{
    char path[UP_PATH_MAX + 16];
    int r;

    (void)snprintf(path, sizeof(path), "%s/api.key", up->folder);
    if (up_make_key(up, path))
        return EXIT_FAILED;
    r = up_api_read_key(&up->http, path);
    if (r)
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, err_text(r));
    r = up_api_choose_port(&up->http);
    return r ? cli_fail(up->cli, EXIT_FAILED, "no port for the API: %s", err_text(r)) : EXIT_DONE;
}

/* The file holds the operator's key: for its owner only, also where an older version left it open to others. */
static FILE *open_private(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(fd, "w") : NULL;

    if (!file && fd >= 0)
        close(fd);
    return file;
}

/* What the children, and a shell that sources `env`, are to use. */
static int set_environment(struct up *up)
{
    const struct settings *s = &up->cli->settings;
    char key_path[UP_PATH_MAX + 16], partitions[16], limit[16], slots[16];
    char url[64];
    const char *const names[][2] = {
        {"GRAPNEL_REDIS_URL", up->redis_url},
        {"GRAPNEL_MASTER_KEY_FILE", key_path},
        {"GRAPNEL_KEY_PREFIX", s->key_prefix},
        {"GRAPNEL_PARTITIONS", partitions},
        {"GRAPNEL_TENANT_LIMIT", limit},
        {"GRAPNEL_ENDPOINT_SLOTS", slots},
        {"GRAPNEL_EGRESS_ALLOW", *s->egress_allow ? s->egress_allow : "127.0.0.0/8,::1/128"},
        {"GRAPNEL_API_LISTEN", up->http.listen},
        {"GRAPNEL_API_ROOT_KEY", up->http.key},
        {"GRAPNEL_API_URL", url},
        {"GRAPNEL_API_KEY", up->http.key},
    };
    char path[UP_PATH_MAX + 8];
    FILE *env;

    (void)snprintf(key_path, sizeof(key_path), "%s/master.key", up->folder);
    (void)snprintf(partitions, sizeof(partitions), "%lld", (long long)s->partitions);
    (void)snprintf(limit, sizeof(limit), "%lld", (long long)s->tenant_limit);
    (void)snprintf(slots, sizeof(slots), "%lld", (long long)s->endpoint_slots);
    if (up_make_key(up, key_path) || prepare_api(up))
        return EXIT_FAILED;
    (void)snprintf(url, sizeof(url), "http://%s", up->http.listen);
    (void)snprintf(path, sizeof(path), "%s/env", up->folder);
    env = open_private(path);
    if (!env)
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, strerror(errno));
    (void)unsetenv("GRAPNEL_MASTER_KEY"); /* the folder's own key is meant */
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)setenv(names[i][0], names[i][1], 1);
        (void)fprintf(env, "export %s='%s'\n", names[i][0], names[i][1]);
    }
    if (fclose(env))
        return cli_fail(up->cli, EXIT_FAILED, "%s: %s", path, strerror(errno));
    return EXIT_DONE;
}

int up_prepare(struct up *up, struct cli *cli, const char *folder)
{
    sigset_t signals;
    int status;

    *up = (struct up){.cli = cli, .lock = -1};
    buf_init(&up->lines, LINES_MAX);
    status = find_programs(up);
    status = status ? status : name_paths(up, folder);
    status = status ? status : set_environment(up);
    if (status)
        return status;
    (void)snprintf(up->name, sizeof(up->name), "up-%d", (int)getpid());
    child_init(&up->children[UP_REDIS], "redis", up->log_folder, false);
    child_init(&up->children[UP_SCHEDULER], "scheduler", up->log_folder, false);
    child_init(&up->children[UP_WORKER], "worker", up->log_folder, false);
    child_init(&up->children[UP_API], "API", up->log_folder, false);
    child_init(&up->children[UP_RECEIVER], "receiver", up->log_folder, true);
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL); /* they are waited for in up_wait() */
    return EXIT_DONE;
}

void up_fini(struct up *up)
{
    buf_fini(&up->lines);
    explicit_bzero(&up->http, sizeof(up->http));
    if (up->lock >= 0)
        close(up->lock);
}

/* ---- start ---- */

static int start_child(struct up *up, enum up_child which)
{
    int r = child_start(&up->children[which]);

    return r ? cli_fail(up->cli, EXIT_FAILED, "%s: %s", up->children[which].name, err_text(r))
             : EXIT_DONE;
}

static void add_args(struct child *c, const char *const *args)
{
    for (; *args; args++)
        child_arg(c, *args);
}

/* A child ended while it was to start: its log tells why. */
static int tell_early_end(struct up *up)
{
    int status;

    for (unsigned i = 0; i < UP_CHILDREN; i++)
        if (child_has_ended(&up->children[i], &status))
            return cli_fail(up->cli, EXIT_FAILED, "%s ended while it was to start; see %s",
                            up->children[i].name, up->children[i].log_path);
    return EXIT_DONE;
}

static int wait_a_little(struct up *up)
{
    (void)poll(NULL, 0, POLL_MS);
    return tell_early_end(up);
}

/* PONG, not LOADING and not "no such socket". */
static bool redis_answers(struct up *up)
{
    redisContext *redis = redisConnectUnix(up->redis_socket);
    redisReply *reply = NULL;
    bool is_there;

    if (redis && !redis->err)
        reply = redisCommand(redis, "PING");
    is_there = reply && reply->type == REDIS_REPLY_STATUS;
    freeReplyObject(reply);
    if (redis)
        redisFree(redis);
    return is_there;
}

static int start_redis(struct up *up)
{
    int64_t end_ms = clock_mono_ms() + START_MS;
    const char *const args[] = {up->redis_server,
                                "--port",
                                "0",
                                "--unixsocket",
                                up->redis_socket,
                                "--unixsocketperm",
                                "700",
                                "--dir",
                                up->redis_folder,
                                "--appendonly",
                                "yes",
                                "--appendfsync",
                                "everysec",
                                "--save",
                                "",
                                "--maxmemory-policy",
                                "noeviction",
                                NULL};

    add_args(&up->children[UP_REDIS], args);
    if (start_child(up, UP_REDIS))
        return EXIT_FAILED;
    while (!redis_answers(up)) {
        if (wait_a_little(up))
            return EXIT_FAILED;
        if (clock_mono_ms() > end_ms)
            return cli_fail(up->cli, EXIT_FAILED, "redis-server does not answer; see %s",
                            up->children[UP_REDIS].log_path);
    }
    return EXIT_DONE;
}

/* Has the process of this `up` been heard of? */
static bool is_heard_of(struct up *up, redisContext *redis, const char *kind)
{
    redisReply *reply =
        redisCommand(redis, "ZSCORE " KEYS_HEAD_FORMAT "%s %s/%s", up->cli->settings.key_prefix, 0u,
                     KEY_CONSUMERS, kind, up->name);
    bool is_there = reply && reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_ERROR;

    freeReplyObject(reply);
    return is_there;
}

static int wait_for_programs(struct up *up)
{
    int64_t end_ms = clock_mono_ms() + START_MS;
    redisContext *redis = redisConnectUnix(up->redis_socket);
    int status = EXIT_DONE;

    while (!status && redis && !redis->err &&
           !(is_heard_of(up, redis, "scheduler") && is_heard_of(up, redis, "worker") &&
             up_api_answers(&up->http))) {
        status = wait_a_little(up);
        if (!status && clock_mono_ms() > end_ms)
            status = cli_fail(up->cli, EXIT_FAILED,
                              "scheduler, worker or API are not heard of; see %s", up->log_folder);
    }
    if (!status && (!redis || redis->err))
        status = cli_fail(up->cli, EXIT_UNREACHABLE, "lost the connection to redis-server");
    if (redis)
        redisFree(redis);
    return status;
}

int up_start(struct up *up)
{
    /* On ports of their own, which their logs tell: a `listen` that both inherit would be one port for two. */
    const char *const scheduler[] = {up->scheduler, "--name",      up->name,
                                     "--listen",    "127.0.0.1:0", NULL};
    const char *const worker[] = {up->worker, "--name", up->name, "--listen", "127.0.0.1:0", NULL};
    const char *const api[] = {up->api, NULL};
    int status = start_redis(up);

    add_args(&up->children[UP_SCHEDULER], scheduler);
    add_args(&up->children[UP_WORKER], worker);
    status = status ? status : start_child(up, UP_SCHEDULER);
    add_args(&up->children[UP_API], api);
    status = status ? status : start_child(up, UP_WORKER);
    status = status ? status : start_child(up, UP_API);
    return status ? status : wait_for_programs(up);
}

/* {"listening":…,"port":N}: the first line. */
static int learn_port(struct up *up)
{
    struct buf line;
    struct span port;
    uint64_t number = 0;
    enum up_news news;

    buf_init(&line, LINES_MAX);
    news = up_wait(up, START_MS, &line);
    if (news == UP_LINE && json_check(buf_span(&line), NULL) == 0 &&
        json_member(buf_span(&line), "port", &port))
        (void)parse_u64(port, &number);
    buf_fini(&line);
    if (number == 0 || number > UINT16_MAX)
        return EXIT_FAILED;
    up->port = (uint16_t)number;
    return EXIT_DONE;
}

int up_start_receiver(struct up *up, const char *secret)
{
    struct child *c = &up->children[UP_RECEIVER];
    const char *const args[] = {up->grapnel, "listen", "--json", "--port", up->port_text, NULL};

    (void)setenv("GRAPNEL_SECRET", secret, 1);
    (void)snprintf(up->port_text, sizeof(up->port_text), "%u", up->port);
    memset(c->argv, 0, sizeof(c->argv));
    add_args(c, args);
    if (start_child(up, UP_RECEIVER))
        return EXIT_FAILED;
    if (learn_port(up) == EXIT_DONE)
        return EXIT_DONE;
    if (up->port == 0)
        return cli_fail(up->cli, EXIT_FAILED, "the receiver did not start; see %s", c->log_path);
    (void)child_stop(c, STOP_MS); /* somebody else has the port by now: take another */
    up->port = 0;
    return up_start_receiver(up, secret);
}

/* ---- watch ---- */

static bool up_take_line(struct up *up, struct buf *ret_line)
{
    char *end = up->lines.len ? memchr(up->lines.data, '\n', up->lines.len) : NULL;
    size_t len = end ? (size_t)(end - up->lines.data) : 0;

    if (!end)
        return false;
    buf_clear(ret_line);
    buf_add(ret_line, up->lines.data, len);
    up->lines.len -= len + 1;
    memmove(up->lines.data, end + 1, up->lines.len);
    return true;
}

static void up_read_lines(struct up *up)
{
    char *room = buf_reserve(&up->lines, 65536);
    ssize_t n = room ? read(up->children[UP_RECEIVER].output, room, 65536) : -1;

    if (!room)
        buf_clear(&up->lines); /* a line longer than LINES_MAX: the receiver's bodies are smaller */
    else if (n > 0)
        buf_wrote(&up->lines, (size_t)n);
}

/* Starts again what has ended; false when that has happened too often. */
static bool restart_ended(struct up *up)
{
    int status;

    for (unsigned i = 0; i < UP_CHILDREN; i++) {
        struct child *c = &up->children[i];

        if (!child_has_ended(c, &status))
            continue;
        (void)fprintf(stderr, "%s ended (%s %d)%s\n", c->name,
                      WIFSIGNALED(status) ? "signal" : "status",
                      WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                      c->restarts < RESTARTS_MAX ? ", starting it again" : "");
        if (i == UP_RECEIVER)
            (void)snprintf(up->port_text, sizeof(up->port_text), "%u", up->port);
        if (c->restarts++ >= RESTARTS_MAX || child_start(c))
            return false;
    }
    return true;
}

static enum up_news read_signal(struct up *up, int fd)
{
    struct signalfd_siginfo info;

    if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return UP_NOTHING;
    if (info.ssi_signo != SIGCHLD)
        return UP_SIGNAL;
    return restart_ended(up) ? UP_NOTHING : UP_BROKEN;
}

enum up_news up_wait(struct up *up, int wait_ms, struct buf *ret_line)
{
    sigset_t signals;
    struct pollfd fds[2] = {{.events = POLLIN}, {.events = POLLIN}};
    enum up_news news = UP_NOTHING;

    if (up_take_line(up, ret_line))
        return UP_LINE;
    (void)sigprocmask(SIG_BLOCK, NULL, &signals);
    fds[0].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    fds[1].fd = up->children[UP_RECEIVER].output;
    if (fds[0].fd < 0)
        return UP_BROKEN;
    if (poll(fds, 2, wait_ms) > 0) {
        if (fds[1].revents)
            up_read_lines(up);
        if (fds[0].revents)
            news = read_signal(up, fds[0].fd);
    }
    close(fds[0].fd);
    if (news == UP_NOTHING && up_take_line(up, ret_line))
        news = UP_LINE;
    return news;
}

int up_stop(struct up *up)
{
    /* The receiver stays until nothing is in flight, Redis until all is written. */
    static const enum up_child order[] = {UP_API, UP_WORKER, UP_SCHEDULER, UP_RECEIVER, UP_REDIS};
    int status = EXIT_DONE;

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct child *c = &up->children[order[i]];
        int r = child_stop(c, order[i] == UP_WORKER ? DRAIN_MS : STOP_MS);

        if (r)
            status =
                cli_fail(up->cli, EXIT_FAILED, "%s did not end well; see %s", c->name, c->log_path);
    }
    return status;
}
