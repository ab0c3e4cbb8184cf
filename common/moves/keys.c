/* SPDX-License-Identifier: Apache-2.0 */
#include "common/moves/keys.h"

#include "common/base/err.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include <errno.h>
#include <stdio.h>

int keys_init(struct keys *k, const char *prefix, unsigned partitions, struct diag *diag)
{
    *k = (struct keys){.partitions = partitions};
    if (!text_is_name(span_of(prefix), KEY_PREFIX_BYTES_MAX))
        return diag_set(
            diag, "key_prefix: expected 1 to %d of A-Z a-z 0-9 _ - . :", KEY_PREFIX_BYTES_MAX);
    if (partitions < 1 || partitions > PARTITIONS_MAX)
        return diag_set(diag, "partitions: expected 1 to %d", PARTITIONS_MAX);
    k->heads = calloc(partitions, sizeof(k->heads[0]));
    if (!k->heads)
        return err_origin(-ENOMEM);
    for (unsigned p = 0; p < partitions; p++)
        (void)snprintf(k->heads[p], sizeof(k->heads[p]), KEYS_HEAD_FORMAT, prefix, p);
    (void)snprintf(k->meta, sizeof(k->meta), KEYS_META_FORMAT, prefix);
    return 0;
}

void keys_fini(struct keys *k)
{
    free(k->heads);
    k->heads = NULL;
}

const char *keys_head(const struct keys *k, unsigned partition)
{
    return k->heads[partition];
}

void redis_arg_key(struct redis_command *cmd, const struct keys *k, unsigned partition,
                   const char *name, struct span id)
{
    char key[512];
    int n = snprintf(key, sizeof(key), "%s%s%.*s", k->heads[partition], name, (int)id.len,
                     id.len ? id.data : "");

    redis_arg(cmd, key, MIN((size_t)n, sizeof(key) - 1));
}

int keys_partition(const struct keys *k, struct span key, unsigned *ret)
{
    const char *open = memchr(key.data, '{', key.len), *close;
    uint64_t partition;

    if (!open)
        return -EINVAL;
    close = memchr(open, '}', key.len - (size_t)(open - key.data));
    if (!close || parse_u64((struct span){open + 1, (size_t)(close - open - 1)}, &partition))
        return -EINVAL;
    if (partition >= k->partitions)
        return -EINVAL;
    *ret = (unsigned)partition;
    return 0;
}
