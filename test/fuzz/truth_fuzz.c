/* Which flow went over which carriers, from a file that people or scripts write.  What parses stays inside its own lists. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/correlate/truth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_truth t = {0};
    struct tm_msg msg = {""};
    int rc = tm_truth_parse(&t, (const char *)data, size, "fuzz", &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0') || (rc == TM_OK && t.n == 0))
        abort();
    for (size_t i = 0; rc == TM_OK && i < t.n; i++) {
        if (t.v[i].tunnel >= t.n_names || t.v[i].at_us < 0 ||
            !tm_truth_link_is_equal(&t.v[i].carrier, &t.v[i].carrier))
            abort();
    }
    tm_truth_deinit(&t);
    return 0;
}
