/* Any bytes as a model database: refused, or every model that comes out can be played. */
#include <stdint.h>
#include <stdlib.h>

#include "models/gen.h"
#include "models/store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void play(const struct tm_model *m)
{
    struct tm_gen *g = NULL;
    struct tm_open open;
    struct tm_plan plan = {0};
    struct tm_gen_cfg cfg = {.model = m, .n_users = 1};
    if (tm_gen_new(&g, &cfg) != TM_OK)
        abort();
    tm_gen_open(g, 0, &open);
    if (tm_gen_plan(g, 0, open.index, &plan) != TM_OK || tm_plan_check(&plan) != TM_OK)
        abort();
    tm_plan_deinit(&plan);
    tm_gen_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_msg msg = {0};
    int rc = tm_store_load_memory(data, size, "fuzz", &e, &n, &msg);
    if (rc != TM_OK && (e || n > 0 || msg.text[0] == 0))
        abort();
    for (size_t i = 0; i < n; i++)
        play(&e[i].model);
    tm_store_entries_free(e, n);
    return 0;
}
