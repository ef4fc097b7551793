/* test/sim/sound.h - what every run of the simulator must show, whatever it is about. */
#ifndef TEST_SIM_SOUND_H
#define TEST_SIM_SOUND_H

#include "test/sim/sim.h"
#include "test/support/check.h"

/* Neither session failed, every byte arrived as it was sent, every buffer has the planned size. */
static inline void check_sound(const struct sim_result *r)
{
    CHECK_STR(r->failed ? r->failed : "", "");
    CHECK_INT(r->wrong_bytes, 0);
    CHECK_INT(r->wrong_sizes, 0);
}

/* And no carrier died, for either end. */
static inline void check_sound_without_deaths(const struct sim_result *r)
{
    check_sound(r);
    CHECK_INT(r->client.carriers_died, 0);
    CHECK_INT(r->server.carriers_died, 0);
}

#endif
