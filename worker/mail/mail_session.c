/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/mail/mail_session.h"

#include "common/base/err.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>
#include <uv.h>

enum { REPLY_BYTES_MAX = 4096, READ_BYTES = 1024, COMMANDS_BYTES_MAX = 1024 };

enum mail_state { MAIL_FROM, MAIL_RCPT, MAIL_DATA, MAIL_TEXT }; /* whose reply is waited for */

struct mail_session {
    struct mail_session_options options;
    enum mail_state state;
    uv_poll_t poll;
    struct timer timer;
    unsigned n_open; /* handles whose close callback has not come */
    struct buf out;  /* what is to be sent, from @sent on */
    size_t sent;
    struct buf in; /* a reply that is not whole */
    char words[160];
    bool is_over;
};

static const char *const awaited[] = {[MAIL_FROM] = "MAIL FROM",
                                      [MAIL_RCPT] = "RCPT TO",
                                      [MAIL_DATA] = "DATA",
                                      [MAIL_TEXT] = "the message"};

static void mail_session_on_closed(struct mail_session *s)
{
    if (--s->n_open)
        return;
    buf_fini(&s->out);
    buf_fini(&s->in);
    free(s);
}

static void mail_session_on_poll_closed(uv_handle_t *handle)
{
    mail_session_on_closed(container_of((uv_poll_t *)handle, struct mail_session, poll));
}

static void mail_session_on_timer_closed(void *arg)
{
    mail_session_on_closed(arg);
}

struct mail_session *mail_session_free(struct mail_session *s)
{
    if (!s || uv_is_closing((uv_handle_t *)&s->poll))
        return NULL;
    s->is_over = true;
    uv_close((uv_handle_t *)&s->poll, mail_session_on_poll_closed); /* out of epoll at once */
    timer_close(&s->timer, mail_session_on_timer_closed);
    return NULL;
}

static void mail_session_finish(struct mail_session *s, enum outcome_code error, int status)
{
    struct mail_told told = {.error = error, .status = status, .words = s->words};

    s->is_over = true;
    (void)uv_poll_stop(&s->poll);
    timer_stop(&s->timer);
    s->options.done(s->options.arg, &told); /* Careful: @s may be closing from here on. */
}

static void mail_session_fail(struct mail_session *s, const char *what)
{
    (void)snprintf(s->words, sizeof(s->words), "%s, after %s", what, awaited[s->state]);
    mail_session_finish(s, OUTCOME_NETWORK_ERROR, 0);
}

/* Politeness: nobody waits for what it comes to. */
static void say_goodbye(struct mail_session *s)
{
    size_t n;

    (void)curl_easy_send(s->options.curl, "QUIT\r\n", 6, &n);
}

/* ---- what is said ---- */

static void say(struct mail_session *s, enum mail_state state, const char *verb,
                const char *address)
{
    s->state = state;
    s->sent = 0;
    buf_clear(&s->out);
    buf_add_text(&s->out, verb);
    if (address)
        buf_printf(&s->out, ":<%s>", address);
    buf_add_text(&s->out, "\r\n");
}

static void say_message(struct mail_session *s)
{
    s->state = MAIL_TEXT;
    s->sent = 0;
    buf_clear(&s->out);
    buf_add_span(&s->out, s->options.message);
    buf_add_text(&s->out, ".\r\n");
}

/* The one place where a reply decides what comes next. */
static void mail_session_step(struct mail_session *s, int code)
{
    bool is_good = s->state == MAIL_DATA ? code == 354 : code / 100 == 2;

    if (code / 100 == 4 || code / 100 == 5) {
        say_goodbye(s);
        mail_session_finish(s, OUTCOME_OK, code);
        return;
    }
    if (!is_good) {
        (void)snprintf(s->words, sizeof(s->words), "the mail server answered %d to %s", code,
                       awaited[s->state]);
        mail_session_finish(s, OUTCOME_NETWORK_ERROR, 0);
        return;
    }
    switch (s->state) {
    case MAIL_FROM:
        say(s, MAIL_RCPT, "RCPT TO", s->options.to);
        return;
    case MAIL_RCPT:
        say(s, MAIL_DATA, "DATA", NULL);
        return;
    case MAIL_DATA:
        say_message(s);
        return;
    case MAIL_TEXT:
        say_goodbye(s);
        mail_session_finish(s, OUTCOME_OK, code);
        return;
    }
    unreachable();
}

/* ---- replies (RFC 5321 4.2) ---- */

enum { NOT_WHOLE = 1 };

/* Of "250-first\r\n250 last\r\n" the length and the code. NOT_WHOLE, or -EBADMSG. */
static int parse_reply(struct span in, size_t *ret_len, int *ret_code)
{
    size_t at = 0;
    uint64_t code;

    for (;;) {
        struct span rest = {in.data + at, in.len - at};
        const char *end = rest.len ? memchr(rest.data, '\n', rest.len) : NULL;
        size_t len = end ? (size_t)(end - rest.data) + 1 : 0;

        if (!end)
            return NOT_WHOLE;
        if (len < 4 || parse_u64((struct span){rest.data, 3}, &code) || code < 200 || code > 599)
            return -EBADMSG;
        at += len;
        if (rest.data[3] == '-')
            continue;
        *ret_len = at;
        *ret_code = (int)code;
        return 0;
    }
}

static void keep_reply(struct mail_session *s, size_t len)
{
    struct buf *reply = s->options.reply;

    while (len && strchr("\r\n", s->in.data[len - 1]))
        len--;
    buf_clear(reply);
    buf_add(reply, s->in.data, MIN(len, reply->cap));
}

/* Whatever is behind a reply was not asked for. */
static void take_replies(struct mail_session *s)
{
    size_t len;
    int code, r = parse_reply(buf_span(&s->in), &len, &code);

    if (r == NOT_WHOLE)
        return;
    if (r) {
        mail_session_fail(s, "the mail server answered something that is no SMTP");
        return;
    }
    keep_reply(s, len);
    buf_clear(&s->in);
    mail_session_step(s, code);
}

/* ---- the connection ---- */

static void send_more(struct mail_session *s)
{
    while (!s->is_over && s->sent < s->out.len) {
        size_t n = 0;
        CURLcode code =
            curl_easy_send(s->options.curl, s->out.data + s->sent, s->out.len - s->sent, &n);

        if (code == CURLE_AGAIN)
            return;
        if (code) {
            mail_session_fail(s, curl_easy_strerror(code));
            return;
        }
        s->sent += n;
    }
}

static void mail_session_receive(struct mail_session *s)
{
    char bytes[READ_BYTES];

    while (!s->is_over) {
        size_t n = 0;
        CURLcode code = curl_easy_recv(s->options.curl, bytes, sizeof(bytes), &n);

        if (code == CURLE_AGAIN)
            return;
        buf_add(&s->in, bytes, n);
        if (code)
            mail_session_fail(s, curl_easy_strerror(code));
        else if (n == 0)
            mail_session_fail(s, "the mail server closed the connection");
        else if (buf_result(&s->in))
            mail_session_fail(s, "the mail server's answer is too long");
        else
            take_replies(s);
    }
}

static void mail_session_on_poll(uv_poll_t *poll, int status, int events);

static void mail_session_go_on(struct mail_session *s)
{
    size_t before;

    do { /* what comes may ask for more to be said, and that may be answered already */
        before = s->sent;
        send_more(s);
        mail_session_receive(s);
    } while (!s->is_over && s->sent != before);
    if (s->is_over)
        return;
    if (buf_result(&s->out))
        mail_session_finish(s, OUTCOME_UNKNOWN_ERROR, 0);
    else
        (void)uv_poll_start(&s->poll,
                            s->sent < s->out.len ? UV_READABLE | UV_WRITABLE : UV_READABLE,
                            mail_session_on_poll);
}

static void mail_session_on_poll(uv_poll_t *poll, int status, int events)
{
    struct mail_session *s = container_of(poll, struct mail_session, poll);

    (void)events;
    if (status < 0)
        mail_session_fail(s, err_text(status));
    else
        mail_session_go_on(s);
}

static void on_timeout(void *arg)
{
    struct mail_session *s = arg;

    (void)snprintf(s->words, sizeof(s->words), "no answer in time from the mail server to %s",
                   awaited[s->state]);
    mail_session_finish(s, OUTCOME_TIMEOUT, 0);
}

/* ---- life ---- */

static int open_poll(struct mail_session *s)
{
    curl_socket_t fd = CURL_SOCKET_BAD;

    (void)curl_easy_getinfo(s->options.curl, CURLINFO_ACTIVESOCKET, &fd);
    if (fd == CURL_SOCKET_BAD)
        return err_origin(-ENOTCONN);
    return uv_poll_init_socket(&s->options.loop->uv, &s->poll, fd);
}

int mail_session_new(struct mail_session **ret, const struct mail_session_options *o)
{
    struct mail_session *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return err_origin(-ENOMEM);
    s->options = *o;
    s->n_open = 2;
    buf_init(&s->out, o->message.len + COMMANDS_BYTES_MAX);
    buf_init(&s->in, REPLY_BYTES_MAX);
    r = open_poll(s);
    if (r) {
        free(s);
        return r;
    }
    (void)timer_init(&s->timer, o->loop, on_timeout, s);
    timer_start(&s->timer, o->timeout_ms);
    say(s, MAIL_FROM, "MAIL FROM", o->from);
    (void)uv_poll_start(&s->poll, UV_READABLE | UV_WRITABLE, mail_session_on_poll);
    *ret = s;
    return 0;
}
