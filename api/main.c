/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "common/base/buf.h"
#include "common/base/rng.h"
#include <stdio.h>

/* `grapnel-api --make-root-key`: a key for a new installation, which has none to make others with. */
static int main_make_root_key(void)
{
    uint8_t bytes[32];
    struct buf text;
    int status;

    buf_init(&text, 256);
    rng_bytes(bytes, sizeof(bytes));
    buf_add_hex(&text, bytes, sizeof(bytes));
    status = buf_result(&text) ||
             printf("# Set this where grapnel-api starts; remove it once there are other keys.\n"
                    "GRAPNEL_API_ROOT_KEY=%s\n",
                    text.data) < 0 ||
             fflush(stdout);
    buf_wipe(&text);
    explicit_bzero(bytes, sizeof(bytes));
    return status;
}

int main(int argc, char **argv)
{
    int status;

    if (argc == 2 && strcmp(argv[1], "--make-root-key") == 0)
        return main_make_root_key();
    status = api_main(argc, argv);
    uv_library_shutdown();
    return status;
}
