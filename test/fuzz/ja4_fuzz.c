/* The first bytes of a connection, from whoever opened it.  A fingerprint has its length and its form. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/prove/ja4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char ja4[TM_JA4_LEN];
    int rc = tm_ja4(ja4, (struct tm_view){data, size});
    if (rc == TM_OK
            ? strlen(ja4) != TM_JA4_LEN - 1 || ja4[0] != 't' || ja4[10] != '_' || ja4[23] != '_'
            : ja4[0] != '\0')
        abort();
    return 0;
}
