#include "learner/report/model_page.h"

#include <stdio.h>
#include <string.h>

#include "test/support/check.h"
#include "test/support/oom.h"

static const struct tm_dist_point one = {1, 4};
static const struct tm_dist_point req[] = {{100, 1}, {200, 2}};
static const struct tm_dist_point rsp[] = {{5000, 3}};

/* A model of one exchange a connection, with a word of its making; the entry owns the model alone. */
static void make(struct tm_store_entry *e, struct tm_provenance *prov, size_t n)
{
    *e = (struct tm_store_entry){
        .model = {.kind = TM_MODEL_SWING, .name = "web"}, .prov = prov, .n_prov = n};
    CHECK_INT(tm_dist_set(&e->model.u.swing.param[TM_SWING_NUM_PAIRS], &one, 1), TM_OK);
    CHECK_INT(tm_dist_set(&e->model.u.swing.param[TM_SWING_REQ], req, 2), TM_OK);
    CHECK_INT(tm_dist_set(&e->model.u.swing.param[TM_SWING_RSP], rsp, 1), TM_OK);
}

static void add(struct tm_samples *s, enum tm_swing_param p, uint64_t v)
{
    CHECK_INT(tm_samples_add(s, p, v), TM_OK);
}

static int page_of(struct tm_text *t, const struct tm_store_entry *e, struct tm_samples *s)
{
    struct tm_model_page p = {
        .entry = e, .capture = s, .n_conns = 4, .command = "tm-learn <report>"};
    return tm_model_page(t, &p);
}

/* A packet every `gap_us`, all with payload, up and down in turn. */
static void beat(struct tm_wavelet *w, int64_t gap_us)
{
    *w = (struct tm_wavelet){0};
    for (int i = 0; i < 400; i++)
        tm_wavelet_add(w, i * gap_us, (unsigned)i % 2, 100);
    tm_wavelet_end(w);
}

static void curves_and_numbers_stand_beside_the_captures(void)
{
    struct tm_store_entry e;
    struct tm_samples s = {0};
    struct tm_text t = {0};
    make(&e, NULL, 0);
    add(&s, TM_SWING_REQ, 200);
    for (int i = 0; i < 3; i++)
        add(&s, TM_SWING_REQ, 100);
    add(&s, TM_SWING_RSP, 5000);
    CHECK_INT(page_of(&t, &e, &s), TM_OK);
    CHECK(strstr(t.p, "The model web") != NULL);
    CHECK(strstr(t.p, "4 connections of the captures") != NULL);
    CHECK(strstr(t.p, "0.250") != NULL);    /* half against three quarters at 100 */
    CHECK(strstr(t.p, "0.975") != NULL);    /* 1.95 / sqrt(4) */
    CHECK(strstr(t.p, "1.950") != NULL);    /* one response */
    CHECK(strstr(t.p, "not seen") != NULL); /* exchanges: the captures gave none */
    CHECK(strstr(t.p, "inter_rre_us: the model has no value") != NULL);
    CHECK(strstr(t.p, "tm-learn &lt;report&gt;") != NULL);
    CHECK(strstr(t.p, "Connection 6") != NULL);
    tm_text_deinit(&t);
    tm_samples_deinit(&s);
    tm_model_deinit(&e.model);
}

static void energies_of_a_sample_stand_beside_those_of_the_captures(void)
{
    struct tm_store_entry e;
    struct tm_samples s = {0};
    struct tm_text t = {0};
    struct tm_wavelet w[2];
    struct tm_sample_head head = {.n_conns = 1234,
                                  .n_users = 3,
                                  .path = {.rtt_us = 20000, .rate_bps = 100000000, .mss = 1448}};
    make(&e, NULL, 0);
    beat(&w[0], 1300);
    beat(&w[1], 2900);
    struct tm_model_page p = {.entry = &e,
                              .capture = &s,
                              .n_conns = 1234,
                              .capture_energy = &w[0],
                              .sample_energy = &w[1],
                              .sample = &head,
                              .command = "tm-learn report"};
    CHECK_INT(tm_model_page(&t, &p), TM_OK);
    CHECK(
        strstr(t.p, "1,234 of 3 users at a time, over a path of 20 ms round trip and 100 Mbit/s") !=
        NULL);
    CHECK(strstr(t.p, "Bytes down") != NULL);
    CHECK(strstr(t.p, "log2 of the energy") != NULL);
    CHECK(strstr(t.p, "no data") == NULL);
    tm_text_deinit(&t);
    p.capture_energy = NULL;
    CHECK_INT(tm_model_page(&t, &p), TM_OK);
    CHECK(strstr(t.p, "Bytes down") == NULL);
    tm_text_deinit(&t);
    tm_samples_deinit(&s);
    tm_model_deinit(&e.model);
}

static void what_was_left_out_is_listed_with_its_reason(void)
{
    struct tm_provenance prov[] = {{"bytes.uncounted", "123456"},
                                   {"dropped.few_packets", "0"},
                                   {"option.k", "8"},
                                   {"values.pooled", "77"}};
    struct tm_store_entry e;
    struct tm_text t = {0};
    make(&e, prov, 4);
    CHECK_INT(page_of(&t, &e, NULL), TM_OK);
    CHECK(strstr(t.p, "123456") != NULL);
    CHECK(strstr(t.p, "holes larger than --gap-credit") != NULL);
    CHECK(strstr(t.p, "too rare to keep their own value") != NULL);
    CHECK(strstr(t.p, "dropped.few_packets") == NULL);
    CHECK(strstr(t.p, "option.k") != NULL);
    CHECK(strstr(t.p, "KS D") == NULL); /* nothing to compare with */
    tm_text_deinit(&t);
    tm_model_deinit(&e.model);
}

static void the_constant_model_has_a_page_too(void)
{
    struct tm_store_entry e = {0};
    struct tm_text t = {0};
    tm_model_constant_default(&e.model);
    CHECK_INT(page_of(&t, &e, NULL), TM_OK);
    CHECK(strstr(t.p, "20 writes: 14.5 kB up, 14.5 kB down, the last after 4.5 s") != NULL);
    CHECK(strstr(t.p, "What the model draws from") == NULL);
    tm_text_deinit(&t);
}

static void every_failed_allocation_is_reported(void)
{
    struct tm_store_entry e;
    struct tm_samples s = {0};
    unsigned long n = 1;
    make(&e, NULL, 0);
    add(&s, TM_SWING_REQ, 100);
    for (;; n++) {
        struct tm_text t = {0};
        oom_fail_after(n);
        int rc = page_of(&t, &e, &s);
        oom_disable();
        tm_text_deinit(&t);
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (!oom_hit() || rc == TM_OK)
            break;
    }
    CHECK(n > 20);
    tm_samples_deinit(&s);
    tm_model_deinit(&e.model);
}

static const struct check_case cases[] = {
    {"curves_and_numbers_stand_beside_the_captures", curves_and_numbers_stand_beside_the_captures},
    {"energies_of_a_sample_stand_beside_those_of_the_captures",
     energies_of_a_sample_stand_beside_those_of_the_captures},
    {"what_was_left_out_is_listed_with_its_reason", what_was_left_out_is_listed_with_its_reason},
    {"the_constant_model_has_a_page_too", the_constant_model_has_a_page_too},
    {"every_failed_allocation_is_reported", every_failed_allocation_is_reported},
};
CHECK_MAIN("model page", cases)
