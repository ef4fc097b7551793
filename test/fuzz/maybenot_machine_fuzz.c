/* test/fuzz/maybenot_machine_fuzz.c - any bytes as a machine: as a string when they begin with "02", else as what is inside one,
 * which base64 and a checksum would keep from being reached.  What is accepted is valid and is read back from its own encoding. */
#include <stdlib.h>
#include <string.h>

#include "models/maybenot/machine.h"
#include "models/maybenot/machine_build.h"
#include "models/maybenot/machine_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_refusal(int rc)
{
    return rc == TM_ERR_FORMAT || rc == TM_ERR_RANGE || rc == TM_ERR_UNSUPPORTED ||
           rc == TM_ERR_NOMEM;
}

static struct tm_mb_machine *read_bytes(const uint8_t *data, size_t size)
{
    struct tm_mb_machine *m = tm_mb_machine_new();
    if (!m)
        return NULL;
    int rc = tm_mb_machine_decode(m, data, size, NULL);
    if (rc == TM_OK)
        rc = tm_mb_machine_validate(m, NULL);
    if (rc == TM_OK)
        return m;
    TM_ASSERT(is_refusal(rc));
    tm_mb_machine_free(m);
    return NULL;
}

/* The encoding of a machine, with its length; NULL without memory or room. */
static uint8_t *encoded(const struct tm_mb_machine *m, size_t *len)
{
    uint8_t *bytes = malloc(TM_MB_RAW_MAX);
    if (!bytes)
        return NULL;
    struct tm_wr w = tm_wr_init(bytes, TM_MB_RAW_MAX);
    tm_mb_machine_encode(m, &w);
    *len = w.len;
    if (tm_wr_ok(&w))
        return bytes;
    free(bytes);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_mb_machine *m = NULL;
    if (size >= 2 && memcmp(data, "02", 2) == 0) {
        struct tm_msg msg = {""};
        const int rc = tm_mb_machine_parse(&m, (const char *)data, size, &msg);
        TM_ASSERT(rc == TM_OK || is_refusal(rc));
        TM_ASSERT((rc == TM_OK) == (m != NULL));
        TM_ASSERT(rc == TM_OK || rc == TM_ERR_NOMEM || msg.text[0] != '\0');
    } else {
        m = read_bytes(data, size);
    }
    if (!m)
        return 0;
    size_t len, len_again;
    uint8_t *once = encoded(m, &len);
    struct tm_mb_machine *again = once ? read_bytes(once, len) : NULL;
    uint8_t *twice = again ? encoded(again, &len_again) : NULL;
    TM_ASSERT(!once || again);
    TM_ASSERT(!twice || (len == len_again && memcmp(once, twice, len) == 0));
    free(once);
    free(twice);
    tm_mb_machine_free(again);
    tm_mb_machine_free(m);
    return 0;
}
