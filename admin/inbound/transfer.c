/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/transfer.h"
#include "common/base/err.h"
#include "common/base/pack.h"
#include "common/base/text.h"
#include "common/model/mail_address.h"
#include <errno.h>

enum { UUID_LEN = 36, STATES_MAX = 4 };

static const struct {
    const char *noun, *states[STATES_MAX];
} kinds[] = {
    [TRANSFER_DOWNLOAD] = {"download", {"preparing", "done", "failed", "expired"}},
    [TRANSFER_FILE] = {"file", {"processing", "processed"}},
};

/* ---- names ---- */

const char *transfer_noun(enum transfer_kind kind)
{
    return kinds[kind].noun;
}

const char *transfer_state_name(enum transfer_kind kind, enum transfer_state state)
{
    return kinds[kind].states[state];
}

int transfer_state_find(enum transfer_kind kind, struct span name, enum transfer_state *ret)
{
    for (unsigned i = 0; i < STATES_MAX && kinds[kind].states[i]; i++)
        if (span_equal(name, span_of(kinds[kind].states[i]))) {
            *ret = (enum transfer_state)i;
            return 0;
        }
    return -ENOENT;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_hex_digit(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

int transfer_id_parse(char ret[ID_SIZE], struct span text)
{
    if (text.len != UUID_LEN)
        return -EINVAL;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        char c = lower(text.data[i]);

        if (is_dash ? c != '-' : !is_hex_digit(c))
            return -EINVAL;
        ret[i] = c;
    }
    ret[UUID_LEN] = '\0';
    return 0;
}

/* ---- texts ---- */

static void transfer_copy(char *to, struct span text)
{
    if (text.len)
        memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

static bool is_words(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return text_is_utf8(text);
}

static bool transfer_is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return true;
}

static int set_words(char *to, const char *field, struct span value, size_t max, struct diag *diag)
{
    if (value.len > max || !is_words(value))
        return diag_set(diag, "%s: expected a text without control characters, at most %zu bytes",
                        field, max);
    transfer_copy(to, value);
    return 0;
}

int transfer_set_name(struct transfer *t, struct span value, struct diag *diag)
{
    return set_words(t->name, "name", value, TRANSFER_NAME_MAX, diag);
}

int transfer_set_source(struct transfer *t, struct span value, struct diag *diag)
{
    return set_words(t->source, "source", value, TRANSFER_SOURCE_MAX, diag);
}

int transfer_set_email(struct transfer *t, struct span value, struct diag *diag)
{
    if (value.len && !mail_address_is(value))
        return diag_set(diag,
                        "email: expected an address such as name@example.com, at most %d bytes",
                        MAIL_ADDRESS_MAX);
    transfer_copy(t->email, value);
    return 0;
}

int transfer_url_check(struct span url, struct diag *diag)
{
    bool is_web = (url.len > 8 && memcmp(url.data, "https://", 8) == 0) ||
                  (url.len > 7 && memcmp(url.data, "http://", 7) == 0);

    if (is_web && url.len <= TRANSFER_URL_MAX && transfer_is_printable(url))
        return 0;
    return diag_set(diag, "url: expected an http or https URL of at most %d bytes",
                    TRANSFER_URL_MAX);
}

/* ---- which status may follow which ---- */

static const bool may_follow[STATES_MAX][STATES_MAX] = {
    [TRANSFER_BEGUN] =
        {[TRANSFER_DONE] = true, [TRANSFER_FAILED] = true, [TRANSFER_EXPIRED] = true},
    [TRANSFER_DONE] = {[TRANSFER_EXPIRED] = true},
    [TRANSFER_FAILED] = {[TRANSFER_BEGUN] = true, [TRANSFER_DONE] = true},
    [TRANSFER_EXPIRED] = {[TRANSFER_BEGUN] = true, [TRANSFER_DONE] = true},
};

static bool is_late(const struct transfer *t, enum transfer_state to, struct span url)
{
    return t->state == TRANSFER_EXPIRED && to == TRANSFER_DONE &&
           (!url.len || span_equal(url, span_of(t->url)));
}

int transfer_move(struct transfer *t, enum transfer_state to, struct span url,
                  enum transfer_move *ret, struct diag *diag)
{
    bool is_renewed = url.len && !span_equal(url, span_of(t->url));

    if (to == t->state) {
        *ret = is_renewed ? TRANSFER_RENEWED : TRANSFER_SAME;
    } else if (may_follow[t->state][to] && !is_late(t, to, url)) {
        *ret = TRANSFER_MOVED;
        t->state = to;
    } else {
        return diag_set(diag, "status: a %s that is %s cannot become %s%s", transfer_noun(t->kind),
                        transfer_state_name(t->kind, t->state), transfer_state_name(t->kind, to),
                        is_late(t, to, url) ? " without another url" : "");
    }
    if (is_renewed)
        transfer_copy(t->url, url);
    return 0;
}

/* ---- the record ---- */

static void transfer_pack_pair(struct buf *b, const char *key, const char *text)
{
    pack_text(b, key);
    pack_text(b, text);
}

void transfer_pack(struct buf *b, const struct transfer *t)
{
    pack_map(b, 8);
    transfer_pack_pair(b, "tenant", t->tenant);
    transfer_pack_pair(b, "name", t->name);
    transfer_pack_pair(b, "email", t->email);
    transfer_pack_pair(b, "source", t->source);
    transfer_pack_pair(b, "url", t->url);
    transfer_pack_pair(b, "status", transfer_state_name(t->kind, t->state));
    pack_text(b, "created");
    pack_i64(b, t->created_ms);
    pack_text(b, "updated");
    pack_i64(b, t->updated_ms);
}

static int transfer_get_text(const msgpack_object *map, const char *key, char *ret, size_t size)
{
    struct span text;

    if (object_span(object_get(map, key), &text) || text.len >= size ||
        memchr(text.data, '\0', text.len))
        return -EBADMSG;
    transfer_copy(ret, text);
    return 0;
}

static int transfer_parse_map(struct transfer *t, const msgpack_object *map)
{
    struct span state;

    if (transfer_get_text(map, "tenant", t->tenant, sizeof(t->tenant)) ||
        transfer_get_text(map, "name", t->name, sizeof(t->name)) ||
        transfer_get_text(map, "email", t->email, sizeof(t->email)) ||
        transfer_get_text(map, "source", t->source, sizeof(t->source)) ||
        transfer_get_text(map, "url", t->url, sizeof(t->url)) ||
        object_span(object_get(map, "status"), &state) ||
        transfer_state_find(t->kind, state, &t->state) ||
        object_i64(object_get(map, "created"), &t->created_ms) ||
        object_i64(object_get(map, "updated"), &t->updated_ms))
        return -EBADMSG;
    return 0;
}

int transfer_parse(struct transfer *t, struct span record)
{
    const msgpack_object *map;
    struct unpack u;
    int r;

    unpack_init(&u, record);
    r = unpack_next(&u, &map);
    r = r ? -EBADMSG : transfer_parse_map(t, map);
    unpack_fini(&u);
    return r ? err_origin(r) : 0;
}
