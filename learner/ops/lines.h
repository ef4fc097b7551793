/* learner/ops/lines.h - a sample of a model as lines of JSON: its connections, or a schedule file (doc/SCHEDULE.md).
 *
 * A sample's first line says of what model, seed and path it is; then comes one line a connection:
 *   {"c":0,"user":0,"session":0,"rre":0,"index":0,"open_us":0,"close_us":..,"end_us":..,"up_bytes":..,"down_bytes":..,
 *    "writes":[{"dir":"up","size":517,"ref":-1,"gap_us":0,"first_us":..,"last_us":..},...],"close_gap_us":..}
 * Times are those at the tap (learner/ops/timeline.h). */
#ifndef TM_LEARNER_OPS_LINES_H
#define TM_LEARNER_OPS_LINES_H

#include <stdint.h>

#include "learner/ops/text.h"
#include "learner/ops/timeline.h"
#include "models/model.h"

#define TM_SCHEDULE_FILE_VERSION 1

/* What a sample is of. */
struct tm_sample_head {
    const struct tm_model *model;
    const struct tm_schedfile
        *schedule; /* instead of a model; seed, n_users and pace_us are not used then */
    const char *schedule_name;
    uint64_t seed; /* as given; the 32 bytes come from tm_seed_from_u64 */
    uint32_t n_users;
    uint64_t n_conns;
    int64_t pace_us;
    struct tm_tap_path path;
};

void tm_lines_sample_head(struct tm_text *t, const struct tm_sample_head *h);
void tm_lines_sample_conn(struct tm_text *t, const struct tm_timed_conn *c);

void tm_lines_schedule_head(struct tm_text *t, const struct tm_sample_head *h);
void tm_lines_schedule_conn(struct tm_text *t, const struct tm_timed_conn *c);

/* The members that say how a connection of n_writes closes, each behind a comma; none of a plain one. */
void tm_lines_add_closing(struct tm_text *t, const struct tm_close *c, size_t n_writes);

/* "up", "down"; "origin", "prev", ... as schedule files have them. */
const char *tm_lines_dir_name(uint8_t dir);
const char *tm_lines_open_ref_name(enum tm_open_ref ref);

#endif
