/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_source_verify.c: a byte that names the check, then texts that end with a NUL byte: the header, an id, a
 * timestamp; the rest is the body. What is no signature of ours is refused with words, whatever it is, and what is
 * taken apart lies in the header. */
#include "common/model/inbound/source_verify.h"
#include "common/model/inbound/stripe_signature.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1614265330000)

enum { TEXTS = 3, TEXT_MAX = 6000 };

struct input {
    char texts[TEXTS][TEXT_MAX];
};

static const char *header(void *arg, const char *name)
{
    struct input *in = arg;

    if (strcmp(name, "webhook-id") == 0)
        return in->texts[1];
    if (strcmp(name, "webhook-timestamp") == 0)
        return in->texts[2];
    return in->texts[0];
}

static bool lies_in(struct span part, struct span whole)
{
    return part.data >= whole.data && part.data + part.len <= whole.data + whole.len;
}

static void check_stripe(struct span text)
{
    struct stripe_signature s;

    if (stripe_signature_parse(&s, text))
        return;
    MUST(s.n > 0 && s.n <= STRIPE_SIGNATURES_MAX && s.timestamp.len);
    MUST(lies_in(s.timestamp, text) && !memchr(s.timestamp.data, ',', s.timestamp.len));
    for (unsigned i = 0; i < s.n; i++)
        MUST(lies_in(s.v1[i], text) && (!s.v1[i].len || !memchr(s.v1[i].data, ',', s.v1[i].len)));
}

static void check_verify(struct input *in, enum source_check check, struct span body)
{
    static const char *const secrets[] = {
        [SOURCE_STANDARD] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        [SOURCE_BASIC] = "an unlikely:\x01secret",
    };
    const char *secret = secrets[check] ? secrets[check] : "an unlikely\x01secret", *why = NULL;
    const struct source_scheme scheme = {.check = check,
                                         .algorithm = (enum source_algorithm)(body.len % 3),
                                         .header = "x",
                                         .prefix = body.len % 2 ? "sha256=" : "",
                                         .tolerance_ms = body.len % 5 ? 300000 : 0};
    const struct source_call call = {header, in, body, NOW_MS};

    MUST(source_verify(&scheme, span_of(secret), &call, &why) == SOURCE_REFUSED);
    MUST(why && *why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input in;
    size_t at = 1;

    if (!size)
        return 0;
    for (unsigned i = 0; i < TEXTS; i++) {
        size_t len = strnlen((const char *)data + at, size - at);

        if (len >= TEXT_MAX)
            return 0;
        memcpy(in.texts[i], data + at, len);
        in.texts[i][len] = '\0';
        at = MIN(at + len + 1, size);
    }
    check_stripe(span_of(in.texts[0]));
    check_verify(&in, (enum source_check)(data[0] % (SOURCE_BASIC + 1)),
                 (struct span){(const char *)data + at, size - at});
    return 0;
}
