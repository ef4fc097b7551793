/* Workload files of anybody: what is read is within its limits, the rest is refused. */
#include <stdlib.h>

#include "tm/sim/workload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_workload w;
    struct tm_msg msg = {""};
    if (tm_workload_read(&w, (const char *)data, size, "workload", &msg) != TM_OK) {
        if (w.n != 0 || w.line != NULL || msg.text[0] == '\0')
            abort();
        return 0;
    }
    for (size_t i = 0; i < w.n; i++) {
        const struct tm_workload_line *l = &w.line[i];
        if (l->at_us < 0 || l->at_us > TM_WORKLOAD_TIME_MAX ||
            l->up_bytes > TM_WORKLOAD_BYTES_MAX || l->down_bytes > TM_WORKLOAD_BYTES_MAX)
            abort();
    }
    if (w.n == 0)
        abort();
    tm_workload_deinit(&w);
    return 0;
}
