#include "test/unit/models/sample_models.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char key_tool[] = "tool";
static char value_tool[] = "tm-learn 0.1.0";
static char key_gap[] = "rre_gap_us";
static char value_gap[] = "2000000";
static char key_note[] = "note";
static char value_note[] = "";
const struct tm_provenance sample_prov[3] = {
    {key_tool, value_tool}, {key_gap, value_gap}, {key_note, value_note}};

int sample_swing(struct tm_model *m, const char *name, uint64_t variant)
{
    *m = (struct tm_model){.kind = TM_MODEL_SWING};
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    const struct {
        enum tm_swing_param param;
        struct tm_dist_point pt[3];
        size_t n;
    } rows[] = {
        {TM_SWING_NUM_PAIRS, {{1, 3}, {4, 5}, {9, 6}}, 3},
        {TM_SWING_REQ, {{36, 2 + variant}, {517, 9 + variant}}, 2},
        {TM_SWING_RSP, {{1, 1}, {1448, 4}, {250000 + variant, 5}}, 3},
        {TM_SWING_INTER_RRE, {{2500000, 1}}, 1},
        {TM_SWING_CLOSE_THINK, {{0, 7}, {60000000, 8}}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int rc = tm_dist_set(&m->u.swing.param[rows[i].param], rows[i].pt, rows[i].n);
        if (rc) {
            tm_model_deinit(m);
            return rc;
        }
    }
    static const struct tm_dist_point mss[] = {{536, 1}, {1460, 6}};
    int rc = tm_dist_set(&m->u.swing.measured[TM_MEASURED_MSS], mss, 2);
    if (rc)
        tm_model_deinit(m);
    else
        m->u.swing.bound[TM_SWING_INTER_RRE] = (struct tm_bound){2000000, 300000000};
    m->u.swing.is_over = rc == TM_OK;
    return rc;
}

int sample_joint(struct tm_model *m, const char *name, uint32_t n, uint32_t variant)
{
    static const struct tm_dist_point counts[] = {{1, 1}, {2, 2}, {4, 3}};
    static const struct tm_dist_point gaps_us[] = {{1000, 1}, {2500000, 2}};
    *m = (struct tm_model){.kind = TM_MODEL_JOINT};
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    struct tm_joint *j = &m->u.joint;
    j->recombine =
        (struct tm_recombine_cfg){.parents = 3, .rounds_max = 2, .share_max = 100, .pause_mix = 50};
    j->mss_bytes = 1448;
    int rc = tm_dist_set(&j->swing.param[TM_SWING_NUM_CONN], counts, 3);
    if (rc == TM_OK)
        rc = tm_dist_set(&j->swing.param[TM_SWING_INTER_CONN], gaps_us, 2);
    for (uint32_t i = 0; rc == TM_OK && i < n; i++) {
        rc = tm_deck_add_conn(&j->deck, i % 2 ? TM_DECK_LATER : TM_DECK_FIRST, 100 * i);
        for (uint32_t k = 0; rc == TM_OK && k < 4 + i % 5; k++)
            rc = tm_deck_add_write(&j->deck, (struct tm_write){.size = 100 + 16 * i + k + variant,
                                                               .gap_us = k == 0 ? 0 : 5000 * k,
                                                               .dir = (uint8_t)(k % 2),
                                                               .ref_back = k > 0});
        if (rc == TM_OK && i % 4 == 3)
            tm_deck_weld_last(&j->deck);
        if (rc == TM_OK && i % 3 == 2)
            tm_deck_close_last(&j->deck, &(struct tm_close){.how = (uint8_t)(i % 2),
                                                            .back = (uint8_t)(i % 4),
                                                            .server_back = 2,
                                                            .server_gap_us = 40 * i});
    }
    if (rc)
        tm_model_deinit(m);
    return rc;
}

static bool same_params(const struct tm_swing *a, const struct tm_swing *b)
{
    for (int list = 0; list < TM_SWING_LISTS; list++) {
        struct tm_dist_point one[2];
        size_t n[2];
        const struct tm_dist_point *x = tm_swing_list(a, list, &one[0], &n[0]);
        const struct tm_dist_point *y = tm_swing_list(b, list, &one[1], &n[1]);
        if (n[0] != n[1] || (n[0] > 0 && memcmp(x, y, n[0] * sizeof *x) != 0))
            return false;
    }
    return true;
}

/* Field by field: structures may have holes. */
static bool same_conns(const struct tm_deck *a, const struct tm_deck *b)
{
    bool same = true;
    for (size_t i = 0; i < a->n_conns; i++)
        same = same && a->conn[i].first == b->conn[i].first &&
               a->conn[i].n_writes == b->conn[i].n_writes &&
               a->conn[i].close_gap_us == b->conn[i].close_gap_us &&
               a->conn[i].role == b->conn[i].role &&
               tm_close_is_same(&a->conn[i].close, &b->conn[i].close);
    for (size_t i = 0; i < a->n_writes; i++)
        same = same && a->w[i].size == b->w[i].size && a->w[i].gap_us == b->w[i].gap_us &&
               a->w[i].dir == b->w[i].dir && a->w[i].ref_back == b->w[i].ref_back &&
               a->weld[i] == b->weld[i];
    return same;
}

static bool same_joint(const struct tm_joint *a, const struct tm_joint *b)
{
    return same_params(&a->swing, &b->swing) && a->mss_bytes == b->mss_bytes &&
           a->batch_max == b->batch_max &&
           memcmp(&a->recombine, &b->recombine, sizeof a->recombine) == 0 &&
           a->deck.n_conns == b->deck.n_conns && a->deck.n_writes == b->deck.n_writes &&
           same_conns(&a->deck, &b->deck);
}

bool same_model(const struct tm_model *a, const struct tm_model *b)
{
    if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
        return false;
    if (a->kind == TM_MODEL_CONSTANT)
        return memcmp(&a->u.constant, &b->u.constant, sizeof a->u.constant) == 0;
    if (a->kind == TM_MODEL_JOINT)
        return same_joint(&a->u.joint, &b->u.joint);
    return same_params(&a->u.swing, &b->u.swing);
}

bool same_entries(const struct tm_store_entry *a, size_t n_a, const struct tm_store_entry *b,
                  size_t n_b)
{
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++) {
        same = same_model(&a[i].model, &b[i].model) && a[i].n_prov == b[i].n_prov &&
               memcmp(a[i].digest, b[i].digest, TM_DIGEST_LEN) == 0;
        for (size_t k = 0; same && k < a[i].n_prov; k++)
            same = strcmp(a[i].prov[k].key, b[i].prov[k].key) == 0 &&
                   strcmp(a[i].prov[k].value, b[i].prov[k].value) == 0;
    }
    return same;
}

void make_temp_dir(char path[64])
{
    (void)snprintf(path, 64, "/tmp/tm-store-test-XXXXXX");
    if (!mkdtemp(path)) {
        perror("mkdtemp");
        exit(2);
    }
}

void drop_temp_dir(const char *path)
{
    (void)chmod(path, 0700);
    DIR *dir = opendir(path);
    const struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char file[512];
        (void)snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (unlink(file) != 0)
            (void)rmdir(file);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(path);
}

uint8_t *slurp(const char *path, size_t *len)
{
    *len = 0;
    uint8_t *bytes = NULL;
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (f && fstat(fileno(f), &st) == 0) {
        size_t size = (size_t)st.st_size;
        bytes = malloc(size + 1);
        if (bytes)
            *len = fread(bytes, 1, size, f);
    }
    if (f)
        (void)fclose(f);
    return bytes;
}

void spill(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        exit(2);
    }
}
