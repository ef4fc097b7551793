/* Any text as a schedule file: refused with a reason, or every connection in it can be played. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "models/schedfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_schedfile f = {0};
    struct tm_msg msg = {0};
    int rc = tm_schedfile_read(&f, (const char *)data, size, "fuzz", &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0') || (rc == TM_OK) != (f.n_conns > 0))
        abort();
    for (size_t i = 0; i < f.n_conns; i++) {
        const struct tm_schedfile_conn *c = &f.conn[i];
        if (!c->is_closed || c->plan.n_writes == 0 || tm_plan_check(&c->plan) != TM_OK ||
            c->user >= f.n_users || c->open.gap_us < 0 ||
            (c->open.index == 0) != (c->open.ref == TM_OPEN_ORIGIN))
            abort();
    }
    tm_schedfile_deinit(&f);
    return 0;
}
