#include "audit/prove/trial.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/json.h"

#define VERSION 1

/* One line: every member that any kind of line has. */
struct line {
    char t[16], phase[16], interface[64], text[400], server[TM_ENDPOINT_TEXT_LEN], model[300],
        kind[16];
    uint64_t v, users, from, to, at, up, down, sent, exact, missed, others, dropped;
    bool payload_independent, on, in_control;
};

enum type { TEXT, NUMBER, TRUTH };
struct member {
    const char *name;
    enum type type;
    size_t at, size;
};
#define MEMBER(name, type)                                                                         \
    {                                                                                              \
#name, type, offsetof(struct line, name), sizeof(((struct line *)0)->name)                 \
    }
static const struct member MEMBERS[] = {
    MEMBER(t, TEXT),         MEMBER(phase, TEXT),       MEMBER(text, TEXT),
    MEMBER(server, TEXT),    MEMBER(model, TEXT),       MEMBER(kind, TEXT),
    MEMBER(v, NUMBER),       MEMBER(users, NUMBER),     MEMBER(from, NUMBER),
    MEMBER(to, NUMBER),      MEMBER(at, NUMBER),        MEMBER(up, NUMBER),
    MEMBER(down, NUMBER),    MEMBER(sent, NUMBER),      MEMBER(exact, NUMBER),
    MEMBER(missed, NUMBER),  MEMBER(others, NUMBER),    MEMBER(payload_independent, TRUTH),
    MEMBER(on, TRUTH),       MEMBER(in_control, TRUTH), MEMBER(interface, TEXT),
    MEMBER(dropped, NUMBER),
};

const char *tm_trial_phase_name(enum tm_trial_phase_kind phase)
{
    return phase == TM_TRIAL_MODEL ? "model" : "control";
}

/* true or false: a sound value that ends so. */
static int read_truth(struct tm_json *j, bool *out)
{
    int rc = tm_json_skip(j);
    if (rc != TM_OK)
        return rc;
    *out = memcmp(j->at - 4, "true", 4) == 0; /* a member's name stands before it */
    if (!*out && memcmp(j->at - 5, "false", 5) != 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "true or false is wanted here");
    return TM_OK;
}

static int read_member(struct tm_json *j, struct line *line, const char *name)
{
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
        const struct member *m = &MEMBERS[i];
        char *at = (char *)line + m->at;
        uint64_t v = 0;
        bool is_true = false;
        int rc = TM_OK;
        if (strcmp(m->name, name) != 0)
            continue;
        switch (m->type) {
        case TEXT:
            return tm_json_string(j, at, m->size);
        case NUMBER:
            rc = tm_json_number(j, (uint64_t)TM_TRIAL_TIME_MAX, &v);
            memcpy(at, &v, sizeof v);
            return rc;
        case TRUTH:
            rc = read_truth(j, &is_true);
            memcpy(at, &is_true, sizeof is_true);
            return rc;
        }
    }
    return tm_json_skip(j);
}

static int take_head(struct tm_trial *t, const struct line *l, struct tm_json *j)
{
    if (l->v != VERSION)
        return tm_json_fail(j, TM_ERR_UNSUPPORTED, "version %" PRIu64 ": another release wrote it",
                            l->v);
    if (t->server_text[0] != '\0' || !tm_endpoint_parse(&t->server, l->server))
        return tm_json_fail(j, TM_ERR_FORMAT, "no ADDR:PORT of a server, or a second head");
    memcpy(t->server_text, l->server, sizeof t->server_text);
    memcpy(t->model, l->model, sizeof t->model);
    memcpy(t->kind, l->kind, sizeof t->kind);
    t->n_users = l->users;
    t->is_payload_independent = l->payload_independent;
    return TM_OK;
}

static int take_slot(struct tm_trial_phase *p, const struct line *l, struct tm_json *j)
{
    int64_t after_us = p->n_slots > 0 ? p->slots[p->n_slots - 1].to_us : 0;
    if (p->n_slots == TM_TRIAL_SLOTS_MAX)
        return tm_json_fail(j, TM_ERR_LIMIT, "more than %u slots", TM_TRIAL_SLOTS_MAX);
    if ((int64_t)l->from < after_us || l->to <= l->from)
        return tm_json_fail(j, TM_ERR_FORMAT, "slots that are not one after the other");
    p->slots[p->n_slots++] = (struct tm_trial_slot){
        (int64_t)l->from, (int64_t)l->to, l->on, {[TM_UP] = l->up, [TM_DOWN] = l->down}};
    return TM_OK;
}

static int take_count(struct tm_trial_phase *p, const struct line *l, struct tm_json *j)
{
    const struct tm_trial_count *last = p->n_counts > 0 ? &p->counts[p->n_counts - 1] : NULL;
    if (p->counts == NULL)
        p->counts = calloc(TM_TRIAL_COUNTS_MAX, sizeof *p->counts);
    if (p->counts == NULL)
        return tm_json_fail(j, TM_ERR_NOMEM, "out of memory");
    if (p->n_counts == TM_TRIAL_COUNTS_MAX)
        return tm_json_fail(j, TM_ERR_LIMIT, "more than %u counts", TM_TRIAL_COUNTS_MAX);
    if (last != NULL && ((int64_t)l->at <= last->at_us || l->up < last->bytes[TM_UP] ||
                         l->down < last->bytes[TM_DOWN]))
        return tm_json_fail(j, TM_ERR_FORMAT, "counts that go back");
    p->counts[p->n_counts++] =
        (struct tm_trial_count){(int64_t)l->at, {[TM_UP] = l->up, [TM_DOWN] = l->down}};
    return TM_OK;
}

static int take_line(struct tm_trial *t, const struct line *l, struct tm_json *j)
{
    if (strcmp(l->t, "trial") == 0)
        return take_head(t, l, j);
    if (t->server_text[0] == '\0')
        return tm_json_fail(j, TM_ERR_FORMAT, "the head is wanted first");
    if (strcmp(l->t, "note") == 0) {
        memcpy(t->note, l->text, sizeof t->note);
        return TM_OK;
    }
    if (strcmp(l->t, "capture") == 0) {
        memcpy(t->interface, l->interface, sizeof t->interface);
        t->n_dropped = l->dropped;
        return TM_OK;
    }
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++) {
        struct tm_trial_phase *p = &t->phase[k];
        if (strcmp(l->phase, tm_trial_phase_name((enum tm_trial_phase_kind)k)) != 0)
            continue;
        if (strcmp(l->t, "slot") == 0)
            return take_slot(p, l, j);
        if (strcmp(l->t, "count") == 0)
            return take_count(p, l, j);
        if (strcmp(l->t, "kept") != 0)
            break;
        p->has_kept = true;
        p->is_in_control = l->in_control;
        p->n_sent = l->sent;
        p->n_exact = l->exact;
        p->n_missed = l->missed;
        p->n_others = l->others;
        return TM_OK;
    }
    return tm_json_fail(j, TM_ERR_FORMAT, "no line of a trial");
}

static int read_line(struct tm_trial *t, struct tm_json *j)
{
    struct line line = {0};
    char name[32];
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, name, sizeof name)) == 1)
        rc = read_member(j, &line, name);
    return rc == TM_OK ? take_line(t, &line, j) : rc;
}

int tm_trial_read(struct tm_trial *t, const char *text, size_t len, const char *name,
                  struct tm_msg *msg)
{
    struct tm_json j;
    int rc = TM_OK;
    uint32_t number = 1;
    *t = (struct tm_trial){0};
    for (size_t at = 0; rc == TM_OK && at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - (text + at)) : len - at;
        tm_json_init(&j, text + at, n, name, msg);
        j.line = number++;
        if (n > 0)
            rc = read_line(t, &j);
        if (n > 0 && rc == TM_OK)
            rc = tm_json_end(&j);
        at += n + 1;
    }
    if (rc == TM_OK && t->server_text[0] == '\0')
        rc = tm_msg_set(msg, TM_ERR_FORMAT, "%s: no trial's log", name);
    if (rc != TM_OK)
        tm_trial_deinit(t);
    return rc;
}

void tm_trial_deinit(struct tm_trial *t)
{
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++)
        free(t->phase[k].counts);
    *t = (struct tm_trial){0};
}
