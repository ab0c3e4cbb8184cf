/* SPDX-License-Identifier: Apache-2.0 */
/* mail_destination.c: e-mails as a destination (destination.h): endpoints whose URL is mailto:. */
#include "common/base/err.h"
#include "common/model/mail_address.h"
#include "worker/destination.h"
#include "worker/mail/mail.h"
#include "worker/mail/mail_client.h"
#include <errno.h>

enum { SMTP_STARTTLS_OPTIONAL = 1 }; /* choices of the setting */
enum { MESSAGE_BYTES_MAX = 64 << 20 };

struct mail_destination {
    struct mail_client *client; /* NULL: there is no mail server */
    const char *from;
    defer_fn *on_closed;
    void *on_closed_arg;
};

/* One attempt. */
struct mail_attempt {
    struct attempt *attempt;
    struct mail_call call;
    struct mail mail;
    struct buf text;
};

static struct mail_attempt *mail_attempt_free(struct mail_attempt *m)
{
    buf_fini(&m->text);
    free(m);
    return NULL;
}

static bool mail_destination_may_send(struct mail_call *call)
{
    struct attempt *a = container_of(call, struct mail_attempt, call)->attempt;

    return a->may_send(a);
}

static void mail_destination_on_done(struct mail_call *call, const struct attempt_result *result)
{
    struct mail_attempt *m = container_of(call, struct mail_attempt, call);

    m->attempt->done(m->attempt, result); /* Careful: it may be gone from here on. */
    mail_attempt_free(m);
}

static int mail_destination_start(void *self, struct attempt *a, const struct attempt_input *in,
                                  struct diag *why)
{
    const struct mail_destination *d = self;
    struct mail_attempt *m = calloc(1, sizeof(*m));
    int r;

    if (!m)
        return err_origin(-ENOMEM);
    m->attempt = a;
    buf_init(&m->text, MESSAGE_BYTES_MAX);
    m->mail.text = &m->text;
    r = mail_build(&m->mail, d->from, mail_url_address(span_of(a->endpoint->url)), &in->envelope,
                   in->now_wall_ms / 1000, why);
    if (r) {
        mail_attempt_free(m);
        return r;
    }
    m->call.to = m->mail.to;
    m->call.message = buf_span(&m->text);
    m->call.timeout_ms = a->endpoint->policy.row.timeout_ms;
    m->call.may_send = mail_destination_may_send;
    m->call.done = mail_destination_on_done;
    a->call = m;
    mail_call_start(d->client, &m->call);
    return 0;
}

static void mail_destination_cancel(struct attempt *a)
{
    mail_call_cancel(&((struct mail_attempt *)a->call)->call);
}

static enum outcome_code mail_destination_prepare(void **ret, void *self, const struct endpoint *e,
                                                  struct diag *why)
{
    const struct mail_destination *d = self;

    (void)e;
    *ret = NULL; /* the URL says all */
    if (d->client)
        return OUTCOME_OK;
    (void)diag_set(why, "no mail server: smtp_url is not set");
    return OUTCOME_UNKNOWN_ERROR;
}

static void mail_destination_release(void *prepared)
{
    (void)prepared;
}

static struct destination_stats mail_destination_stats(const void *self)
{
    const struct mail_destination *d = self;
    struct mail_client_stats stats = {0};

    if (d->client)
        stats = mail_client_stats(d->client);
    return (struct destination_stats){.connects = stats.connects, .in_flight = stats.in_flight};
}

static void mail_destination_on_closed(void *arg)
{
    struct mail_destination *d = arg;
    defer_fn *on_closed = d->on_closed;
    void *on_closed_arg = d->on_closed_arg;

    free(d);
    on_closed(on_closed_arg);
}

static void mail_destination_close(void *self, defer_fn *on_closed, void *arg)
{
    struct mail_destination *d = self;

    d->on_closed = on_closed;
    d->on_closed_arg = arg;
    if (d->client)
        mail_client_close(d->client, mail_destination_on_closed, d);
    else
        mail_destination_on_closed(d);
}

static int mail_destination_open_client(struct mail_destination *d,
                                        const struct destination_setup *setup, struct diag *diag)
{
    const struct settings *s = setup->settings;
    const struct mail_client_options o = {
        .smtp = {.url = s->smtp_url,
                 .user = s->smtp_user,
                 .password = s->smtp_password,
                 .may_be_plain = s->smtp_starttls == SMTP_STARTTLS_OPTIONAL,
                 .ca_file = *s->smtp_ca_file ? s->smtp_ca_file : s->tls_ca_file},
        .from = s->smtp_from,
        .reply_bytes_kept = (size_t)s->response_bytes_kept,
    };

    if (!*s->smtp_url)
        return 0;
    if (!mail_address_is(span_of(s->smtp_from)))
        return diag_set(diag, "smtp_from: expected an address such as webhooks@example.org");
    return mail_client_new(&d->client, setup->loop, &o, diag);
}

static int mail_destination_open(void **ret, const struct destination_setup *setup,
                                 struct diag *diag)
{
    struct mail_destination *d = calloc(1, sizeof(*d));
    int r;

    if (!d)
        return err_origin(-ENOMEM);
    d->from = setup->settings->smtp_from;
    r = mail_destination_open_client(d, setup, diag);
    if (r) {
        free(d);
        return r;
    }
    *ret = d;
    return 0;
}

const struct destination destination_mail = {
    .open = mail_destination_open,
    .close = mail_destination_close,
    .prepare = mail_destination_prepare,
    .release = mail_destination_release,
    .start = mail_destination_start,
    .cancel = mail_destination_cancel,
    .stats = mail_destination_stats,
};
