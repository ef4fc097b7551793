#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/active/netflow.h"
#include "audit/features/sheet.h"

#define HEAD "from_us,until_us,exit,client"
#define MAX  (INT64_C(1) << 60)

static int address(const struct tm_sheet_place *at, const char *text, uint8_t out[TM_ADDR_LEN])
{
    static const uint8_t MAPPED[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (inet_pton(AF_INET, text, out + sizeof MAPPED) == 1)
        memcpy(out, MAPPED, sizeof MAPPED);
    else if (inet_pton(AF_INET6, text, out) != 1)
        return tm_msg_set(at->msg, TM_ERR_FORMAT,
                          "%s:%" PRIu32 ": client \"%.60s\": no address; wanted like 192.0.2.17",
                          at->name, at->line, text);
    return TM_OK;
}

static int make_room(struct tm_netflow_trials *t, const struct tm_sheet_place *at)
{
    if (t->n == TM_NETFLOW_TRIALS_MAX)
        return tm_msg_set(at->msg, TM_ERR_LIMIT, "%s: more than %u trials", at->name,
                          TM_NETFLOW_TRIALS_MAX);
    if (t->n < t->cap)
        return TM_OK;
    size_t cap = t->cap == 0 ? 64 : t->cap * 2;
    struct tm_netflow_trial *v = realloc(t->v, cap * sizeof *v);
    if (!v)
        return TM_ERR_NOMEM;
    t->v = v;
    t->cap = cap;
    return TM_OK;
}

static int add_line(void *user, const struct tm_sheet_place *at, char *const field[])
{
    struct tm_netflow_trials *t = user;
    struct tm_netflow_trial v = {.line = at->line};
    int rc = tm_sheet_number(at, "from_us", field[0], MAX, &v.from_us);
    if (rc == TM_OK)
        rc = tm_sheet_number(at, "until_us", field[1], MAX, &v.until_us);
    if (rc == TM_OK && v.until_us <= v.from_us)
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT, "%s:%" PRIu32 ": until_us is not after from_us",
                        at->name, at->line);
    if (rc == TM_OK && !tm_endpoint_parse(&v.exit, field[2]))
        rc = tm_msg_set(at->msg, TM_ERR_FORMAT,
                        "%s:%" PRIu32 ": exit \"%.60s\": ADDR:PORT is wanted, like 192.0.2.1:443",
                        at->name, at->line, field[2]);
    if (rc == TM_OK)
        rc = address(at, field[3], v.client);
    if (rc == TM_OK)
        rc = make_room(t, at);
    if (rc == TM_OK)
        t->v[t->n++] = v;
    return rc;
}

int tm_netflow_trials_parse(struct tm_netflow_trials *t, const char *text, size_t len,
                            const char *name, struct tm_msg *msg)
{
    const struct tm_sheet sheet = {.kind = "trials", .head = HEAD, .row = add_line, .user = t};
    bool has_head;
    int rc = tm_sheet_read(&sheet, text, len, name, &has_head, msg);
    if (rc == TM_OK && t->n == 0)
        rc = tm_msg_set(msg, TM_ERR_FORMAT,
                        "%s: names no trial; wanted " HEAD " and a line for each trial", name);
    return rc;
}

void tm_netflow_trials_deinit(struct tm_netflow_trials *t)
{
    free(t->v);
    *t = (struct tm_netflow_trials){0};
}
