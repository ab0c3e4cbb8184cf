/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/publish/resume.h"
#include "common/base/rng.h"
#include "common/base/text.h"
#include "common/model/partition.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* "grapnel-resume 1 <32 hex> <20 digits> <8 hex>\n": within one sector, so that it is written
 * whole. */
enum { RECORD_BYTES = 17 + 32 + 1 + 20 + 1 + 8 + 1 };

static const char head[] = "grapnel-resume 1 ";

static int resume_fail(const char *what, int error, struct diag *diag)
{
    (void)diag_set(diag, "%s: %s", what, strerrordesc_np(error));
    return -error;
}

static int write_record(const struct resume *r)
{
    char record[RECORD_BYTES + 1];
    ssize_t n;

    (void)snprintf(record, sizeof(record), "%s%s %020" PRIu64 " %08" PRIx32 "\n", head, r->id,
                   r->lines, r->crc);
    n = pwrite(r->fd, record, RECORD_BYTES, 0);
    if (n != RECORD_BYTES)
        return n < 0 ? -errno : -ENOSPC;
    return fdatasync(r->fd) ? -errno : 0;
}

static bool parse_crc(struct span text, uint32_t *ret)
{
    uint8_t bytes[4];
    size_t n;

    if (text.len != 8 || parse_hex(text, bytes, &n) || n != 4)
        return false;
    *ret = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    return true;
}

static bool resume_parse_record(struct resume *r, const char *record)
{
    const char *id = record + sizeof(head) - 1;
    uint8_t bytes[16];
    size_t n;

    if (memcmp(record, head, sizeof(head) - 1) != 0 || id[32] != ' ' || id[53] != ' ' ||
        id[62] != '\n' || parse_hex((struct span){id, 32}, bytes, &n) ||
        parse_u64((struct span){id + 33, 20}, &r->skip) ||
        !parse_crc((struct span){id + 54, 8}, &r->skip_crc))
        return false;
    memcpy(r->id, id, 32);
    r->id[32] = '\0';
    return true;
}

static void resume_make_id(char ret[RESUME_ID_SIZE])
{
    uint8_t bytes[16];

    rng_bytes(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

/* A new file must be there after a crash, name and all, before anything is sent. */
static int sync_folder(const char *path)
{
    char copy[PATH_MAX];
    int fd, r = 0;

    if (strlen(path) >= sizeof(copy))
        return -ENAMETOOLONG;
    memcpy(copy, path, strlen(path) + 1);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fsync(fd))
        r = -errno;
    (void)close(fd);
    return r;
}

static int resume_begin(struct resume *r, const char *path, struct diag *diag)
{
    int result;

    resume_make_id(r->id);
    result = write_record(r);
    if (!result)
        result = sync_folder(path);
    return result ? resume_fail(path, -result, diag) : 0;
}

static int resume_load(struct resume *r, const char *path, struct diag *diag)
{
    char record[RECORD_BYTES + 1];
    ssize_t n = pread(r->fd, record, sizeof(record), 0);

    if (n < 0)
        return resume_fail(path, errno, diag);
    if (n == 0)
        return resume_begin(r, path, diag);
    if (n != RECORD_BYTES || !resume_parse_record(r, record))
        return diag_set(diag, "%.120s is no resume file of grapnel", path);
    return 0;
}

int resume_open(struct resume *r, const char *path, struct diag *diag)
{
    int result;

    *r = (struct resume){.fd = -1};
    if (!path)
        return 0;
    r->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (r->fd < 0)
        return resume_fail(path, errno, diag);
    if (flock(r->fd, LOCK_EX | LOCK_NB))
        result = diag_set(diag, "%.120s is in use by another run", path);
    else
        result = resume_load(r, path, diag);
    if (result)
        resume_close(r);
    return result;
}

void resume_close(struct resume *r)
{
    if (r->fd >= 0)
        (void)close(r->fd);
    r->fd = -1;
}

static int refuse_other_input(const struct resume *r, struct diag *diag)
{
    return diag_set(diag, "the first %" PRIu64 " lines are not those that the resume file is about",
                    r->skip);
}

int resume_pass(struct resume *r, struct span line, bool *ret_is_done, struct diag *diag)
{
    *ret_is_done = r->lines < r->skip;
    r->lines++;
    if (r->fd < 0)
        return 0;
    r->crc = crc32_add(crc32_add(r->crc, line), SPAN("\n"));
    if (r->lines == r->skip && r->crc != r->skip_crc)
        return refuse_other_input(r, diag);
    return 0;
}

int resume_end(const struct resume *r, struct diag *diag)
{
    return r->lines < r->skip ? refuse_other_input(r, diag) : 0;
}

int resume_save(struct resume *r, struct diag *diag)
{
    int result;

    if (r->fd < 0)
        return 0;
    result = write_record(r);
    return result ? resume_fail("the resume file cannot be written", -result, diag) : 0;
}

void resume_key(const struct resume *r, uint64_t number, char ret[RESUME_KEY_SIZE])
{
    (void)snprintf(ret, RESUME_KEY_SIZE, "%s-%" PRIu64, r->id, number);
}
