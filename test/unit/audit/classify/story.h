/* test/unit/audit/classify/story.h - connections of made-up protocols as rows of the poster's features. */
#ifndef TM_TEST_AUDIT_CLASSIFY_STORY_H
#define TM_TEST_AUDIT_CLASSIFY_STORY_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/features/table.h"
#include "test/support/check.h"
#include "test/unit/audit/ml/draw.h"

enum { STORY_COLS = 5, STORY_PER_SESSION = 8 };

static inline void story_begin(struct tm_table *t)
{
    static const char *const NAMES[STORY_COLS] = {"pkt_up_mean", "pkt_down_mean", "bytes_up",
                                                  "bytes_down", "duration_ms"};
    struct tm_column cols[STORY_COLS] = {{"", 0}};
    for (int j = 0; j < STORY_COLS; j++) {
        (void)snprintf(cols[j].name, sizeof cols[j].name, "%s", NAMES[j]);
        cols[j].groups = TM_GROUP_POSTER;
    }
    *t = (struct tm_table){0};
    CHECK_INT(tm_table_init(t, cols, STORY_COLS), TM_OK);
}

struct story_protocol {
    double mean[STORY_COLS]; /* of a session's typical connection */
    double between, within;  /* relative spread of sessions, and of the connections of one */
};

static const struct story_protocol STORY_MAIL = {{180, 60, 9000, 900, 1500}, 0.3, 0.15};
static const struct story_protocol STORY_WEB = {{250, 1200, 2500, 60000, 4000}, 0.3, 0.2};
static const struct story_protocol STORY_SHELL = {{60, 90, 4000, 9000, 60000}, 0.3, 0.15};
/* 1448 bytes every 500 ms both ways, ten times a connection: as TrafficMimic's constant model. */
static const struct story_protocol STORY_CONSTANT = {{1448, 1448, 14480, 14480, 4500}, 0, 0.002};

/* n_sessions sessions of one protocol under the class's name. */
static inline void story_add(struct tm_table *t, const char *cls, const struct story_protocol *p,
                             uint32_t n_sessions, struct tm_rng *r)
{
    for (uint32_t s = 0; s < n_sessions; s++) {
        double own[STORY_COLS];
        char name[64];
        struct tm_row row = {0};
        (void)snprintf(name, sizeof name, "%s-%u", cls, s);
        CHECK_INT(tm_table_name(t, cls, &row.cls), TM_OK);
        CHECK_INT(tm_table_name(t, name, &row.session), TM_OK);
        for (int j = 0; j < STORY_COLS; j++)
            own[j] = p->mean[j] * exp(p->between * draw_normal(r));
        for (uint32_t i = 0; i < STORY_PER_SESSION; i++) {
            float *x = NULL;
            CHECK_INT(tm_table_add(t, &row, &x), TM_OK);
            for (int j = 0; x && j < STORY_COLS; j++)
                x[j] = (float)(own[j] * exp(p->within * draw_normal(r)));
        }
    }
}

#endif
