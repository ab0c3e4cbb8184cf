/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/http_fixture.h"
#include "common/base/clock.h"
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>

/* ---- names: the test stands in for the resolver ---- */

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_change = PTHREAD_COND_INITIALIZER;
static unsigned n_looking; /* look-ups of slow.test under way */
static bool is_slow_over;

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int numeric(const char *address, const char *port, const struct addrinfo *hints,
                   struct addrinfo **ret)
{
    getaddrinfo_fn *next;
    void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&next, &symbol, sizeof(next));
    return next(address, port, hints, ret);
}

static void wait_for_slow_name(void)
{
    pthread_mutex_lock(&names_lock);
    n_looking++;
    while (!is_slow_over)
        pthread_cond_wait(&names_change, &names_lock);
    n_looking--;
    pthread_cond_broadcast(&names_change);
    pthread_mutex_unlock(&names_lock);
}

unsigned looking(void)
{
    unsigned n;

    pthread_mutex_lock(&names_lock);
    n = n_looking;
    pthread_mutex_unlock(&names_lock);
    return n;
}

static void end_slow_names(void)
{
    pthread_mutex_lock(&names_lock);
    is_slow_over = true;
    pthread_cond_broadcast(&names_change);
    while (n_looking)
        pthread_cond_wait(&names_change, &names_lock);
    is_slow_over = false;
    pthread_mutex_unlock(&names_lock);
}

static bool is_own(const char *node, const char *name)
{
    return node && strcmp(node, name) == 0;
}

/* libcurl finds this one before the C library's. */
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **ret)
{
    struct addrinfo *second = NULL;
    const char *more = NULL;
    int r;

    if (is_own(node, "missing.test"))
        return EAI_NONAME;
    if (is_own(node, "slow.test")) {
        wait_for_slow_name();
        return EAI_AGAIN;
    }
    if (is_own(node, "private.test"))
        node = "10.1.2.3";
    else if (is_own(node, "privates.test") || is_own(node, "both.test"))
        more = is_own(node, "both.test") ? "127.0.0.1" : "192.168.0.1", node = "169.254.169.254";
    else if (is_own(node, "second.test")) /* at the first nobody listens */
        more = "127.0.0.1", node = "127.0.0.2";
    else if (node && strlen(node) > 5 && strcmp(node + strlen(node) - 5, ".test") == 0)
        node = "127.0.0.1";
    r = more ? numeric(more, service, hints, &second) : 0;
    if (r)
        return r;
    r = numeric(node, service, hints, ret);
    if (r == 0 && second)
        (*ret)->ai_next = second;
    return r;
}

/* ---- fixture ---- */

const struct span plain_headers[PLAIN_HEADERS] = {
    {"Content-Type: application/json", 30},
    {"User-Agent: test/1", 18},
};

static unsigned count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    MUST(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

void on_client_closed(void *arg)
{
    ((struct fixture *)arg)->is_closed = true;
}

void client_open_by(struct fixture *f, const char *ca_file, const char *proxy)
{
    struct http_client_options o = {.egress = &f->policy,
                                    .response_bytes_kept = 1024,
                                    .response_bytes_max = 65536,
                                    .connections_max = 4096,
                                    .ca_file = ca_file,
                                    .proxy = proxy};
    struct diag diag = {""};

    if (http_client_new(&f->client, &f->loop, &o, &diag))
        fail_msg("http_client_new: %s", diag.text);
}

void client_open(struct fixture *f, const char *ca_file)
{
    client_open_by(f, ca_file, NULL);
}

void client_close(struct fixture *f)
{
    f->is_closed = false;
    http_client_close(f->client, on_client_closed, f);
    while (!f->is_closed)
        uv_run(&f->loop.uv, UV_RUN_ONCE);
}

void set_policy(struct fixture *f, const char *allow, const char *ports)
{
    struct diag diag = {""};

    if (egress_policy_parse(&f->policy, allow, ports, &diag))
        fail_msg("policy: %s", diag.text);
}

int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->n_fds = count_fds();
    f->server = server_start();
    MUST(loop_init(&f->loop) == 0);
    set_policy(f, "127.0.0.0/8", "80,443");
    client_open(f, NULL);
    *state = f;
    return 0;
}

/* Every test: closing with whatever is idle leaves neither memory (ASan) nor a descriptor behind.
 */
int teardown(void **state)
{
    struct fixture *f = *state;
    unsigned n_fds;

    client_close(f);
    loop_fini(&f->loop);
    server_stop(f->server);
    end_slow_names();
    /* A look-up that outlived its call closes its end of a pair when its thread ends. */
    for (unsigned i = 0; (n_fds = count_fds()) != f->n_fds && i < 5000; i++)
        usleep(1000);
    if (n_fds != f->n_fds)
        print_error("descriptors: %u before, %u after\n", f->n_fds, n_fds);
    n_fds -= f->n_fds;
    free(f);
    return n_fds ? -1 : 0;
}

void copy_result(struct probe *p, const struct attempt_result *result)
{
    p->result = *result;
    MUST(result->body.len < sizeof(p->body) && result->retry_after.len < sizeof(p->retry_after));
    if (result->body.len)
        memcpy(p->body, result->body.data, result->body.len);
    p->body[result->body.len] = '\0';
    if (result->retry_after.len)
        memcpy(p->retry_after, result->retry_after.data, result->retry_after.len);
    p->retry_after[result->retry_after.len] = '\0';
}

static void on_done(struct http_call *call, const struct attempt_result *result)
{
    struct probe *p = container_of(call, struct probe, call);

    assert_false(p->is_starting);
    p->n_done++;
    copy_result(p, result);
    if (p->hits_client && p->victim->n_done == 0)
        http_call_cancel(&p->victim->call);
}

bool on_may_send(struct http_call *call)
{
    struct probe *p = container_of(call, struct probe, call);

    p->n_asked++;
    return p->allows;
}

struct http_target *target_by(struct fixture *f, const struct http_target_options *o)
{
    struct http_target *t = NULL;
    struct diag diag = {""};

    if (http_target_new(&t, f->client, o, &diag))
        fail_msg("target %s: %s", o->url, diag.text);
    return t;
}

/* The URL of @path on @host; 127.0.0.1 and http by default. */
const char *url_on(char ret[256], const char *scheme, const char *host, unsigned port,
                   const char *path)
{
    (void)snprintf(ret, 256, "%s://%s:%u%s", scheme, host, port, path);
    return ret;
}

void start_target(struct fixture *f, struct probe *p, struct http_target *t, int64_t timeout_ms)
{
    p->f = f;
    p->n_done = 0;
    p->call.target = t;
    p->call.timeout_ms = timeout_ms;
    if (!p->call.body.data)
        p->call.body = SPAN("{\"hello\":1}");
    if (!p->call.headers) {
        p->call.headers = plain_headers;
        p->call.n_headers = PLAIN_HEADERS;
    }
    p->call.done = on_done;
    p->is_starting = true;
    http_call_start(f->client, &p->call);
    p->is_starting = false;
}

void start_url(struct fixture *f, struct probe *p, const char *url, int64_t timeout_ms)
{
    struct http_target *t = target_by(f, &(struct http_target_options){.url = url});

    start_target(f, p, t, timeout_ms);
    http_target_unref(t); /* the call holds its own */
}

void start(struct fixture *f, struct probe *p, const char *path, int64_t timeout_ms)
{
    char url[256];

    start_url(f, p, url_on(url, "http", "127.0.0.1", f->server->port, path), timeout_ms);
}

void wait_done(struct probe *p)
{
    while (!p->n_done)
        uv_run(&p->f->loop.uv, UV_RUN_ONCE);
    assert_int_equal(p->n_done, 1);
}

void check_ok(const struct probe *p, int status, const char *body)
{
    if (p->result.error != OUTCOME_OK || p->result.status != status)
        print_error("error %d status %d: %s\n", p->result.error, p->result.status,
                    p->result.message);
    assert_int_equal(p->result.error, OUTCOME_OK);
    assert_string_equal(p->result.message, "");
    assert_int_equal(p->result.status, status);
    assert_string_equal(p->body, body);
    assert_true(p->result.started_us > 0);
    assert_true(p->result.ended_us >= p->result.started_us);
    assert_false(p->result.is_refused_by_owner);
}

void check_error(const struct probe *p, enum outcome_code code, const char *words)
{
    if (p->result.error != code || !strstr(p->result.message, words))
        print_error("error %d status %d: '%s'; expected %d '%s'\n", p->result.error,
                    p->result.status, p->result.message, code, words);
    assert_int_equal(p->result.error, code);
    assert_non_null(strstr(p->result.message, words));
    assert_int_equal(p->result.status, 0);
    assert_int_equal(p->result.body.len, 0);
}

void call_ok(struct fixture *f, const char *path, int status, const char *body)
{
    struct probe p = {.n_done = 0};

    start(f, &p, path, 10000);
    wait_done(&p);
    check_ok(&p, status, body);
}

void call_error(struct fixture *f, const char *path, int64_t timeout_ms, enum outcome_code code,
                const char *words)
{
    struct probe p = {.n_done = 0};

    start(f, &p, path, timeout_ms);
    wait_done(&p);
    check_error(&p, code, words);
}
void cancel_and_check(struct fixture *f, struct probe *p)
{
    assert_int_equal(p->n_done, 0);
    p->is_starting = true; /* nor before http_call_cancel() returns */
    http_call_cancel(&p->call);
    http_call_cancel(&p->call);
    p->is_starting = false;
    wait_done(p);
    check_error(p, OUTCOME_NETWORK_ERROR, "cancelled");
    assert_int_equal(http_client_stats(f->client).in_flight, 0);
}

/* libuv's first loop makes a pipe for signals that lives as long as the process. */
int open_what_stays_open(void **state)
{
    struct loop loop;

    (void)state;
    MUST(loop_init(&loop) == 0);
    loop_fini(&loop);
    return 0;
}
