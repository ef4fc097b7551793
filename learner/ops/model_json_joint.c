#include "learner/ops/model_json_joint.h"

#include <inttypes.h>
#include <string.h>

static const char *const role_name[TM_DECK_ROLES] = {
    [TM_DECK_FIRST] = "first",
    [TM_DECK_LATER] = "later",
};

void tm_json_write_joint(struct tm_text *t, const struct tm_joint *j)
{
    const struct tm_recombine_cfg *r = &j->recombine;
    const struct tm_deck *d = &j->deck;
    tm_text_add(t,
                ",\n   \"mss_bytes\": %" PRIu32 ", \"recombine\": {\"parents\": %" PRIu32
                ", \"rounds_max\": %" PRIu32 ", \"share_max\": %" PRIu32 ", \"pause_mix\": %" PRIu32
                ", \"batch_max\": %" PRIu32 "},\n   \"deck\": [",
                j->mss_bytes, r->parents, r->rounds_max, r->share_max, r->pause_mix, j->batch_max);
    for (size_t c = 0; c < d->n_conns; c++) {
        const struct tm_deck_conn *conn = &d->conn[c];
        const struct tm_write *w = &d->w[conn->first];
        tm_text_add(t, "%s\n    {\"role\": \"%s\", \"close_gap_us\": %" PRIu32, c > 0 ? "," : "",
                    role_name[conn->role % TM_DECK_ROLES], conn->close_gap_us);
        if (!tm_close_is_plain(&conn->close))
            tm_text_add(t, ", \"close\": [%u, %u, %u, %" PRIu32 "]", conn->close.how,
                        conn->close.back, conn->close.server_back, conn->close.server_gap_us);
        tm_text_add(t, ", \"writes\": [");
        for (uint32_t i = 0; i < conn->n_writes; i++)
            tm_text_add(t, "%s[%u,%" PRIu32 ",%u,%" PRIu32 "%s]", i > 0 ? "," : "", w[i].dir,
                        w[i].size, w[i].ref_back, w[i].gap_us,
                        d->weld[conn->first + i] ? ",1" : "");
        tm_text_add(t, "]}");
    }
    tm_text_add(t, "]");
}

static int read_u32(struct tm_json *j, uint32_t *out)
{
    uint64_t v = 0;
    int rc = tm_json_number(j, UINT32_MAX, &v);
    *out = (uint32_t)v;
    return rc;
}

int tm_json_read_recombine(struct tm_json *j, struct tm_recombine_cfg *cfg, uint32_t *batch_max)
{
    const struct {
        const char *name;
        uint32_t *value;
    } member[] = {{"parents", &cfg->parents},
                  {"rounds_max", &cfg->rounds_max},
                  {"share_max", &cfg->share_max},
                  {"pause_mix", &cfg->pause_mix},
                  {"batch_max", batch_max}};
    const unsigned n = sizeof member / sizeof *member;
    unsigned seen = 0;
    char key[16];
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        unsigned i = 0;
        while (i < n && strcmp(key, member[i].name) != 0)
            i++;
        if (i == n || seen >> i & 1U)
            return tm_json_fail(j, TM_ERR_FORMAT, "\"recombine\" has no such member, or twice: %s",
                                key);
        seen |= 1U << i;
        rc = read_u32(j, member[i].value);
    }
    if (rc == TM_OK && seen != (1U << n) - 1)
        rc = tm_json_fail(j, TM_ERR_FORMAT,
                          "\"recombine\" needs parents, rounds_max, share_max, pause_mix and "
                          "batch_max");
    return rc;
}

#define WRITE_NUMBERS 5U
#define NO_WRITE      "a write is [dir, size, ref_back, gap_us] or [dir, size, ref_back, gap_us, 1]"

static int limit(struct tm_json *j, int rc, const char *what)
{
    if (rc == TM_OK)
        return TM_OK;
    return rc == TM_ERR_LIMIT ? tm_json_fail(j, rc, "more %s than a deck may have", what)
                              : tm_json_fail(j, rc, "out of memory");
}

/* [dir, size, ref_back, gap_us], and 1 behind them when it is welded. */
static int read_numbers(struct tm_json *j, uint64_t v[WRITE_NUMBERS])
{
    static const uint64_t most[WRITE_NUMBERS] = {TM_DOWN, TM_WRITE_SIZE_MAX, TM_REF_BACK_MAX,
                                                 TM_WRITE_GAP_MAX, 1};
    size_t n = 0;
    int rc = tm_json_array(j);
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1) {
        if (n == WRITE_NUMBERS)
            return tm_json_fail(j, TM_ERR_FORMAT, NO_WRITE);
        rc = tm_json_number(j, most[n], &v[n]);
        n++;
    }
    return rc == TM_OK && n < WRITE_NUMBERS - 1 ? tm_json_fail(j, TM_ERR_FORMAT, NO_WRITE) : rc;
}

static int read_write(struct tm_json *j, struct tm_deck *deck)
{
    uint64_t v[WRITE_NUMBERS] = {0};
    int rc = read_numbers(j, v);
    if (rc == TM_OK && v[4] != 0 && deck->conn[deck->n_conns - 1].n_writes == 0)
        rc = tm_json_fail(j, TM_ERR_FORMAT, "a connection's first write cannot be welded");
    if (rc != TM_OK)
        return rc;
    const struct tm_write w = {.dir = (uint8_t)v[0],
                               .size = (uint32_t)v[1],
                               .ref_back = (uint8_t)v[2],
                               .gap_us = (uint32_t)v[3]};
    rc = limit(j, tm_deck_add_write(deck, w), "writes");
    if (rc == TM_OK && v[4] != 0)
        tm_deck_weld_last(deck);
    return rc;
}

static int read_role(struct tm_json *j, unsigned *role)
{
    char text[8];
    int rc = tm_json_string(j, text, sizeof text);
    if (rc != TM_OK)
        return rc;
    for (*role = 0; *role < TM_DECK_ROLES; ++*role) {
        if (strcmp(text, role_name[*role]) == 0)
            return TM_OK;
    }
    return tm_json_fail(j, TM_ERR_FORMAT, "the role of a connection is \"first\" or \"later\"");
}

/* [how, back, server_back, server_gap_us] */
static int read_close(struct tm_json *j, struct tm_close *c)
{
    static const uint64_t most[] = {TM_CLOSE_HOWS - 1, UINT8_MAX, UINT8_MAX, TM_WRITE_GAP_MAX};
    uint64_t v[4] = {0};
    size_t n = 0;
    int rc = tm_json_array(j);
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1) {
        rc = n < 4 ? tm_json_number(j, most[n], &v[n]) : TM_OK;
        n++;
    }
    if (rc == TM_OK && n != 4)
        rc = tm_json_fail(j, TM_ERR_FORMAT, "a closing is [how, back, server_back, server_gap_us]");
    *c = (struct tm_close){(uint8_t)v[0], (uint8_t)v[1], (uint8_t)v[2], (uint32_t)v[3]};
    return rc;
}

static int read_writes(struct tm_json *j, struct tm_deck *deck, const struct tm_deck_conn *conn)
{
    int rc = limit(j, tm_deck_add_conn(deck, (enum tm_deck_role)conn->role, conn->close_gap_us),
                   "connections");
    if (rc == TM_OK) {
        tm_deck_close_last(deck, &conn->close);
        rc = tm_json_array(j);
    }
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1)
        rc = read_write(j, deck);
    return rc;
}

static int read_conn(struct tm_json *j, struct tm_deck *deck)
{
    char key[16];
    unsigned role = TM_DECK_ROLES;
    uint32_t close_gap_us = UINT32_MAX; /* more than may be */
    struct tm_deck_conn conn = {0};
    bool has_close = false, has_writes = false;
    int rc = tm_json_object(j);
    while (rc == TM_OK && (rc = tm_json_member(j, key, sizeof key)) == 1) {
        bool is_ready = role < TM_DECK_ROLES && close_gap_us < UINT32_MAX && !has_writes;
        if (strcmp(key, "role") == 0 && role == TM_DECK_ROLES)
            rc = read_role(j, &role);
        else if (strcmp(key, "close_gap_us") == 0 && close_gap_us == UINT32_MAX)
            rc = read_u32(j, &close_gap_us);
        else if (strcmp(key, "close") == 0 && is_ready && !has_close)
            rc = read_close(j, &conn.close);
        else if (strcmp(key, "writes") == 0 && is_ready)
            rc = read_writes(j, deck, &conn);
        else
            rc = tm_json_fail(j, TM_ERR_FORMAT,
                              "a connection is {\"role\", \"close_gap_us\", perhaps \"close\", "
                              "\"writes\"}, in this order");
        conn.role = (uint8_t)role;
        conn.close_gap_us = close_gap_us;
        has_close = has_close || strcmp(key, "close") == 0;
        has_writes = has_writes || strcmp(key, "writes") == 0;
    }
    return rc == TM_OK && !has_writes
               ? tm_json_fail(j, TM_ERR_FORMAT, "a connection without \"writes\"")
               : rc;
}

int tm_json_read_deck(struct tm_json *j, struct tm_deck *deck)
{
    int rc = tm_json_array(j);
    while (rc == TM_OK && (rc = tm_json_element(j)) == 1)
        rc = read_conn(j, deck);
    return rc;
}
