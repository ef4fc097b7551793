/* Flow records as nfdump prints them.  What parses has times in order and numbers in range. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/active/flows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_flows f = {0};
    struct tm_msg msg = {""};
    int rc = tm_flows_parse(&f, (const char *)data, size, "fuzz", &msg);
    if (rc != TM_ERR_NOMEM && (rc == TM_OK) != (msg.text[0] == '\0'))
        abort();
    if (rc == TM_OK && f.n == 0)
        abort();
    for (size_t i = 0; i < f.n; i++) {
        if (f.v[i].from_us < 0 || f.v[i].until_us < f.v[i].from_us || f.v[i].bytes >> 60 > 1)
            abort();
    }
    tm_flows_deinit(&f);
    return 0;
}
