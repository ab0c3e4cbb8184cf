#include "common/secret.h"
#include "common/err.h"
#include "common/rng.h"
#include "common/text.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <unistd.h>

/* The sealed form's parts: version · key id · nonce · ciphertext · tag. */
enum { VERSION = 1, ID_BYTES = 4, NONCE_BYTES = 12, TAG_BYTES = 16 };
enum { NONCE_AT = 1 + ID_BYTES, TEXT_AT = NONCE_AT + NONCE_BYTES };

_Static_assert(TEXT_AT + TAG_BYTES == SECRET_OVERHEAD, "the sealed form in secret.h");

/* 32 bytes in base64 and what an editor may have left around them; more is no key. */
enum { KEY_TEXT_MAX = 128 };

void master_key_wipe(struct master_key *k)
{
    OPENSSL_cleanse(k, sizeof(*k));
}

static struct span trim(struct span text)
{
    while (text.len && strchr(" \t\r\n", text.data[0]))
        text.data++, text.len--;
    while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
        text.len--;
    return text;
}

static int key_parse(struct master_key *ret, struct span text, const char *field, struct diag *diag)
{
    uint8_t bytes[KEY_TEXT_MAX], hash[SHA256_DIGEST_LENGTH];
    size_t len = 0;
    int r = 0;

    /* The length counts before trimming: of a longer file we have seen the begin only. */
    if (text.len > KEY_TEXT_MAX || parse_base64(trim(text), bytes, &len) ||
        len != sizeof(ret->bytes)) {
        r = diag_set(diag, "%s: expected 32 bytes in base64 (openssl rand -base64 32)", field);
    } else {
        (void)SHA256(bytes, sizeof(ret->bytes), hash);
        memcpy(ret->bytes, bytes, sizeof(ret->bytes));
        memcpy(ret->id, hash, sizeof(ret->id));
        ret->is_set = true;
    }
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return r;
}

/* Reads at most @size bytes; -errno. */
static ssize_t read_file(const char *path, char *ret, size_t size)
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

static int key_load_file(struct master_key *ret, const char *path, struct diag *diag)
{
    char text[KEY_TEXT_MAX + 1];
    ssize_t n = read_file(path, text, sizeof(text));
    int r;

    if (n < 0)
        r = diag_set(diag, "master_key_file: cannot read %.100s: %s", path, strerror((int)-n));
    else
        r = key_parse(ret, (struct span){text, (size_t)n}, "master_key_file", diag);
    OPENSSL_cleanse(text, sizeof(text));
    return r;
}

int master_key_load(struct master_key *ret, const char *base64, const char *path, struct diag *diag)
{
    if (*base64 && *path)
        return diag_set(diag, "master_key and master_key_file are both set; expected one");
    if (*base64)
        return key_parse(ret, span_of(base64), "master_key", diag);
    if (*path)
        return key_load_file(ret, path, diag);
    (void)diag_set(diag,
                   "master_key: not set; expected 32 bytes in base64 (openssl rand -base64 32),"
                   " or master_key_file");
    return -ENOENT;
}

static void cipher_freep(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c); /* wipes what it holds */
}

/* Keyed and told what is authenticated but not hidden: the version, the key's id, and the context.
 */
static bool begin(EVP_CIPHER_CTX *c, const struct master_key *k, const uint8_t *sealed,
                  struct span context, int is_sealing)
{
    const unsigned char *words = (const unsigned char *)context.data;
    int n;

    return c && context.len <= INT_MAX &&
           EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, sealed + NONCE_AT, is_sealing) &&
           EVP_CipherUpdate(c, NULL, &n, sealed, NONCE_AT) &&
           (context.len == 0 || EVP_CipherUpdate(c, NULL, &n, words, (int)context.len));
}

static bool seal_text(const struct master_key *k, uint8_t *sealed, struct span context,
                      struct span plain)
{
    _cleanup_(cipher_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t *text = sealed + TEXT_AT;
    int n;

    return begin(c, k, sealed, context, 1) &&
           (plain.len == 0 ||
            EVP_CipherUpdate(c, text, &n, (const unsigned char *)plain.data, (int)plain.len)) &&
           EVP_CipherFinal_ex(c, text + plain.len, &n) &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, text + plain.len);
}

int secret_seal(struct buf *ret, const struct master_key *k, struct span context, struct span plain)
{
    uint8_t sealed[SECRET_TEXT_MAX + SECRET_OVERHEAD];

    if (!k->is_set)
        return err_origin(-ENOKEY);
    if (plain.len > SECRET_TEXT_MAX)
        return err_origin(-EMSGSIZE);

    sealed[0] = VERSION;
    memcpy(sealed + 1, k->id, ID_BYTES);
    rng_bytes(sealed + NONCE_AT, NONCE_BYTES);
    if (!seal_text(k, sealed, context, plain))
        return err_origin(-ENOMEM);
    buf_add(ret, sealed, SECRET_OVERHEAD + plain.len);
    return buf_result(ret);
}

/* The tag is checked last; until then nothing of the plain text may be believed. */
static int open_text(const struct master_key *k, uint8_t *plain, struct span context,
                     const uint8_t *sealed, size_t plain_len)
{
    _cleanup_(cipher_freep) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    uint8_t tag[TAG_BYTES];
    int n;

    memcpy(tag, sealed + TEXT_AT + plain_len, sizeof(tag));
    if (!begin(c, k, sealed, context, 0) ||
        (plain_len > 0 && !EVP_CipherUpdate(c, plain, &n, sealed + TEXT_AT, (int)plain_len)) ||
        !EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag))
        return err_origin(-ENOMEM);
    return EVP_CipherFinal_ex(c, plain + plain_len, &n) ? 0 : err_origin(-EBADMSG);
}

int secret_open(struct buf *ret, const struct master_key *k, struct span context,
                struct span sealed)
{
    const uint8_t *bytes = (const uint8_t *)sealed.data;
    uint8_t plain[SECRET_TEXT_MAX];
    size_t len = sealed.len - SECRET_OVERHEAD;
    int r;

    if (!k->is_set)
        return err_origin(-ENOKEY);
    if (sealed.len < SECRET_OVERHEAD || len > SECRET_TEXT_MAX || bytes[0] != VERSION)
        return err_origin(-EBADMSG);
    if (memcmp(bytes + 1, k->id, ID_BYTES) != 0)
        return err_origin(-EKEYREJECTED);

    r = open_text(k, plain, context, bytes, len);
    if (!r) {
        buf_add(ret, plain, len);
        r = buf_result(ret);
    }
    OPENSSL_cleanse(plain, sizeof(plain));
    return r;
}
