/* Any text as a schedule file: refused with a reason, or every connection in it is played in its turn, and projects to what TLS can
 * carry or is said not to. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "models/gen.h"
#include "tm/core/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All openings of all users, and no more. */
static void open_all(const struct tm_schedfile *f)
{
    struct tm_gen *g = NULL;
    struct tm_open open;
    struct tm_plan plan = {0};
    size_t n = 0;
    if (tm_gen_new_playback(&g, f, TM_PLAYBACK_ONCE) != TM_OK)
        abort();
    for (uint32_t u = 0; u < f->n_users; u++) {
        while (tm_gen_open(g, u, &open)) {
            if (tm_gen_plan(g, u, open.index, &plan) != TM_OK || plan.n_writes == 0)
                abort();
            n++;
        }
    }
    if (n != f->n_conns)
        abort();
    tm_plan_deinit(&plan);
    tm_gen_free(g);
}

static void project(const struct tm_schedfile *f, enum tm_plan_mode mode)
{
    const struct tm_project_cfg cfg = {
        .shape = {.hello_min = 480, .flight_min = 250, .fin_min = 80},
        .prep_us = 2000,
        .plan_mode = mode};
    struct tm_projection p;
    uint32_t line = 0;
    int rc = tm_project_schedule(&p, &line, f, &cfg);
    if (rc == TM_OK && (p.n_conns != f->n_conns || p.n_changed > p.n_writes))
        abort();
    if (rc != TM_OK && (rc != TM_ERR_LIMIT || line == 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_schedfile f = {0};
    struct tm_msg msg = {0};
    int rc = tm_schedfile_read(&f, (const char *)data, size, "fuzz", &msg);
    if ((rc == TM_OK) != (msg.text[0] == '\0') || (rc == TM_OK) != (f.n_conns > 0))
        abort();
    for (size_t i = 0; i < f.n_conns; i++) {
        const struct tm_schedfile_conn *c = &f.conn[i];
        if (!c->is_closed || c->plan.n_writes == 0 || tm_plan_check(&c->plan) != TM_OK ||
            c->user >= f.n_users || c->open.gap_us < 0 ||
            (c->open.index == 0) != (c->open.ref == TM_OPEN_ORIGIN))
            abort();
    }
    if (rc == TM_OK) {
        open_all(&f);
        project(&f, TM_PLAN_SEEDED);
        project(&f, TM_PLAN_EMBEDDED);
    }
    tm_schedfile_deinit(&f);
    return 0;
}
