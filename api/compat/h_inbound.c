/* SPDX-License-Identifier: Apache-2.0 */
/* h_inbound.c: the platform guide's inbound webhooks: those who prepare downloads and royalty files tell of them.
 * They have no key: they sign the body with the installation's inbound_secret (royalti-x-hash), as the guide has one
 * for all, and as a download's webhook names no tenant. Answers are the guide's. */
#include "admin/inbound/store_transfer.h"
#include "api/api.h"
#include "api/call.h"
#include "api/handlers.h"
#include "common/base/text.h"
#include "common/crypto/sign.h"
#include <errno.h>
#include <stdio.h>

/* ---- the guide's answers ---- */

static void tell_error(struct call *c, unsigned status, const char *message)
{
    call_json(c, status, json_pack("{s:s, s:s}", "status", "error", "message", message));
}

/* Words are the field, and what was expected. */
static void tell_invalid(struct call *c, const char *words)
{
    const char *colon = strstr(words, ": ");
    json_t *json = json_pack("{s:s, s:s}", "status", "error", "message", "Invalid request data");

    if (colon)
        (void)json_object_set_new(json, "field", json_stringn(words, (size_t)(colon - words)));
    (void)json_object_set_new(json, "detail", json_string(colon ? colon + 2 : words));
    call_json(c, 400, json);
}

static void h_inbound_tell_failed(struct call *c, struct store *s, int r)
{
    if (r == -EINVAL) {
        tell_invalid(c, s->words.text);
        return;
    }
    call_store_failed(c, s, r); /* its status, and Retry-After */
    tell_error(c, c->status, store_words(s, r));
}

/* ---- who calls ---- */

/* The next of several secrets; empty behind the last. */
static struct span next_secret(struct span *rest)
{
    static const char between[] = ", \t\r\n";
    size_t skip = strspn(rest->data, between), len = strcspn(rest->data + skip, between);
    struct span secret = {rest->data + skip, len};

    *rest = span_of(secret.data + len);
    return secret;
}

static bool is_signed_with(struct span secret, struct span signature, struct span body)
{
    static const struct sign_scheme form = {.text = SIGN_TEXT_BODY, .form = SIGN_FORM_HEX};
    struct sign_key *key = NULL;
    bool is_right;

    if (sign_key_new(&key, secret, form.form, NULL))
        return false;
    is_right = sign_verify(&form, key, signature, SPAN(""), 0, body) == 0;
    (void)sign_key_free(key);
    return is_right;
}

/* Before anything of the body is looked at. */
static bool h_inbound_admit(struct call *c)
{
    struct span rest = span_of(c->api->service.settings.inbound_secret), secret;
    const char *signature = call_header(c, "royalti-x-hash");

    while (signature && (secret = next_secret(&rest)).len)
        if (is_signed_with(secret, span_of(signature), call_body(c)))
            return true;
    tell_error(c, 401, "Invalid webhook signature");
    return false;
}

/* ---- what they say ---- */

/* NULL, and answered: it is no object. */
static json_t *body_of(struct call *c)
{
    struct span body = call_body(c);

    c->json = json_loadb(body.data ? body.data : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(c->json))
        return c->json;
    tell_invalid(c, "expected a JSON object");
    return NULL;
}

static struct span h_inbound_text_of(const json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);

    return (struct span){json_string_value(value), json_string_length(value)};
}

static int read_id(struct call *c, const json_t *body, char ret[ID_SIZE])
{
    int r = transfer_id_parse(ret, h_inbound_text_of(body, "id"));

    if (r)
        tell_invalid(c, "id: expected a UUID");
    return r;
}

static int h_inbound_read_state(struct call *c, const json_t *body, enum transfer_state *ret)
{
    int r = transfer_state_find(TRANSFER_DOWNLOAD, h_inbound_text_of(body, "status"), ret);

    if (r)
        tell_invalid(c, "status: expected preparing, done, failed or expired");
    return r;
}

/* None, or null, is fine. */
static int read_url(struct call *c, const json_t *body, struct span *ret)
{
    const json_t *value = json_object_get(body, "url");
    struct diag diag = {""};
    int r = 0;

    *ret = h_inbound_text_of(body, "url");
    if (value && !json_is_null(value))
        r = transfer_url_check(*ret, &diag);
    if (r)
        tell_invalid(c, diag.text);
    return r;
}

/* The guide's tenants are numbers; ours are texts. */
static int h_inbound_read_tenant(struct call *c, const json_t *body, char ret[72])
{
    const json_t *value = json_object_get(body, "tenant");
    struct span text = h_inbound_text_of(body, "tenant");

    if (json_is_integer(value))
        (void)snprintf(ret, 72, "%lld", (long long)json_integer_value(value));
    else if (text.len && text.len < 72)
        (void)snprintf(ret, 72, "%.*s", (int)text.len, text.data);
    else
        ret[0] = '\0';
    if (text_is_name(span_of(ret), 64))
        return 0;
    tell_invalid(c, "tenant: expected the tenant's id");
    return -EINVAL;
}

/* ---- the calls ---- */

static void tell_marked(struct call *c, const char *what, const struct transfer *t)
{
    call_json(c, 200,
              json_pack("{s:o}", "message",
                        json_sprintf("%s is marked as %s", what,
                                     transfer_state_name(t->kind, t->state))));
}

void h_inbound_download(struct call *c, struct store *s)
{
    enum transfer_state state;
    struct transfer t;
    char id[ID_SIZE];
    struct span url;
    json_t *body;
    int r;

    if (!h_inbound_admit(c) || !(body = body_of(c)) || read_id(c, body, id) ||
        h_inbound_read_state(c, body, &state) || read_url(c, body, &url))
        return;
    r = store_download_find(s, id, &t);
    r = r ? r : store_transfer_tell(s, &t, state, url);
    if (r == STORE_MISSING)
        tell_error(c, 404, "Download Record not found");
    else if (r)
        h_inbound_tell_failed(c, s, r);
    else
        tell_marked(c, "Download record status", &t);
}

void h_inbound_file(struct call *c, struct store *s)
{
    struct transfer t;
    char id[ID_SIZE], tenant[72];
    json_t *body;
    int r;

    if (!h_inbound_admit(c) || !(body = body_of(c)) || read_id(c, body, id) ||
        h_inbound_read_tenant(c, body, tenant))
        return;
    r = store_transfer_get(s, TRANSFER_FILE, span_of(tenant), id, &t);
    r = r ? r : store_transfer_tell(s, &t, TRANSFER_DONE, SPAN(""));
    if (r == STORE_MISSING)
        tell_error(c, 404, "Royalty File not found");
    else if (r)
        h_inbound_tell_failed(c, s, r);
    else
        tell_marked(c, "Royalty file status", &t);
}
