/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/mail/mail.h"
#include "common/base/text.h"
#include "common/json/json_scan.h"
#include "common/json/json_string.h"
#include <errno.h>
#include <time.h>

enum {
    ENCODED_WORD_BYTES = 45, /* of text; with "=?UTF-8?B?…?=" under the 75 of RFC 2047 */
    BASE64_LINE_BYTES = 57,  /* 76 characters */
};

/* ---- headers ---- */

static void mail_end_line(struct buf *b)
{
    buf_add(b, "\r\n", 2);
}

static void mail_add_header(struct buf *b, const char *name, struct span value)
{
    buf_add_text(b, name);
    buf_add_text(b, ": ");
    buf_add_span(b, value);
    mail_end_line(b);
}

static bool mail_is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return false;
    return true;
}

/* As many whole characters as an encoded word may hold; what is no UTF-8 counts as a character. */
static size_t word_len(struct span text)
{
    size_t len = 0;

    while (len < text.len) {
        size_t n = utf8_char((struct span){text.data + len, text.len - len});

        n = MAX(n, (size_t)1);
        if (len + n > ENCODED_WORD_BYTES)
            break;
        len += n;
    }
    return len;
}

/* RFC 2047. Nothing of the value stands in the message as it is, so it cannot end the header. */
static void add_encoded(struct buf *b, const char *name, struct span value)
{
    buf_add_text(b, name);
    buf_add_text(b, ":");
    while (value.len) {
        size_t n = word_len(value);

        buf_add_text(b, " =?UTF-8?B?");
        buf_add_base64(b, value.data, n);
        buf_add_text(b, "?=");
        mail_end_line(b);
        value = (struct span){value.data + n, value.len - n};
    }
}

/* A long line is folded by being encoded. */
static void add_subject(struct buf *b, struct span subject)
{
    if (subject.len <= 900 && mail_is_printable(subject) &&
        !memmem(subject.data, subject.len, "=?", 2))
        mail_add_header(b, "Subject", subject);
    else
        add_encoded(b, "Subject", subject);
}

/* RFC 5322 3.3. The names are English, whatever the locale. */
static void add_date(struct buf *b, int64_t now_s)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t time = (time_t)now_s;
    struct tm tm;

    (void)gmtime_r(&time, &tm);
    buf_printf(b, "Date: %.3s, %d %.3s %d %02d:%02d:%02d +0000\r\n",
               days + (ptrdiff_t)3 * tm.tm_wday, tm.tm_mday, months + (ptrdiff_t)3 * tm.tm_mon,
               tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* <delivery@the sender's domain> */
static void add_message_id(struct buf *b, struct span delivery, const char *from)
{
    buf_add_text(b, "Message-ID: <");
    buf_add_span(b, delivery);
    buf_add_text(b, strchr(from, '@'));
    buf_add_text(b, ">\r\n");
}

/* ---- text ---- */

/* In base64: no line is too long, none begins with a dot, and any text will do. */
static void mail_add_text(struct buf *b, struct span text)
{
    mail_end_line(b);
    while (text.len) {
        size_t n = MIN(text.len, (size_t)BASE64_LINE_BYTES);

        buf_add_base64(b, text.data, n);
        mail_end_line(b);
        text = (struct span){text.data + n, text.len - n};
    }
}

static void mail_describe(struct buf *ret, const struct envelope_input *in)
{
    buf_add_text(ret, "Event:  ");
    buf_add_span(ret, in->event_type);
    buf_add_text(ret, "\nTenant: ");
    buf_add_span(ret, in->tenant_id);
    buf_add_text(ret, "\nTime:   ");
    buf_add_iso_time(ret, in->event_ms);
    buf_add_text(ret, "\nId:     ");
    buf_add_span(ret, in->event_id);
    buf_add_text(ret, "\n\n");
    buf_add_span(ret, in->data);
    buf_add_text(ret, "\n");
}

/* ---- what the event says itself ---- */

/* A member that is a string, plain; false: there is none. */
static bool read_member(struct buf *ret, struct span object, const char *name)
{
    enum json_kind kind;
    struct span value;
    char *room;

    if (!json_member(object, name, &value))
        return false;
    value = json_value(value, &kind);
    if (kind != JSON_KIND_STRING)
        return false;
    room = buf_reserve(ret, value.len);
    if (room)
        buf_wrote(ret,
                  json_string_plain(room, value.len, (struct span){value.data + 1, value.len - 2}));
    return true;
}

static struct span email_of(const struct envelope_input *in)
{
    enum json_kind kind;
    struct span email;

    if (!json_member(in->data, "email", &email))
        return SPAN("");
    email = json_value(email, &kind);
    return kind == JSON_KIND_OBJECT ? email : SPAN("");
}

static int find_recipient(struct mail *m, struct span address, struct span email, struct diag *diag)
{
    struct buf to;
    bool is_fine;

    buf_init(&to, 1 << 20);
    if (address.len)
        buf_add_span(&to, address);
    else if (email.len)
        (void)read_member(&to, email, "to");
    is_fine = mail_address_is(buf_span(&to));
    if (is_fine)
        (void)memcpy(m->to, to.data, to.len + 1);
    buf_fini(&to);
    return is_fine
               ? 0
               : diag_set(diag,
                          "email.to: expected one plain address, as the endpoint's URL names none");
}

/* ---- all of it ---- */

static void mail_add_head(struct buf *b, const char *from, const char *to, struct span subject,
                          const struct envelope_input *in, int64_t now_s)
{
    add_date(b, now_s);
    mail_add_header(b, "From", span_of(from));
    mail_add_header(b, "To", span_of(to));
    add_subject(b, subject);
    add_message_id(b, in->delivery_id, from);
    mail_add_header(b, "Auto-Submitted", SPAN("auto-generated")); /* RFC 3834 */
    mail_add_header(b, "MIME-Version", SPAN("1.0"));
    mail_add_header(b, "Content-Type", SPAN("text/plain; charset=utf-8"));
    mail_add_header(b, "Content-Transfer-Encoding", SPAN("base64"));
}

int mail_build(struct mail *m, const char *from, struct span address,
               const struct envelope_input *in, int64_t now_s, struct diag *diag)
{
    struct span email = email_of(in);
    struct buf subject, text;
    int r = find_recipient(m, address, email, diag);

    if (r)
        return r;
    buf_init(&subject, m->text->cap);
    buf_init(&text, m->text->cap);
    if (!email.len || !read_member(&subject, email, "subject"))
        buf_add_span(&subject, in->event_type);
    if (!email.len || !read_member(&text, email, "text"))
        mail_describe(&text, in);
    mail_add_head(m->text, from, m->to,
                  (struct span){subject.data, MIN(subject.len, (size_t)MAIL_SUBJECT_MAX)}, in,
                  now_s);
    mail_add_text(m->text, buf_span(&text));
    r = buf_result(&subject) ? buf_result(&subject) : buf_result(&text);
    buf_fini(&subject);
    buf_fini(&text);
    return r ? r : buf_result(m->text);
}
