/* tm/app/server_renew.c - tm-server renew: new keys, beside which the present ones count for a while. */
#include <stdio.h>
#include <time.h>

#include "tm/app/main.h"
#include "tm/app/server_state.h"
#include "tm/app/supply.h"
#include "tm/app/units.h"
#include "tm/base/time.h"

static int renew(struct tm_server_state *s, int64_t overlap_us, struct tm_msg *msg)
{
    uint8_t pin[TM_IDENTITY_PUB_LEN];
    tm_identity_public(s->identity, pin);
    int rc = tm_server_state_renew(s, overlap_us / TM_US_PER_S, (int64_t)time(NULL), msg);
    return rc == TM_OK ? tm_supply_sign_again(s->dir, pin, s->identity, msg) : rc;
}

enum tm_exit tm_cmd_renew(struct tm_options *o, struct tm_msg *msg)
{
    struct tm_server_state s = {0};
    char overlap[TM_UNITS_TEXT_MAX];
    int64_t overlap_us = o->v[TM_OPT_OVERLAP].num;
    enum tm_exit status = TM_EXIT_FAILED;
    tm_units_print_duration(overlap, overlap_us);
    if (tm_server_state_load(&s, o->v[TM_OPT_STATE].text, msg) == TM_OK &&
        renew(&s, overlap_us, msg) == TM_OK)
        status = TM_EXIT_DONE;
    if (status == TM_EXIT_DONE && overlap_us > 0)
        fprintf(
            stderr,
            "the keys before count for %s; clients learn the new ones when they are connected, and "
            "who is not within that time has to join again\n",
            overlap);
    else if (status == TM_EXIT_DONE)
        fprintf(stderr, "the keys before count no more: every client has to join again\n");
    tm_server_state_deinit(&s);
    return status;
}
