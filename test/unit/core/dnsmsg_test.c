/* test/unit/core/dnsmsg_test.c - queries and answers of RFC 1035, whole, cut and mutated. */
#include "tm/core/dnsmsg.h"

#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"

/* example.org, A, with an OPT record of 1232 bytes. */
static const uint8_t query[] = {0xab, 0xcd, 0x01, 0x00, 0,   1,    0, 0,   0,   0,   0, 1, 7, 'e',
                                'x',  'a',  'm',  'p',  'l', 'e',  3, 'o', 'r', 'g', 0, 0, 1, 0,
                                1,    0,    0,    41,   4,   0xd0, 0, 0,   0,   0,   0, 0};
#define QUESTION_END 29U

/* Its answer: one address. */
static const uint8_t answer[] = {0xab, 0xcd, 0x81, 0x80, 0,   1,    0,   1,   0, 0,   0,   0,
                                 7,    'E',  'X',  'A',  'M', 'P',  'L', 'E', 3, 'o', 'r', 'g',
                                 0,    0,    1,    0,    1,   0xc0, 12,  0,   1, 0,   1,   0,
                                 0,    0,    60,   0,    4,   1,    2,   3,   4};

/* On a heap copy of exactly len bytes, so that the sanitizer sees any read past them. */
static int read_query(struct tm_dns_query *q, const uint8_t *p, size_t len)
{
    uint8_t *copy = malloc(len + (len == 0));
    memcpy(copy, p, len);
    int rc = tm_dns_query(q, copy, len);
    free(copy);
    return rc;
}

static void a_query_says_who_asks_and_how_much_it_takes(void)
{
    struct tm_dns_query q;
    CHECK_INT(read_query(&q, query, sizeof query), TM_OK);
    CHECK_INT(q.id, 0xabcd);
    CHECK_INT(q.len, QUESTION_END);
    CHECK_INT(q.udp_max, 1232);
    CHECK_INT(q.type, 1);
}

static void without_opt_512_bytes_are_taken(void)
{
    uint8_t p[sizeof query];
    struct tm_dns_query q;
    memcpy(p, query, sizeof p);
    p[11] = 0;
    CHECK_INT(read_query(&q, p, QUESTION_END), TM_OK);
    CHECK_INT(q.udp_max, 512);
    memcpy(p, query, sizeof p);
    p[32] = 0; /* OPT says 208 */
    p[33] = 208;
    CHECK_INT(read_query(&q, p, sizeof p), TM_OK);
    CHECK_INT(q.udp_max, 512);
    p[32] = p[33] = 0xff;
    CHECK_INT(read_query(&q, p, sizeof p), TM_OK);
    CHECK_INT(q.udp_max, 4096);
}

static void what_is_no_query_is_refused(void)
{
    static const struct {
        size_t at;
        uint8_t value;
        int rc;
    } bad[] = {{2, 0x81, TM_ERR_PROTO},   {2, 0x29, TM_ERR_UNSUPPORTED}, {4, 1, TM_ERR_FORMAT},
               {5, 0, TM_ERR_FORMAT},     {5, 2, TM_ERR_FORMAT},         {7, 1, TM_ERR_FORMAT},
               {12, 0xc0, TM_ERR_FORMAT}, {12, 64, TM_ERR_FORMAT}};
    uint8_t p[sizeof query];
    struct tm_dns_query q;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        memcpy(p, query, sizeof p);
        p[bad[i].at] = bad[i].value;
        CHECK_INT(read_query(&q, p, sizeof p), bad[i].rc);
    }
    for (size_t len = 0; len < QUESTION_END; len++)
        CHECK_INT(read_query(&q, query, len), len < TM_DNS_HEAD ? TM_ERR_PROTO : TM_ERR_FORMAT);
    static uint8_t large[TM_DNS_QUERY_MAX + 1];
    memcpy(large, query, sizeof query);
    CHECK_INT(read_query(&q, large, TM_DNS_QUERY_MAX), TM_OK);
    CHECK_INT(read_query(&q, large, TM_DNS_QUERY_MAX + 1), TM_ERR_FORMAT);
}

static void a_name_has_at_most_255_bytes(void)
{
    uint8_t p[12 + 300] = {0, 1, 1, 0, 0, 1};
    struct tm_dns_query q;
    for (int more = 0; more < 2; more++) {
        size_t at = 12;
        for (int i = 0; i < 4; i++) {
            uint8_t label = i < 3 ? 63 : (uint8_t)(61 + more);
            p[at] = label;
            memset(p + at + 1, 'x', label);
            at += 1U + label;
        }
        memset(p + at, 0, 5);
        CHECK_INT(read_query(&q, p, at + 5), more == 0 ? TM_OK : TM_ERR_FORMAT);
    }
}

static void an_answer_is_one_to_its_own_question(void)
{
    struct tm_dns_query q;
    CHECK_INT(read_query(&q, query, sizeof query), TM_OK);
    CHECK(tm_dns_is_answer(answer, sizeof answer, query, &q)); /* in other letters */
    CHECK(!tm_dns_is_answer(query, sizeof query, query, &q));
    CHECK(!tm_dns_is_answer(answer, QUESTION_END - 1, query, &q));
    uint8_t p[sizeof answer];
    for (size_t i = 12; i < QUESTION_END; i++) {
        memcpy(p, answer, sizeof p);
        p[i] ^= 1;
        CHECK(!tm_dns_is_answer(p, sizeof p, query, &q));
    }
}

static void a_rejection_is_a_header_alone(void)
{
    uint8_t p[sizeof query];
    memcpy(p, query, sizeof query);
    tm_dns_reject(p, TM_DNS_FORMERR);
    CHECK_MEM(p, ((uint8_t[]){0xab, 0xcd, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}), 12);
    memcpy(p, query, sizeof query);
    p[2] = 0x28; /* UPDATE */
    tm_dns_reject(p, TM_DNS_NOTIMP);
    CHECK_MEM(p, ((uint8_t[]){0xab, 0xcd, 0xa8, 0x84, 0, 0, 0, 0, 0, 0, 0, 0}), 12);
}

static void a_failure_and_a_cut_keep_only_the_question(void)
{
    uint8_t p[sizeof answer];
    struct tm_dns_query q;
    memcpy(p, query, sizeof query);
    tm_dns_fail(p, TM_DNS_SERVFAIL);
    CHECK_MEM(p, ((uint8_t[]){0xab, 0xcd, 0x81, 0x82, 0, 1, 0, 0, 0, 0, 0, 0}), 12);
    memcpy(p, answer, sizeof answer);
    tm_dns_cut(p);
    CHECK_MEM(p, ((uint8_t[]){0xab, 0xcd, 0x83, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}), 12);
    CHECK_INT(read_query(&q, query, sizeof query), TM_OK);
    CHECK(tm_dns_is_answer(p, QUESTION_END, query, &q));
    tm_dns_set_id(p, 0x1234);
    CHECK_INT(tm_dns_get_id(p), 0x1234);
}

static void a_stream_is_cut_at_its_lengths(void)
{
    uint8_t p[2 + sizeof answer + 1] = {0, sizeof answer};
    struct tm_view msg;
    memcpy(p + 2, answer, sizeof answer);
    for (size_t len = 0; len < 2 + sizeof answer; len++)
        CHECK_INT(tm_dns_next(&msg, p, len), 0);
    CHECK_INT(tm_dns_next(&msg, p, sizeof p), 2 + sizeof answer);
    CHECK(msg.p == p + 2);
    CHECK_INT(msg.len, sizeof answer);
    p[1] = 11;
    CHECK_INT(tm_dns_next(&msg, p, sizeof p), TM_ERR_PROTO);
}

/* Whatever came: what is said lies inside, and can be acted upon. */
static void check_sound(const uint8_t *p, size_t len)
{
    struct tm_dns_query q;
    if (read_query(&q, p, len) != TM_OK)
        return;
    CHECK(q.len >= 17 && q.len <= len);
    CHECK(q.udp_max >= 512 && q.udp_max <= 4096);
    (void)tm_dns_is_answer(answer, sizeof answer, p, &q);
}

static void every_mutation_is_refused_or_sound(void)
{
    uint8_t p[sizeof query];
    for (size_t a = 0; a < sizeof query * 8; a++) {
        for (size_t b = a; b < sizeof query * 8; b++) {
            memcpy(p, query, sizeof p);
            p[a / 8] ^= (uint8_t)(1U << a % 8);
            if (b != a)
                p[b / 8] ^= (uint8_t)(1U << b % 8);
            check_sound(p, sizeof p);
        }
    }
    for (size_t i = 0; i < sizeof query; i++) {
        for (unsigned v = 0; v < 256; v++) {
            memcpy(p, query, sizeof p);
            p[i] = (uint8_t)v;
            for (size_t len = i + 1; len <= sizeof p; len += 7)
                check_sound(p, len);
        }
    }
}

static const struct check_case cases[] = {
    {"a_query_says_who_asks_and_how_much_it_takes", a_query_says_who_asks_and_how_much_it_takes},
    {"without_opt_512_bytes_are_taken", without_opt_512_bytes_are_taken},
    {"what_is_no_query_is_refused", what_is_no_query_is_refused},
    {"a_name_has_at_most_255_bytes", a_name_has_at_most_255_bytes},
    {"an_answer_is_one_to_its_own_question", an_answer_is_one_to_its_own_question},
    {"a_rejection_is_a_header_alone", a_rejection_is_a_header_alone},
    {"a_failure_and_a_cut_keep_only_the_question", a_failure_and_a_cut_keep_only_the_question},
    {"a_stream_is_cut_at_its_lengths", a_stream_is_cut_at_its_lengths},
    {"every_mutation_is_refused_or_sound", every_mutation_is_refused_or_sound},
};
CHECK_MAIN("dnsmsg", cases)
