/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/inbound/transfer.h"
#include "admin/inbound/transfer_news.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define URL "https://storage.example.com/x?signature=a"

static struct transfer make(enum transfer_state state)
{
    struct transfer t = {.kind = TRANSFER_DOWNLOAD, .state = state, .created_ms = 1000};

    (void)snprintf(t.id, sizeof(t.id), "d3f2c1b0-1234-5678-90ab-cdef12345678");
    (void)snprintf(t.tenant, sizeof(t.tenant), "acme");
    if (state == TRANSFER_DONE || state == TRANSFER_EXPIRED)
        (void)snprintf(t.url, sizeof(t.url), URL);
    return t;
}

static int move(enum transfer_state from, enum transfer_state to, const char *url,
                enum transfer_move *ret)
{
    struct transfer t = make(from), before = t;
    struct diag diag = {""};
    int r = transfer_move(&t, to, span_of(url), ret, &diag);

    if (r) {
        assert_int_equal(r, -EINVAL);
        assert_true(strncmp(diag.text, "status: ", 8) == 0);
        assert_memory_equal(&t, &before, sizeof(t));
    } else {
        assert_int_equal(t.state, to);
        assert_string_equal(t.url, *url ? url : before.url);
    }
    return r;
}

static void knows_which_status_may_follow(void **state)
{
    static const bool may[4][4] = {{true, true, true, true},
                                   {false, true, false, true},
                                   {true, true, true, false},
                                   {true, true, false, true}};
    enum transfer_move ret;

    (void)state;
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++)
            assert_int_equal(move((enum transfer_state)from, (enum transfer_state)to,
                                  from == TRANSFER_EXPIRED && to == TRANSFER_DONE ? URL "2" : "",
                                  &ret) == 0,
                             may[from][to]);
}

static void tells_news_from_what_is_known(void **state)
{
    enum transfer_move ret = TRANSFER_MOVED;

    (void)state;
    assert_int_equal(move(TRANSFER_DONE, TRANSFER_DONE, URL, &ret), 0);
    assert_int_equal(ret, TRANSFER_SAME);
    assert_int_equal(move(TRANSFER_DONE, TRANSFER_DONE, "", &ret), 0);
    assert_int_equal(ret, TRANSFER_SAME);
    assert_int_equal(move(TRANSFER_DONE, TRANSFER_DONE, URL "2", &ret), 0);
    assert_int_equal(ret, TRANSFER_RENEWED);
    assert_int_equal(move(TRANSFER_BEGUN, TRANSFER_DONE, URL, &ret), 0);
    assert_int_equal(ret, TRANSFER_MOVED);
    assert_int_equal(move(TRANSFER_EXPIRED, TRANSFER_DONE, URL, &ret), -EINVAL);
    assert_int_equal(move(TRANSFER_EXPIRED, TRANSFER_DONE, "", &ret), -EINVAL);
}

static void comes_out_as_it_went_in(void **state)
{
    struct transfer t = make(TRANSFER_DONE), again = make(TRANSFER_BEGUN);
    struct buf record;

    (void)state;
    (void)snprintf(t.name, sizeof(t.name), "Q1 \xe2\x98\x83");
    (void)snprintf(t.email, sizeof(t.email), "a@b.example");
    t.updated_ms = 2000;
    buf_init(&record, TRANSFER_RECORD_MAX);
    transfer_pack(&record, &t);
    assert_int_equal(buf_result(&record), 0);
    assert_int_equal(transfer_parse(&again, buf_span(&record)), 0);
    assert_string_equal(again.name, t.name);
    assert_string_equal(again.email, t.email);
    assert_string_equal(again.url, t.url);
    assert_int_equal(again.state, t.state);
    assert_int_equal(again.updated_ms, 2000);
    for (size_t n = 0; n < record.len; n++)
        assert_int_equal(transfer_parse(&again, (struct span){record.data, n}), -EBADMSG);
    buf_fini(&record);
}

static void fits_its_record_at_its_largest(void **state)
{
    struct transfer t = make(TRANSFER_DONE);
    struct buf record;

    (void)state;
    memset(t.name, 'n', TRANSFER_NAME_MAX);
    memset(t.email, 'e', TRANSFER_EMAIL_MAX);
    memset(t.source, 's', TRANSFER_SOURCE_MAX);
    memset(t.url, 'u', TRANSFER_URL_MAX);
    memset(t.tenant, 't', 64);
    buf_init(&record, TRANSFER_RECORD_MAX);
    transfer_pack(&record, &t);
    assert_int_equal(buf_result(&record), 0);
    buf_fini(&record);
}

static unsigned n_news(const char *email, enum transfer_state now, enum transfer_move m)
{
    struct transfer t = make(now);
    struct transfer_news news;
    unsigned n;

    (void)snprintf(t.email, sizeof(t.email), "%s", email);
    assert_int_equal(transfer_news_init(&news, &t, TRANSFER_BEGUN, m), 0);
    n = news.n;
    assert_string_equal(news.events[0].type, TRANSFER_EVENT_DOWNLOAD);
    transfer_news_fini(&news);
    return n;
}

static void writes_an_e_mail_when_it_becomes_done(void **state)
{
    (void)state;
    assert_int_equal(n_news("a@b.example", TRANSFER_DONE, TRANSFER_MOVED), 2);
    assert_int_equal(n_news("a@b.example", TRANSFER_DONE, TRANSFER_RENEWED), 1);
    assert_int_equal(n_news("a@b.example", TRANSFER_FAILED, TRANSFER_MOVED), 1);
    assert_int_equal(n_news("", TRANSFER_DONE, TRANSFER_MOVED), 1);
}

static void knows_a_uuid(void **state)
{
    char id[ID_SIZE];

    (void)state;
    assert_int_equal(transfer_id_parse(id, SPAN("D3F2C1B0-1234-5678-90AB-CDEF12345678")), 0);
    assert_string_equal(id, "d3f2c1b0-1234-5678-90ab-cdef12345678");
    assert_int_equal(transfer_id_parse(id, SPAN("")), -EINVAL);
    assert_int_equal(transfer_id_parse(id, SPAN("d3f2c1b0-1234-5678-90ab-cdef1234567")), -EINVAL);
    assert_int_equal(transfer_id_parse(id, SPAN("d3f2c1b0-1234-5678-90ab-cdef1234567g")), -EINVAL);
    assert_int_equal(transfer_id_parse(id, SPAN("d3f2c1b001234-5678-90ab-cdef12345678")), -EINVAL);
    assert_int_equal(transfer_id_parse(id, SPAN("d3f2c1b0-1234-5678-90a/-cdef12345678")), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_which_status_may_follow),
        cmocka_unit_test(tells_news_from_what_is_known),
        cmocka_unit_test(comes_out_as_it_went_in),
        cmocka_unit_test(fits_its_record_at_its_largest),
        cmocka_unit_test(writes_an_e_mail_when_it_becomes_done),
        cmocka_unit_test(knows_a_uuid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
