/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c: the smallest useful producer.
 *
 *     cc publish.c -o publish $(pkg-config --cflags --libs grapnel)
 *     ./publish redis://127.0.0.1:6379/0 123 USER_CREATED '{"name": "Ada"}' */
#include <grapnel.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct grapnel *g;
    struct grapnel_receipt receipt;
    enum grapnel_result r;

    if (argc != 5) {
        fprintf(stderr, "usage: %s REDIS-URL TENANT TYPE JSON\n", argv[0]);
        return 2;
    }
    struct grapnel_event event = {
        .tenant = argv[2],
        .type = argv[3],
        .data = argv[4],
        .data_len = strlen(argv[4]),
    };

    r = grapnel_connect(&g, argv[1], NULL);
    if (r == GRAPNEL_OK)
        r = grapnel_publish(g, &event, &receipt);
    if (r == GRAPNEL_OK)
        printf("accepted as %s\n", receipt.event_id);
    else
        fprintf(stderr, "%s\n", grapnel_error(g));
    (void)grapnel_close(g);
    return r == GRAPNEL_OK ? 0 : 1;
}
