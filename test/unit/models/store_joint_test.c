/* Joint models in databases, and databases that were written before there were any. */
#include "models/store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static char dir[64];
static char db[96]; /* a path in dir */

static void begin(void)
{
    make_temp_dir(dir);
    (void)snprintf(db, sizeof db, "%s/models.db", dir);
}

static void end(void)
{
    drop_temp_dir(dir);
}

static void connections_of_a_joint_model_survive(void)
{
    begin();
    struct tm_model m;
    struct tm_model got;
    CHECK_INT(sample_joint(&m, "pages", 500, 3), TM_OK);
    m.u.joint.batch_max = 200;
    struct tm_deck *d = &m.u.joint.deck;
    CHECK_INT(tm_deck_add_conn(d, TM_DECK_LATER, TM_WRITE_GAP_MAX), TM_OK);
    for (uint32_t i = 0; i < TM_PLAN_WRITES_MAX; i++) /* the longest that a row must hold */
        CHECK_INT(tm_deck_add_write(d, (struct tm_write){.size = TM_WRITE_SIZE_MAX,
                                                         .gap_us = TM_WRITE_GAP_MAX,
                                                         .dir = (uint8_t)(i % 2),
                                                         .ref_back = (uint8_t)(i < 255 ? i : 255)}),
                  TM_OK);
    CHECK_INT(tm_store_save(db, &m, sample_prov, 3, NULL), TM_OK);
    CHECK_INT(tm_store_load_model(db, "pages", &got, NULL), TM_OK);
    CHECK(same_model(&m, &got));
    tm_model_deinit(&got);
    tm_model_deinit(&m);
    CHECK_INT(sample_joint(&m, "pages", 2, 1), TM_OK); /* replaced, with all its rows */
    CHECK_INT(tm_store_save(db, &m, NULL, 0, NULL), TM_OK);
    CHECK_INT(tm_store_load_model(db, "pages", &got, NULL), TM_OK);
    CHECK(same_model(&m, &got));
    tm_model_deinit(&got);
    tm_model_deinit(&m);
    end();
}

/* Written before there were joint models, by the version that knew only the first schema. */
static const char version_1[] = "data/corpus/model_load_fuzz/two-models.db";

static uint32_t version_of(const char *path)
{
    size_t len;
    uint8_t *bytes = slurp(path, &len);
    uint32_t v = bytes && len > 63 ? bytes[63] : 0;
    free(bytes);
    return v;
}

static void version_1_is_read_as_it_is_and_upgraded_by_a_save(void)
{
    begin();
    size_t len;
    uint8_t *bytes = slurp(version_1, &len);
    CHECK(bytes != NULL);
    spill(db, bytes, len);
    CHECK_INT(version_of(db), 1);
    struct tm_store_entry *before = NULL;
    struct tm_store_entry *after = NULL;
    size_t n_before = 0;
    size_t n_after = 0;
    CHECK_INT(tm_store_load(db, &before, &n_before, NULL), TM_OK);
    CHECK_INT(n_before, 2);
    CHECK_INT(version_of(db), 1); /* reading changes nothing */
    struct tm_model joint;
    CHECK_INT(sample_joint(&joint, "zz", 4, 0), TM_OK);
    CHECK_INT(tm_store_save(db, &joint, NULL, 0, NULL), TM_OK);
    CHECK_INT(version_of(db), 2);
    CHECK_INT(tm_store_load(db, &after, &n_after, NULL), TM_OK);
    CHECK_INT(n_after, 3);
    CHECK(same_entries(before, n_before, after, n_before));
    CHECK(n_after == 3 && same_model(&after[2].model, &joint));
    tm_store_entries_free(before, n_before);
    tm_store_entries_free(after, n_after);
    tm_model_deinit(&joint);
    free(bytes);
    end();
}

static void saving_a_swing_model_upgrades_version_1_too(void)
{
    begin();
    size_t len;
    uint8_t *bytes = slurp(version_1, &len);
    spill(db, bytes, len);
    struct tm_model m;
    CHECK_INT(sample_swing(&m, "new", 1), TM_OK);
    CHECK_INT(tm_store_save(db, &m, NULL, 0, NULL), TM_OK);
    tm_model_deinit(&m);
    CHECK_INT(version_of(db), 2);
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 3);
    tm_store_entries_free(e, n);
    free(bytes);
    end();
}

static const struct check_case cases[] = {
    {"connections_of_a_joint_model_survive", connections_of_a_joint_model_survive},
    {"version_1_is_read_as_it_is_and_upgraded_by_a_save",
     version_1_is_read_as_it_is_and_upgraded_by_a_save},
    {"saving_a_swing_model_upgrades_version_1_too", saving_a_swing_model_upgrades_version_1_too},
};
CHECK_MAIN("store_joint", cases)
