/* test/fuzz/link_fuzz.c - any text as an enrolment link: what decodes must encode to the same text.
 *
 * A fuzzer does not guess checksums, so a second form is tried: behind a first byte of 1 the input is the fields
 * of a link, which are refused or must survive both ways. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/buf.h"
#include "tm/core/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_text(const uint8_t *data, size_t size)
{
    struct tm_link l;
    struct tm_msg msg = {{0}};
    char again[TM_LINK_TEXT_MAX];
    char *text = malloc(size + 1);
    if (!text)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    int rc = tm_link_decode(&l, text, &msg);
    TM_ASSERT(rc == TM_OK || rc == TM_ERR_FORMAT || rc == TM_ERR_UNSUPPORTED);
    TM_ASSERT((rc == TM_OK) == (msg.text[0] == '\0'));
    if (rc == TM_OK) {
        TM_ASSERT(tm_link_encode(&l, again, sizeof again) == TM_OK);
        TM_ASSERT(strstr(text, again) != NULL);
    }
    free(text);
}

static void try_fields(const uint8_t *data, size_t size)
{
    struct tm_link l = {0};
    struct tm_link got;
    char text[TM_LINK_TEXT_MAX];
    struct tm_rd r = tm_rd_init(data, size);
    l.port = tm_rd_u16(&r);
    tm_rd_copy(&r, l.server_pin, sizeof l.server_pin);
    tm_rd_copy(&r, l.token_key, sizeof l.token_key);
    size_t host_len = tm_rd_u8(&r);
    struct tm_view host = tm_rd_bytes(&r, host_len < sizeof l.host ? host_len : sizeof l.host);
    struct tm_view name = tm_rd_bytes(&r, r.len < sizeof l.name ? r.len : sizeof l.name);
    if (host.len > 0)
        memcpy(l.host, host.p, host.len);
    if (name.len > 0)
        memcpy(l.name, name.p, name.len);
    if (tm_link_encode(&l, text, sizeof text) != TM_OK)
        return;
    TM_ASSERT(tm_link_decode(&got, text, NULL) == TM_OK);
    TM_ASSERT(got.port == l.port && strcmp(got.host, l.host) == 0 && strcmp(got.name, l.name) == 0);
    TM_ASSERT(memcmp(got.server_pin, l.server_pin, sizeof l.server_pin) == 0);
    TM_ASSERT(memcmp(got.token_key, l.token_key, sizeof l.token_key) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_text(data, size);
    if (size > 0 && data[0] == 1)
        try_fields(data + 1, size - 1);
    return 0;
}
