#include "learner/tls.h"

#include <string.h>

#include "learner/packet.h"

enum { RECORD_CCS = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_APP = 23 };

#define HEAD_LEN     5U
#define BODY_MAX     (16384U + 2048U) /* RFC 5246 sec. 6.2.3 */
#define CLIENT_HELLO 1U               /* handshake message type */
#define SERVER_HELLO 2U
#define OBJECT_NONE  2U

/* In a ServerHello's record body: type and length 4, version 2, random 32, then the session id. */
#define ID_LEN_AT 38U
#define ID_MAX    32U

void tm_tls_init(struct tm_tls *t)
{
    *t = (struct tm_tls){.object_dir = OBJECT_NONE};
}

void tm_tls_start(struct tm_tls *t, enum tm_dir dir, uint32_t first)
{
    t->half[dir].next = first;
    t->half[dir].is_valid = true;
}

static int64_t seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static int add(struct tm_samples *samples, enum tm_measured_param p, uint64_t value)
{
    return tm_samples_add(samples, TM_SAMPLES_MEASURED(p), value);
}

static bool is_record_head(const uint8_t head[HEAD_LEN])
{
    unsigned len = (unsigned)head[3] << 8 | head[4];
    return head[0] >= RECORD_CCS && head[0] <= RECORD_APP + 1 && head[1] == 3 && len <= BODY_MAX;
}

static bool is_client_hello(struct tm_view v)
{
    return v.len > HEAD_LEN && is_record_head(v.p) && v.p[0] == RECORD_HANDSHAKE &&
           v.p[HEAD_LEN] == CLIENT_HELLO;
}

/* The object in progress becomes samples. */
static int end_object(struct tm_tls *t, struct tm_samples *samples)
{
    int rc = TM_OK;
    if (t->object_dir == OBJECT_NONE)
        return TM_OK;
    bool is_up = t->object_dir == TM_UP;
    if (t->object_records > 0)
        rc = add(samples, is_up ? TM_MEASURED_TLS_REQ_RECORDS : TM_MEASURED_TLS_RSP_RECORDS,
                 t->object_records);
    if (rc == TM_OK)
        rc = add(samples, is_up ? TM_MEASURED_TLS_REQ : TM_MEASURED_TLS_RSP, t->object_bytes);
    t->object_bytes = 0;
    t->object_records = 0;
    return rc;
}

/* An application record of `len` bytes, its header included. */
static int add_app(struct tm_tls *t, enum tm_dir dir, uint32_t len, struct tm_samples *samples)
{
    int rc = TM_OK;
    t->conn.is_established = true;
    t->conn.app_bytes[dir] += len;
    t->conn.n_records[dir]++;
    if (t->object_dir == OBJECT_NONE && dir == TM_DOWN) { /* R8: an empty request of 1 byte */
        t->object_dir = TM_UP;
        t->object_bytes = 1;
        t->conn.n_pairs++;
    }
    if (t->object_dir != dir) {
        rc = end_object(t, samples);
        t->object_dir = (uint8_t)dir;
        t->conn.n_pairs += dir == TM_UP;
    }
    t->object_bytes += len;
    t->object_records++;
    if (rc == TM_OK)
        rc = add(samples, dir == TM_UP ? TM_MEASURED_TLS_RECORD_UP : TM_MEASURED_TLS_RECORD_DOWN,
                 len);
    return rc;
}

/* A record's header is whole: where does the record belong? */
static int begin_record(struct tm_tls *t, enum tm_dir dir, uint8_t type, uint32_t len,
                        struct tm_samples *samples)
{
    bool is_app = type == RECORD_APP;
    if (is_app && t->conn.is_13 && dir == TM_DOWN)
        is_app = t->is_finished;
    if (is_app && t->conn.is_13 && dir == TM_UP && !t->is_finished) {
        t->is_finished = true;
        is_app = false;
    }
    if (is_app)
        return add_app(t, dir, len, samples);
    if (t->conn.is_established || type == RECORD_ALERT)
        return TM_OK; /* a ticket, a new key, the end */
    if (dir == TM_DOWN)
        t->conn.flight_bytes += len;
    else if (t->is_server_heard)
        t->conn.finished_bytes += len;
    else
        t->conn.hello_bytes += len;
    t->is_server_heard |= dir == TM_DOWN;
    return TM_OK;
}

/* Reads the cipher suite on the way through the server's first record. */
static void read_hello(struct tm_tls *t, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && !t->is_hello_whole; i++, t->hello_at++) {
        uint32_t suite_at = ID_LEN_AT + 1 + t->hello_id_len;
        if (t->hello_at == 0 && p[i] != SERVER_HELLO) {
            t->is_hello_whole = true; /* of TLS 1.2, or nothing that we know */
        } else if (t->hello_at == ID_LEN_AT) {
            t->hello_id_len = p[i];
            t->is_hello_whole = p[i] > ID_MAX;
        } else if (t->hello_at > ID_LEN_AT && t->hello_at == suite_at) {
            t->conn.is_13 = p[i] == 0x13; /* RFC 8446 app. B.4: 0x13,0x01 to 0x13,0x05 */
            t->is_hello_whole = true;
        }
    }
}

/* In order from here on. */
static int consume(struct tm_tls *t, enum tm_dir dir, struct tm_view v, struct tm_samples *samples)
{
    struct tm_tls_half *h = &t->half[dir];
    while (v.len > 0) {
        if (h->body_left > 0) {
            size_t n = v.len < h->body_left ? v.len : h->body_left;
            if (dir == TM_DOWN)
                read_hello(t, v.p, n);
            h->body_left -= (uint32_t)n;
            v = (struct tm_view){v.p + n, v.len - n};
            continue;
        }
        h->head[h->head_len++] = v.p[0];
        v = (struct tm_view){v.p + 1, v.len - 1};
        if (h->head_len < HEAD_LEN)
            continue;
        h->head_len = 0;
        if (!is_record_head(h->head)) {
            t->conn.state = TM_TLS_BROKEN;
            return TM_OK;
        }
        h->body_left = (uint32_t)h->head[3] << 8 | h->head[4];
        int rc = begin_record(t, dir, h->head[0], h->body_left + HEAD_LEN, samples);
        if (rc != TM_OK)
            return rc;
    }
    return TM_OK;
}

/* Bytes seq..h->next+gap were not captured: whether nothing in them matters. */
static bool may_skip(const struct tm_tls *t, enum tm_dir dir, int64_t gap)
{
    const struct tm_tls_half *h = &t->half[dir];
    bool needs_body = dir == TM_DOWN && !t->is_hello_whole;
    return h->head_len == 0 && gap <= (int64_t)h->body_left && !needs_body;
}

static int follow(struct tm_tls *t, enum tm_dir dir, const struct tm_segment *s,
                  struct tm_view payload, struct tm_samples *samples)
{
    struct tm_tls_half *h = &t->half[dir];
    int64_t gap = seq_diff(s->seq, h->next);
    int64_t fresh = gap + (int64_t)s->payload_len;
    if (fresh <= 0)
        return TM_OK;
    if (payload.len < s->payload_len) {
        t->conn.state = TM_TLS_CUT;
        return TM_OK;
    }
    if (gap > 0 && !may_skip(t, dir, gap)) {
        t->conn.state = TM_TLS_LOST;
        return TM_OK;
    }
    if (gap > 0) {
        h->body_left -= (uint32_t)gap;
    } else {
        payload = (struct tm_view){payload.p - gap, payload.len - (size_t)-gap};
    }
    h->next = s->seq + s->payload_len;
    return consume(t, dir, payload, samples);
}

int tm_tls_feed(struct tm_tls *t, const struct tm_segment *s, struct tm_view payload,
                struct tm_samples *samples)
{
    enum tm_dir dir = s->dir == TM_UP ? TM_UP : TM_DOWN;
    struct tm_tls_half *h = &t->half[dir];
    struct tm_segment from = *s;
    from.seq += s->flags & TM_TCP_SYN ? 1 : 0;
    if (s->payload_len == 0 || (s->flags & TM_TCP_RST))
        return TM_OK;
    if (!h->is_valid)
        h->next = from.seq;
    h->is_valid = true;
    if (t->conn.state == TM_TLS_FOLLOWED)
        return follow(t, dir, &from, payload, samples);
    if (t->conn.state != TM_TLS_NONE)
        return TM_OK;
    if (dir == TM_UP && from.seq == h->next && is_client_hello(payload)) {
        t->conn.state = TM_TLS_FOLLOWED;
        return follow(t, dir, &from, payload, samples);
    }
    uint32_t end = from.seq + s->payload_len;
    if (seq_diff(end, h->next) > 0)
        h->next = end;
    return TM_OK;
}

int tm_tls_finish(struct tm_tls *t, struct tm_samples *samples, struct tm_tls_conn *out)
{
    int rc = TM_OK;
    if (t->conn.state == TM_TLS_FOLLOWED)
        rc = end_object(t, samples);
    if (rc == TM_OK && t->conn.state == TM_TLS_FOLLOWED && t->conn.is_established)
        rc = add(samples, TM_MEASURED_TLS_PAIRS, t->conn.n_pairs);
    if (t->conn.is_established) {
        const uint64_t v[] = {t->conn.hello_bytes, t->conn.flight_bytes, t->conn.finished_bytes};
        for (unsigned i = 0; i < 3 && rc == TM_OK; i++)
            rc = add(samples, (enum tm_measured_param)(TM_MEASURED_TLS_HELLO + i), v[i]);
    }
    if (out)
        *out = t->conn;
    return rc;
}

const char *tm_tls_state_name(enum tm_tls_state s)
{
    switch (s) {
    case TM_TLS_NONE:
        return "none";
    case TM_TLS_FOLLOWED:
        return "followed";
    case TM_TLS_CUT:
        return "cut";
    case TM_TLS_LOST:
        return "lost";
    case TM_TLS_BROKEN:
        return "broken";
    }
    return "unknown";
}
