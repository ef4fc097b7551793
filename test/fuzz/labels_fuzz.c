/* A recording's labels, from a file that people edit.  What parses answers any question about addresses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_labels l = {0};
    struct tm_msg msg = {""};
    int rc = tm_labels_add(&l, (const char *)data, size, "fuzz", &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0'))
        abort();
    for (size_t i = 0; rc == TM_OK && i < l.n; i++) {
        const struct tm_label *got = tm_labels_find(&l, l.v[i].prefix, l.v[i].from_us);
        if (!got || got->prefix_bits < l.v[i].prefix_bits || got->from_us > l.v[i].from_us ||
            got->session >= l.n_names)
            abort();
    }
    tm_labels_deinit(&l);
    return 0;
}
