/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/journal.h"

#include <errno.h>
#include <inttypes.h>

enum { JOURNAL_BUFFER_BYTES = 1 << 20 };

int journal_open(struct journal *j, const char *path)
{
    j->file = NULL;
    if (!path)
        return 0;
    j->file = fopen(path, "we");
    if (!j->file)
        return -errno;
    (void)setvbuf(j->file, NULL, _IOFBF, JOURNAL_BUFFER_BYTES); /* without it only slower */
    fputs("us,path,delivery_id,attempt,status,latency_us\n", j->file);
    return 0;
}

int journal_flush(struct journal *j)
{
    if (j->file && (fflush(j->file) || ferror(j->file)))
        return -EIO;
    return 0;
}

int journal_close(struct journal *j)
{
    int r = journal_flush(j);

    if (j->file && fclose(j->file))
        r = -EIO;
    j->file = NULL;
    return r;
}

/* Commas and line ends never come in our own paths and ids; from elsewhere they become '_'. */
static void write_field(FILE *file, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        putc_unlocked(c == ',' || c == '\n' || c == '\r' ? '_' : c, file);
    }
    putc_unlocked(',', file);
}

void journal_write(struct journal *j, const struct request *request, int64_t us, int status,
                   int64_t latency_us)
{
    if (!j->file)
        return;
    fprintf(j->file, "%" PRId64 ",", us);
    write_field(j->file, request->path);
    write_field(j->file, request->delivery_id);
    fprintf(j->file, "%" PRIu32 ",%d,%" PRId64 "\n", request->attempt, status, latency_us);
}
