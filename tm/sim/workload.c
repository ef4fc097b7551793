#include "tm/sim/workload.h"

#include <stdlib.h>
#include <string.h>

#include "tm/base/grow.h"
#include "tm/base/json.h"

enum member { AT, UP, DOWN, MEMBERS };
static const struct {
    const char *name;
    uint64_t max;
} members[MEMBERS] = {[AT] = {"at_us", (uint64_t)TM_WORKLOAD_TIME_MAX},
                      [UP] = {"up_bytes", TM_WORKLOAD_BYTES_MAX},
                      [DOWN] = {"down_bytes", TM_WORKLOAD_BYTES_MAX}};

static int read_members(struct tm_json *j, uint64_t value[MEMBERS])
{
    char key[32];
    unsigned seen = 0;
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        unsigned m = 0;
        while (m < MEMBERS && strcmp(key, members[m].name) != 0)
            m++;
        if (m == MEMBERS)
            return tm_json_fail(j, TM_ERR_FORMAT, "a transfer has no \"%s\"", key);
        if ((seen >> m & 1U) != 0)
            return tm_json_fail(j, TM_ERR_FORMAT, "\"%s\" a second time", key);
        seen |= 1U << m;
        rc = tm_json_number(j, members[m].max, &value[m]);
    }
    for (unsigned m = 0; m < MEMBERS && rc == TM_OK; m++) {
        if ((seen >> m & 1U) == 0)
            return tm_json_fail(j, TM_ERR_FORMAT, "the transfer has no \"%s\"", members[m].name);
    }
    return rc == TM_OK ? tm_json_end(j) : rc;
}

static int add_line(struct tm_workload *w, struct tm_json *j)
{
    uint64_t value[MEMBERS] = {0};
    int rc = read_members(j, value);
    if (rc != TM_OK)
        return rc;
    if (w->n == TM_WORKLOAD_LINES_MAX)
        return tm_json_fail(j, TM_ERR_LIMIT, "more than %u transfers", TM_WORKLOAD_LINES_MAX);
    if (tm_grow(&w->line, &w->cap, w->n, sizeof *w->line) != TM_OK)
        return TM_ERR_NOMEM;
    w->line[w->n++] = (struct tm_workload_line){
        .at_us = (int64_t)value[AT], .up_bytes = value[UP], .down_bytes = value[DOWN]};
    return TM_OK;
}

static bool is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p == end || *p == '#';
}

int tm_workload_read(struct tm_workload *w, const char *text, size_t len, const char *name,
                     struct tm_msg *msg)
{
    const char *at = text, *end = text + len;
    int rc = TM_OK;
    memset(w, 0, sizeof *w);
    for (uint32_t line = 1; rc == TM_OK && at < end; line++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *stop = nl ? nl : end;
        struct tm_json j;
        tm_json_init(&j, at, (size_t)(stop - at), name, msg);
        j.line = line;
        if (!is_blank(at, stop))
            rc = add_line(w, &j);
        at = nl ? nl + 1 : end;
    }
    if (rc == TM_OK && w->n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: no transfer in it", name);
    if (rc != TM_OK)
        tm_workload_deinit(w);
    return rc;
}

void tm_workload_deinit(struct tm_workload *w)
{
    free(w->line);
    memset(w, 0, sizeof *w);
}
