/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_settings.c: settings, each behind a byte that names it, each ended by a NUL byte; then those that are lists are
 * read. What is refused is refused with words that name the setting, and the old value stays. */
#include "common/model/egress.h"
#include "common/moves/keys.h"
#include "common/redis/redis_client.h"
#include "common/runtime/settings.h"
#include "tests/fuzz/fuzz.h"
#include <errno.h>

static size_t n_rows(void)
{
    size_t n = 0;

    while (settings_row_at(n))
        n++;
    return n;
}

static void try_one(struct settings *s, const struct settings_row *row, const char *value)
{
    struct diag diag = {""};
    int r = settings_set(s, row->name, value, "fuzz", &diag);

    MUST(r == 0 || r == -EINVAL);
    MUST(!r || strstr(diag.text, row->name));
    MUST(s->partitions >= 1 && s->partitions <= 4096 && s->lease >= 500 && s->permit >= 100);
}

static void use(const struct settings *s)
{
    struct egress_policy egress;
    struct redis_address address = {0};
    struct diag diag = {""};
    struct keys keys;
    int r = egress_policy_parse(&egress, s->egress_allow, s->egress_ports, &diag);

    MUST(!r || *diag.text);
    r = redis_address_parse(&address, s->redis_url, &diag);
    MUST(!r || *diag.text);
    redis_address_fini(&address);
    r = keys_init(&keys, s->key_prefix, 4, &diag);
    MUST(!r || *diag.text);
    if (!r)
        keys_fini(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rows = n_rows();
    struct settings s;
    char value[4096];

    MUST(!settings_init(&s) && rows);
    for (size_t at = 0; at < size;) {
        const struct settings_row *row = settings_row_at(data[at++] % rows);
        size_t len = strnlen((const char *)data + at, size - at);

        if (len < sizeof(value)) {
            memcpy(value, data + at, len);
            value[len] = '\0';
            try_one(&s, row, value);
        }
        at += len + 1;
    }
    use(&s);
    settings_fini(&s);
    return 0;
}
