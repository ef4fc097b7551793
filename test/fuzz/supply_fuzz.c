/* test/fuzz/supply_fuzz.c - any bytes as a request, as keys and as a model: what is accepted is canonical. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "tm/core/supply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_supply_request r;
    struct tm_supply_model m;
    if (tm_supply_request_decode(&r, data, size) == TM_OK) {
        uint8_t again[TM_SUPPLY_REQUEST_LEN];
        tm_supply_request_encode(&r, again);
        TM_ASSERT(size == sizeof again && memcmp(again, data, sizeof again) == 0);
    }
    struct tm_supply_keys k;
    if (tm_supply_keys_decode(&k, data, size) == TM_OK) {
        uint8_t again[TM_SUPPLY_KEYS_LEN];
        tm_supply_keys_encode(&k, again);
        TM_ASSERT(memcmp(again, data, TM_SUPPLY_KEYS_SIGNED) == 0);
    }
    if (tm_supply_model_decode(&m, data, size) == TM_OK) {
        uint8_t again[TM_SUPPLY_HEAD_LEN];
        tm_supply_head_encode(&m, again);
        TM_ASSERT(memcmp(again, data, sizeof again) == 0);
        TM_ASSERT(m.signature + TM_SUPPLY_SIG_LEN == data + size);
    }
    return 0;
}
