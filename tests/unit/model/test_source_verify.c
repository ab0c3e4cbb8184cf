/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of others: GitHub's and Standard Webhooks' are the examples of their documents, the rest was made with
 * Python's hmac. */
#include "common/model/inbound/source_verify.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include <cmocka.h>

struct header {
    const char *name, *value;
};

static const char *find(void *arg, const char *name)
{
    for (const struct header *h = arg; h->name; h++)
        if (strcmp(h->name, name) == 0)
            return h->value;
    return NULL;
}

struct genuine {
    const char *what;
    struct source_scheme scheme;
    const char *secret, *body;
    struct header headers[4];
    int64_t at_s;
};

static const struct genuine all[] = {
    {"github",
     {SOURCE_HMAC_HEX, SOURCE_SHA256, "x-hub-signature-256", "sha256=", 0},
     "It's a Secret to Everybody",
     "Hello, World!",
     {{"x-hub-signature-256",
       "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
     0},
    {"standard",
     {SOURCE_STANDARD, SOURCE_SHA256, "webhook-signature", "", 300000},
     "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
     "{\"test\": 2432232314}",
     {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
      {"webhook-timestamp", "1614265330"},
      {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
     1614265330},
    {"stripe",
     {SOURCE_STRIPE, SOURCE_SHA256, "stripe-signature", "", 300000},
     "whsec_a-secret-as-text",
     "{\"id\":\"evt_1\",\"object\":\"event\"}",
     {{"stripe-signature",
       "t=1614265330,v1=c9a781d2832c5ac484db5bec2149e6324be9dd85709498e16408e4f98fc71955"}},
     1614265330},
    {"sha1",
     {SOURCE_HMAC_HEX, SOURCE_SHA1, "x-sig", "", 0},
     "key-of-text",
     "what do ya want for nothing?",
     {{"x-sig", "3057dcfa9ee0c9f736f27937c1546f9bb82f0e47"}},
     0},
    {"sha512 in base64",
     {SOURCE_HMAC_BASE64, SOURCE_SHA512, "x-sig", "v=", 0},
     "key-of-text",
     "what do ya want for nothing?",
     {{"x-sig", "v=C0uPl3KegN+QPxD+"
                "M1cPCC0R3zDNeh33o8vNbxnliqll5cRJhot3lPzwiDJycplndcFudei3kkzkZuZdMXLVRA=="}},
     0},
    {"token",
     {SOURCE_TOKEN, SOURCE_SHA256, "cf-webhook-auth", "", 0},
     "a-token-of-ours",
     "",
     {{"cf-webhook-auth", "a-token-of-ours"}},
     0},
    {"basic",
     {SOURCE_BASIC, SOURCE_SHA256, "authorization", "", 0},
     "Aladdin:open sesame",
     "",
     {{"authorization", "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}},
     0},
};

static int judge(const struct genuine *g, const struct header *headers, struct span body,
                 const char *secret, int64_t now_ms)
{
    const struct source_call call = {find, (void *)(uintptr_t)headers, body, now_ms};
    const char *why = NULL;
    int r = source_verify(&g->scheme, span_of(secret), &call, &why);

    assert_true((r == SOURCE_REFUSED) == (why != NULL));
    return r;
}

static void takes_what_is_genuine(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (judge(&all[i], all[i].headers, span_of(all[i].body), all[i].secret,
                  all[i].at_s * 1000) != 0)
            fail_msg("%s is not taken", all[i].what);
}

/* Each byte of each header that is looked at, another one; the case of "basic", say, does not count. */
static void refuses_every_change_of_a_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        for (unsigned h = 0; all[i].headers[h].name; h++)
            for (size_t at = 0; all[i].headers[h].value[at]; at++) {
                struct header changed[4];
                char value[256];

                memcpy(changed, all[i].headers, sizeof(changed));
                (void)snprintf(value, sizeof(value), "%s", all[i].headers[h].value);
                value[at] = value[at] == '7' ? '6' : '7';
                changed[h].value = value;
                if (judge(&all[i], changed, span_of(all[i].body), all[i].secret,
                          all[i].at_s * 1000) != SOURCE_REFUSED)
                    fail_msg("%s: %s is taken", all[i].what, value);
            }
}

static void refuses_what_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        for (unsigned h = 0; all[i].headers[h].name; h++) {
            struct header changed[4];

            memcpy(changed, all[i].headers, sizeof(changed));
            changed[h].name = "another";
            assert_int_equal(
                judge(&all[i], changed, span_of(all[i].body), all[i].secret, all[i].at_s * 1000),
                SOURCE_REFUSED);
        }
}

static void refuses_another_body_or_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        const struct genuine *g = &all[i];
        bool is_signed = g->scheme.check != SOURCE_TOKEN && g->scheme.check != SOURCE_BASIC;
        const char *secret = g->scheme.check == SOURCE_STANDARD
                                 ? "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
                                 : "another:secret";

        assert_int_equal(judge(g, g->headers, span_of(g->body), secret, g->at_s * 1000),
                         SOURCE_REFUSED);
        assert_int_equal(judge(g, g->headers, SPAN("x"), g->secret, g->at_s * 1000),
                         is_signed ? SOURCE_REFUSED : 0);
    }
}

static void judges_the_age(void **state)
{
    static const int64_t off_s[] = {-301, -300, 300, 301};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        for (size_t k = 0; k < ARRAY_LEN(off_s) && all[i].at_s; k++)
            assert_int_equal(judge(&all[i], all[i].headers, span_of(all[i].body), all[i].secret,
                                   (all[i].at_s + off_s[k]) * 1000),
                             off_s[k] < -300 || off_s[k] > 300 ? SOURCE_REFUSED : 0);
}

static void says_which_secrets_it_takes(void **state)
{
    static const struct {
        enum source_check check;
        const char *secret;
        bool is_one;
    } cases[] = {
        {SOURCE_TOKEN, "12345678", true},
        {SOURCE_TOKEN, "1234567", false},
        {SOURCE_TOKEN, "1234567\n", false},
        {SOURCE_BASIC, "user:password", true},
        {SOURCE_BASIC, "userpassword", false},
        {SOURCE_STANDARD, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true},
        {SOURCE_STANDARD, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false},
        {SOURCE_STANDARD, "whsec_MfKQ", false},
        {SOURCE_STRIPE, "whsec_anything", true},
    };
    struct diag diag;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        diag.text[0] = '\0';
        assert_int_equal(source_secret_check(cases[i].check, span_of(cases[i].secret), &diag),
                         cases[i].is_one ? 0 : -EINVAL);
        assert_true(cases[i].is_one || strncmp(diag.text, "secret: ", 8) == 0);
        assert_null(strstr(diag.text, cases[i].secret));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_genuine),   cmocka_unit_test(refuses_every_change_of_a_byte),
        cmocka_unit_test(refuses_what_is_missing), cmocka_unit_test(refuses_another_body_or_secret),
        cmocka_unit_test(judges_the_age),          cmocka_unit_test(says_which_secrets_it_takes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
