#include "audit/wf/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/features.h"
#include "audit/features/table.h"
#include "audit/ml/slotnet.h"

#define NONE UINT32_MAX

static bool is_other(const char *name)
{
    return strcmp(name, "-") == 0;
}

/* place[name] = the page's label, alphabetically; sets names and labels. */
static int set_pages(struct tm_wf_sample *s, const struct tm_trace_set *set, uint32_t *place)
{
    for (uint32_t i = 0; i < set->n_names; i++)
        place[i] = NONE;
    for (size_t r = 0; r < set->n; r++) {
        uint32_t c = set->v[r].cls;
        s->n_pages += place[c] == NONE && !is_other(set->names[c]);
        place[c] = 0;
    }
    if (s->n_pages > TM_WF_PAGES_MAX)
        return TM_ERR_LIMIT;
    s->page = calloc(s->n_pages + 1, sizeof *s->page);
    s->visits = calloc(s->n_pages + 1, sizeof *s->visits);
    if (!s->page || !s->visits)
        return TM_ERR_NOMEM;
    for (uint32_t i = 0; i < set->n_names; i++) {
        if (place[i] == NONE)
            continue;
        for (uint32_t k = 0; k < set->n_names; k++)
            place[i] += place[k] != NONE && !is_other(set->names[k]) &&
                        strcmp(set->names[k], set->names[i]) < 0;
        if (is_other(set->names[i]))
            place[i] = s->n_pages;
        else if (!(s->page[place[i]] = strdup(set->names[i])))
            return TM_ERR_NOMEM;
    }
    for (size_t r = 0; r < set->n; r++) {
        s->label[r] = place[set->v[r].cls];
        s->visits[s->label[r]]++;
    }
    return TM_OK;
}

static int fill_features(struct tm_wf_sample *s, enum tm_wf_rows kind, unsigned groups,
                         const struct tm_trace_set *set)
{
    const struct tm_features_cfg cfg = {.groups = groups};
    struct tm_table t = {0};
    int rc = tm_features_columns(&t, &cfg);
    if (rc == TM_OK)
        rc = tm_features_add(&t, &cfg, set);
    if (rc == TM_OK) {
        s->x[kind] = t.x;
        s->d[kind] = t.n_cols;
        t.x = NULL;
    }
    tm_table_deinit(&t);
    return rc;
}

/* Points of a visit that was cut short by repeated bytes do not exist; a support vector machine needs numbers. */
static void fill_gaps(struct tm_wf_sample *s, enum tm_wf_rows kind)
{
    for (size_t i = 0; i < (size_t)s->n * s->d[kind]; i++)
        if (isnan(s->x[kind][i]))
            s->x[kind][i] = 0;
}

static int fill_slots(struct tm_wf_sample *s, const struct tm_trace_set *set)
{
    float *x = calloc((size_t)s->n * TM_SLOTNET_INPUT, sizeof *x);
    if (!x)
        return TM_ERR_NOMEM;
    s->x[TM_WF_TAM] = x;
    s->d[TM_WF_TAM] = TM_SLOTNET_INPUT;
    s->slot_us = TM_TAM_SLOT_US;
    for (size_t r = 0; r < set->n; r++) {
        int64_t wanted = set->v[r].duration_us / TM_SLOTNET_SLOTS + 1;
        s->slot_us = wanted > s->slot_us ? wanted : s->slot_us;
    }
    for (size_t r = 0; r < set->n; r++, x += TM_SLOTNET_INPUT) {
        const struct tm_trace_packet *p = tm_trace_packets(set, &set->v[r]);
        for (uint32_t i = 0; i < set->v[r].n_packets; i++) {
            int64_t slot = p[i].t_us / s->slot_us;
            if (slot < TM_SLOTNET_SLOTS)
                x[slot * TM_SLOTNET_CHANNELS + p[i].dir]++;
        }
        for (uint32_t i = 0; i < TM_SLOTNET_INPUT; i++)
            x[i] = log1pf(x[i]);
    }
    return TM_OK;
}

int tm_wf_sample_of(struct tm_wf_sample *out, const struct tm_trace_set *set)
{
    uint32_t *place = malloc(((size_t)set->n_names + 1) * sizeof *place);
    *out = (struct tm_wf_sample){.n = (uint32_t)set->n,
                                 .label = malloc((set->n + 1) * sizeof *out->label)};
    int rc = place && out->label ? set_pages(out, set, place) : TM_ERR_NOMEM;
    if (rc == TM_OK)
        rc = fill_features(out, TM_WF_KFP, TM_GROUP_SIZES | TM_GROUP_TIMES, set);
    if (rc == TM_OK)
        rc = fill_features(out, TM_WF_CUMUL, TM_GROUP_CUMUL, set);
    if (rc == TM_OK)
        rc = fill_slots(out, set);
    if (rc == TM_OK)
        fill_gaps(out, TM_WF_CUMUL);
    else
        tm_wf_sample_deinit(out);
    free(place);
    return rc;
}

void tm_wf_sample_pick(const struct tm_wf_sample *s, enum tm_wf_rows kind, const uint32_t *pick,
                       uint32_t n, float *x)
{
    size_t d = s->d[kind];
    for (uint32_t i = 0; i < n; i++)
        memcpy(x + i * d, s->x[kind] + pick[i] * d, d * sizeof *x);
}

void tm_wf_sample_deinit(struct tm_wf_sample *s)
{
    for (unsigned k = 0; k < TM_WF_ROWS; k++)
        free(s->x[k]);
    for (uint32_t i = 0; s->page && i < s->n_pages; i++)
        free(s->page[i]);
    free(s->page);
    free(s->label);
    free(s->visits);
    *s = (struct tm_wf_sample){0};
}
