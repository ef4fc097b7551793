/* Several models saved in one transaction. */
#include "models/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static char dir[64];
static char db[96];

static void begin(void)
{
    make_temp_dir(dir);
    (void)snprintf(db, sizeof db, "%s/models.db", dir);
}

static void end(void)
{
    drop_temp_dir(dir);
}

static void of_several_models_all_are_written_or_none(void)
{
    begin();
    struct tm_model swing;
    struct tm_model m[3];
    struct tm_store_item items[3];
    struct tm_provenance bad = {"key", "two\nlines"};
    struct tm_msg msg = {0};
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    CHECK_INT(sample_swing(&swing, "b", 5), TM_OK);
    CHECK_INT(tm_store_save(db, &swing, NULL, 0, &msg), TM_OK);
    tm_model_deinit(&swing);
    for (int i = 0; i < 3; i++) {
        tm_model_constant_default(&m[i]);
        (void)snprintf(m[i].name, sizeof m[i].name, "%c", 'a' + i);
        items[i] = (struct tm_store_item){&m[i], NULL, 0};
    }
    items[2] = (struct tm_store_item){&m[2], &bad, 1};
    CHECK_INT(tm_store_save_all(db, items, 3, &msg), TM_ERR_RANGE);
    items[2].n_prov = 0;
    m[2].u.constant.n_exchanges = 0;
    CHECK_INT(tm_store_save_all(db, items, 3, &msg), TM_ERR_RANGE);
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 1);
    CHECK_INT(n > 0 ? e[0].model.kind : 0, TM_MODEL_SWING);
    tm_store_entries_free(e, n);
    m[2].u.constant.n_exchanges = 1;
    CHECK_INT(tm_store_save_all(db, items, 3, &msg), TM_OK);
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 3);
    CHECK_INT(n == 3 ? e[1].model.kind : 0, TM_MODEL_CONSTANT);
    tm_store_entries_free(e, n);
    end();
}

/* Room for one, and two come: the first of them is not there either. */
static void what_was_begun_is_undone_when_the_rest_has_no_room(void)
{
    begin();
    struct tm_model m;
    struct tm_msg msg = {0};
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_model *models = calloc(TM_STORE_MODELS_MAX + 1U, sizeof *models);
    struct tm_store_item *items = calloc(TM_STORE_MODELS_MAX + 1U, sizeof *items);
    tm_model_constant_default(&m);
    CHECK_INT(tm_store_save(db, &m, NULL, 0, &msg), TM_OK);
    CHECK(models && items);
    for (unsigned i = 0; models && items && i <= TM_STORE_MODELS_MAX; i++) {
        models[i] = m;
        (void)snprintf(models[i].name, sizeof models[i].name, "m%04u", i);
        items[i].model = &models[i];
    }
    CHECK_INT(tm_store_save_all(db, items, TM_STORE_MODELS_MAX + 1U, &msg), TM_ERR_LIMIT);
    CHECK(strstr(msg.text, "another file") != NULL);
    CHECK_INT(tm_store_load(db, &e, &n, NULL), TM_OK);
    CHECK_INT(n, 1);
    tm_store_entries_free(e, n);
    free(items);
    free(models);
    end();
}

static const struct check_case cases[] = {
    {"of_several_models_all_are_written_or_none", of_several_models_all_are_written_or_none},
    {"what_was_begun_is_undone_when_the_rest_has_no_room",
     what_was_begun_is_undone_when_the_rest_has_no_room},
};
CHECK_MAIN("several models", cases)
