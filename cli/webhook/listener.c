/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/webhook/listener.h"
#include "cli/webhook/show.h"
#include "common/base/clock.h"
#include "common/base/list.h"
#include "common/base/text.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 512,
    IDLE_S = 60,
    HEAD_BYTES_MAX = 64 * 1024,
    SHOWN_EXTRA_BYTES = 1024 * 1024,
};

/* Two threads share what stands under the lock; the rest is written before the server starts, or
 * belongs to its thread. */
struct listener {
    struct listener_options options;
    struct MHD_Daemon *daemon;
    int wake_fd, signal_fd;
    uint64_t received; /* the server thread's */
    pthread_mutex_t lock;
    struct list delayed; /* struct request, the first due first; under lock */
    uint64_t answered;   /* under lock */
    bool has_failed;     /* standard output cannot be written to; under lock */
    bool is_stopping;    /* no new delays; under lock */
};

/* One request: RECEIVING its body, perhaps DELAYED, ANSWERED. */
struct request {
    struct list link;
    struct listener *listener;
    struct MHD_Connection *connection;
    char *uri;
    struct buf body;
    enum { REQUEST_NEW, REQUEST_RECEIVING, REQUEST_JUDGED, REQUEST_ANSWERED } state;
    unsigned status; /* valid when JUDGED */
    int64_t due_ms;  /* of the answer, while it is in `delayed` */
};

static void wake(const struct listener *l)
{
    (void)eventfd_write(l->wake_fd, 1);
}

/* --- judging and showing ---------------------------------------------------------------------- */

static enum MHD_Result listener_on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                          const char *value)
{
    (void)kind;
    /* What is more than fits is not shown; a signature is not looked for that far behind. */
    return webhook_add_header(arg, name, value ? value : "") ? MHD_NO : MHD_YES;
}

static void listener_judge(const struct listener *l, struct received *r, bool is_too_large)
{
    const struct listener_options *o = &l->options;

    if (is_too_large) {
        r->verdict.result = WEBHOOK_WRONG;
        (void)diag_set(&r->verdict.reason, "the body is larger than %zu bytes", o->body_max);
    } else if (!o->scheme->n_secrets) {
        r->verdict.dialect =
            o->scheme->dialect ? o->scheme->dialect : webhook_detect(&r->webhook, o->scheme);
    } else {
        webhook_verify(&r->verdict, &r->webhook, o->scheme, o->tolerance_ms, r->time_ms);
    }
}

static bool write_out(const struct listener *l, const struct received *r)
{
    struct buf out;
    bool is_written;

    buf_init(&out, 8 * r->webhook.body.len + SHOWN_EXTRA_BYTES);
    if (l->options.is_json) {
        show_json(&out, r);
        buf_add_char(&out, '\n');
    } else {
        show_text(&out, r, l->options.has_colour);
    }
    is_written = buf_result(&out) == 0 && fwrite(out.data, 1, out.len, stdout) == out.len &&
                 fflush(stdout) == 0;
    buf_fini(&out);
    return is_written;
}

static void listener_receive(struct request *q, const char *method, bool is_too_large)
{
    struct listener *l = q->listener;
    struct received r = {
        .number = ++l->received,
        .time_ms = clock_wall_ms(),
        .method = method,
        .uri = q->uri,
        .n_secrets = l->options.scheme->n_secrets,
    };

    r.webhook.body = buf_span(&q->body);
    (void)MHD_get_connection_values(q->connection, MHD_HEADER_KIND, listener_on_header, &r.webhook);
    r.status = is_too_large ? MHD_HTTP_CONTENT_TOO_LARGE
                            : l->options.statuses[(r.number - 1) % l->options.n_statuses];
    listener_judge(l, &r, is_too_large);
    q->status = r.status;
    q->state = REQUEST_JUDGED;
    if (write_out(l, &r))
        return;
    pthread_mutex_lock(&l->lock);
    l->has_failed = true;
    pthread_mutex_unlock(&l->lock);
    wake(l);
}

/* --- the server thread ------------------------------------------------------------------------ */

static enum MHD_Result listener_answer(struct request *q)
{
    static char nothing[1];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result;

    if (!response)
        return MHD_NO;
    q->state = REQUEST_ANSWERED;
    result = MHD_queue_response(q->connection, q->status, response);
    MHD_destroy_response(response);
    return result;
}

/* Suspends the request until its answer is due. False when we are ending: answer at once. */
static bool delay(struct request *q)
{
    struct listener *l = q->listener;
    bool is_delayed = false;

    pthread_mutex_lock(&l->lock);
    if (l->options.delay_ms && !l->is_stopping && !q->due_ms) {
        q->due_ms = clock_mono_ms() + l->options.delay_ms;
        MHD_suspend_connection(q->connection);
        list_push_back(&l->delayed, &q->link);
        is_delayed = true;
    }
    pthread_mutex_unlock(&l->lock);
    if (is_delayed)
        wake(l);
    return is_delayed;
}

/* Is a body announced that is larger than we take? */
static bool announces_too_much(const struct request *q)
{
    const char *length =
        MHD_lookup_connection_value(q->connection, MHD_HEADER_KIND, "Content-Length");
    uint64_t bytes;

    return length && (parse_u64(span_of(length), &bytes) || bytes > q->body.cap);
}

static enum MHD_Result listener_on_request(void *arg, struct MHD_Connection *connection,
                                           const char *url, const char *method, const char *version,
                                           const char *data, size_t *size, void **state)
{
    struct request *q = *state;

    (void)arg, (void)url, (void)version;
    if (!q)
        return MHD_NO;
    q->connection = connection;
    if (q->state == REQUEST_NEW) {
        q->state = REQUEST_RECEIVING;
        if (!announces_too_much(q))
            return MHD_YES;
        listener_receive(q, method, true);
        return listener_answer(q);
    }
    if (*size) {
        buf_add(&q->body, data, *size);
        *size = 0;
        return buf_result(&q->body) ? MHD_NO : MHD_YES; /* of unannounced length: cut off */
    }
    if (q->state == REQUEST_RECEIVING)
        listener_receive(q, method, false);
    return delay(q) ? MHD_YES : listener_answer(q);
}

/* The first that is heard of a request; gives its struct to listener_on_request(). */
static void *listener_on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct listener *l = arg;
    struct request *q = calloc(1, sizeof(*q));

    (void)connection;
    if (!q)
        return NULL;
    q->uri = strdup(uri);
    if (!q->uri) {
        free(q);
        return NULL;
    }
    q->listener = l;
    list_init(&q->link);
    buf_init(&q->body, l->options.body_max);
    return q;
}

static void listener_on_completed(void *arg, struct MHD_Connection *connection, void **state,
                                  enum MHD_RequestTerminationCode code)
{
    struct listener *l = arg;
    struct request *q = *state;

    (void)connection;
    if (!q)
        return;
    pthread_mutex_lock(&l->lock);
    list_remove(&q->link);
    if (q->state == REQUEST_ANSWERED && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        l->answered++;
    pthread_mutex_unlock(&l->lock);
    wake(l);
    buf_fini(&q->body);
    free(q->uri);
    free(q);
    *state = NULL;
}

/* --- the caller's thread ---------------------------------------------------------------------- */

static bool listener_parse_address(const struct listener_options *o, struct sockaddr_storage *ret)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

    memset(ret, 0, sizeof(*ret));
    if (inet_pton(AF_INET, o->address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(o->port);
        return true;
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(o->port);
    return inet_pton(AF_INET6, o->address, &v6->sin6_addr) == 1;
}

static int start_server(struct listener *l, struct diag *diag)
{
    struct sockaddr_storage address;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;

    if (!listener_parse_address(&l->options, &address))
        return diag_set(diag, "--bind: expected an IPv4 or IPv6 address");
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    errno = 0;
    l->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, listener_on_request, l, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEAD_BYTES_MAX, MHD_OPTION_NOTIFY_COMPLETED, listener_on_completed, l,
        MHD_OPTION_URI_LOG_CALLBACK, listener_on_uri, l, MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
        MHD_OPTION_END);
    if (!l->daemon)
        return diag_set(diag, "cannot listen on %.60s port %u: %s", l->options.address,
                        l->options.port, errno ? strerrordesc_np(errno) : "unknown reason");
    return 0;
}

static int open_descriptors(struct listener *l, struct diag *diag)
{
    sigset_t ends;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    if (l->wake_fd < 0 || l->signal_fd < 0)
        return diag_set(diag, "no descriptors left: %s", strerrordesc_np(errno));
    return 0;
}

int listener_start(struct listener **ret, const struct listener_options *options, struct diag *diag)
{
    struct listener *l = calloc(1, sizeof(*l));
    int r;

    if (!l) {
        (void)diag_set(diag, "out of memory");
        return -ENOMEM;
    }
    l->options = *options;
    l->wake_fd = l->signal_fd = -1;
    pthread_mutex_init(&l->lock, NULL);
    list_init(&l->delayed);
    r = open_descriptors(l, diag);
    if (!r)
        r = start_server(l, diag);
    if (r) {
        listener_stop(l);
        return r;
    }
    *ret = l;
    return 0;
}

uint16_t listener_port(const struct listener *l)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : l->options.port;
}

/* Resumes what is due (@is_all: everything); how long until the next is, -1 when nothing waits. */
static int resume_due(struct listener *l, bool is_all)
{
    int64_t now_ms = clock_mono_ms();
    int wait_ms = -1;

    pthread_mutex_lock(&l->lock);
    l->is_stopping = is_all;
    while (!list_is_empty(&l->delayed)) {
        struct request *q = list_entry(l->delayed.next, struct request, link);

        if (!is_all && q->due_ms > now_ms) {
            wait_ms = (int)MIN(q->due_ms - now_ms, 60000);
            break;
        }
        list_remove(&q->link);
        MHD_resume_connection(q->connection);
    }
    pthread_mutex_unlock(&l->lock);
    return wait_ms;
}

/* 1: the count is reached; negative: cannot go on; 0: go on. */
static int listener_is_over(struct listener *l)
{
    int r = 0;

    pthread_mutex_lock(&l->lock);
    if (l->has_failed)
        r = -EPIPE;
    else if (l->options.count && l->answered >= l->options.count)
        r = 1;
    pthread_mutex_unlock(&l->lock);
    return r;
}

int listener_wait(struct listener *l)
{
    struct pollfd fds[] = {{.fd = l->signal_fd, .events = POLLIN},
                           {.fd = l->wake_fd, .events = POLLIN}};
    eventfd_t ignored;
    int r = 0;

    while (r == 0) {
        if (poll(fds, ARRAY_LEN(fds), resume_due(l, false)) < 0 && errno != EINTR)
            return -errno;
        if (fds[0].revents)
            return 0;
        (void)eventfd_read(l->wake_fd, &ignored);
        r = listener_is_over(l);
    }
    return MIN(r, 0);
}

void listener_stop(struct listener *l)
{
    if (!l)
        return;
    if (l->daemon) {
        (void)resume_due(l, true);
        MHD_stop_daemon(l->daemon);
    }
    if (l->wake_fd >= 0)
        (void)close(l->wake_fd);
    if (l->signal_fd >= 0)
        (void)close(l->signal_fd);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
