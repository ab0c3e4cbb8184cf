/* SPDX-License-Identifier: Apache-2.0 */
#include "api/jwt.h"
#include "common/base/text.h"
#include "common/model/event_check.h"
#include <math.h>
#include <stdio.h>

/* ---- the parts ---- */

struct parts {
    struct span header, payload;
    size_t signed_len; /* of both and the dot between them */
};

static bool jwt_split(struct span token, struct parts *ret)
{
    const char *first = token.len ? memchr(token.data, '.', token.len) : NULL, *second;
    size_t rest;

    if (!first)
        return false;
    rest = token.len - (size_t)(first + 1 - token.data);
    second = memchr(first + 1, '.', rest);
    if (!second || memchr(second + 1, '.', token.len - (size_t)(second + 1 - token.data)))
        return false;
    ret->header = (struct span){token.data, (size_t)(first - token.data)};
    ret->payload = (struct span){first + 1, (size_t)(second - first - 1)};
    ret->signed_len = (size_t)(second - token.data);
    return true;
}

bool jwt_is_token(struct span token)
{
    struct parts ignored;

    return token.len <= JWT_BYTES_MAX && jwt_split(token, &ignored);
}

/* NULL: it is no JSON object. */
static json_t *jwt_decode(struct span part)
{
    uint8_t bytes[JWT_BYTES_MAX];
    size_t len = 0;
    json_t *json;

    if (part.len > sizeof(bytes) || parse_base64url(part, bytes, &len))
        return NULL;
    json = json_loadb((const char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

/* ---- header and signature ---- */

static bool asks_for_more(const json_t *header)
{
    static const char *const names[] = {"crit", "zip", "b64", "enc"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (json_object_get(header, names[i]))
            return true;
    return false;
}

static bool may_be(const struct jwt_key *key, enum jwt_alg alg, const char *kid)
{
    return key->alg == alg && (!kid || !*key->kid || strcmp(kid, key->kid) == 0);
}

static const char *check_signature(struct span token, const struct parts *parts,
                                   const json_t *header, const struct jwt_keys *keys)
{
    enum jwt_alg alg = jwt_alg_of_name(json_string_value(json_object_get(header, "alg")));
    const json_t *kid = json_object_get(header, "kid");

    if (alg == JWT_OTHER)
        return "alg: expected HS256, RS256, ES256 or EdDSA";
    if (asks_for_more(header) || (kid && !json_is_string(kid)))
        return "its header asks for what we do not do";
    for (unsigned i = 0; i < keys->n; i++)
        if (may_be(&keys->all[i], alg, json_string_value(kid)) &&
            jwt_key_verify(&keys->all[i], token, parts->signed_len))
            return NULL;
    return "no key of ours has signed it";
}

/* ---- claims ---- */

/* Seconds since 1970, as ms. False: it is there and no such number. */
static bool time_of(const json_t *claims, const char *name, int64_t missing, int64_t *ret_ms)
{
    const json_t *value = json_object_get(claims, name);
    double seconds = json_number_value(value);

    *ret_ms = missing;
    if (!value)
        return true;
    if (!json_is_number(value) || !(fabs(seconds) < 1e12))
        return false;
    *ret_ms = (int64_t)(seconds * 1000);
    return true;
}

static const char *check_times(const json_t *claims, int64_t now_ms)
{
    int64_t expires, begins, made;

    if (!json_object_get(claims, "exp") || !time_of(claims, "exp", 0, &expires))
        return "exp: expected a time";
    if (!time_of(claims, "nbf", now_ms, &begins) || !time_of(claims, "iat", now_ms, &made))
        return "nbf, iat: expected a time";
    if (now_ms >= expires + JWT_LEEWAY_MS)
        return "it has expired";
    if (MAX(begins, made) > now_ms + JWT_LEEWAY_MS)
        return "it is not valid yet";
    return NULL;
}

static bool jwt_is_text(const json_t *value, const char *wanted)
{
    return json_is_string(value) && strcmp(json_string_value(value), wanted) == 0;
}

static bool is_for(const json_t *audience, const char *wanted)
{
    const json_t *one;
    size_t i;

    json_array_foreach(audience, i, one) if (jwt_is_text(one, wanted)) return true;
    return jwt_is_text(audience, wanted);
}

static const char *check_source(const json_t *claims, const struct settings *set)
{
    if (*set->jwt_issuer && !jwt_is_text(json_object_get(claims, "iss"), set->jwt_issuer))
        return "iss: another issuer";
    if (*set->jwt_audience && !is_for(json_object_get(claims, "aud"), set->jwt_audience))
        return "aud: for another audience";
    return NULL;
}

/* An operator is of no tenant: a token that says both is about neither. */
static const char *take_identity(const json_t *claims, const struct settings *set,
                                 struct identity *ret)
{
    const json_t *tenant = json_object_get(claims, set->jwt_tenant_claim);
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    struct span id = span_of(json_string_value(tenant)),
                role = span_of(json_string_value(json_object_get(claims, set->jwt_role_claim)));
    struct identity who = {.role = role_of_name(role)};

    if (who.role == ROLE_NONE)
        return "its role is none of ours";
    if ((who.role == ROLE_OPERATOR) != !tenant)
        return "its role does not go with a tenant, or not without one";
    if (tenant && !text_is_name(id, EVENT_TENANT_MAX))
        return "its tenant can be none";
    (void)snprintf(who.tenant, sizeof(who.tenant), "%s", tenant ? id.data : "");
    (void)snprintf(who.name, sizeof(who.name), "jwt:%s", subject ? subject : "");
    *ret = who;
    return NULL;
}

static const char *jwt_check_claims(const json_t *claims, const struct settings *set,
                                    int64_t now_ms, struct identity *ret)
{
    const char *why = check_times(claims, now_ms);

    why = why ? why : check_source(claims, set);
    return why ? why : take_identity(claims, set, ret);
}

const char *jwt_identify(struct span token, const struct jwt_keys *keys, const struct settings *set,
                         int64_t now_ms, struct identity *ret)
{
    json_t *header = NULL, *claims = NULL;
    const char *why = NULL;
    struct parts parts;

    if (token.len > JWT_BYTES_MAX || !jwt_split(token, &parts))
        return "it is no token";
    header = jwt_decode(parts.header);
    why = header ? check_signature(token, &parts, header, keys) : "its header is no JSON object";
    if (!why) {
        claims = jwt_decode(parts.payload);
        why = claims ? jwt_check_claims(claims, set, now_ms, ret) : "its payload is no JSON object";
    }
    json_decref(header);
    json_decref(claims);
    return why;
}
