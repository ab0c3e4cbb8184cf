/* SPDX-License-Identifier: Apache-2.0 */
/* redis_command.c: commands as RESP bytes; scripts and their names.
 *
 * The bytes are written behind room for the first line, "*<argc>", whose length is known only at
 * the end: so an argument is copied once. */
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/redis/redis_client.h"
#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>

enum {
    HEAD_ROOM = 16,    /* "*4294967295\r\n" */
    ARG_OVERHEAD = 32, /* "$18446744073709551615\r\n" and "\r\n" */
    FIRST_SIZE = 512,
};
static const size_t bytes_max = (size_t)512 << 20;

void redis_command_init(struct redis_command *c)
{
    *c = (struct redis_command){.resp.len = HEAD_ROOM};
}

void redis_command_fini(struct redis_command *c)
{
    free(c->resp.data);
    redis_command_init(c);
}

void redis_command_begin(struct redis_command *c)
{
    c->resp.len = HEAD_ROOM;
    c->argc = 0;
    c->error = 0;
}

static bool redis_command_has_room(struct redis_command *c, size_t len)
{
    size_t need = c->resp.len + len, size = c->resp.size ? c->resp.size : FIRST_SIZE;
    char *data;

    if (c->error)
        return false;
    if (len > bytes_max || need > bytes_max) {
        c->error = err_origin(-ENOBUFS);
        return false;
    }
    if (need <= c->resp.size)
        return true;
    while (size < need)
        size *= 2;
    data = realloc(c->resp.data, size);
    if (!data) {
        c->error = err_origin(-ENOMEM);
        return false;
    }
    c->resp.data = data;
    c->resp.size = size;
    return true;
}

/* Writes the digits so that they end at @end; returns where they begin. */
static char *redis_command_digits_before(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return end;
}

void redis_arg(struct redis_command *c, const void *data, size_t len)
{
    char digits[20], *first, *out;
    size_t n;

    if (!redis_command_has_room(c, len > bytes_max ? len : len + ARG_OVERHEAD))
        return;
    first = redis_command_digits_before(digits + sizeof(digits), len);
    n = (size_t)(digits + sizeof(digits) - first);

    out = c->resp.data + c->resp.len;
    *out++ = '$';
    memcpy(out, first, n);
    out += n;
    *out++ = '\r';
    *out++ = '\n';
    if (len)
        memcpy(out, data, len);
    out += len;
    *out++ = '\r';
    *out++ = '\n';
    c->resp.len = (size_t)(out - c->resp.data);
    c->argc++;
}

void redis_arg_text(struct redis_command *c, const char *text)
{
    redis_arg(c, text, strlen(text));
}

void redis_arg_span(struct redis_command *c, struct span s)
{
    redis_arg(c, s.data, s.len);
}

void redis_arg_i64(struct redis_command *c, int64_t value)
{
    char digits[20], *first;

    first = redis_command_digits_before(digits + sizeof(digits),
                                        value < 0 ? -(uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--first = '-'; /* the longest number that has a sign has 19 digits */
    redis_arg(c, first, (size_t)(digits + sizeof(digits) - first));
}

struct span redis_command_bytes(const struct redis_command *c)
{
    char *first;

    if (c->error || c->argc == 0)
        return (struct span){"", 0};
    c->resp.data[HEAD_ROOM - 2] = '\r';
    c->resp.data[HEAD_ROOM - 1] = '\n';
    first = redis_command_digits_before(c->resp.data + HEAD_ROOM - 2, c->argc);
    *--first = '*';
    return (struct span){first, (size_t)(c->resp.data + c->resp.len - first)};
}

void redis_script_init(struct redis_script *s, const char *name, const char *source)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (EVP_Digest(source, strlen(source), digest, &len, EVP_sha1(), NULL) != 1 || len != 20)
        abort(); /* no SHA-1 in this OpenSSL: no script could ever be called */
    s->name = name;
    s->source = source;
    for (unsigned i = 0; i < len; i++) {
        s->sha1[2 * i] = digits[digest[i] >> 4];
        s->sha1[2 * i + 1] = digits[digest[i] & 15];
    }
    s->sha1[40] = '\0';
}

/* How a command of redis_script_begin() goes on behind its first line; then the script's arguments.
 */
#define EVALSHA_HEAD "$7\r\nEVALSHA\r\n$40\r\n"
enum { EVALSHA_LEN = sizeof(EVALSHA_HEAD) - 1 + 40 + 2 };

void redis_script_begin(struct redis_command *cmd, const struct redis_script *script,
                        unsigned n_keys)
{
    redis_command_begin(cmd);
    redis_arg(cmd, "EVALSHA", 7);
    redis_arg(cmd, script->sha1, 40);
    redis_arg_i64(cmd, n_keys);
}

int redis_script_whole(struct buf *ret, const struct redis_script *script, struct span evalsha)
{
    const char *line_end = evalsha.len ? memchr(evalsha.data, '\n', evalsha.len) : NULL;
    size_t source_len = strlen(script->source);
    struct span first_line, rest;

    assert(line_end);
    first_line = (struct span){evalsha.data, (size_t)(line_end + 1 - evalsha.data)};
    rest = (struct span){line_end + 1 + EVALSHA_LEN, evalsha.len - first_line.len - EVALSHA_LEN};

    buf_add_span(ret, first_line);
    buf_printf(ret, "$4\r\nEVAL\r\n$%zu\r\n", source_len);
    buf_add(ret, script->source, source_len);
    buf_add(ret, "\r\n", 2);
    buf_add_span(ret, rest);
    return buf_result(ret);
}
