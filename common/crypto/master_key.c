/* SPDX-License-Identifier: Apache-2.0 */
#include "common/crypto/master_key.h"
#include "common/base/err.h"
#include "common/base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <unistd.h>

/* 32 bytes in base64 are 44 characters; a file may hold comments besides. */
enum { KEY_TEXT_MAX = 44, KEY_FILE_MAX = 4096 };

void master_key_wipe(struct master_key *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

/* ---- by id ---- */

void cipher_key_id(char ret[KEY_ID_SIZE], const uint8_t id[KEY_ID_BYTES])
{
    (void)snprintf(ret, KEY_ID_SIZE, "%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
}

void master_key_ids(char ret[KEY_IDS_SIZE], const struct master_key *k)
{
    char id[KEY_ID_SIZE];
    size_t len = 0;

    ret[0] = '\0';
    for (unsigned i = 0; i < k->n; i++) {
        cipher_key_id(id, k->all[i].id);
        len += (size_t)snprintf(ret + len, KEY_IDS_SIZE - len, "%s%s", i ? ", " : "", id);
    }
}

static int find_by_text(const struct master_key *k, const char *id)
{
    char one[KEY_ID_SIZE];

    for (unsigned i = 0; i < k->n; i++) {
        cipher_key_id(one, k->all[i].id);
        if (strcmp(one, id) == 0)
            return (int)i;
    }
    return -1;
}

bool master_key_has(const struct master_key *k, const char *id)
{
    return find_by_text(k, id) >= 0;
}

int master_key_choose(struct master_key *k, const char *id)
{
    int at = find_by_text(k, id);

    if (at < 0)
        return err_origin(-ENOKEY);
    k->seals = (unsigned)at;
    return 0;
}

const struct cipher_key *master_key_find(const struct master_key *k, const uint8_t id[KEY_ID_BYTES])
{
    for (unsigned i = 0; i < k->n; i++)
        if (memcmp(k->all[i].id, id, KEY_ID_BYTES) == 0)
            return &k->all[i];
    return NULL;
}

/* ---- reading them ---- */

static const char separators[] = ", \t\r\n";

/* "master_key", or "master_key: key 2": in words. */
struct place {
    const char *field;
    unsigned number;
};

static int master_key_refuse(const struct place *p, const char *what, struct diag *diag)
{
    if (p->number == 1)
        return diag_set(diag, "%s: %s", p->field, what);
    return diag_set(diag, "%s: key %u: %s", p->field, p->number, what);
}

static int master_key_parse_one(struct cipher_key *ret, struct span text, const struct place *place,
                                struct diag *diag)
{
    uint8_t bytes[KEY_TEXT_MAX / 4 * 3], hash[SHA256_DIGEST_LENGTH];
    size_t len = 0;
    int r = 0;

    if (text.len > KEY_TEXT_MAX || parse_base64(text, bytes, &len) || len != sizeof(ret->bytes)) {
        r = master_key_refuse(place, "expected 32 bytes in base64 (openssl rand -base64 32)", diag);
    } else {
        (void)SHA256(bytes, sizeof(ret->bytes), hash);
        memcpy(ret->bytes, bytes, sizeof(ret->bytes));
        memcpy(ret->id, hash, sizeof(ret->id));
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return r;
}

/* Two of one id could not be told apart; but for one chance in 2^32 they are the same key. */
static int master_key_add_key(struct master_key *k, struct span text, const char *field,
                              struct diag *diag)
{
    struct place place = {field, k->n + 1};
    const struct cipher_key *same;
    struct cipher_key key;
    int r;

    if (k->n == MASTER_KEYS_MAX)
        return diag_set(diag, "%s: expected at most %d keys", field, MASTER_KEYS_MAX);
    r = master_key_parse_one(&key, text, &place, diag);
    same = r ? NULL : master_key_find(k, key.id);
    if (same)
        r = diag_set(diag, "%s: key %u is key %u again; expected different ones", field, k->n + 1,
                     (unsigned)(same - k->all) + 1);
    if (!r)
        k->all[k->n++] = key;
    OPENSSL_cleanse(&key, sizeof(key));
    return r;
}

static int master_key_add_keys(struct master_key *k, struct span line, const char *field,
                               struct diag *diag)
{
    size_t at = 0, end;
    int r = 0;

    while (!r) {
        while (at < line.len && strchr(separators, line.data[at]))
            at++;
        if (at == line.len)
            return 0;
        end = at;
        while (end < line.len && !strchr(separators, line.data[end]))
            end++;
        r = master_key_add_key(k, (struct span){line.data + at, end - at}, field, diag);
        at = end;
    }
    return r;
}

static bool is_comment(struct span line)
{
    while (line.len && strchr(" \t", line.data[0]))
        line = (struct span){line.data + 1, line.len - 1};
    return line.len && line.data[0] == '#';
}

static int parse_keys(struct master_key *ret, struct span text, const char *field,
                      struct diag *diag)
{
    struct master_key k = {.n = 0};
    const char *end;
    int r = 0;

    while (text.len && !r) {
        struct span line = text;

        end = memchr(text.data, '\n', text.len);
        line.len = end ? (size_t)(end + 1 - text.data) : text.len;
        if (!is_comment(line))
            r = master_key_add_keys(&k, line, field, diag);
        text = (struct span){text.data + line.len, text.len - line.len};
    }
    if (!r && !k.n)
        r = master_key_refuse(&(struct place){field, 1},
                              "expected 32 bytes in base64 (openssl rand -base64 32)", diag);
    if (!r) {
        k.is_set = true;
        *ret = k;
    }
    master_key_wipe(&k);
    return r;
}

/* Reads at most @size bytes; -errno. */
static ssize_t master_key_read_file(const char *path, char *ret, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hang us */
    size_t len = 0;
    ssize_t n;

    if (fd < 0)
        return -errno;
    do {
        n = read(fd, ret + len, size - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0 && len < size);
    n = n < 0 ? -errno : (ssize_t)len;
    (void)close(fd);
    return n;
}

static int master_key_load_file(struct master_key *ret, const char *path, struct diag *diag)
{
    char text[KEY_FILE_MAX + 1];
    ssize_t n = master_key_read_file(path, text, sizeof(text));
    int r;

    if (n < 0)
        r = diag_set(diag, "master_key_file: cannot read %.100s: %s", path, strerror((int)-n));
    else if (n > KEY_FILE_MAX)
        r = diag_set(diag, "master_key_file: %.100s: expected at most %d bytes", path,
                     KEY_FILE_MAX);
    else
        r = parse_keys(ret, (struct span){text, (size_t)n}, "master_key_file", diag);
    OPENSSL_cleanse(text, sizeof(text));
    return r;
}

int master_key_load(struct master_key *ret, const char *text, const char *path, struct diag *diag)
{
    if (*text && *path)
        return diag_set(diag, "master_key and master_key_file are both set; expected one");
    if (*text)
        return parse_keys(ret, span_of(text), "master_key", diag);
    if (*path)
        return master_key_load_file(ret, path, diag);
    (void)diag_set(diag,
                   "master_key: not set; expected 32 bytes in base64 (openssl rand -base64 32),"
                   " or master_key_file");
    return -ENOENT;
}
