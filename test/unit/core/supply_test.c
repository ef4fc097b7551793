/* test/unit/core/supply_test.c - requests for models and the form of a model: round trips, cuts, mutations. */
#include "tm/core/supply.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

enum { IMAGE_LEN = 40, LEN = TM_SUPPLY_HEAD_LEN + IMAGE_LEN + TM_SUPPLY_SIG_LEN };

static uint8_t blob[LEN];

static void fill(void)
{
    struct tm_supply_model m = {.name = "https", .image = {blob + TM_SUPPLY_HEAD_LEN, IMAGE_LEN}};
    memset(m.digest, 0x55, sizeof m.digest);
    tm_supply_head_encode(&m, blob);
    memset(blob + TM_SUPPLY_HEAD_LEN, 'i', IMAGE_LEN);
    memset(blob + TM_SUPPLY_HEAD_LEN + IMAGE_LEN, 's', TM_SUPPLY_SIG_LEN);
}

/* From memory of exactly that size, so that a sanitizer sees a read beyond it. */
static int decode_copy(struct tm_supply_model *m, const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    int rc = tm_supply_model_decode(m, copy, len);
    if (rc == TM_OK) {
        CHECK(m->image.p == copy + TM_SUPPLY_HEAD_LEN);
        CHECK(m->signature == m->image.p + m->image.len);
        CHECK_INT(TM_SUPPLY_HEAD_LEN + m->image.len + TM_SUPPLY_SIG_LEN, len);
        CHECK(tm_model_name_ok(m->name));
    }
    free(copy);
    return rc;
}

static void model_is_read_back(void)
{
    struct tm_supply_model m;
    fill();
    CHECK_INT(tm_supply_model_decode(&m, blob, LEN), TM_OK);
    CHECK_STR(m.name, "https");
    CHECK_INT(m.digest[31], 0x55);
    CHECK_INT(m.image.len, IMAGE_LEN);
    CHECK_INT(m.image.p[0], 'i');
    CHECK_INT(m.signature[63], 's');
}

static void every_other_length_is_refused(void)
{
    struct tm_supply_model m;
    static uint8_t longer[LEN + 1];
    fill();
    for (size_t n = 0; n < LEN; n++)
        CHECK_INT(decode_copy(&m, blob, n), TM_ERR_FORMAT);
    memcpy(longer, blob, LEN);
    CHECK_INT(decode_copy(&m, longer, LEN + 1), TM_ERR_FORMAT);
}

static void empty_images_and_names_with_an_end_inside_are_refused(void)
{
    struct tm_supply_model m;
    static uint8_t none[TM_SUPPLY_HEAD_LEN + TM_SUPPLY_SIG_LEN];
    fill();
    memcpy(none, blob, TM_SUPPLY_HEAD_LEN);
    memset(none + TM_SUPPLY_HEAD_LEN - 4, 0, 4);
    CHECK_INT(decode_copy(&m, none, sizeof none), TM_ERR_FORMAT);
    blob[8 + 1 + 2] = 0;
    CHECK_INT(decode_copy(&m, blob, LEN), TM_ERR_FORMAT);
}

static void mutations_never_pass_the_limits(void)
{
    struct tm_supply_model m;
    fill();
    for (size_t i = 0; i < LEN; i++)
        for (int bit = 0; bit < 8; bit++) {
            blob[i] = (uint8_t)(blob[i] ^ 1 << bit);
            (void)decode_copy(&m, blob, LEN);
            blob[i] = (uint8_t)(blob[i] ^ 1 << bit);
        }
}

static void requests_have_one_form(void)
{
    struct tm_supply_request r = {.kind = TM_SUPPLY_MODEL}, got;
    uint8_t out[TM_SUPPLY_REQUEST_LEN + 1] = {0};
    memset(r.digest, 7, sizeof r.digest);
    tm_supply_request_encode(&r, out);
    CHECK_INT(tm_supply_request_decode(&got, out, TM_SUPPLY_REQUEST_LEN), TM_OK);
    CHECK_INT(got.kind, TM_SUPPLY_MODEL);
    CHECK_MEM(got.digest, r.digest, sizeof r.digest);
    for (size_t n = 0; n <= sizeof out; n++)
        if (n != TM_SUPPLY_REQUEST_LEN)
            CHECK_INT(tm_supply_request_decode(&got, out, n), TM_ERR_FORMAT);
    for (size_t i = 18; i < TM_SUPPLY_REQUEST_LEN; i++) {
        out[i] = 1;
        CHECK_INT(tm_supply_request_decode(&got, out, TM_SUPPLY_REQUEST_LEN), TM_ERR_FORMAT);
        out[i] = 0;
    }
    out[1] = 9;
    CHECK_INT(tm_supply_request_decode(&got, out, TM_SUPPLY_REQUEST_LEN), TM_ERR_UNSUPPORTED);
    r.kind = TM_SUPPLY_LIST;
    tm_supply_request_encode(&r, out);
    CHECK_INT(tm_supply_request_decode(&got, out, TM_SUPPLY_REQUEST_LEN), TM_OK);
    out[2] = 1;
    CHECK_INT(tm_supply_request_decode(&got, out, TM_SUPPLY_REQUEST_LEN), TM_ERR_FORMAT);
}

static void keys_are_read_back_and_nothing_else_is(void)
{
    struct tm_supply_keys k = {.is_new = true}, got;
    uint8_t out[TM_SUPPLY_KEYS_LEN];
    memset(k.pin, 1, sizeof k.pin);
    memset(k.token_prefix, 2, sizeof k.token_prefix);
    memset(k.token_key, 3, sizeof k.token_key);
    tm_supply_keys_encode(&k, out);
    CHECK_INT(tm_supply_keys_decode(&got, out, sizeof out), TM_OK);
    CHECK_MEM(&got, &k, sizeof k);
    for (size_t n = 0; n < sizeof out; n++)
        CHECK_INT(tm_supply_keys_decode(&got, out, n), TM_ERR_FORMAT);
    for (size_t i = 0; i < sizeof out; i++)
        for (int bit = 0; bit < 8; bit++) {
            out[i] = (uint8_t)(out[i] ^ 1 << bit);
            int rc = tm_supply_keys_decode(&got, out, sizeof out);
            bool is_payload = i >= 2 && i < 82;
            CHECK_INT(rc == TM_OK, is_payload || i >= TM_SUPPLY_KEYS_SIGNED);
            out[i] = (uint8_t)(out[i] ^ 1 << bit);
        }
    k = (struct tm_supply_keys){0};
    tm_supply_keys_encode(&k, out);
    CHECK_INT(tm_supply_keys_decode(&got, out, sizeof out), TM_OK);
    CHECK(!got.is_new);
}

static const struct check_case cases[] = {
    {"model_is_read_back", model_is_read_back},
    {"every_other_length_is_refused", every_other_length_is_refused},
    {"empty_images_and_names_with_an_end_inside_are_refused",
     empty_images_and_names_with_an_end_inside_are_refused},
    {"mutations_never_pass_the_limits", mutations_never_pass_the_limits},
    {"keys_are_read_back_and_nothing_else_is", keys_are_read_back_and_nothing_else_is},
    {"requests_have_one_form", requests_have_one_form},
};
CHECK_MAIN("supply", cases)
