/* SPDX-License-Identifier: Apache-2.0 */
#include "common/base/id.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { UUID_LEN = 36 };

static bool is_dash(size_t at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

static void uuid_write(char *out, const uint8_t bytes[16])
{
    static const char digits[] = "0123456789abcdef";
    size_t nibble = 0;

    for (size_t i = 0; i < UUID_LEN; i++) {
        if (is_dash(i)) {
            out[i] = '-';
            continue;
        }
        out[i] = digits[bytes[nibble / 2] >> (nibble % 2 ? 0 : 4) & 15];
        nibble++;
    }
}

static void write_id(char ret[ID_SIZE], const char *prefix, unsigned partition, uint8_t bytes[16])
{
    size_t len = strlen(prefix);

    assert(partition < PARTITIONS_MAX && len + UUID_LEN < ID_SIZE);
    bytes[6] = (uint8_t)(0x40 | partition >> 8); /* version 4, then 12 bits of partition */
    bytes[7] = (uint8_t)partition;
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f)); /* the variant of RFC 9562 */

    memcpy(ret, prefix, len);
    uuid_write(ret + len, bytes);
    ret[len + UUID_LEN] = '\0';
}

void id_make(char ret[ID_SIZE], const char *prefix, unsigned partition)
{
    uint8_t bytes[16];

    rng_bytes(bytes, sizeof(bytes));
    write_id(ret, prefix, partition, bytes);
}

void id_derive(char ret[ID_SIZE], const char *prefix, unsigned partition, struct span seed)
{
    uint8_t digest[EVP_MAX_MD_SIZE];

    if (EVP_Digest(seed.data, seed.len, digest, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* no SHA-256 in this OpenSSL: nothing could be signed either */
    write_id(ret, prefix, partition, digest);
}

static int nibble_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int id_parse(struct span id, const char *prefix, unsigned *ret_partition)
{
    size_t len = strlen(prefix);
    const char *uuid = id.data + len;
    unsigned partition = 0;

    if (id.len != len + UUID_LEN || memcmp(id.data, prefix, len) != 0)
        return -EINVAL;
    for (size_t i = 0; i < UUID_LEN; i++) {
        if (is_dash(i) ? uuid[i] != '-' : nibble_value(uuid[i]) < 0)
            return -EINVAL;
    }
    if (uuid[14] != '4' || nibble_value(uuid[19]) >> 2 != 2)
        return -EINVAL;

    for (size_t i = 15; i < 18; i++)
        partition = partition << 4 | (unsigned)nibble_value(uuid[i]);
    *ret_partition = partition;
    return 0;
}

/* A number as Redis writes it: without leading zeros, so that one id has one text. */
static int number_parse(struct span text, uint64_t *ret)
{
    if (text.len > 1 && text.data[0] == '0')
        return -EINVAL;
    return parse_u64(text, ret) ? -EINVAL : 0;
}

/* Two numbers with @separator between them. */
static int pair_parse(struct span text, char separator, uint64_t *ret_first, uint64_t *ret_second)
{
    const char *middle = text.len ? memchr(text.data, separator, text.len) : NULL;
    struct span first, second;

    if (!middle)
        return -EINVAL;
    first = (struct span){text.data, (size_t)(middle - text.data)};
    second = (struct span){middle + 1, text.len - first.len - 1};
    return number_parse(first, ret_first) || number_parse(second, ret_second) ? -EINVAL : 0;
}

int id_event(char ret[64], unsigned partition, struct span stream_id)
{
    uint64_t ms, seq;

    if (partition >= PARTITIONS_MAX || pair_parse(stream_id, '-', &ms, &seq))
        return -EINVAL;
    (void)snprintf(ret, 64, "evt_%u_%" PRIu64 "_%" PRIu64, partition, ms, seq);
    return 0;
}

int id_event_parse(struct span id, unsigned *ret_partition, char ret_stream_id[48])
{
    const char *rest;
    uint64_t partition, ms, seq;
    struct span number, pair;

    if (id.len < 5 || memcmp(id.data, "evt_", 4) != 0)
        return -EINVAL;
    rest = memchr(id.data + 4, '_', id.len - 4);
    if (!rest)
        return -EINVAL;
    pair = (struct span){rest + 1, (size_t)(id.data + id.len - rest) - 1};
    if (pair_parse(pair, '_', &ms, &seq))
        return -EINVAL;

    number = (struct span){id.data + 4, (size_t)(rest - id.data) - 4};
    if (number_parse(number, &partition) || partition >= PARTITIONS_MAX)
        return -EINVAL;

    *ret_partition = (unsigned)partition;
    (void)snprintf(ret_stream_id, 48, "%" PRIu64 "-%" PRIu64, ms, seq);
    return 0;
}
