/* SPDX-License-Identifier: Apache-2.0 */
#include "api/jwt_keyring.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <rhonabwy.h>
#include <unistd.h>

enum { LOOK_MS = 1000, COMPLAIN_MS = 60000 };

/* ---- reading ---- */

static int jwt_keyring_read_all(int fd, struct buf *ret)
{
    ssize_t n;

    do {
        char *room = buf_reserve(ret, JWT_KEYS_BYTES_MAX + 1 - ret->len);

        if (!room)
            return buf_result(ret);
        n = read(fd, room, JWT_KEYS_BYTES_MAX + 1 - ret->len);
        if (n < 0)
            return -errno;
        buf_wrote(ret, (size_t)n);
    } while (n > 0 && ret->len <= JWT_KEYS_BYTES_MAX);
    return 0;
}

/* Its bytes, and which file they are of. A pipe must not hang us. */
static int jwt_keyring_read_file(const char *path, struct buf *ret, struct stat *ret_seen,
                                 struct diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r = 0;

    if (fd < 0 || fstat(fd, ret_seen))
        r = -errno;
    r = r ? r : jwt_keyring_read_all(fd, ret);
    if (fd >= 0)
        (void)close(fd);
    if (r)
        return diag_set(diag, "jwt_keys_file: cannot read %.100s: %s", path, strerror(-r));
    if (ret->len > JWT_KEYS_BYTES_MAX)
        return diag_set(diag, "jwt_keys_file: %.100s: expected at most %d bytes", path,
                        JWT_KEYS_BYTES_MAX);
    return 0;
}

static int jwt_keyring_add_file(struct jwt_keys *keys, const char *path, struct stat *ret_seen,
                                struct diag *diag)
{
    struct buf text;
    int r;

    buf_init(&text, JWT_KEYS_BYTES_MAX + 2);
    r = jwt_keyring_read_file(path, &text, ret_seen, diag);
    r = r ? r : jwt_keys_add_json(keys, buf_span(&text), "jwt_keys_file", diag);
    buf_wipe(&text);
    return r;
}

static int read_keys(struct jwt_keys **ret, const struct settings *set, struct stat *ret_seen,
                     struct diag *diag)
{
    struct jwt_keys *keys = jwt_keys_new();
    int r = keys ? 0 : -ENOMEM;

    if (!r && *set->jwt_key)
        r = jwt_keys_add_text(keys, span_of(set->jwt_key), "jwt_key", diag);
    if (!r && *set->jwt_keys_file)
        r = jwt_keyring_add_file(keys, set->jwt_keys_file, ret_seen, diag);
    if (!r && !keys->n)
        r = diag_set(diag,
                     "%s: no key of RSA, P-256 or Ed25519, and no secret, that is for signatures",
                     *set->jwt_keys_file ? "jwt_keys_file" : "jwt_key");
    if (r)
        jwt_keys_free(keys);
    else
        *ret = keys;
    return r;
}

/* ---- the ring ---- */

static int jwt_keyring_check_claims(const struct settings *set, struct diag *diag)
{
    if (!*set->jwt_tenant_claim)
        return diag_set(diag, "jwt_tenant_claim: expected the name of a claim");
    if (!*set->jwt_role_claim)
        return diag_set(diag, "jwt_role_claim: expected the name of a claim");
    return 0;
}

int jwt_keyring_init(struct jwt_keyring *k, const struct settings *set, struct diag *diag)
{
    int r;

    *k = (struct jwt_keyring){.settings = NULL};
    if (!*set->jwt_key && !*set->jwt_keys_file)
        return 0;
    if (jwt_keyring_check_claims(set, diag))
        return -EINVAL;
    if (r_global_init() != RHN_OK)
        return err_origin(-ENOMEM);
    (void)pthread_mutex_init(&k->mutex, NULL);
    k->settings = set;
    k->looked_ms = clock_mono_ms();
    r = read_keys(&k->keys, set, &k->seen, diag);
    if (!r)
        log_info("keys for tokens", LOG_INT("keys", k->keys->n),
                 LOG_INT("passed_over", k->keys->n_passed));
    return r;
}

void jwt_keyring_fini(struct jwt_keyring *k)
{
    if (!k->settings)
        return;
    k->keys = jwt_keys_free(k->keys);
    (void)pthread_mutex_destroy(&k->mutex);
    r_global_close();
    k->settings = NULL;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void unref(struct jwt_keys *keys)
{
    if (--keys->refs == 0)
        jwt_keys_free(keys);
}

static void read_again(struct jwt_keyring *k)
{
    struct jwt_keys *keys = NULL;
    struct diag diag = {""};
    uint64_t held;
    int r = read_keys(&keys, k->settings, &k->seen, &diag);

    if (!r) {
        unref(k->keys);
        k->keys = keys;
        log_info("keys for tokens were read again", LOG_INT("keys", keys->n),
                 LOG_INT("passed_over", keys->n_passed));
    } else if (log_limit_pass(&k->complaints, COMPLAIN_MS, &held)) {
        log_error("keys for tokens cannot be read; those from before stay",
                  LOG_TEXT("reason", *diag.text ? diag.text : err_text(r)));
    }
}

/* With the mutex. A file that is being replaced may be gone for a moment: then it is looked for again. */
static void jwt_keyring_look(struct jwt_keyring *k)
{
    int64_t now_ms = clock_mono_ms();
    struct stat now;

    if (!*k->settings->jwt_keys_file || now_ms - k->looked_ms < LOOK_MS)
        return;
    k->looked_ms = now_ms;
    if (stat(k->settings->jwt_keys_file, &now) || !is_same(&now, &k->seen))
        read_again(k);
}

struct jwt_keys *jwt_keyring_take(struct jwt_keyring *k)
{
    struct jwt_keys *keys;

    if (!k->settings)
        return NULL;
    (void)pthread_mutex_lock(&k->mutex);
    jwt_keyring_look(k);
    keys = k->keys;
    keys->refs++;
    (void)pthread_mutex_unlock(&k->mutex);
    return keys;
}

void jwt_keyring_give(struct jwt_keyring *k, struct jwt_keys *keys)
{
    (void)pthread_mutex_lock(&k->mutex);
    unref(keys);
    (void)pthread_mutex_unlock(&k->mutex);
}
