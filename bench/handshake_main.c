/* SPDX-License-Identifier: Apache-2.0 */
/* handshake_main.c: the program grapnel-bench-handshake. Makes fresh TLS connections, then prints
 * one line of JSON. */
#include "bench/handshake.h"
#include "common/base/text.h"
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <signal.h>

enum { EXTRA_CA_BYTES_MAX = 65536, HANDSHAKES_MAX = 1000000 };

static const char usage[] =
    "Usage: grapnel-bench-handshake ours|curl URL CA_FILE COUNT [EXTRA_CA_FILE]\n"
    "COUNT requests to URL (https), each on a fresh connection that is verified by CA_FILE: by "
    "the\n"
    "worker's HTTP client, or by a bare curl loop. Prints the CPU time as JSON. EXTRA_CA_FILE: "
    "what\n"
    "the endpoint is to be trusted by besides (ours only).\n";

int64_t handshake_cpu_us(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static bool handshake_main_read_file(char *ret, size_t size, const char *path)
{
    FILE *f = fopen(path, "re");
    size_t len;

    if (!f)
        return false;
    len = fread(ret, 1, size - 1, f);
    ret[len] = '\0';
    return fclose(f) == 0 && len > 0 && len < size - 1;
}

static bool handshake_main_parse(struct handshake_options *ret, int argc, char **argv)
{
    static char extra[EXTRA_CA_BYTES_MAX];
    uint64_t n;

    if (argc < 5 || argc > 6 || parse_u64(span_of(argv[4]), &n) || n == 0 || n > HANDSHAKES_MAX)
        return false;
    *ret = (struct handshake_options){.url = argv[2], .ca_file = argv[3], .n = (unsigned)n};
    if (argc == 6 && !handshake_main_read_file(extra, sizeof(extra), argv[5]))
        return false;
    ret->extra_ca = argc == 6 ? extra : NULL;
    return true;
}

int main(int argc, char **argv)
{
    struct handshake_result result = {0};
    struct handshake_options o;
    struct diag diag = {""};
    bool is_ours = argc > 1 && strcmp(argv[1], "ours") == 0;
    int r;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGPIPE, SIG_IGN);
    if ((!is_ours && (argc < 2 || strcmp(argv[1], "curl") != 0)) ||
        !handshake_main_parse(&o, argc, argv)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    r = is_ours ? handshake_ours(&result, &o, &diag) : handshake_curl(&result, &o, &diag);
    if (r) {
        (void)fprintf(stderr, "grapnel-bench-handshake: %s\n", diag.text);
        return 1;
    }
    (void)printf("{\"cpu_us\": %lld, \"start_us\": %lld, \"handshakes\": %u}\n",
                 (long long)result.cpu_us, (long long)result.start_us, result.n_connects);
    return 0;
}
