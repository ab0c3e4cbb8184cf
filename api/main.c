#include "api/api.h"

int main(int argc, char **argv)
{
    int status = api_main(argc, argv);

    uv_library_shutdown();
    return status;
}
