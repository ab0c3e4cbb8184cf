/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/scheduler.h"

int main(int argc, char **argv)
{
    int status = scheduler_main(argc, argv);

    uv_library_shutdown();
    return status;
}
