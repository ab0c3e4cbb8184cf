/* SPDX-License-Identifier: Apache-2.0 */
#include "common/json/json_scan.h"
#include "common/model/filter/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct filter *parse(struct span text)
{
    struct filter *f = NULL;
    struct diag diag = {""};

    if (filter_parse(&f, text, &diag))
        fail_msg("%.*s: %s", (int)text.len, text.data, diag.text);
    return f;
}

static bool matches(const char *text, const char *data)
{
    struct filter *f = parse(span_of(text));
    bool is_match, is_explained;
    struct buf why;

    assert_int_equal(json_check(span_of(data), NULL), 0);
    is_match = filter_matches(f, span_of(data));
    buf_init(&why, FILTER_EXPLAIN_BYTES_MAX);
    assert_int_equal(filter_explain(&why, f, span_of(data), &is_explained), 0);
    assert_int_equal(is_match, is_explained);
    buf_fini(&why);
    filter_free(f);
    return is_match;
}

/* Filters about `a`: does the one of the row hold where the data are what the column says? */
enum { COLUMNS = 10 };
static const char *const columns[COLUMNS] = {
    "{}",
    "{\"a\":null}",
    "{\"a\":true}",
    "{\"a\":false}",
    "{\"a\":1}",
    "{\"a\":\"1\"}",
    "{\"a\":\"\"}",
    "{\"a\":[1]}",
    "{\"a\":{\"b\":1}}",
    "[{\"a\":1}]",
};
static const struct {
    const char *filter, *holds; /* a letter a column: x where it holds */
} rows[] = {
    /*                                missing, null, true, false, 1, "1", "", [1], {"b":1}, missing */
    {"{\"a\":null}", ".x........"},
    {"{\"a\":true}", "..x......."},
    {"{\"a\":false}", "...x......"},
    {"{\"a\":1}", "....x....."},
    {"{\"a\":1.0}", "....x....."},
    {"{\"a\":\"1\"}", ".....x...."},
    {"{\"a\":\"\"}", "......x..."},
    {"{\"a\":{\"$eq\":10e-1}}", "....x....."},
    {"{\"a\":{\"$eq\":null}}", ".x........"},
    {"{\"a\":{\"$ne\":1}}", "xxxx.xxxxx"},
    {"{\"a\":{\"$ne\":null}}", "x.xxxxxxxx"},
    {"{\"a\":{\"$ne\":\"1\"}}", "xxxxx.xxxx"},
    {"{\"a\":{\"$in\":[1]}}", "....x....."},
    {"{\"a\":{\"$in\":[2,\"1\",null,1.00]}}", ".x..xx...."},
    {"{\"a\":{\"$in\":[true,false]}}", "..xx......"},
    {"{\"a\":{\"$nin\":[2,\"1\",null]}}", "x.xxx.xxxx"},
    {"{\"a\":{\"$nin\":[3]}}", "xxxxxxxxxx"},
    {"{\"a\":{\"$exists\":true}}", ".xxxxxxxx."},
    {"{\"a\":{\"$exists\":false}}", "x........x"},
    {"{\"a\":{\"$prefix\":\"\"}}", ".....xx..."},
    {"{\"a\":{\"$prefix\":\"1\"}}", ".....x...."},
    {"{\"a\":{\"$prefix\":\"12\"}}", ".........."},
    {"{\"a\":{\"$gt\":0.99}}", "....x....."},
    {"{\"a\":{\"$gt\":1}}", ".........."},
    {"{\"a\":{\"$gte\":1}}", "....x....."},
    {"{\"a\":{\"$gte\":1.01}}", ".........."},
    {"{\"a\":{\"$lt\":1.01}}", "....x....."},
    {"{\"a\":{\"$lt\":1}}", ".........."},
    {"{\"a\":{\"$lte\":1e0}}", "....x....."},
    {"{\"a\":{\"$lte\":0.99}}", ".........."},
    {"{\"a\":{\"$gte\":1,\"$lt\":2}}", "....x....."},
    {"{\"a\":{\"$gt\":1,\"$lt\":2}}", ".........."},
    {"{\"a\":{\"$exists\":true,\"$ne\":1}}", ".xxx.xxxx."},
    {"{\"$not\":{\"a\":{\"$gt\":0}}}", "xxxx.xxxxx"},
    {"{\"$not\":{\"$not\":{\"a\":1}}}", "....x....."},
    {"{\"$or\":[{\"a\":1},{\"a\":null}]}", ".x..x....."},
    {"{\"$or\":[{\"a\":1}]}", "....x....."},
    {"{\"$or\":[{\"a\":1,\"b\":2},{\"a\":true}]}", "..x......."},
    {"{\"$and\":[{\"a\":{\"$ne\":1}},{\"a\":{\"$ne\":null}}]}", "x.xx.xxxxx"},
    {"{\"$and\":[{\"a\":1}],\"$or\":[{\"a\":2}]}", ".........."},
    {"{\"$and\":[{\"a\":1}],\"a\":{\"$gt\":0}}", "....x....."},
    {"{\"a\":{\"$gt\":0},\"b\":1}", ".........."},
    {"{\"b\":{\"$exists\":false},\"a\":1}", "....x....."},
    {"{\"$not\":{\"$or\":[{\"a\":1},{\"a\":null},{\"a\":{\"$exists\":false}}]}}", "..xx.xxxx."},
    {"{\"a.b\":1}", "........x."},
    {"{\"a.b\":{\"$ne\":1}}", "xxxxxxxx.x"},
    {"{\"a.0\":1}", ".......x.."},
    {"{\"a.1\":{\"$exists\":false}}", "xxxxxxxxxx"},
    {"{\"0.a\":1}", ".........x"},
};

static void every_operator_on_every_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (size_t k = 0; k < COLUMNS; k++)
            if (matches(rows[i].filter, columns[k]) != (rows[i].holds[k] == 'x'))
                fail_msg("%s on %s: not %c", rows[i].filter, columns[k], rows[i].holds[k]);
}

static const struct {
    const char *filter, *data;
    bool holds;
} cases[] = {
    /* paths */
    {"{\"customer.address.city\":\"Ulm\"}", "{\"customer\":{\"address\":{\"city\":\"Ulm\"}}}",
     true},
    {"{\"customer.address.city\":\"Ulm\"}", "{\"customer.address.city\":\"Ulm\"}", false},
    {"{\"customer\\\\.address.city\":1}", "{\"customer.address\":{\"city\":1}}", true},
    {"{\"a\\\\\\\\b\":1}", "{\"a\\\\b\":1}", true},
    {"{\"a\\\\\\\\.b\":1}", "{\"a\\\\\":{\"b\":1}}", true},
    {"{\"\\\\$eq\":1}", "{\"$eq\":1}", true},
    {"{\"a.$eq\":1}", "{\"a\":{\"$eq\":1}}", true},
    {"{\"items.0.sku\":\"A\"}", "{\"items\":[{\"sku\":\"A\"},{\"sku\":\"B\"}]}", true},
    {"{\"items.1.sku\":\"A\"}", "{\"items\":[{\"sku\":\"A\"},{\"sku\":\"B\"}]}", false},
    {"{\"items.0\":\"A\"}", "{\"items\":{\"0\":\"A\"}}", true},
    {"{\"\\u0061\\u002eb\":1}", "{\"a\":{\"b\":1}}", true},
    {"{\"a b\":1}", "{\"a b\":1}", true},
    {"{\"a\":1}", "{\"a\":1,\"a\":2}", false},
    {"{\"a\":2}", "{\"a\":1,\"a\":2}", true},
    /* escapes on either side */
    {"{\"a\":\"A\"}", "{\"a\":\"\\u0041\"}", true},
    {"{\"a\":\"\\u0041\"}", "{\"\\u0061\":\"A\"}", true},
    {"{\"a\":\"\xf0\x9f\x98\x80\"}", "{\"a\":\"\\ud83d\\ude00\"}", true},
    {"{\"a\":\"\\uD83D\\uDE00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}", true},
    {"{\"a\":\"\\\\u0041\"}", "{\"a\":\"A\"}", false},
    {"{\"a\":\"a\\u0000b\"}", "{\"a\":\"a\\u0000b\"}", true},
    {"{\"a\":\"a\\u0000b\"}", "{\"a\":\"a\\u0000c\"}", false},
    {"{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\"}", true},
    {"{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}", false},
    {"{\"a\":{\"$prefix\":\"\\u00e9t\"}}", "{\"a\":\"\xc3\xa9t\xc3\xa9\"}", true},
    {"{\"a\":{\"$prefix\":\"order.\"}}", "{\"a\":\"\\u006frder.paid\"}", true},
    {"{\"a\":{\"$prefix\":\"Order.\"}}", "{\"a\":\"order.paid\"}", false},
    {"{\"\\u0024or\":[{\"a\":1}]}", "{\"a\":1}", true},
    {"{\"a\":{\"\\u0024gt\":0}}", "{\"a\":1}", true},
    /* numbers: more in test_json_number */
    {"{\"a\":1500}", "{\"a\":1500.00}", true},
    {"{\"a\":15e2}", "{\"a\":1500.00}", true},
    {"{\"a\":-0}", "{\"a\":0}", true},
    {"{\"a\":{\"$gt\":0.1}}", "{\"a\":0.10000000000000000001}", true},
    {"{\"a\":{\"$lt\":1e999999999999}}", "{\"a\":1e999999999998}", true},
    {"{\"a\":{\"$gte\":1e999999999999}}", "{\"a\":1e999999999998}", false},
    {"{\"a\":{\"$lt\":0}}", "{\"a\":-1e-999999999999}", true},
    {"{\"a\":9007199254740993}", "{\"a\":9007199254740992}", false},
    /* white space */
    {" { \"a\" : { \"$in\" : [ 1 , 2 ] } } ", "\n{ \"a\" : 2 }\n", true},
    {" { \"$or\" : [ { \"a\" : 1 } , { \"a\" : 2 } ] } ", " { \"a\" : 2 } ", true},
    /* data that are no object */
    {"{\"a\":{\"$exists\":false}}", "null", true},
    {"{\"a\":{\"$exists\":false}}", "\"a\"", true},
    {"{\"0\":\"x\"}", "[\"x\"]", true},
};

static void cases_hold_or_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (matches(cases[i].filter, cases[i].data) != cases[i].holds)
            fail_msg("%s on %s: not %d", cases[i].filter, cases[i].data, cases[i].holds);
}

static const struct {
    const char *text, *words;
} refused[] = {
    {"", "filter: expected a value at byte 1 of 0"},
    {"{\"a\":1", "filter: expected ',' or '}' at byte 7 of 6"},
    {"1", "filter: expected an object such as {\"amount\": {\"$gte\": 100}}"},
    {"[{\"a\":1}]", "filter: expected an object such as {\"amount\": {\"$gte\": 100}}"},
    {"{}", "filter: expected at least one condition"},
    {" { } ", "filter: expected at least one condition"},
    {"{\"$or\":[{}]}", "filter: $or[0]: expected at least one condition"},
    {"{\"$or\":[{\"a\":1},2]}",
     "filter: $or[1]: expected an object such as {\"amount\": {\"$gte\": 100}}"},
    {"{\"$or\":[]}", "filter: $or: expected at least one item"},
    {"{\"$and\":{\"a\":1}}", "filter: $and: expected an array"},
    {"{\"$not\":[{\"a\":1}]}",
     "filter: $not: expected an object such as {\"amount\": {\"$gte\": 100}}"},
    {"{\"$not\":{}}", "filter: $not: expected at least one condition"},
    {"{\"$nor\":[{\"a\":1}]}",
     "filter: $nor: unknown; expected $and, $or, $not or a path (\\$ stands for a $ in front)"},
    {"{\"$gt\":1}",
     "filter: $gt: unknown; expected $and, $or, $not or a path (\\$ stands for a $ in front)"},
    {"{\"$not\":{\"$and\":[{\"a\":1},{\"$or\":[{\"b\":{\"$in\":[1,{}]}}]}]}}",
     "filter: $not: $and[1]: $or[0]: b: $in[1]: expected a string, a number, true, false or null; "
     "objects are not compared"},
    {"{\"customer.age\":{\"$gte\":\"18\"}}", "filter: customer.age: $gte: expected a number"},
    {"{\"a\":{\"$gt\":null}}", "filter: a: $gt: expected a number"},
    {"{\"a\":{\"$lt\":true}}", "filter: a: $lt: expected a number"},
    {"{\"a\":{\"$lte\":[1]}}", "filter: a: $lte: expected a number"},
    {"{\"a\":{\"$prefix\":1}}", "filter: a: $prefix: expected a string"},
    {"{\"a\":{\"$exists\":1}}", "filter: a: $exists: expected true or false"},
    {"{\"a\":{\"$exists\":null}}", "filter: a: $exists: expected true or false"},
    {"{\"a\":{\"$eq\":[1]}}", "filter: a: $eq: expected a string, a number, true, false or null; "
                              "arrays are not compared"},
    {"{\"a\":{\"$ne\":{}}}", "filter: a: $ne: expected a string, a number, true, false or null; "
                             "objects are not compared"},
    {"{\"a\":{\"$in\":1}}", "filter: a: $in: expected an array"},
    {"{\"a\":{\"$nin\":[]}}", "filter: a: $nin: expected at least one item"},
    {"{\"a\":[1]}", "filter: a: expected a value, or operators such as {\"$in\": [1, 2]}"},
    {"{\"a\":{}}", "filter: a: expected at least one operator such as $eq"},
    {"{\"a\":{\"$regex\":\"x\"}}",
     "filter: a: $regex: unknown; expected $eq $ne $in $nin $exists $prefix $gt $gte $lt $lte"},
    {"{\"a\":{\"$not\":{\"$gt\":1}}}",
     "filter: a: $not: unknown; expected $eq $ne $in $nin $exists $prefix $gt $gte $lt $lte"},
    {"{\"customer\":{\"age\":1}}",
     "filter: customer: age: expected an operator such as $eq; a member inside is written with a "
     "dot, such as customer.age"},
    {"{\"a\":1,\"b\":2,\"a\":3}", "filter: a: there twice; expected each name once"},
    {"{\"a\":1,\"\\u0061\":3}", "filter: \\u0061: there twice; expected each name once"},
    {"{\"a\":{\"$gt\":1,\"$lt\":2,\"$gt\":3}}",
     "filter: a: $gt: there twice; expected each name once"},
    {"{\"$or\":[{\"a\":1}],\"$or\":[{\"b\":1}]}",
     "filter: $or: there twice; expected each name once"},
    {"{\"\":1}", "filter: : expected a name before and behind each dot"},
    {"{\"a.\":1}", "filter: a.: expected a name before and behind each dot"},
    {"{\".a\":1}", "filter: .a: expected a name before and behind each dot"},
    {"{\"a..b\":1}", "filter: a..b: expected a name before and behind each dot"},
    {"{\"a\\\\b\":1}", "filter: a\\\\b: expected '.', '\\' or '$' behind the backslash"},
    {"{\"a\\\\\":1}", "filter: a\\\\: expected '.', '\\' or '$' behind the backslash"},
    {"{\"a\":1} 2", "filter: expected nothing behind the value at byte 9 of 9"},
    /* Names are cut at whole characters, what is outermost is left out. */
    {"{\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "x\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\":[]}",
     "filter: \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
     "x\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9…: expected a "
     "value, or operators such as {\"$in\": [1, 2]}"},
    {"{\"$and\":[{\"$and\":[{\"$and\":[{\"$and\":[{\"$and\":[{\"$and\":["
     "{\"abcdefghijabcdefghijabcdefghijabcdefghij\":"
     "{\"$abcdefghijabcdefghijabcdefghijabcdefghij\":1}}]}]}]}]}]}]}",
     "filter: abcdefghijabcdefghijabcdefghijabcdefghij: "
     "$abcdefghijabcdefghijabcdefghijabcdefghi…: unknown; expected "
     "$eq $ne $in $nin $exists $prefix $gt $gte $lt $lte"},
};

static void refusals_name_place_and_expectation(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct filter *f = NULL;
        struct diag diag = {""};

        assert_int_equal(filter_parse(&f, span_of(refused[i].text), &diag), -EINVAL);
        assert_string_equal(diag.text, refused[i].words);
        assert_null(f);
        assert_int_equal(filter_parse(&f, span_of(refused[i].text), NULL), -EINVAL);
    }
}

/* prefix, then @n times @each with its number between @separator, then suffix. */
static struct span repeat(struct buf *b, const char *prefix, unsigned n, const char *each,
                          const char *separator, const char *suffix)
{
    buf_clear(b);
    buf_add_text(b, prefix);
    for (unsigned i = 0; i < n; i++) {
        const char *number = strchr(each, '#');

        buf_add_text(b, i ? separator : "");
        buf_add(b, each, number ? (size_t)(number - each) : strlen(each));
        if (number) {
            buf_add_u64(b, i);
            buf_add_text(b, number + 1);
        }
    }
    buf_add_text(b, suffix);
    assert_int_equal(buf_result(b), 0);
    return buf_span(b);
}

static void takes(struct span text)
{
    filter_free(parse(text));
}

static void refuses(struct span text, const char *words)
{
    struct filter *f = NULL;
    struct diag diag = {""};

    assert_int_equal(filter_parse(&f, text, &diag), -EINVAL);
    assert_string_equal(diag.text, words);
}

static void limits_hold_and_no_less(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 64 * 1024);
    takes(repeat(&b, "{\"a\":\"", 4088, "x", "", "\"}"));
    assert_int_equal(b.len, FILTER_BYTES_MAX);
    refuses(repeat(&b, "{\"a\":\"", 4089, "x", "", "\"}"),
            "filter: 4097 bytes; expected at most 4096");

    takes(repeat(&b, "{", 64, "\"m#\":1", ",", "}"));
    refuses(repeat(&b, "{", 65, "\"m#\":1", ",", "}"),
            "filter: m64: expected at most 64 conditions");
    refuses(repeat(&b, "{\"$or\":[", 65, "{\"a\":#}", ",", "]}"),
            "filter: $or: expected at most 64 items");
    refuses(repeat(&b, "{\"$or\":[", 33, "{\"a\":{\"$gt\":#,\"$lt\":100}}", ",", "]}"),
            "filter: $or[32]: a: expected at most 64 conditions");

    takes(repeat(&b, "{\"a\":{\"$in\":[", 100, "#", ",", "]}}"));
    refuses(repeat(&b, "{\"a\":{\"$in\":[", 101, "#", ",", "]}}"),
            "filter: a: $in: expected at most 100 items");

    takes(repeat(&b, "{\"", 16, "m", ".", "\":1}"));
    refuses(repeat(&b, "{\"", 17, "m", ".", "\":1}"),
            "filter: m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m.m: expected at most 16 names between dots");

    takes(repeat(&b, "{\"", 256, "m", "", "\":1}"));
    takes(repeat(&b, "{\"", 128, "\\u00e9", "", "\":1}")); /* unescaped it is no longer */
    refuses(repeat(&b, "{\"", 257, "m", "", "\":1}"),
            "filter: mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm…: 257 bytes; expected at most 256");

    takes(repeat(&b, "", 7, "{\"$not\":", "", "{\"a\":1}}}}}}}}"));
    refuses(repeat(&b, "", 8, "{\"$not\":", "", "{\"a\":1}}}}}}}}}"),
            "filter: $not: $not: $not: $not: $not: $not: $not: $not: expected at most 8 filters "
            "inside each other");
    takes(repeat(&b, "", 7, "{\"$and\":[", "", "{\"a\":1}]}]}]}]}]}]}]}"));
    buf_fini(&b);
}

/* A number of the data is read once for a condition, however many it is compared with: what fanout.c
 * counts. Were it read for each, this would be 10 GB, and the test run out of its time. */
static void a_long_number_is_not_read_for_each_value(void **state)
{
    enum { CONDITIONS = 12, DIGITS = 8 << 20 };
    struct buf text, data;
    struct filter *f;

    (void)state;
    buf_init(&text, FILTER_BYTES_MAX);
    buf_init(&data, DIGITS + 64);
    for (unsigned i = 0; i < CONDITIONS * FILTER_VALUES_MAX; i++)
        buf_add_text(&text, i == 0                       ? "{\"$and\":[{\"a\":{\"$nin\":[1"
                            : i % FILTER_VALUES_MAX == 0 ? "]}},{\"a\":{\"$nin\":[1"
                                                         : ",1");
    buf_add_text(&text, "]}}]}");
    buf_add_text(&data, "{\"a\":1.");
    memset(buf_reserve(&data, DIGITS), '0', DIGITS);
    buf_wrote(&data, DIGITS);
    buf_add_text(&data, "1}");
    f = parse(buf_span(&text));
    assert_true(filter_matches(f, buf_span(&data)));
    filter_free(f);
    buf_fini(&text);
    buf_fini(&data);
}

static void bytes_that_are_no_json(void **state)
{
    (void)state;
    refuses(SPAN("{\"a\":1}\0"), "filter: expected nothing behind the value at byte 8 of 8");
    refuses(SPAN("{\"\xff\":1}"), "filter: malformed UTF-8 at byte 3 of 7");
}

/* What stays of the text is a copy. */
static void borrows_nothing(void **state)
{
    char text[] = "{\"name.x\":{\"$in\":[\"value\",12]}}";
    struct filter *f = parse(SPAN(text));

    (void)state;
    memset(text, '!', sizeof(text));
    assert_true(filter_matches(f, SPAN("{\"name\":{\"x\":\"value\"}}")));
    assert_true(filter_matches(f, SPAN("{\"name\":{\"x\":12}}")));
    assert_false(filter_matches(f, SPAN("{\"name\":{\"x\":13}}")));
    assert_null(filter_free(f));
    assert_null(filter_free(NULL));
}

static void explains(const char *text, const char *data, const char *expected)
{
    struct filter *f = parse(span_of(text));
    struct buf why;
    bool is_match;

    buf_init(&why, FILTER_EXPLAIN_BYTES_MAX);
    assert_int_equal(filter_explain(&why, f, span_of(data), &is_match), 0);
    assert_string_equal(why.data, expected);
    assert_int_equal(is_match, filter_matches(f, span_of(data)));
    buf_fini(&why);
    filter_free(f);
}

static void each_condition_is_explained(void **state)
{
    (void)state;
    explains("{\"amount\":{\"$gte\":100}}", "{\"amount\":42}", "amount: $gte 100: 42 → no\n");
    explains("{\"a\":1,\"b\":{\"$exists\":false},\"c\":{\"$ne\":null}}",
             "{\"a\":1.00,\"b\":[1],\"c\":{\"d\":1}}",
             "a: $eq 1: 1.00 → yes\n"
             "b: $exists false: an array → no\n"
             "c: $ne null: an object → yes\n");
    explains("{\"status\":{\"$in\":[\"paid\",1,true,null,\"x\"]}}", "{}",
             "status: $in [\"paid\", 1, true, … 2 more]: missing → no\n");
    explains("{\"x.y\\\\.z.\\\\\\\\.$u\":\"\\u0041\"}",
             "{\"x\":{\"y.z\":{\"\\\\\":{\"$u\":\"\\u0041\"}}}}",
             "x.y\\.z.\\\\.$u: $eq \"A\": \"\\u0041\" → yes\n");
    explains("{\"\\\\$x\":1}", "{}", "\\$x: $eq 1: missing → no\n");
}

static void groups_are_indented(void **state)
{
    (void)state;
    explains("{\"a\":1,\"$or\":[{\"b\":1},{\"c\":{\"$gt\":0,\"$lt\":9}},{\"$not\":{\"d\":1}}]}",
             "{\"b\":2,\"c\":3,\"d\":1}",
             "a: $eq 1: missing → no\n"
             "$or → yes\n"
             "  b: $eq 1: 2 → no\n"
             "  $and → yes\n"
             "    c: $gt 0: 3 → yes\n"
             "    c: $lt 9: 3 → yes\n"
             "  $not → no\n"
             "    d: $eq 1: 1 → yes\n");
}

static void long_and_odd_values_are_cut(void **state)
{
    (void)state;
    explains(
        "{\"a\":{\"$ne\":\"x\"}}",
        "{\"a\":\"0123456789012345678901234567890123456789012345678901234567\xc3\xa9"
        "0123456789\"}",
        "a: $ne \"x\": \"0123456789012345678901234567890123456789012345678901234567\xc3\xa9… → "
        "yes\n");
    explains("{\"a\\u0007\":\"\\u001b[2J\\ud800\"}", "{\"a\":1}",
             "a?: $eq \"?[2J???\": missing → no\n");
    explains("{\"a\":{\"$exists\":true}}", "{\"a\":\"\x7f\xc2\x9b\xc2\xa0\"}",
             "a: $exists true: \"??\xc2\xa0\" → yes\n");
}

static void an_explanation_without_room_is_an_error(void **state)
{
    struct filter *f = parse(SPAN("{\"amount\":{\"$gte\":100}}"));
    bool is_match = true;
    struct buf why;

    (void)state;
    buf_init(&why, 8);
    assert_int_equal(filter_explain(&why, f, SPAN("{}"), &is_match), -ENOBUFS);
    assert_true(is_match); /* untouched */
    buf_fini(&why);
    filter_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_on_every_type),
        cmocka_unit_test(cases_hold_or_not),
        cmocka_unit_test(refusals_name_place_and_expectation),
        cmocka_unit_test(limits_hold_and_no_less),
        cmocka_unit_test(a_long_number_is_not_read_for_each_value),
        cmocka_unit_test(bytes_that_are_no_json),
        cmocka_unit_test(borrows_nothing),
        cmocka_unit_test(each_condition_is_explained),
        cmocka_unit_test(groups_are_indented),
        cmocka_unit_test(long_and_odd_values_are_cut),
        cmocka_unit_test(an_explanation_without_room_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
