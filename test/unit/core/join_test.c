/* test/unit/core/join_test.c - the join messages: one length, round trips, mutations. */
#include "tm/core/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

static struct tm_join_reply sample_reply(void)
{
    struct tm_join_reply r = {.status = TM_JOIN_OK, .n_models = 2};
    memset(r.client_id, 0x11, sizeof r.client_id);
    strcpy(r.models[0].name, "https");
    memset(r.models[0].digest, 0x33, sizeof r.models[0].digest);
    strcpy(r.models[1].name, "constant");
    memset(r.models[1].digest, 0x44, sizeof r.models[1].digest);
    return r;
}

static int decode_copy(struct tm_join_reply *r, const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    int rc = tm_join_reply_decode(r, copy, len);
    free(copy);
    return rc;
}

static void request_is_64_bytes_with_the_version(void)
{
    uint8_t out[TM_JOIN_REQUEST_LEN];
    memset(out, 0xff, sizeof out);
    tm_join_request_encode(out);
    CHECK_INT(out[0], 1);
    CHECK_INT(tm_join_request_check(out, sizeof out), TM_OK);
}

static void request_of_another_form_is_refused(void)
{
    uint8_t out[TM_JOIN_REQUEST_LEN + 1] = {0};
    tm_join_request_encode(out);
    for (size_t n = 0; n < TM_JOIN_REQUEST_LEN; n++)
        CHECK_INT(tm_join_request_check(out, n), TM_ERR_FORMAT);
    CHECK_INT(tm_join_request_check(out, sizeof out), TM_ERR_FORMAT);
    for (size_t i = 1; i < TM_JOIN_REQUEST_LEN; i++) {
        out[i] = 1;
        CHECK_INT(tm_join_request_check(out, TM_JOIN_REQUEST_LEN), TM_ERR_FORMAT);
        out[i] = 0;
    }
    out[0] = 2;
    CHECK_INT(tm_join_request_check(out, TM_JOIN_REQUEST_LEN), TM_ERR_UNSUPPORTED);
}

static void reply_round_trips_whatever_it_says(void)
{
    struct tm_join_reply r = sample_reply(), back;
    uint8_t out[TM_JOIN_REPLY_LEN];
    CHECK_INT(tm_join_reply_encode(&r, out), TM_OK);
    CHECK_INT(decode_copy(&back, out, sizeof out), TM_OK);
    CHECK_MEM(&back, &r, sizeof r);

    struct tm_join_reply used = {.status = TM_JOIN_USED};
    CHECK_INT(tm_join_reply_encode(&used, out), TM_OK);
    CHECK_INT(decode_copy(&back, out, sizeof out), TM_OK);
    CHECK_MEM(&back, &used, sizeof used);
}

static void reply_holds_the_promised_number_of_models(void)
{
    static struct tm_join_reply r, back;
    uint8_t out[TM_JOIN_REPLY_LEN];
    r.n_models = TM_JOIN_MODELS_MAX;
    for (size_t i = 0; i < r.n_models; i++)
        snprintf(r.models[i].name, sizeof r.models[i].name, "model-%07zu", i);
    CHECK_INT(tm_join_reply_encode(&r, out), TM_OK);
    CHECK_INT(decode_copy(&back, out, sizeof out), TM_OK);
    CHECK_MEM(&back, &r, sizeof r);
    for (size_t i = 0; i < r.n_models; i++)
        snprintf(r.models[i].name, sizeof r.models[i].name, "a-long-model-name-%07zu", i);
    CHECK_INT(tm_join_reply_encode(&r, out), TM_ERR_LIMIT);
}

static void reply_of_another_length_or_version_is_refused(void)
{
    struct tm_join_reply r = sample_reply();
    uint8_t out[TM_JOIN_REPLY_LEN + 1] = {0};
    CHECK_INT(tm_join_reply_encode(&r, out), TM_OK);
    CHECK_INT(decode_copy(&r, out, 0), TM_ERR_FORMAT);
    CHECK_INT(decode_copy(&r, out, TM_JOIN_REPLY_LEN - 1), TM_ERR_FORMAT);
    CHECK_INT(decode_copy(&r, out, TM_JOIN_REPLY_LEN + 1), TM_ERR_FORMAT);
    out[0] = 2;
    CHECK_INT(decode_copy(&r, out, TM_JOIN_REPLY_LEN), TM_ERR_UNSUPPORTED);
}

static void model_names_that_are_none_are_refused(void)
{
    static const char *const bad[] = {"", "-x", "a b", "../etc"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_join_reply r = sample_reply(), back;
        uint8_t out[TM_JOIN_REPLY_LEN];
        strcpy(r.models[0].name, bad[i]);
        CHECK_INT(tm_join_reply_encode(&r, out), TM_OK);
        CHECK_INT(decode_copy(&back, out, sizeof out), TM_ERR_FORMAT);
    }
}

/* Decoding accepts nothing that encoding would not have made: what is accepted encodes to the same bytes. */
static void check_canonical(const uint8_t *p)
{
    static struct tm_join_reply r;
    uint8_t again[TM_JOIN_REPLY_LEN];
    if (decode_copy(&r, p, TM_JOIN_REPLY_LEN) != TM_OK)
        return;
    CHECK_INT(tm_join_reply_encode(&r, again), TM_OK);
    CHECK_MEM(again, p, TM_JOIN_SIGNED_LEN);
}

static void mutated_replies_are_refused_or_canonical(void)
{
    struct tm_join_reply r = sample_reply();
    uint8_t out[TM_JOIN_REPLY_LEN];
    CHECK_INT(tm_join_reply_encode(&r, out), TM_OK);
    for (size_t i = 0; i < 90; i++) /* behind the models everything is padding */
        for (int v = 0; v < 256; v++) {
            uint8_t was = out[i];
            out[i] = (uint8_t)v;
            check_canonical(out);
            out[i] = was;
        }
    for (size_t i = 90; i < TM_JOIN_SIGNED_LEN; i++) {
        out[i] = 1;
        CHECK_INT(decode_copy(&r, out, sizeof out), TM_ERR_FORMAT);
        out[i] = 0;
    }
}

static const struct check_case cases[] = {
    {"request_is_64_bytes_with_the_version", request_is_64_bytes_with_the_version},
    {"request_of_another_form_is_refused", request_of_another_form_is_refused},
    {"reply_round_trips_whatever_it_says", reply_round_trips_whatever_it_says},
    {"reply_holds_the_promised_number_of_models", reply_holds_the_promised_number_of_models},
    {"reply_of_another_length_or_version_is_refused",
     reply_of_another_length_or_version_is_refused},
    {"model_names_that_are_none_are_refused", model_names_that_are_none_are_refused},
    {"mutated_replies_are_refused_or_canonical", mutated_replies_are_refused_or_canonical},
};
CHECK_MAIN("join", cases)
