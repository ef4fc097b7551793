/* Any text as exported models: refused with a reason, or every model that comes out can be played and writes to a text that reads as the same
 * models. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learner/ops/model_json.h"
#include "models/gen.h"

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

static void read_again(const struct tm_store_entry *e, size_t n)
{
    struct tm_text t = {0};
    struct tm_text again = {0};
    struct tm_store_entry *got = NULL;
    size_t n_got = 0;
    tm_model_json_write(&t, e, n);
    if (t.is_bad || tm_model_json_read(t.p, t.len, "again", &got, &n_got, NULL) != TM_OK ||
        n_got != n)
        abort();
    tm_model_json_write(&again, got, n_got);
    if (again.is_bad || again.len != t.len || memcmp(again.p, t.p, t.len) != 0)
        abort();
    tm_store_entries_free(got, n_got);
    tm_text_deinit(&t);
    tm_text_deinit(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_msg msg = {0};
    int rc = tm_model_json_read((const char *)data, size, "fuzz", &e, &n, &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0') || (rc != TM_OK && (e || n > 0)))
        abort();
    for (size_t i = 0; i < n; i++)
        play(&e[i].model);
    if (rc == TM_OK)
        read_again(e, n);
    tm_store_entries_free(e, n);
    return 0;
}
