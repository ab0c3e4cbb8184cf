/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_jwt.c: a byte that says what the rest is: a token; a header and a payload, a line each, which are signed with a key
 * of ours here; or keys. Who gets in has a role, and a tenant if and only if it is no operator; without our secret
 * nobody gets in; keys that are taken are within bounds. */
#include "api/jwt.h"
#include "common/base/buf.h"
#include "common/base/text.h"
#include "tests/fuzz/fuzz.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { NOW_S = 1700000000, TEXT_MAX = 64 << 10 };

static const char secret[] =
    "{\"kty\":\"oct\",\"k\":\"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE\"}";
static const char public[] =
    "{\"keys\": [{\"kty\": \"RSA\", \"n\": \"u43gKvqYuvrShejYInd7aoEYmLzajPxyZM65V4Sk2ibG"
    "f4UORRcRRhPHheqqyGXucOkvwGjFU-1WXm7o96KffoKSJSzCQ-BEWXyJr789ERjnIlzf-xDJESHJ8Le5g_NW"
    "R3EZkq01rJ-iQVq7ndj3EgLW3iIrzVA7R7LqWQT806InNNNGbk9GDAkBV1my-eIW8UIZDJcB7jFXh0oDAHke"
    "iJw2Msl9cqkdccYqxEmFdKS2lwDi-3rpIEhy6ZOjD4X0um__9SOBL87YPGe7Lcgc1ZQxuSJ4QLWEV5zjQCYm"
    "TbYOWCtlpLiri8_gJyF6JQ2Ijoha6LGE7Pj850WAsF4Wkw\", \"e\": \"AQAB\", \"kid\": \"r\"}, "
    "{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"Q9-sVgQ6QQY2t1x-bFPfa0hSsHHJGQaDdFcKt"
    "Yzlp6g\", \"y\": \"daKz--8LTxWrXJ4wRc6h0aacnLg_rd4HQRSxMBhUOI4\", \"kid\": \"e\"}, {"
    "\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"k4LY1X-0oqJ-jvpLvV8Pyci5GZbLNPo7ok_"
    "cTg5CpZs\", \"kid\": \"d\"}]}";

static char none[] = "", tenant[] = "tenant", role[] = "role";
static const struct settings settings = {
    .jwt_issuer = none, .jwt_audience = none, .jwt_tenant_claim = tenant, .jwt_role_claim = role};

static const struct jwt_keys *keys(void)
{
    static struct jwt_keys *made;

    if (!made) {
        made = jwt_keys_new();
        MUST(made && !jwt_keys_add_json(made, span_of(secret), "secret", NULL));
        MUST(!jwt_keys_add_json(made, span_of(public), "public", NULL) && made->n == 4);
    }
    return made;
}

static bool identify(struct span token)
{
    struct identity who = {.role = ROLE_NONE};
    const char *why = jwt_identify(token, keys(), &settings, (int64_t)NOW_S * 1000, &who);

    MUST(!why || who.role == ROLE_NONE);
    if (why)
        return false;
    MUST(jwt_is_token(token) && who.role != ROLE_NONE);
    MUST((who.role == ROLE_OPERATOR) == !*who.tenant);
    MUST(!*who.tenant || text_is_name(span_of(who.tenant), 64));
    return true;
}

static void add_base64url(struct buf *b, const void *data, size_t len)
{
    size_t at = b->len;

    buf_add_base64(b, data, len);
    for (; at < b->len && b->data[at] != '='; at++)
        b->data[at] = b->data[at] == '+' ? '-' : b->data[at] == '/' ? '_' : b->data[at];
    b->len = MIN(at, b->len);
}

static void try_signed(struct span text)
{
    const char *end = text.len ? memchr(text.data, '\n', text.len) : NULL;
    size_t first = end ? (size_t)(end - text.data) : text.len;
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct buf token;

    buf_init(&token, TEXT_MAX);
    add_base64url(&token, text.data, first);
    buf_add_char(&token, '.');
    if (end)
        add_base64url(&token, end + 1, text.len - first - 1);
    (void)HMAC(EVP_sha256(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 32, (const uint8_t *)token.data,
               token.len, mac, &len);
    buf_add_char(&token, '.');
    add_base64url(&token, mac, len);
    if (!buf_result(&token) && identify(buf_span(&token))) {
        token.data[token.len - 2] ^= 1; /* another signature */
        MUST(!identify(buf_span(&token)));
    }
    buf_fini(&token);
}

static void try_keys(struct span text)
{
    struct jwt_keys *all = jwt_keys_new();
    struct diag diag = {""};
    int r = jwt_keys_add_text(all, text, "keys", &diag);

    MUST(all->n <= JWT_KEYS_MAX && (r == 0 || *diag.text || r == -ENOMEM || r == -ENOBUFS));
    for (unsigned i = 0; i < all->n; i++)
        MUST(all->all[i].alg == JWT_HS256 ? all->all[i].secret.len >= 32
                                          : all->all[i].public != NULL);
    jwt_keys_free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data + 1, size - 1};

    if (size < 2 || size > TEXT_MAX / 4)
        return 0;
    switch (data[0] % 3) {
    case 0:
        (void)identify(text);
        break;
    case 1:
        try_signed(text);
        break;
    default:
        try_keys(text);
    }
    return 0;
}
