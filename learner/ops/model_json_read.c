/* Reading what model_json.c writes.  One function reads one member of a model; which members a kind has is decided at the model's end,
 * so their order does not matter. */
#include "learner/ops/model_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tm/base/json.h"

#define DIGEST_HEX ((size_t)2 * TM_DIGEST_LEN)

/* A model under construction. */
struct draft {
    unsigned seen; /* bit i: members[i] was read */
    struct tm_store_entry e;
    struct tm_swing swing; /* owned until the model is finished */
    struct tm_constant constant;
    char kind[16];
    char digest[DIGEST_HEX + 1];
};

static int read_name(struct draft *d, struct tm_json *j)
{
    int rc = tm_json_string(j, d->e.model.name, sizeof d->e.model.name);
    if (rc == TM_OK && !tm_model_name_ok(d->e.model.name))
        rc = tm_json_fail(j, TM_ERR_FORMAT,
                          "a model's name is 1 to %d letters, digits, '-', '_' or '.', the first a "
                          "letter or digit",
                          TM_MODEL_NAME_MAX);
    return rc;
}

static int read_kind(struct draft *d, struct tm_json *j)
{
    return tm_json_string(j, d->kind, sizeof d->kind);
}

static int read_digest(struct draft *d, struct tm_json *j)
{
    int rc = tm_json_string(j, d->digest, sizeof d->digest);
    if (rc == TM_OK && strspn(d->digest, "0123456789abcdef") != DIGEST_HEX)
        rc = tm_json_fail(j, TM_ERR_FORMAT, "a digest is %zu hexadecimal digits", DIGEST_HEX);
    return rc;
}

static int read_u32(struct tm_json *j, uint32_t *out)
{
    uint64_t v = 0;
    int rc = tm_json_number(j, UINT32_MAX, &v);
    *out = (uint32_t)v;
    return rc;
}

static int read_size(struct draft *d, struct tm_json *j)
{
    return read_u32(j, &d->constant.size_bytes);
}

static int read_interval(struct draft *d, struct tm_json *j)
{
    return read_u32(j, &d->constant.interval_us);
}

static int read_exchanges(struct draft *d, struct tm_json *j)
{
    return read_u32(j, &d->constant.n_exchanges);
}

static int read_point(struct tm_json *j, struct tm_dist_point *pt)
{
    uint64_t *const part[] = {&pt->value, &pt->cum};
    int rc = tm_json_array(j);
    for (size_t i = 0; i < 2 && rc == TM_OK; i++) {
        rc = tm_json_element(j);
        if (rc == 1)
            rc = tm_json_number(j, INT64_MAX, part[i]);
        else if (rc == 0)
            rc = tm_json_fail(j, TM_ERR_FORMAT, "a point is [value, count up to it]");
    }
    if (rc == TM_OK)
        rc = tm_json_element(j);
    return rc == 1 ? tm_json_fail(j, TM_ERR_FORMAT, "a point is [value, count up to it]") : rc;
}

static int read_points(struct tm_json *j, struct tm_dist *d)
{
    struct tm_dist_point *pt = calloc(TM_DIST_POINTS_MAX, sizeof *pt);
    if (!pt)
        return tm_json_fail(j, TM_ERR_NOMEM, "out of memory");
    size_t n = 0;
    int rc = tm_json_array(j);
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1) {
        if (n == TM_DIST_POINTS_MAX)
            rc = tm_json_fail(j, TM_ERR_LIMIT, "more than %u points", TM_DIST_POINTS_MAX);
        else
            rc = read_point(j, &pt[n++]);
    }
    if (rc == TM_OK && d->n_points > 0)
        rc = tm_json_fail(j, TM_ERR_FORMAT, "points a second time");
    if (rc == TM_OK) {
        rc = tm_dist_set(d, pt, n);
        if (rc == TM_ERR_RANGE)
            rc = tm_json_fail(j, rc, "values and counts of points must rise, to less than 2^48");
        else if (rc != TM_OK)
            rc = tm_json_fail(j, rc, "out of memory");
    }
    free(pt);
    return rc;
}

/* TM_SWING_LISTS when there is none of that name. */
static int list_named(const char *name)
{
    int list = 0;
    while (list < TM_SWING_LISTS && strcmp(name, tm_swing_list_name(list)) != 0)
        list++;
    return list;
}

static int take_list(struct draft *d, struct tm_json *j, const char *name, const char *unit,
                     const struct tm_dist *dist)
{
    int list = list_named(name);
    if (list == TM_SWING_LISTS)
        return tm_json_fail(j, TM_ERR_FORMAT, "\"%s\" is no parameter of swing", name);
    if (list < TM_SWING_PARAMS && unit[0] != '\0' &&
        strcmp(unit, tm_swing_param_unit((enum tm_swing_param)list)) != 0)
        return tm_json_fail(j, TM_ERR_FORMAT, "the unit of %s is \"%s\"", name,
                            tm_swing_param_unit((enum tm_swing_param)list));
    if (dist->n_points == 0)
        return TM_OK;
    int rc = tm_swing_list_set(&d->swing, list, dist->pt, dist->n_points);
    return rc == TM_ERR_RANGE
               ? tm_json_fail(j, TM_ERR_FORMAT,
                              "%s a second time, or with other points than it has", name)
           : rc != TM_OK ? tm_json_fail(j, rc, "out of memory")
                         : TM_OK;
}

static int read_parameter(struct draft *d, struct tm_json *j)
{
    char key[32];
    char name[64] = "";
    char unit[16] = "";
    struct tm_dist dist = {0};
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        if (strcmp(key, "name") == 0)
            rc = tm_json_string(j, name, sizeof name);
        else if (strcmp(key, "unit") == 0)
            rc = tm_json_string(j, unit, sizeof unit);
        else if (strcmp(key, "points") == 0)
            rc = read_points(j, &dist);
        else
            rc = tm_json_fail(j, TM_ERR_FORMAT, "a parameter has no member \"%s\"", key);
    }
    if (rc == TM_OK)
        rc = take_list(d, j, name, unit, &dist);
    tm_dist_deinit(&dist);
    return rc;
}

static int read_parameters(struct draft *d, struct tm_json *j)
{
    int rc = tm_json_array(j);
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1)
        rc = read_parameter(d, j);
    return rc;
}

/* What the store would refuse is refused here, where the line is known. */
static int check_line(const struct tm_store_entry *e, struct tm_json *j, const char *key,
                      const char *value)
{
    bool is_ok = key[0] != '\0';
    for (const char *p = key; *p; p++)
        is_ok = is_ok && (unsigned char)*p >= 0x20 && *p != 0x7f;
    for (const char *p = value; *p; p++)
        is_ok = is_ok && (unsigned char)*p >= 0x20 && *p != 0x7f;
    if (!is_ok)
        return tm_json_fail(j, TM_ERR_FORMAT, "provenance with control characters or no key");
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, key) == 0)
            return tm_json_fail(j, TM_ERR_FORMAT, "provenance \"%s\" a second time", key);
    }
    return TM_OK;
}

/* The next line, whose key was read; `value` has room for the longest. */
static int read_line(struct tm_store_entry *e, struct tm_json *j, const char *key, char *value)
{
    int rc = tm_json_string(j, value, TM_STORE_VALUE_MAX + 1);
    if (rc == TM_OK && e->n_prov == TM_STORE_PROV_MAX)
        rc = tm_json_fail(j, TM_ERR_LIMIT, "more than %u lines of provenance", TM_STORE_PROV_MAX);
    if (rc == TM_OK)
        rc = check_line(e, j, key, value);
    if (rc != TM_OK)
        return rc;
    struct tm_provenance line = {strdup(key), strdup(value)};
    if (!line.key || !line.value) {
        free(line.key);
        free(line.value);
        return tm_json_fail(j, TM_ERR_NOMEM, "out of memory");
    }
    e->prov[e->n_prov++] = line;
    return TM_OK;
}

static int read_provenance(struct draft *d, struct tm_json *j)
{
    char key[TM_STORE_KEY_MAX + 1];
    char *value = malloc(TM_STORE_VALUE_MAX + 1);
    d->e.prov = calloc(TM_STORE_PROV_MAX, sizeof *d->e.prov);
    d->e.n_prov = 0;
    if (!value || !d->e.prov) {
        free(value);
        return tm_json_fail(j, TM_ERR_NOMEM, "out of memory");
    }
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1)
        rc = read_line(&d->e, j, key, value);
    free(value);
    return rc;
}

enum { NAME, KIND, DIGEST, PARAMETERS, SIZE, INTERVAL, EXCHANGES, PROVENANCE, N_MEMBERS };

static const struct {
    const char *name;
    int (*read)(struct draft *d, struct tm_json *j);
} members[N_MEMBERS] = {
    [NAME] = {"name", read_name},
    [KIND] = {"kind", read_kind},
    [DIGEST] = {"digest", read_digest},
    [PARAMETERS] = {"parameters", read_parameters},
    [SIZE] = {"size_bytes", read_size},
    [INTERVAL] = {"interval_us", read_interval},
    [EXCHANGES] = {"exchanges", read_exchanges},
    [PROVENANCE] = {"provenance", read_provenance},
};

static int read_member(struct draft *d, struct tm_json *j, const char *key)
{
    unsigned i = 0;
    while (i < N_MEMBERS && strcmp(key, members[i].name) != 0)
        i++;
    if (i == N_MEMBERS)
        return tm_json_fail(j, TM_ERR_FORMAT, "a model has no member \"%s\"", key);
    if (d->seen >> i & 1U)
        return tm_json_fail(j, TM_ERR_FORMAT, "\"%s\" a second time", key);
    d->seen |= 1U << i;
    return members[i].read(d, j);
}

#define COMMON      (1U << NAME | 1U << KIND | 1U << DIGEST | 1U << PROVENANCE)
#define OF_SWING    (1U << PARAMETERS)
#define OF_CONSTANT (1U << SIZE | 1U << INTERVAL | 1U << EXCHANGES)

/* Moves the statistics of the draft's kind into its model. */
static int take_kind(struct draft *d, struct tm_json *j)
{
    unsigned own;
    struct tm_model *m = &d->e.model;
    if (strcmp(d->kind, tm_model_kind_name(TM_MODEL_SWING)) == 0) {
        own = OF_SWING;
        m->kind = TM_MODEL_SWING;
        m->u.swing = d->swing;
        d->swing = (struct tm_swing){0};
    } else if (strcmp(d->kind, tm_model_kind_name(TM_MODEL_CONSTANT)) == 0) {
        own = OF_CONSTANT;
        m->kind = TM_MODEL_CONSTANT;
        m->u.constant = d->constant;
    } else {
        return tm_json_fail(j, TM_ERR_UNSUPPORTED,
                            "model %s: the kind \"%s\" is not known here: update this program",
                            m->name, d->kind);
    }
    for (unsigned i = 0; i < N_MEMBERS; i++) {
        unsigned bit = 1U << i;
        if (own & bit && !(d->seen & bit))
            return tm_json_fail(j, TM_ERR_FORMAT, "model %s has no \"%s\"", m->name,
                                members[i].name);
        if (d->seen & bit && !((own | COMMON) & bit))
            return tm_json_fail(j, TM_ERR_FORMAT, "model %s: a %s model has no member \"%s\"",
                                m->name, d->kind, members[i].name);
    }
    return TM_OK;
}

static int check_digest(struct draft *d, struct tm_json *j)
{
    char hex[DIGEST_HEX + 1];
    tm_model_digest(&d->e.model, d->e.digest);
    for (size_t i = 0; i < TM_DIGEST_LEN; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", d->e.digest[i]);
    if (d->digest[0] == '\0' || strcmp(hex, d->digest) == 0)
        return TM_OK;
    return tm_json_fail(j, TM_ERR_FORMAT,
                        "model %s: its statistics have the digest %.16s..., not %.16s...: it was "
                        "changed or damaged; if you changed it, leave \"digest\" out",
                        d->e.model.name, hex, d->digest);
}

static int finish(struct draft *d, struct tm_json *j)
{
    struct tm_msg why = {""};
    if (!(d->seen & 1U << NAME) || !(d->seen & 1U << KIND))
        return tm_json_fail(j, TM_ERR_FORMAT, "a model needs \"name\" and \"kind\"");
    int rc = take_kind(d, j);
    if (rc != TM_OK)
        return rc;
    rc = tm_model_check(&d->e.model, &why);
    return rc == TM_OK ? check_digest(d, j) : tm_json_fail(j, rc, "%s", why.text);
}

static int read_model(struct tm_json *j, struct draft *d)
{
    char key[32];
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1)
        rc = read_member(d, j, key);
    return rc == TM_OK ? finish(d, j) : rc;
}

static bool has_name(const struct tm_store_entry *e, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(e[i].model.name, name) == 0)
            return true;
    }
    return false;
}

static int add_model(struct tm_json *j, struct tm_store_entry **e, size_t *n)
{
    struct draft d = {0};
    struct tm_model unfinished = {.kind = TM_MODEL_SWING};
    struct tm_store_entry *more = NULL;
    int rc = read_model(j, &d);
    if (rc == TM_OK && has_name(*e, *n, d.e.model.name))
        rc = tm_json_fail(j, TM_ERR_FORMAT, "model %s a second time", d.e.model.name);
    if (rc == TM_OK && *n == TM_STORE_MODELS_MAX)
        rc = tm_json_fail(j, TM_ERR_LIMIT, "more than %u models", TM_STORE_MODELS_MAX);
    if (rc != TM_OK)
        goto out;
    more = realloc(*e, (*n + 1) * sizeof *more);
    if (!more) {
        rc = tm_json_fail(j, TM_ERR_NOMEM, "out of memory");
        goto out;
    }
    more[*n] = d.e;
    *e = more;
    ++*n;
    return TM_OK;
out:
    unfinished.u.swing = d.swing;
    tm_model_deinit(&unfinished);
    tm_model_deinit(&d.e.model);
    for (size_t i = 0; i < d.e.n_prov; i++) {
        free(d.e.prov[i].key);
        free(d.e.prov[i].value);
    }
    free(d.e.prov);
    return rc;
}

/* The members before the models; 1 when the models come next. */
static int read_head(struct tm_json *j)
{
    char key[32];
    char format[32];
    uint64_t version = 0;
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        if (strcmp(key, "schema_version") == 0 && version == 0) {
            rc = tm_json_number(j, UINT32_MAX, &version);
            if (rc == TM_OK && version > TM_MODEL_JSON_VERSION)
                rc = tm_json_fail(j, TM_ERR_UNSUPPORTED,
                                  "written by a newer TrafficMimic: update this program");
        } else if (strcmp(key, "format") == 0) {
            rc = tm_json_string(j, format, sizeof format);
            if (rc == TM_OK && strcmp(format, TM_MODEL_JSON_FORMAT) != 0)
                rc = tm_json_fail(j, TM_ERR_FORMAT, "these are no models, but \"%s\"", format);
        } else if (strcmp(key, "models") == 0 && version == TM_MODEL_JSON_VERSION) {
            return 1;
        } else {
            rc = tm_json_fail(j, TM_ERR_FORMAT,
                              "not what tm-learn export writes: \"schema_version\": %d comes first",
                              TM_MODEL_JSON_VERSION);
        }
    }
    return rc == 0 ? tm_json_fail(j, TM_ERR_FORMAT, "no \"models\"") : rc;
}

int tm_model_json_read(const char *text, size_t len, const char *name, struct tm_store_entry **out,
                       size_t *n, struct tm_msg *msg)
{
    struct tm_json j;
    char key[2];
    *out = NULL;
    *n = 0;
    tm_json_init(&j, text, len, name, msg);
    int rc = read_head(&j);
    if (rc == 1)
        rc = tm_json_array(&j);
    while (rc == TM_OK && (rc = tm_json_element(&j)) == 1)
        rc = add_model(&j, out, n);
    if (rc == TM_OK && (rc = tm_json_member(&j, key, sizeof key)) == 1)
        rc = tm_json_fail(&j, TM_ERR_FORMAT, "\"models\" comes last");
    if (rc == TM_OK)
        rc = tm_json_end(&j);
    if (rc != TM_OK) {
        tm_store_entries_free(*out, *n);
        *out = NULL;
        *n = 0;
    }
    return rc;
}
