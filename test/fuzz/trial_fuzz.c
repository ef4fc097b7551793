/* A trial's log, which another program wrote.  What is taken of it is in order. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/prove/trial.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_trial t;
    struct tm_msg msg = {""};
    int rc = tm_trial_read(&t, (const char *)data, size, "fuzz", &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0'))
        abort();
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++) {
        const struct tm_trial_phase *p = &t.phase[k];
        for (uint32_t i = 0; i < p->n_slots; i++) {
            if (p->slots[i].from_us >= p->slots[i].to_us ||
                (i > 0 && p->slots[i].from_us < p->slots[i - 1].to_us))
                abort();
        }
        for (uint32_t i = 1; i < p->n_counts; i++) {
            if (p->counts[i].at_us <= p->counts[i - 1].at_us)
                abort();
        }
    }
    tm_trial_deinit(&t);
    return 0;
}
