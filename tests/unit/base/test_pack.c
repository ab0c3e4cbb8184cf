/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/pack.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void same_bytes(const struct buf *b, const char *expected, size_t len)
{
    assert_int_equal(buf_result(b), 0);
    assert_int_equal(b->len, len);
    assert_memory_equal(b->data, expected, len);
}

/* The bytes are those that Redis's cmsgpack reads and writes: they may not change. */
static void writes_shortest_form(void **state)
{
    static const char expected[] = "\x93\xa2hi\xcd\x01\x00\xff"
                                   "\x81\xa1k\xa0";
    struct buf b;

    (void)state;
    buf_init(&b, 1024);
    pack_array(&b, 3);
    pack_text(&b, "hi");
    pack_i64(&b, 256);
    pack_i64(&b, -1);
    pack_map(&b, 1);
    pack_text(&b, "k");
    pack_text(&b, NULL);
    same_bytes(&b, expected, sizeof(expected) - 1);
    buf_fini(&b);
}

static void numbers_round_trip(void **state)
{
    static const int64_t numbers[] = {0,     1,       127,       128,       -1,        -32,
                                      -33,   65535,   65536,     INT32_MAX, INT32_MIN, UINT32_MAX,
                                      -4096, 1 << 30, INT64_MAX, INT64_MIN};
    const msgpack_object *o;
    struct unpack u;
    struct buf b;
    int64_t value;

    (void)state;
    buf_init(&b, 1024);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        pack_i64(&b, numbers[i]);
    unpack_init(&u, buf_span(&b));
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_int_equal(unpack_next(&u, &o), 0);
        assert_int_equal(object_i64(o, &value), 0);
        assert_true(value == numbers[i]);
    }
    assert_int_equal(unpack_next(&u, &o), UNPACK_END);
    unpack_fini(&u);
    buf_fini(&b);
}

static void texts_hold_any_byte(void **state)
{
    static const size_t lengths[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    const msgpack_object *o;
    struct unpack u;
    struct buf b;
    struct span text;
    char *bytes = malloc(65536);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 65536; i++)
        bytes[i] = (char)i;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        buf_clear(&b);
        pack_span(&b, (struct span){bytes, lengths[i]});
        unpack_init(&u, buf_span(&b));
        assert_int_equal(unpack_next(&u, &o), 0);
        assert_int_equal(object_span(o, &text), 0);
        assert_true(span_equal(text, (struct span){bytes, lengths[i]}));
        /* Lent from the bytes, not copied: so it outlives the unpacker. */
        if (lengths[i])
            assert_true(text.data > b.data && text.data < b.data + b.len);
        unpack_fini(&u);
    }
    buf_fini(&b);
    free(bytes);
}

static void finds_members(void **state)
{
    const msgpack_object *map, *array;
    struct unpack u;
    struct buf b;
    struct span text;
    int64_t number;

    (void)state;
    buf_init(&b, 1024);
    pack_map(&b, 2);
    pack_text(&b, "a");
    pack_text(&b, "x");
    pack_text(&b, "b");
    pack_array(&b, 1);
    pack_i64(&b, 7);
    unpack_init(&u, buf_span(&b));
    assert_int_equal(unpack_next(&u, &map), 0);
    assert_int_equal(object_span(object_get(map, "a"), &text), 0);
    assert_true(span_equal(text, SPAN("x")));
    array = object_get(map, "b");
    assert_int_equal(object_i64(object_at(array, 0), &number), 0);
    assert_int_equal(number, 7);
    assert_null(object_at(array, 1));
    assert_null(object_at(map, 0));
    assert_null(object_at(NULL, 0));
    assert_null(object_get(map, "c"));
    assert_null(object_get(array, "a"));
    assert_null(object_get(NULL, "a"));
    unpack_fini(&u);
    buf_fini(&b);
}

static void other_types_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } others[] = {
        {"\xc0", 1},                     /* nil */
        {"\xc2", 1},                     /* false */
        {"\xcb\x3f\xf0\0\0\0\0\0\0", 9}, /* 1.0 */
        {"\xc4\x01x", 3},                /* bin */
        {"\xcf\x80\0\0\0\0\0\0\0", 9},   /* 2^63 */
        {"\x90", 1},                     /* [] */
        {"\xd4\x01x", 3},                /* ext */
    };
    const msgpack_object *o;
    struct unpack u;
    struct span text;
    int64_t number;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        unpack_init(&u, (struct span){others[i].bytes, others[i].len});
        assert_int_equal(unpack_next(&u, &o), 0);
        assert_int_equal(object_span(o, &text), -EBADMSG);
        assert_int_equal(object_i64(o, &number), -EBADMSG);
        unpack_fini(&u);
    }
    assert_int_equal(object_span(NULL, &text), -EBADMSG);
    assert_int_equal(object_i64(NULL, &number), -EBADMSG);
}

static void what_is_cut_or_no_msgpack_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\xc1", 1}, {"\xa2h", 2}, {"\x92\x01", 2}, {"\xd9", 1}, {"\x81\xa1k", 3}, {"\xcd\x01", 2},
    };
    const msgpack_object *o;
    struct unpack u;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        unpack_init(&u, (struct span){bad[i].bytes, bad[i].len});
        assert_int_equal(unpack_next(&u, &o), -EBADMSG);
        unpack_fini(&u);
    }
    unpack_init(&u, SPAN(""));
    assert_int_equal(unpack_next(&u, &o), UNPACK_END);
    unpack_fini(&u);
}

static void full_buffer_says_so(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    pack_text(&b, "longer than four bytes");
    assert_int_equal(buf_result(&b), -ENOBUFS);
    buf_fini(&b);
}

/* Nothing is taken for elements that are not there: msgpack-c would take 256 GiB for the first. */
static void claims_without_content_are_refused(void **state)
{
    static const struct span claims[] = {
        {"\xdf\xff\xff\xff\xff", 5},
        {"\xdd\xff\xff\xff\xff\xc0", 6},
        {"\xdb\x00\x00\x00\x05hell", 9},
        {"\x92\x01", 2},
        {"\x81\xa1k", 3},
        {"\xdc\x00", 2},
        {"\x91\xc7\x02\x01\x01", 5},
        {"\x91\xde\xff\xff\x01", 5},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(claims); i++) {
        const msgpack_object *o;
        struct unpack u;

        unpack_init(&u, claims[i]);
        assert_int_equal(unpack_next(&u, &o), -EBADMSG);
        unpack_fini(&u);
    }
}

/* One of each form. */
static void every_form_is_read(void **state)
{
    static const char bytes[] =
        "\x9b\xc0\xc2\xc4\x01x\xc7\x01\x05y\xca\x00\x00\x00\x00\xcb\x00\x00\x00\x00\x00\x00"
        "\x00\x00\xd1\x01\x02\xd4\x05z\xd8\x05"
        "0123456789abcdef\xda\x00\x01q\xde\x00\x01\x01\x02";
    const msgpack_object *o;
    struct unpack u;

    (void)state;
    unpack_init(&u, (struct span){bytes, sizeof(bytes) - 1});
    assert_int_equal(unpack_next(&u, &o), 0);
    assert_int_equal(o->via.array.size, 11);
    assert_int_equal(unpack_next(&u, &o), UNPACK_END);
    unpack_fini(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_shortest_form),
        cmocka_unit_test(numbers_round_trip),
        cmocka_unit_test(texts_hold_any_byte),
        cmocka_unit_test(finds_members),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(what_is_cut_or_no_msgpack_is_refused),
        cmocka_unit_test(full_buffer_says_so),
        cmocka_unit_test(claims_without_content_are_refused),
        cmocka_unit_test(every_form_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
