/* A table of features as CSV.  What parses holds only names that are there and numbers that are finite or NaN. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/features/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_table t = {0};
    struct tm_msg msg = {""};
    if (tm_csv_parse(&t, (const char *)data, size, "fuzz", &msg) != TM_OK)
        return msg.text[0] == '\0' ? abort(), 0 : 0;
    for (uint32_t r = 0; r < t.n_rows; r++) {
        if (t.rows[r].cls >= t.n_names || t.rows[r].session >= t.n_names)
            abort();
        for (uint32_t c = 0; c < t.n_cols; c++) {
            if (isinf(tm_table_x(&t, r)[c]))
                abort();
        }
    }
    tm_table_deinit(&t);
    return 0;
}
