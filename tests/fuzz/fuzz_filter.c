/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_filter.c: a filter, a NUL byte, data. What is refused is refused with words; a match agrees
 * with its explanation and with the negated filter's; bounds hold, also for data that are no JSON.
 *
 * Numbers of the data that the filter compares are compared the other way round too. */
#include "common/base/text.h"
#include "common/json/json_number.h"
#include "common/json/json_scan.h"
#include "common/model/filter/filter.h"
#include "tests/fuzz/fuzz.h"

static struct filter *parse(struct span text)
{
    struct filter *f = NULL, *again = NULL;
    struct diag diag = {""};
    int r = filter_parse(&f, text, &diag);

    MUST(r == 0 || r == -EINVAL);
    MUST(filter_parse(&again, text, NULL) == r);
    filter_free(again);
    if (r) {
        MUST(strncmp(diag.text, "filter: ", 8) == 0 && diag.text[8]);
        MUST(!f && text_is_utf8(span_of(diag.text)));
        return NULL;
    }
    MUST(f && text.len <= FILTER_BYTES_MAX && json_check(text, NULL) == 0);
    return f;
}

/* {"$not": @text}, NULL where that is nested too deeply or too long. */
static struct filter *negation(struct span text)
{
    struct filter *f = NULL;
    struct buf b;

    buf_init(&b, FILTER_BYTES_MAX + 16);
    buf_add_text(&b, "{\"$not\":");
    buf_add_span(&b, text);
    buf_add_char(&b, '}');
    MUST(buf_result(&b) == 0);
    (void)filter_parse(&f, buf_span(&b), NULL);
    buf_fini(&b);
    return f;
}

static void check_explanation(const struct filter *f, struct span data, bool is_match)
{
    bool is_explained;
    struct buf why;

    buf_init(&why, FILTER_EXPLAIN_BYTES_MAX);
    MUST(filter_explain(&why, f, data, &is_explained) == 0);
    MUST(is_explained == is_match);
    MUST(why.len > 0 && why.data[why.len - 1] == '\n');
    buf_fini(&why);
}

static void check_numbers(struct span a, struct span b)
{
    int there = json_number_compare(a, b), back = json_number_compare(b, a);

    MUST((there > 0) == (back < 0) && (there < 0) == (back > 0));
    MUST(json_number_compare(a, a) == 0 && json_number_compare(b, b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *begin = (const char *)data, *nul = size ? memchr(data, 0, size) : NULL;
    struct span text = {begin, nul ? (size_t)(nul - begin) : size}, payload = {begin + size, 0};
    struct filter *f, *not_f;
    enum json_kind kinds[2];
    bool is_match;

    if (nul)
        payload = (struct span){nul + 1, size - text.len - 1};
    if (json_check(text, NULL) == 0 && json_check(payload, NULL) == 0) {
        struct span a = json_value(text, &kinds[0]), b = json_value(payload, &kinds[1]);

        if (kinds[0] == JSON_KIND_NUMBER && kinds[1] == JSON_KIND_NUMBER)
            check_numbers(a, b);
    }

    f = parse(text);
    if (!f)
        return 0;
    is_match = filter_matches(f, payload);
    check_explanation(f, payload, is_match);
    not_f = negation(text);
    if (not_f)
        MUST(filter_matches(not_f, payload) != is_match);
    filter_free(not_f);
    filter_free(f);
    return 0;
}
