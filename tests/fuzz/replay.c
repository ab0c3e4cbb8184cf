/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c: gives each file of the folders named as arguments to the harness that it is linked
 * with, so that ctest walks the corpora with any compiler. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 1 << 20 };

static void give_up(const char *what, const char *path)
{
    (void)fprintf(stderr, "%s: %s: %s\n", what, path, strerror(errno));
    exit(2);
}

/* The harness gets a block that ends where the input ends, so that a read past it is seen. */
static void run(const char *path, FILE *file, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);

    if (!data || fread(data, 1, size, file) != size)
        give_up("cannot read", path);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

/* Returns how many inputs it ran: 1, or 0 for what is no regular file. */
static unsigned replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat info;

    if (!file || fstat(fileno(file), &info) != 0)
        give_up("cannot open", path);
    if (S_ISREG(info.st_mode)) {
        if (info.st_size > FILE_BYTES_MAX)
            give_up("larger than 1 MiB", path);
        run(path, file, (size_t)info.st_size);
    }
    (void)fclose(file);
    return S_ISREG(info.st_mode) ? 1 : 0;
}

static unsigned replay_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    char path[4096];
    unsigned n = 0;

    if (!entries)
        give_up("cannot open", folder);
    while ((entry = readdir(entries))) {
        if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path))
            n += replay_file(path);
    }
    (void)closedir(entries);
    return n;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        unsigned n = replay_folder(argv[i]);

        (void)printf("%s: %u inputs\n", argv[i], n);
        if (n == 0)
            return 2; /* an empty corpus would pass without a test */
    }
    return argc > 1 ? 0 : 2;
}
