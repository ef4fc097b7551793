/* tm/app/schedule.c - see schedule.h. */
#include "tm/app/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/log.h"

#define FIRST_CAP ((size_t)1 << 16)

/* All of an open file, in memory of the caller's. */
static int read_all(FILE *f, const char *path, char **text, size_t *len, struct tm_msg *msg)
{
    size_t cap = FIRST_CAP;
    char *p = malloc(cap);
    *text = NULL;
    *len = 0;
    while (p != NULL) {
        *len += fread(p + *len, 1, cap - *len, f);
        if (*len < cap)
            break;
        if (cap >= TM_SCHEDULE_FILE_MAX) {
            free(p);
            return tm_msg_set(msg, TM_ERR_LIMIT, "%s is larger than %zu bytes", path,
                              TM_SCHEDULE_FILE_MAX);
        }
        cap *= 2;
        char *bigger = realloc(p, cap);
        if (bigger == NULL)
            free(p);
        p = bigger;
    }
    if (p == NULL)
        return tm_msg_set(msg, TM_ERR_NOMEM, "out of memory");
    if (ferror(f) != 0) {
        free(p);
        return tm_msg_set(msg, TM_ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    }
    *text = p;
    return TM_OK;
}

int tm_app_schedule_load(struct tm_schedfile *f, const char *path, struct tm_msg *msg)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return tm_msg_set(msg, TM_ERR_IO, "%s cannot be read: %s", path, strerror(errno));
    int rc = read_all(file, path, &text, &len, msg);
    (void)fclose(file);
    if (rc == TM_OK)
        rc = tm_schedfile_read(f, text, len, path, msg);
    free(text);
    return rc;
}

/* Appends ", N words" when n is not 0; the first one after ": ". */
static void add(char out[TM_SCHEDULE_TEXT_MAX], size_t *len, uint64_t n, const char *words)
{
    if (n == 0 || *len >= TM_SCHEDULE_TEXT_MAX)
        return;
    const char *before = strchr(out, ':') == NULL ? ": " : ", ";
    int k = snprintf(out + *len, TM_SCHEDULE_TEXT_MAX - *len, "%s%" PRIu64 " %s", before, n, words);
    *len += k > 0 ? (size_t)k : 0;
}

void tm_app_schedule_text(char out[TM_SCHEDULE_TEXT_MAX], const struct tm_projection *p)
{
    if (p->n_changed + p->n_added == 0) {
        (void)snprintf(out, TM_SCHEDULE_TEXT_MAX,
                       "all %" PRIu64 " writes of %" PRIu64
                       " connections can be carried as they are",
                       p->n_writes, p->n_conns);
        return;
    }
    int n = snprintf(out, TM_SCHEDULE_TEXT_MAX,
                     "%" PRIu64 " of %" PRIu64 " writes cannot be carried as they are",
                     p->n_changed, p->n_writes);
    size_t len = n > 0 ? (size_t)n : 0;
    add(out, &len, p->n_joined, "are ClientHellos in pieces, sent as one");
    add(out, &len, p->n_resized, "are of a size that TLS cannot make there");
    add(out, &len, p->n_grown, "grow to carry the plan of what follows");
    add(out, &len, p->n_delayed,
        "answer sooner than a buffer is prepared (--prep), and wait for it");
    add(out, &len, p->n_moved, "wait for a write that TLS sends before them");
    add(out, &len, p->n_added, "come in addition");
    if (len < TM_SCHEDULE_TEXT_MAX)
        (void)snprintf(out + len, TM_SCHEDULE_TEXT_MAX - len,
                       "; %" PRIu64 " bytes instead of %" PRIu64 "; the first connection that "
                       "differs opens in line %" PRIu32,
                       p->bytes[1], p->bytes[0], p->first_line);
}

int tm_app_schedule_project(const struct tm_schedfile *f, const char *path,
                            const struct tm_project_cfg *cfg, bool is_strict, struct tm_msg *msg)
{
    struct tm_projection p = {0};
    char text[TM_SCHEDULE_TEXT_MAX];
    uint32_t line = 0;
    int rc = tm_project_schedule(&p, &line, f, cfg);
    if (rc == TM_ERR_LIMIT)
        return tm_msg_set(msg, rc,
                          "%s:%u: the client's writes on this connection are too small or too many "
                          "to carry its plan; give the server the file too, and use --plan seeded",
                          path, line);
    if (rc != TM_OK)
        return tm_msg_set(msg, rc, "%s: %s", path, tm_strerror(rc));
    tm_app_schedule_text(text, &p);
    bool is_changed = p.n_changed + p.n_added > 0;
    if (is_strict && is_changed)
        return tm_msg_set(msg, TM_ERR_RANGE, "--strict: %s: %.400s", path, text);
    tm_log(is_changed ? TM_LOG_WARN : TM_LOG_INFO, "%s: %s", path, text);
    return TM_OK;
}
