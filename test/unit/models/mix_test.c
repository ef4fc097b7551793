/* What a mix's text may say, and that each part of it is played as it would be alone. */
#include "models/mix.h"

#include <stdio.h>
#include <string.h>

#include "models/gen.h"
#include "models/store/mix.h"
#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static void texts_are_read(void)
{
    static const struct {
        const char *text;
        size_t n;
        uint32_t first, last; /* users */
        const char *name;     /* of the last */
    } good[] = {
        {"https-browsing:5+https-chat:2", 2, 5, 2, "https-chat"},
        {"a", 1, 1, 1, "a"},
        {"a:7", 1, 7, 7, "a"},
        {"a+b", 2, 1, 1, "b"},
        {"a:1023+b", 2, 1023, 1, "b"},
        {"a:001+b.c_d-e:0002", 2, 1, 2, "b.c_d-e"},
        {"a+b+c+d+e+f+g+h:9", 8, 1, 9, "h"},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct tm_mix_text m;
        struct tm_msg msg = {""};
        CHECK_INT(tm_mix_parse(&m, good[i].text, &msg), TM_OK);
        CHECK_STR(msg.text, "");
        CHECK_INT(m.n, good[i].n);
        CHECK_INT(m.part[0].n_users, good[i].first);
        CHECK_INT(m.part[m.n - 1].n_users, good[i].last);
        CHECK_STR(m.part[m.n - 1].name, good[i].name);
        CHECK_INT(tm_mix_is_counted(good[i].text), strcmp(good[i].text, "a") != 0);
    }
}

static void what_is_no_mix_is_refused(void)
{
    static const struct {
        const char *text;
        int rc;
        const char *says;
    } bad[] = {
        {"", TM_ERR_FORMAT, "names no model"},
        {"+", TM_ERR_FORMAT, "names no model"},
        {"a+", TM_ERR_FORMAT, "names no model"},
        {"+a", TM_ERR_FORMAT, "names no model"},
        {"a++b", TM_ERR_FORMAT, "names no model"},
        {":5", TM_ERR_FORMAT, "names no model"},
        {"a b:5", TM_ERR_FORMAT, "names no model"},
        {"a:", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:0", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:-1", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:+1", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:1x+b", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:5:2", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:1025", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:4294967297", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:99999999999999999999999", TM_ERR_FORMAT, "users are a number from 1 to 1024"},
        {"a:5+b+a:2", TM_ERR_FORMAT, "a stands twice"},
        {"a:1000+b:25", TM_ERR_LIMIT, "1025 users; a tunnel has at most 1024"},
        {"a+b+c+d+e+f+g+h+i", TM_ERR_LIMIT, "at most 8 models"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct tm_mix_text m;
        struct tm_msg msg = {""};
        CHECK_INT(tm_mix_parse(&m, bad[i].text, &msg), bad[i].rc);
        if (!strstr(msg.text, bad[i].says))
            CHECK_STR(msg.text, bad[i].says);
    }
    char longest[3 * TM_MODEL_NAME_MAX];
    struct tm_mix_text m;
    memset(longest, 'a', sizeof longest);
    longest[TM_MODEL_NAME_MAX] = '\0';
    CHECK_INT(tm_mix_parse(&m, longest, NULL), TM_OK);
    longest[TM_MODEL_NAME_MAX] = 'a';
    longest[sizeof longest - 1] = '\0';
    CHECK_INT(tm_mix_parse(&m, longest, NULL), TM_ERR_FORMAT);
}

/* Any text of a few characters that matter is read or refused, and what is read keeps to the limits. */
static void short_texts_of_every_kind_are_read_or_refused(void)
{
    static const char letters[] = "a1+:0b";
    const size_t n = sizeof letters - 1;
    unsigned n_read = 0;
    for (size_t code = 0; code < n * n * n * n * n * n; code++) {
        char text[7] = "";
        struct tm_mix_text m;
        size_t rest = code;
        for (size_t i = 0; i < 6; i++, rest /= n)
            text[i] = letters[rest % n];
        if (tm_mix_parse(&m, text, NULL) != TM_OK)
            continue;
        n_read++;
        for (size_t i = 0; i < m.n; i++)
            CHECK(tm_model_name_ok(m.part[i].name) && m.part[i].n_users >= 1 &&
                  m.part[i].n_users <= TM_GEN_USERS_MAX);
    }
    CHECK(n_read > 4096);
}

/* ---- As models ---- */

struct office {
    struct tm_model part[3];
    struct tm_mix parts;
};

static void open_office(struct office *o)
{
    CHECK_INT(sample_swing(&o->part[0], "pages", 0), TM_OK);
    CHECK_INT(sample_joint(&o->part[1], "talk", 40, 1), TM_OK);
    tm_model_constant_default(&o->part[2]);
    o->parts = (struct tm_mix){.n_parts = 3,
                               .part = {{&o->part[0], 3}, {&o->part[1], 2}, {&o->part[2], 1}}};
}

static void close_office(struct office *o)
{
    for (size_t i = 0; i < 3; i++)
        tm_model_deinit(&o->part[i]);
}

static void a_mix_is_a_model_with_the_digests_of_its_parts(void)
{
    struct office o;
    struct tm_model m, other;
    uint8_t digest[TM_DIGEST_LEN], again[TM_DIGEST_LEN];
    open_office(&o);
    CHECK_INT(tm_mix_make(&m, &o.parts, NULL), TM_OK);
    CHECK_STR(m.name, "pages:3+talk:2+constant:1");
    CHECK_STR(tm_model_kind_name(m.kind), "mix");
    CHECK_INT(tm_model_check(&m, NULL), TM_OK);
    CHECK_INT(tm_mix_users(&m.u.mix), 6);
    tm_model_digest(&m, digest);
    struct tm_mix changed[4] = {o.parts, o.parts, o.parts, o.parts};
    changed[0].part[0].n_users = 4;
    changed[1].part[0] = o.parts.part[1];
    changed[1].part[1] = o.parts.part[0];
    changed[2].n_parts = 2;
    CHECK_INT(tm_mix_make(&other, &changed[3], NULL), TM_OK);
    tm_model_digest(&other, again);
    CHECK_MEM(again, digest, sizeof digest);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(tm_mix_make(&other, &changed[i], NULL), TM_OK);
        tm_model_digest(&other, again);
        CHECK(memcmp(again, digest, sizeof digest) != 0);
    }
    o.part[2].u.constant.size_bytes++;
    tm_model_digest(&m, again);
    CHECK(memcmp(again, digest, sizeof digest) != 0);
    close_office(&o);
}

static void what_cannot_be_mixed_is_refused(void)
{
    struct office o;
    struct tm_model m, inner;
    struct tm_msg msg = {""};
    open_office(&o);
    CHECK_INT(tm_mix_make(&inner, &o.parts, NULL), TM_OK);
    struct tm_mix bad[5] = {o.parts, o.parts, o.parts, o.parts, o.parts};
    bad[0].n_parts = 1;
    bad[1].part[1].model = NULL;
    bad[2].part[1].n_users = 0;
    bad[3].part[1].n_users = TM_GEN_USERS_MAX;
    bad[4].part[1].model = &inner;
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(tm_mix_make(&m, &bad[i], &msg), TM_ERR_RANGE);
        CHECK_INT(m.kind, 0);
        CHECK(msg.text[0] != '\0');
    }
    for (size_t i = 0; i < 2; i++) {
        memset(o.part[i].name, 'n', TM_MODEL_NAME_MAX);
        o.part[i].name[TM_MODEL_NAME_MAX] = '\0';
    }
    CHECK_INT(tm_mix_make(&m, &o.parts, NULL), TM_OK);
    CHECK(strlen(m.name) > TM_MODEL_NAME_MAX);
    struct tm_mix many = {.n_parts = 5};
    for (size_t i = 0; i < 5; i++)
        many.part[i] = o.parts.part[0];
    CHECK_INT(tm_mix_make(&m, &many, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "the names of the mix are longer than 255 bytes");
    close_office(&o);
}

/* User `user` of the mix against user `alone` of a generator of its part. */
static void same_user(struct tm_gen *mix, uint32_t user, struct tm_gen *part, uint32_t alone)
{
    struct tm_plan got = {0}, want = {0};
    for (unsigned i = 0; i < 60; i++) {
        struct tm_open a, b;
        CHECK(tm_gen_open(mix, user, &a) && tm_gen_open(part, alone, &b));
        CHECK(a.index == b.index && a.session == b.session && a.rre == b.rre && a.ref == b.ref &&
              a.gap_us == b.gap_us);
        CHECK_INT(tm_gen_plan(mix, user, a.index, &got), TM_OK);
        CHECK_INT(tm_gen_plan(part, alone, b.index, &want), TM_OK);
        CHECK_INT(got.n_writes, want.n_writes);
        CHECK_INT(got.close_gap_us, want.close_gap_us);
        if (got.n_writes == want.n_writes)
            CHECK_MEM(got.w, want.w, got.n_writes * sizeof got.w[0]);
    }
    tm_plan_deinit(&got);
    tm_plan_deinit(&want);
}

static void each_part_is_played_as_it_would_be_alone(void)
{
    struct office o;
    struct tm_model m;
    struct tm_gen *mix = NULL;
    uint32_t user = 0;
    open_office(&o);
    CHECK_INT(tm_mix_make(&m, &o.parts, NULL), TM_OK);
    struct tm_gen_cfg cfg = {.model = &m, .seed = {4, 2}, .n_users = 6, .pace_us = 900000};
    CHECK_INT(tm_gen_new(&mix, &cfg), TM_OK);
    while (tm_gen_prepare(mix))
        continue;
    for (size_t p = 0; p < 3; p++) {
        struct tm_gen *alone = NULL;
        struct tm_gen_cfg part = {
            .model = &o.part[p], .n_users = o.parts.part[p].n_users, .pace_us = 900000};
        tm_rng_child(part.seed, cfg.seed, TM_RNG_PART, p);
        CHECK_INT(tm_gen_new(&alone, &part), TM_OK);
        for (uint32_t u = 0; u < part.n_users; u++)
            same_user(mix, user++, alone, u);
        tm_gen_free(alone);
    }
    CHECK_INT(user, 6);
    tm_gen_free(mix);
    cfg.n_users = 5; /* not what the mix has */
    CHECK_INT(tm_gen_new(&mix, &cfg), TM_ERR_RANGE);
    close_office(&o);
}

static void a_mix_is_loaded_part_by_part(void)
{
    struct tm_store_mix m;
    struct tm_model pages;
    struct tm_msg msg = {""};
    char dir[64], path[96];
    make_temp_dir(dir);
    (void)snprintf(path, sizeof path, "%s/m.db", dir);
    CHECK_INT(sample_swing(&pages, "pages", 0), TM_OK);
    CHECK_INT(tm_store_save(path, &pages, NULL, 0, NULL), TM_OK);
    CHECK_INT(tm_store_mix_load(&m, path, "pages:5+constant:2", &msg), TM_OK);
    CHECK_STR(tm_store_mix_model(&m)->name, "pages:5+constant:2");
    CHECK_INT(m.n_users, 7);
    CHECK_INT(tm_store_save(path, &m.mix, NULL, 0, &msg), TM_ERR_RANGE);
    CHECK_STR(msg.text, "a mix is not stored, its models are");
    tm_store_mix_deinit(&m);
    CHECK_INT(tm_store_mix_load(&m, path, "pages:5", &msg), TM_OK);
    CHECK_STR(tm_store_mix_model(&m)->name, "pages");
    CHECK_INT(m.n_users, 5);
    tm_store_mix_deinit(&m);
    CHECK_INT(tm_store_mix_load(&m, path, "pages:5+nowhere", &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "no model \"nowhere\"") != NULL);
    CHECK(tm_store_mix_model(&m) == NULL);
    CHECK_INT(tm_store_mix_load(&m, path, "pages:5+pages", NULL), TM_ERR_FORMAT);
    tm_model_deinit(&pages);
    drop_temp_dir(dir);
}

static const struct check_case cases[] = {
    {"texts_are_read", texts_are_read},
    {"what_is_no_mix_is_refused", what_is_no_mix_is_refused},
    {"short_texts_of_every_kind_are_read_or_refused",
     short_texts_of_every_kind_are_read_or_refused},
    {"a_mix_is_a_model_with_the_digests_of_its_parts",
     a_mix_is_a_model_with_the_digests_of_its_parts},
    {"what_cannot_be_mixed_is_refused", what_cannot_be_mixed_is_refused},
    {"each_part_is_played_as_it_would_be_alone", each_part_is_played_as_it_would_be_alone},
    {"a_mix_is_loaded_part_by_part", a_mix_is_loaded_part_by_part},
};
CHECK_MAIN("mix", cases)
