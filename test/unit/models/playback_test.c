#include "models/playback.h"

#include <stdio.h>
#include <string.h>

#include "models/gen.h"
#include "test/support/check.h"

/* Users 0 and 2; user 1 does nothing. */
static const char TEXT[] =
    "{\"t\":\"schedule\",\"v\":1}\n"
    "{\"t\":\"open\",\"c\":0,\"user\":0,\"ref\":\"origin\",\"gap\":7}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":0,\"dir\":\"up\",\"size\":517,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"data\",\"c\":0,\"i\":1,\"dir\":\"down\",\"size\":4000,\"ref\":0,\"gap\":30}\n"
    "{\"t\":\"close\",\"c\":0,\"gap\":5}\n"
    "{\"t\":\"open\",\"c\":1,\"user\":2,\"ref\":\"origin\",\"gap\":9}\n"
    "{\"t\":\"data\",\"c\":1,\"i\":0,\"dir\":\"down\",\"size\":80,\"ref\":-1,\"gap\":1}\n"
    "{\"t\":\"close\",\"c\":1,\"gap\":0}\n"
    "{\"t\":\"open\",\"c\":2,\"user\":0,\"ref\":\"prev\",\"gap\":11}\n"
    "{\"t\":\"data\",\"c\":2,\"i\":0,\"dir\":\"up\",\"size\":600,\"ref\":-1,\"gap\":0}\n"
    "{\"t\":\"close\",\"c\":2,\"gap\":2}\n";

static struct tm_gen *play(struct tm_schedfile *f, enum tm_playback_end at_end)
{
    struct tm_msg msg;
    struct tm_gen *g = NULL;
    *f = (struct tm_schedfile){0};
    CHECK_INT(tm_schedfile_read(f, TEXT, sizeof TEXT - 1, "x", &msg), TM_OK);
    CHECK_INT(tm_gen_new_playback(&g, f, at_end), TM_OK);
    return g;
}

static void expect_open(struct tm_gen *g, uint32_t user, uint64_t index, enum tm_open_ref ref,
                        int64_t gap_us)
{
    struct tm_open o = {0};
    CHECK(tm_gen_open(g, user, &o));
    CHECK_INT(o.index, index);
    CHECK_INT(o.ref, ref);
    CHECK_INT(o.gap_us, gap_us);
}

static void each_user_opens_what_the_file_says_and_then_no_more(void)
{
    struct tm_schedfile f;
    struct tm_gen *g = play(&f, TM_PLAYBACK_ONCE);
    struct tm_open o = {.index = 77};
    expect_open(g, 0, 0, TM_OPEN_ORIGIN, 7);
    expect_open(g, 2, 0, TM_OPEN_ORIGIN, 9);
    expect_open(g, 0, 1, TM_OPEN_PREV, 11);
    for (uint32_t u = 0; u < 3; u++)
        CHECK(!tm_gen_open(g, u, &o));
    CHECK_INT(o.index, 77);
    tm_gen_free(g);
    tm_schedfile_deinit(&f);
}

static void a_plan_is_the_files_own_in_any_order(void)
{
    struct tm_schedfile f;
    struct tm_gen *g = play(&f, TM_PLAYBACK_ONCE);
    struct tm_plan p = {0};
    static const struct {
        uint32_t user;
        uint64_t index;
        unsigned conn;
    } want[] = {{0, 1, 2}, {2, 0, 1}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const struct tm_plan *file = &f.conn[want[i].conn].plan;
        CHECK_INT(tm_gen_plan(g, want[i].user, want[i].index, &p), TM_OK);
        CHECK_INT(p.n_writes, file->n_writes);
        CHECK_INT(p.close_gap_us, file->close_gap_us);
        CHECK_MEM(p.w, file->w, p.n_writes * sizeof *p.w);
    }
    CHECK_INT(tm_gen_plan(g, 0, 2, &p), TM_ERR_RANGE);
    CHECK_INT(tm_gen_plan(g, 1, 0, &p), TM_ERR_RANGE);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_schedfile_deinit(&f);
}

static void played_again_the_first_waits_for_the_end_of_the_last(void)
{
    struct tm_schedfile f;
    struct tm_gen *g = play(&f, TM_PLAYBACK_AGAIN);
    struct tm_plan p = {0};
    struct tm_open o;
    expect_open(g, 0, 0, TM_OPEN_ORIGIN, 7);
    expect_open(g, 0, 1, TM_OPEN_PREV, 11);
    expect_open(g, 0, 2, TM_OPEN_ENDED, 7);
    expect_open(g, 0, 3, TM_OPEN_PREV, 11);
    CHECK(!tm_gen_open(g, 1, &o)); /* who does nothing does it again */
    CHECK_INT(tm_gen_plan(g, 0, 1000001, &p), TM_OK);
    CHECK_INT(p.w[0].size, 600);
    tm_plan_deinit(&p);
    tm_gen_free(g);
    tm_schedfile_deinit(&f);
}

static void without_users_there_is_no_playback(void)
{
    const struct tm_schedfile none = {0};
    struct tm_gen *g = NULL;
    CHECK_INT(tm_gen_new_playback(&g, &none, TM_PLAYBACK_ONCE), TM_ERR_RANGE);
    CHECK(g == NULL);
}

static void the_digest_covers_what_is_played_and_nothing_else(void)
{
    static const char *const change[][2] = {
        {"\"size\":4000", "\"size\":4001"},
        {"\"gap\":30", "\"gap\":31"},
        {"\"dir\":\"down\",\"size\":80", "\"dir\":\"up\",\"size\":80"},
        {"\"gap\":9", "\"gap\":8"},
        {"\"prev\"", "\"over\""},
        {"\"gap\":5", "\"gap\":6"},
        {"\"prev\"", "\"ended\""},
        {"\"user\":2", "\"user\":3"},
        {"\"ref\":0", "\"ref\":-1"},
    };
    uint8_t first[TM_DIGEST_LEN], other[TM_DIGEST_LEN];
    char text[sizeof TEXT + 64];
    struct tm_schedfile f = {0};
    CHECK_INT(tm_schedfile_read(&f, TEXT, sizeof TEXT - 1, "x", NULL), TM_OK);
    tm_schedfile_digest(&f, first);
    tm_schedfile_deinit(&f);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        const char *at = strstr(TEXT, change[i][0]);
        CHECK(at != NULL);
        size_t before = (size_t)(at - TEXT);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)before, TEXT, change[i][1],
                       at + strlen(change[i][0]));
        CHECK_INT(tm_schedfile_read(&f, text, strlen(text), "x", NULL), TM_OK);
        tm_schedfile_digest(&f, other);
        CHECK(memcmp(first, other, sizeof first) != 0);
        tm_schedfile_deinit(&f);
    }
    (void)snprintf(text, sizeof text, "# note\n%s\n", TEXT);
    CHECK_INT(tm_schedfile_read(&f, text, strlen(text), "x", NULL), TM_OK);
    tm_schedfile_digest(&f, other);
    CHECK_MEM(first, other, sizeof first);
    tm_schedfile_deinit(&f);
}

static const struct check_case cases[] = {
    {"each_user_opens_what_the_file_says_and_then_no_more",
     each_user_opens_what_the_file_says_and_then_no_more},
    {"a_plan_is_the_files_own_in_any_order", a_plan_is_the_files_own_in_any_order},
    {"played_again_the_first_waits_for_the_end_of_the_last",
     played_again_the_first_waits_for_the_end_of_the_last},
    {"without_users_there_is_no_playback", without_users_there_is_no_playback},
    {"the_digest_covers_what_is_played_and_nothing_else",
     the_digest_covers_what_is_played_and_nothing_else},
};
CHECK_MAIN("playback", cases)
