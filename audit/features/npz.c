#include "audit/features/npz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/features_impl.h"
#include "audit/features/zip.h"

#define IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
#define NONE      INT64_MAX

/* The member "NAME.npy" with its header; the caller writes the elements. */
static void start_array(struct tm_zip *z, const char *name, const char *type, const char *shape)
{
    char member[TM_ZIP_NAME_LEN];
    char dict[256];
    uint8_t head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    (void)snprintf(member, sizeof member, "%s.npy", name);
    int n =
        snprintf(dict, sizeof dict, "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }",
                 IS_LITTLE ? '<' : '>', type, shape);
    TM_ASSERT(n > 0 && (size_t)n < sizeof dict - 65);
    size_t len = (size_t)n;
    while ((sizeof head + len + 1) % 64 != 0) /* the elements begin at a multiple of 64 */
        dict[len++] = ' ';
    dict[len++] = '\n';
    head[8] = (uint8_t)len;
    head[9] = (uint8_t)(len >> 8);
    tm_zip_member(z, member);
    tm_zip_data(z, head, sizeof head);
    tm_zip_data(z, dict, len);
}

static void start_numbers(struct tm_zip *z, const char *name, const char *type, size_t n,
                          const char *rest)
{
    char shape[64];
    (void)snprintf(shape, sizeof shape, "%zu,%s", n, rest);
    start_array(z, name, type, shape);
}

static int write_sequences(struct tm_zip *z, const struct tm_trace_set *set,
                           const struct tm_npz_cfg *cfg)
{
    char rest[24];
    double *x = calloc(cfg->max_len, sizeof *x);
    if (!x)
        return TM_ERR_NOMEM;
    (void)snprintf(rest, sizeof rest, " %u", cfg->max_len);
    start_numbers(z, "X", "f8", set->n, rest);
    for (size_t r = 0; r < set->n && z->rc == TM_OK; r++) {
        const struct tm_trace *t = &set->v[r];
        struct tm_features_view v = {
            .t = t, .p = tm_trace_packets(set, t), .n = t->n_packets, .floor_us = cfg->floor_us};
        memset(x, 0, cfg->max_len * sizeof *x);
        for (uint32_t i = 0; i < v.n && i < cfg->max_len; i++) {
            int64_t at = tm_features_at_us(&v, i);
            double s = (double)(at > 0 ? at : 1) / 1e6;
            x[i] = v.p[i].dir == TM_UP ? s : -s;
        }
        tm_zip_data(z, x, cfg->max_len * sizeof *x);
    }
    free(x);
    return TM_OK;
}

static int write_matrices(struct tm_zip *z, const struct tm_trace_set *set,
                          const struct tm_npz_cfg *cfg)
{
    const struct tm_features_cfg features = {.groups = TM_GROUP_TAM, .floor_us = cfg->floor_us};
    char rest[24];
    float x[2 * TM_TAM_SLOTS];
    (void)snprintf(rest, sizeof rest, " 2, %u", TM_TAM_SLOTS);
    start_numbers(z, "X", "f4", set->n, rest);
    for (size_t r = 0; r < set->n && z->rc == TM_OK; r++) {
        int rc = tm_features_of(x, &features, &set->v[r], tm_trace_packets(set, &set->v[r]));
        if (rc != TM_OK)
            return rc;
        tm_zip_data(z, x, sizeof x);
    }
    return TM_OK;
}

/* What of a connection goes into an array of whole numbers. */
enum what { SESSION, LOAD, CLASS };

static void write_whole(struct tm_zip *z, const char *name, const struct tm_trace_set *set,
                        enum what what, const int64_t *place)
{
    start_numbers(z, name, "i8", set->n, "");
    for (size_t r = 0; r < set->n; r++) {
        const struct tm_trace *t = &set->v[r];
        int64_t v = what == LOAD ? t->load : place[what == CLASS ? t->cls : t->session];
        tm_zip_data(z, &v, sizeof v);
    }
}

/* place[name] = where the name stands among those used as classes, alphabetically. */
static int64_t rank_classes(const struct tm_trace_set *set, int64_t *place)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < set->n_names; i++)
        place[i] = NONE;
    for (size_t r = 0; r < set->n; r++)
        place[set->v[r].cls] = 0;
    for (uint32_t i = 0; i < set->n_names; i++) {
        if (place[i] == NONE)
            continue;
        n++;
        for (uint32_t k = 0; k < set->n_names; k++)
            place[i] += place[k] != NONE && strcmp(set->names[k], set->names[i]) < 0;
    }
    return n;
}

/* place[name] = number of the session, in order of appearance. */
static void rank_sessions(const struct tm_trace_set *set, int64_t *place)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < set->n_names; i++)
        place[i] = NONE;
    for (size_t r = 0; r < set->n; r++) {
        if (place[set->v[r].session] == NONE)
            place[set->v[r].session] = n++;
    }
}

/* Bytes as code points: a name that is not ASCII comes out as its UTF-8 bytes. */
static void write_classes(struct tm_zip *z, const struct tm_trace_set *set, const int64_t *place,
                          int64_t n)
{
    char type[24];
    size_t width = 1;
    for (uint32_t i = 0; i < set->n_names; i++) {
        if (place[i] != NONE && strlen(set->names[i]) > width)
            width = strlen(set->names[i]);
    }
    (void)snprintf(type, sizeof type, "U%zu", width);
    start_numbers(z, "classes", type, (size_t)n, "");
    for (int64_t k = 0; k < n; k++) {
        for (uint32_t i = 0; i < set->n_names; i++) {
            size_t len = place[i] == k ? strlen(set->names[i]) : 0;
            for (size_t c = 0; place[i] == k && c < width; c++) {
                uint32_t point = c < len ? (uint8_t)set->names[i][c] : 0;
                tm_zip_data(z, &point, sizeof point);
            }
        }
    }
}

int tm_npz_write(const struct tm_trace_set *set, const struct tm_npz_cfg *cfg, FILE *out)
{
    struct tm_zip z;
    int64_t *place = malloc(((size_t)set->n_names + 1) * sizeof *place);
    if (!place)
        return TM_ERR_NOMEM;
    tm_zip_start(&z, out);
    int rc = (cfg->kind == TM_NPZ_TAM ? write_matrices : write_sequences)(&z, set, cfg);
    if (rc == TM_OK) {
        int64_t n = rank_classes(set, place);
        write_whole(&z, "y", set, CLASS, place);
        write_classes(&z, set, place, n);
        rank_sessions(set, place);
        write_whole(&z, "session", set, SESSION, place);
        write_whole(&z, "load", set, LOAD, place);
        rc = tm_zip_end(&z);
    }
    free(place);
    return rc;
}
