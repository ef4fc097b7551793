#include "audit/correlate/truth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/features/sheet.h"
#include "tm/base/grow.h"

#define HEAD "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes"
#define MAX  (INT64_C(1) << 60)

static int endpoint(const struct tm_sheet_place *at, const char *field, const char *text,
                    struct tm_endpoint *out)
{
    if (tm_endpoint_parse(out, text))
        return TM_OK;
    return tm_msg_set(at->msg, TM_ERR_FORMAT,
                      "%s:%" PRIu32 ": %s \"%.60s\": ADDR:PORT is wanted, like 192.0.2.1:443",
                      at->name, at->line, field, text);
}

static struct tm_name_list names_of(struct tm_truth *t)
{
    return (struct tm_name_list){&t->names, &t->n_names, &t->cap_names, &t->index};
}

static int parse_flow(const struct tm_sheet_place *at, char *const field[], struct tm_truth_line *v)
{
    bool is_none[2] = {strcmp(field[1], "-") == 0, strcmp(field[2], "-") == 0};
    v->has_flow = !is_none[0];
    if (is_none[0] != is_none[1])
        return tm_msg_set(at->msg, TM_ERR_FORMAT,
                          "%s:%" PRIu32 ": - stands for one end of a flow and not for the other",
                          at->name, at->line);
    if (is_none[0])
        return TM_OK;
    int rc = endpoint(at, "flow_client", field[1], &v->flow.client);
    return rc == TM_OK ? endpoint(at, "flow_server", field[2], &v->flow.server) : rc;
}

static int add_line(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_truth *t = user;
    struct tm_truth_line v = {.line = at->line};
    struct tm_name_list names = names_of(t);
    int64_t bytes = 0;
    int rc = tm_sheet_number(at, "at_us", field[0], MAX, &v.at_us);
    if (rc == TM_OK)
        rc = parse_flow(at, field, &v);
    if (rc == TM_OK)
        rc = endpoint(at, "carrier_client", field[3], &v.carrier.client);
    if (rc == TM_OK)
        rc = endpoint(at, "carrier_server", field[4], &v.carrier.server);
    if (rc == TM_OK)
        rc = tm_names_put(&names, field[5], &v.tunnel);
    if (rc == TM_OK)
        rc = tm_sheet_number(at, "bytes", field[6], MAX, &bytes);
    if (rc == TM_OK)
        rc = tm_grow(&t->v, &t->cap, t->n, sizeof *t->v);
    if (rc != TM_OK)
        return rc;
    v.bytes = (uint64_t)bytes;
    t->v[t->n++] = v;
    return TM_OK;
}

int tm_truth_parse(struct tm_truth *t, const char *text, size_t len, const char *name,
                   struct tm_msg *msg)
{
    const struct tm_sheet sheet = {
        .kind = "flows and carriers", .head = HEAD, .row = add_line, .user = t};
    bool has_head;
    int rc = tm_sheet_read(&sheet, text, len, name, &has_head, msg);
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
