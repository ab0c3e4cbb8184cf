/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/worker.h"

int main(int argc, char **argv)
{
    int status = worker_main(argc, argv);

    uv_library_shutdown();
    return status;
}
