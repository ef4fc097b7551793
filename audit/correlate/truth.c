#include "audit/correlate/truth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 7U
#define HEAD   "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes"
#define MAX    (INT64_C(1) << 60)

static const char *const FIELD_NAMES[FIELDS] = {
    "at_us", "flow_client", "flow_server", "carrier_client", "carrier_server", "tunnel", "bytes"};

/* One line, for messages. */
struct place {
    const char *name;
    uint32_t line;
    struct tm_msg *msg;
};

static int number(const struct place *at, size_t field, const char *text, int64_t *out)
{
    int64_t v = 0;
    bool ok = text[0] != '\0';
    for (const char *p = text; *p && ok; p++) {
        ok = *p >= '0' && *p <= '9' && v <= (MAX - (*p - '0')) / 10;
        if (ok)
            v = v * 10 + (*p - '0');
    }
    *out = v;
    return ok ? TM_OK
              : tm_msg_set(at->msg, TM_ERR_FORMAT,
                           "%s:%" PRIu32 ": %s \"%.60s\": a whole number from 0 to %" PRId64
                           " is wanted",
                           at->name, at->line, FIELD_NAMES[field], text, MAX);
}

static int endpoint(const struct place *at, size_t field, const char *text, struct tm_endpoint *out)
{
    if (tm_endpoint_parse(out, text))
        return TM_OK;
    return tm_msg_set(at->msg, TM_ERR_FORMAT,
                      "%s:%" PRIu32 ": %s \"%.60s\": ADDR:PORT is wanted, like 192.0.2.1:443",
                      at->name, at->line, FIELD_NAMES[field], text);
}

/* Cuts the line into its fields in place. */
static int split_fields(const struct place *at, char *line, char *field[FIELDS])
{
    size_t n = 0;
    for (char *p = line; p; n++) {
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        if (n < FIELDS)
            field[n] = p;
        p = comma ? comma + 1 : NULL;
    }
    if (n != FIELDS)
        return tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %zu fields; wanted %u: " HEAD,
                          at->name, at->line, n, FIELDS);
    for (size_t i = 0; i < FIELDS; i++) {
        if (field[i][0] == '\0')
            return tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": %s is empty", at->name,
                              at->line, FIELD_NAMES[i]);
    }
    return TM_OK;
}

static int make_room(struct tm_truth *t)
{
    if (t->n < t->cap)
        return TM_OK;
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    struct tm_truth_line *v = cap <= SIZE_MAX / sizeof *v ? realloc(t->v, cap * sizeof *v) : NULL;
    if (!v)
        return TM_ERR_NOMEM;
    t->v = v;
    t->cap = cap;
    return TM_OK;
}

static struct tm_name_list names_of(struct tm_truth *t)
{
    return (struct tm_name_list){&t->names, &t->n_names, &t->cap_names, &t->index};
}

static int parse_flow(const struct place *at, char *const field[FIELDS], struct tm_truth_line *v)
{
    bool is_none[2] = {strcmp(field[1], "-") == 0, strcmp(field[2], "-") == 0};
    v->has_flow = !is_none[0];
    if (is_none[0] != is_none[1])
        return tm_msg_set(at->msg, TM_ERR_FORMAT,
                          "%s:%" PRIu32 ": - stands for one end of a flow and not for the other",
                          at->name, at->line);
    if (is_none[0])
        return TM_OK;
    int rc = endpoint(at, 1, field[1], &v->flow.client);
    return rc == TM_OK ? endpoint(at, 2, field[2], &v->flow.server) : rc;
}

static int add_line(struct tm_truth *t, const struct place *at, char *line)
{
    char *field[FIELDS] = {NULL};
    struct tm_truth_line v = {.line = at->line};
    struct tm_name_list names = names_of(t);
    int64_t bytes = 0;
    int rc = split_fields(at, line, field);
    if (rc == TM_OK)
        rc = number(at, 0, field[0], &v.at_us);
    if (rc == TM_OK)
        rc = parse_flow(at, field, &v);
    if (rc == TM_OK)
        rc = endpoint(at, 3, field[3], &v.carrier.client);
    if (rc == TM_OK)
        rc = endpoint(at, 4, field[4], &v.carrier.server);
    if (rc == TM_OK)
        rc = tm_names_put(&names, field[5], &v.tunnel);
    if (rc == TM_OK)
        rc = number(at, 6, field[6], &bytes);
    if (rc == TM_OK)
        rc = make_room(t);
    if (rc != TM_OK)
        return rc;
    v.bytes = (uint64_t)bytes;
    t->v[t->n++] = v;
    return TM_OK;
}

static int add_text(struct tm_truth *t, char *text, struct place *at)
{
    bool has_head = false;
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        int rc = TM_OK;
        if (end)
            *end = '\0';
        size_t len = strlen(line);
        if (len > 0 && line[len - 1] == '\r')
            line[len - 1] = '\0';
        at->line++;
        if (line[0] == '\0' || line[0] == '#') {
            /* says nothing */
        } else if (!has_head) {
            has_head = strcmp(line, HEAD) == 0;
            if (!has_head)
                rc = tm_msg_set(at->msg, TM_ERR_FORMAT,
                                "%s:%" PRIu32 ": not a file of flows and carriers; the first line "
                                "is " HEAD,
                                at->name, at->line);
        } else {
            rc = add_line(t, at, line);
        }
        if (rc != TM_OK)
            return rc;
        line = end ? end + 1 : NULL;
    }
    return TM_OK;
}

int tm_truth_parse(struct tm_truth *t, const char *text, size_t len, const char *name,
                   struct tm_msg *msg)
{
    struct place at = {.name = name, .line = 0, .msg = msg};
    if (memchr(text, '\0', len))
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: not a file of flows and carriers: binary data",
                          name);
    char *copy = malloc(len + 1); /* text is not terminated */
    if (!copy)
        return TM_ERR_NOMEM;
    memcpy(copy, text, len);
    copy[len] = '\0';
    int rc = add_text(t, copy, &at);
    free(copy);
    if (rc == TM_OK && t->n == 0)
        rc = tm_msg_set(
            msg, TM_ERR_FORMAT,
            "%s: names no carrier; wanted " HEAD " and a line for each flow and carrier", name);
    return rc;
}

void tm_truth_deinit(struct tm_truth *t)
{
    struct tm_name_list names = names_of(t);
    tm_names_deinit(&names);
    free(t->v);
    *t = (struct tm_truth){0};
}

bool tm_truth_link_is_equal(const struct tm_truth_link *a, const struct tm_truth_link *b)
{
    return tm_endpoint_is_equal(&a->client, &b->client) &&
           tm_endpoint_is_equal(&a->server, &b->server);
}
