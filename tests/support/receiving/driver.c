/* SPDX-License-Identifier: Apache-2.0 */
/* driver CASES: what webhook_verify() of docs/how-to/receive.md says about each case, a line each. See
 * verifiers.py, which puts the page's code into webhook.c. */
#include "webhook.c"
#include <jansson.h>
#include <strings.h>

/* Gives bytes of exactly the decoded length, so that AddressSanitizer sees what is read behind them. */
static void *unpack(const char *text, size_t *ret_len)
{
    size_t len = strlen(text), n = len / 4 * 3;
    unsigned char *wide = malloc(n + 1), *exact;

    (void)EVP_DecodeBlock(wide, (const unsigned char *)text, (int)len);
    for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
        n--;
    exact = malloc(n + 1);
    memcpy(exact, wide, n);
    exact[n] = '\0';
    free(wide);
    *ret_len = n;
    return exact;
}

struct request {
    json_t *headers;
    char *values[8]; /* lent by header(), freed at the end */
    size_t n;
};

static const char *header(void *arg, const char *name)
{
    struct request *r = arg;
    const char *key;
    json_t *value;
    size_t len;

    json_object_foreach(r->headers, key,
                        value) if (strcasecmp(key, name) == 0) return r->values[r->n++] =
        unpack(json_string_value(value), &len);
    return NULL;
}

static bool answer(json_t *one)
{
    struct request request = {.headers = json_object_get(one, "headers")};
    json_t *list = json_object_get(one, "secrets");
    const char *secrets[8] = {NULL};
    size_t len, i;
    json_t *secret;
    void *packed = unpack(json_string_value(json_object_get(one, "body")), &len);
    void *body = malloc(len);
    bool is_right;

    memcpy(body, packed, len);
    json_array_foreach(list, i, secret) secrets[i] = json_string_value(secret);
    is_right = webhook_verify(json_string_value(json_object_get(one, "dialect")), secrets, header,
                              &request, body, len,
                              (time_t)json_integer_value(json_object_get(one, "now")));
    for (i = 0; i < request.n; i++)
        free(request.values[i]);
    free(packed);
    free(body);
    return is_right;
}

int main(int argc, char **argv)
{
    json_t *cases = json_load_file(argc > 1 ? argv[1] : "", 0, NULL), *one;
    size_t i;

    if (!cases)
        return 1;
    json_array_foreach(cases, i, one) puts(answer(one) ? "accepted" : "refused");
    json_decref(cases);
    return 0;
}
