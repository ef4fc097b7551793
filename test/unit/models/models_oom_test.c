/* Every n-th allocation fails in turn: the call says TM_ERR_NOMEM, leaks nothing (LeakSanitizer looks) and
 * leaves what it worked on usable. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "models/gen.h"
#include "models/store/store.h"
#include "test/support/check.h"
#include "test/support/oom.h"
#include "test/unit/models/sample_models.h"

/* Runs `step` with the n-th allocation failing, n = 1, 2, ..., until one run needs fewer; the number of
 * runs that failed. */
static unsigned long fail_each(int (*step)(void))
{
    for (unsigned long n = 1;; n++) {
        oom_fail_after(n);
        int rc = step();
        oom_disable();
        CHECK_INT(rc, oom_hit() ? TM_ERR_NOMEM : TM_OK);
        if (!oom_hit())
            return n - 1;
    }
}

static int fit(void)
{
    uint64_t s[] = {3, 1, 2};
    struct tm_dist d;
    int rc = tm_dist_fit(&d, s, 3);
    if (rc && (d.pt || d.n_points > 0))
        rc = TM_ERR_FORMAT;
    tm_dist_deinit(&d);
    return rc;
}

static int set(void)
{
    static const struct tm_dist_point pt[] = {{1, 1}, {2, 2}};
    struct tm_dist d;
    int rc = tm_dist_set(&d, pt, 2);
    if (rc && (d.pt || d.n_points > 0))
        rc = TM_ERR_FORMAT;
    tm_dist_deinit(&d);
    return rc;
}

static int swing_model(void)
{
    struct tm_model m;
    int rc = sample_swing(&m, "web", 1);
    tm_model_deinit(&m);
    return rc;
}

/* A plan that could not grow still holds what it had. */
static int grow_plan(void)
{
    struct tm_plan p = {0};
    int rc = TM_OK;
    for (unsigned i = 0; rc == TM_OK && i < 3000; i++) {
        rc = tm_plan_add(&p, (struct tm_write){.size = i + 1, .dir = TM_UP});
        if (rc && p.n_writes != i)
            rc = TM_ERR_FORMAT;
    }
    for (size_t i = 0; i < p.n_writes; i++) {
        if (p.w[i].size != i + 1)
            rc = TM_ERR_FORMAT;
    }
    tm_plan_deinit(&p);
    return rc;
}

/* After a failure the same plan comes at the next try. */
static int generate(void)
{
    struct tm_model m;
    struct tm_gen *g = NULL;
    struct tm_plan p = {0};
    struct tm_plan q = {0};
    int rc = sample_swing(&m, "web", 1);
    struct tm_gen_cfg cfg = {.model = &m, .n_users = 2};
    if (rc == TM_OK)
        rc = tm_gen_new(&g, &cfg);
    for (uint64_t i = 0; rc == TM_OK && i < 20; i++) {
        rc = tm_gen_plan(g, 1, i, &p);
        if (rc == TM_OK)
            continue;
        if (tm_gen_plan(g, 1, i, &p) != TM_OK || tm_gen_plan(g, 1, i, &q) != TM_OK ||
            p.n_writes != q.n_writes || memcmp(p.w, q.w, p.n_writes * sizeof *p.w) != 0)
            rc = TM_ERR_FORMAT;
    }
    tm_plan_deinit(&p);
    tm_plan_deinit(&q);
    tm_gen_free(g);
    tm_model_deinit(&m);
    return rc;
}

static char db[96];

static int load(void)
{
    struct tm_model m;
    struct tm_msg msg = {0};
    int rc = tm_store_load_model(db, "web", &m, &msg);
    if (rc && (m.kind != 0 || strlen(msg.text) == 0))
        rc = TM_ERR_FORMAT;
    tm_model_deinit(&m);
    return rc;
}

/* Saves with what was allocated beforehand. */
static int save(void)
{
    struct tm_model m;
    struct tm_msg msg = {0};
    tm_model_constant_default(&m);
    int rc = tm_store_save(db, &m, sample_prov, 3, &msg);
    if (rc && strlen(msg.text) == 0)
        rc = TM_ERR_FORMAT;
    return rc;
}

static void dist_survives_every_failed_allocation(void)
{
    CHECK_INT(fail_each(fit), 2);
    CHECK_INT(fail_each(set), 1);
}

static void model_survives_every_failed_allocation(void)
{
    CHECK_INT(fail_each(swing_model), 6);
}

static void plan_survives_every_failed_allocation(void)
{
    CHECK_INT(fail_each(grow_plan), 9); /* 16 * 2^8 writes */
}

static void generator_survives_every_failed_allocation(void)
{
    CHECK(fail_each(generate) > 5 + 1);
}

/* sqlite's allocations: its own methods with a counter before them. */
static sqlite3_mem_methods sqlite_mem;

static void *counted_malloc(int n)
{
    return oom_count() ? NULL : sqlite_mem.xMalloc(n);
}

static void *counted_realloc(void *old, int n)
{
    return oom_count() ? NULL : sqlite_mem.xRealloc(old, n);
}

static void store_survives_every_failed_allocation(void)
{
    char dir[64];
    struct tm_model m;
    make_temp_dir(dir);
    (void)snprintf(db, sizeof db, "%s/models.db", dir);
    CHECK_INT(sample_swing(&m, "web", 1), TM_OK);
    CHECK_INT(tm_store_save(db, &m, sample_prov, 3, NULL), TM_OK);
    tm_model_deinit(&m);
    CHECK(fail_each(load) > 10);
    drop_temp_dir(dir);
}

/* sqlite goes on after some failures, so the outcome may be TM_OK. */
static void store_survives_every_failed_allocation_of_sqlite(void)
{
    char dir[64];
    struct tm_model m;
    CHECK_INT(sqlite3_shutdown(), SQLITE_OK);
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_mem), SQLITE_OK);
    sqlite3_mem_methods counted = sqlite_mem;
    counted.xMalloc = counted_malloc;
    counted.xRealloc = counted_realloc;
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_MALLOC, &counted), SQLITE_OK);
    CHECK_INT(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
    make_temp_dir(dir);
    (void)snprintf(db, sizeof db, "%s/models.db", dir);
    CHECK_INT(sample_swing(&m, "web", 1), TM_OK);
    CHECK_INT(tm_store_save(db, &m, sample_prov, 3, NULL), TM_OK);
    tm_model_deinit(&m);
    int (*const steps[])(void) = {load, save};
    for (size_t k = 0; k < 2; k++) {
        unsigned long n_nomem = 0;
        for (unsigned long n = 1;; n++) {
            oom_fail_after(n);
            int rc = steps[k]();
            oom_disable();
            if (rc != TM_OK)
                CHECK_INT(rc, TM_ERR_NOMEM);
            n_nomem += rc == TM_ERR_NOMEM;
            if (!oom_hit())
                break;
            if (k == 1)
                CHECK_INT(load(), TM_OK); /* the file stayed whole */
        }
        CHECK(n_nomem > 50);
    }
    drop_temp_dir(dir);
    (void)sqlite3_shutdown();
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &sqlite_mem);
}

static const struct check_case cases[] = {
    {"dist_survives_every_failed_allocation", dist_survives_every_failed_allocation},
    {"model_survives_every_failed_allocation", model_survives_every_failed_allocation},
    {"plan_survives_every_failed_allocation", plan_survives_every_failed_allocation},
    {"generator_survives_every_failed_allocation", generator_survives_every_failed_allocation},
    {"store_survives_every_failed_allocation", store_survives_every_failed_allocation},
    {"store_survives_every_failed_allocation_of_sqlite",
     store_survives_every_failed_allocation_of_sqlite},
};

CHECK_MAIN("models_oom", cases)
