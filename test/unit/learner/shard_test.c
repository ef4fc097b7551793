#include "learner/shard_join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learner/shard.h"
#include "test/support/check.h"

#define NONE TM_PAIR_NONE

static char dir[] = "/tmp/tm-shard-XXXXXX";

/* DIR/name, in one of a few buffers. */
static char *at(const char *name)
{
    static char path[8][64];
    static unsigned next;
    char *p = path[next++ % 8];
    (void)snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void add_pair(struct tm_pair_pool *pool, struct tm_conn *c, struct tm_pair v)
{
    uint32_t i;
    CHECK_INT(tm_pair_pool_take(pool, &i), TM_OK);
    v.next = c->first_pair; /* the chain is made from its end */
    pool->pair[i] = v;
    c->first_pair = i;
    c->n_pairs++;
}

/* A connection in which every member has a value of its own. */
static struct tm_record whole_record(struct tm_pair_pool *pool)
{
    struct tm_record r = {.client_port = 40001, .server_port = 443};
    for (uint8_t i = 0; i < TM_ADDR_LEN; i++) {
        r.client[i] = i;
        r.server[i] = (uint8_t)(0xf0 + i);
    }
    r.conn = (struct tm_conn){
        .start_us = 1700000000123456,
        .end_us = -5,
        .data_us = 1700000000123450,
        .bytes = {UINT64_C(1) << 40, 17},
        .inferred = {18, 19},
        .uncounted = {20, UINT64_C(1) << 33},
        .rtt_us = {0, NONE},
        .n_rtt = {65535, 3},
        .n_packets = UINT32_MAX,
        .n_retrans = 22,
        .first_pair = NONE,
        .close_think_us = 23,
        .data_dir = TM_DOWN,
        .close_dir = TM_UP,
        .has_syn = true,
        .has_end = false,
        .is_pseudo = true,
    };
    r.path = (struct tm_path_conn){.mss_bytes = 1460,
                                   .capacity_bps = {UINT64_C(1) << 35, 24},
                                   .n_data = {25, 26},
                                   .n_lost = {27, 28}};
    add_pair(pool, &r.conn, (struct tm_pair){300, NONE, 70000, NONE, NONE});
    add_pair(pool, &r.conn, (struct tm_pair){TM_WRITE_SIZE_MAX, 0, NONE, TM_WRITE_GAP_MAX, NONE});
    return r;
}

static void check_same(const struct tm_record *a, const struct tm_pair_pool *pa,
                       const struct tm_record *b, const struct tm_pair_pool *pb)
{
    struct tm_record x = *a;
    struct tm_record y = *b;
    uint32_t i = x.conn.first_pair;
    uint32_t j = y.conn.first_pair;
    x.conn.first_pair = y.conn.first_pair = 0;
    CHECK_MEM(x.client, y.client, TM_ADDR_LEN);
    CHECK_MEM(x.server, y.server, TM_ADDR_LEN);
    CHECK_INT(x.client_port, y.client_port);
    CHECK_INT(x.server_port, y.server_port);
    CHECK_MEM(&x.conn, &y.conn, offsetof(struct tm_conn, is_pseudo) + 1);
    CHECK_INT(x.path.mss_bytes, y.path.mss_bytes);
    CHECK_MEM(x.path.capacity_bps, y.path.capacity_bps, sizeof x.path.capacity_bps);
    CHECK_MEM(x.path.n_data, y.path.n_data, sizeof x.path.n_data);
    CHECK_MEM(x.path.n_lost, y.path.n_lost, sizeof x.path.n_lost);
    for (; i != NONE && j != NONE; i = pa->pair[i].next, j = pb->pair[j].next)
        CHECK_MEM(&pa->pair[i], &pb->pair[j], offsetof(struct tm_pair, next));
    CHECK(i == NONE && j == NONE);
}

static void a_connection_comes_back_whole(void)
{
    struct tm_pair_pool pool;
    struct tm_pair_pool again;
    uint8_t bytes[500];
    tm_pair_pool_init(&pool);
    tm_pair_pool_init(&again);
    struct tm_record r = whole_record(&pool);
    struct tm_record got;
    struct tm_wr w = tm_wr_init(bytes, sizeof bytes);
    CHECK_INT(tm_shard_encode_record(&w, &r, &pool), TM_OK);
    CHECK(w.len <= tm_shard_record_max(&r));
    struct tm_rd rd = tm_rd_init(bytes, w.len);
    CHECK_INT(tm_shard_decode_record(&rd, &got, &again), TM_OK);
    CHECK_INT(rd.len, 0);
    check_same(&got, &again, &r, &pool);
    tm_pair_pool_deinit(&pool);
    tm_pair_pool_deinit(&again);
}

/* Whatever the bytes, what decodes can be fitted: within limits, a chain as long as it says. */
static void check_sound(const uint8_t *bytes, size_t len)
{
    struct tm_pair_pool pool;
    struct tm_record r;
    uint8_t again[2048];
    tm_pair_pool_init(&pool);
    struct tm_rd rd = tm_rd_init(bytes, len);
    int rc = tm_shard_decode_record(&rd, &r, &pool);
    CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
    if (rc == TM_OK) {
        uint32_t n = 0;
        for (uint32_t i = r.conn.first_pair; i != NONE; i = pool.pair[i].next)
            n++;
        CHECK_INT(n, r.conn.n_pairs);
        struct tm_wr w = tm_wr_init(again, sizeof again);
        CHECK_INT(tm_shard_encode_record(&w, &r, &pool), TM_OK);
    }
    tm_pair_pool_deinit(&pool);
}

static void damaged_connections_are_refused_or_sound(void)
{
    struct tm_pair_pool pool;
    uint8_t bytes[500];
    tm_pair_pool_init(&pool);
    struct tm_record r = whole_record(&pool);
    struct tm_wr w = tm_wr_init(bytes, sizeof bytes);
    CHECK_INT(tm_shard_encode_record(&w, &r, &pool), TM_OK);
    for (size_t i = 0; i < 8 * w.len; i++) {
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
        check_sound(bytes, w.len);
        for (size_t j = i + 1; j < 8 * w.len; j += 7) {
            bytes[j / 8] ^= (uint8_t)(1U << j % 8);
            check_sound(bytes, w.len);
            bytes[j / 8] ^= (uint8_t)(1U << j % 8);
        }
        bytes[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    for (size_t len = 0; len < w.len; len++) {
        struct tm_pair_pool again;
        struct tm_record got;
        tm_pair_pool_init(&again);
        struct tm_rd rd = tm_rd_init(bytes, len);
        CHECK_INT(tm_shard_decode_record(&rd, &got, &again), TM_ERR_FORMAT);
        tm_pair_pool_deinit(&again);
    }
    tm_pair_pool_deinit(&pool);
}

static struct tm_options options(uint16_t port)
{
    struct tm_options o = {
        .ports = {port, 8443},
        .world = {.n_ports = 2,
                  .min_packets = 6,
                  .exchange = tm_exchange_cfg_default(),
                  .flow = {.max_flows = 77, .linger_us = 60000000}},
        .fit = {.group = tm_group_cfg_default(),
                .key = TM_USER_NET,
                .server_bits = 27,
                .end = TM_END_PAYLOAD,
                .min_rtts = 3,
                .is_server_think_zero = true,
                .max_points = 512},
        .join = TM_JOIN_NONE,
    };
    o.world.exchange.is_tail_pair = true;
    return o;
}

static size_t encode_options(const struct tm_options *o, uint8_t bytes[TM_SHARD_SETTINGS_MAX])
{
    struct tm_wr w = tm_wr_init(bytes, TM_SHARD_SETTINGS_MAX);
    CHECK_INT(tm_shard_encode_settings(&w, o), TM_OK);
    return w.len;
}

static void settings_come_back_whole(void)
{
    struct tm_options o = options(443);
    struct tm_options got = {.is_quiet = true};
    uint8_t bytes[TM_SHARD_SETTINGS_MAX];
    uint8_t again[TM_SHARD_SETTINGS_MAX];
    size_t len = encode_options(&o, bytes);
    struct tm_rd rd = tm_rd_init(bytes, len);
    CHECK_INT(tm_shard_decode_settings(&rd, &got), TM_OK);
    CHECK(got.is_quiet);
    CHECK(got.world.ports == got.ports);
    CHECK_INT(got.ports[1], 8443);
    CHECK_INT(got.fit.key, TM_USER_NET);
    CHECK_INT(got.fit.end, TM_END_PAYLOAD);
    CHECK_INT(got.fit.min_rtts, 3);
    CHECK(got.fit.is_server_think_zero && got.world.exchange.is_tail_pair);
    CHECK_INT(got.join, TM_JOIN_NONE);
    CHECK_INT(got.fit.group.session_gap_us, 300000000);
    CHECK_INT(encode_options(&got, again), len);
    CHECK_MEM(again, bytes, len);
}

static void settings_of_another_version_are_told_from_damage(void)
{
    struct tm_options o = options(443);
    struct tm_options got;
    uint8_t bytes[TM_SHARD_SETTINGS_MAX];
    size_t len = encode_options(&o, bytes);
    bytes[1] ^= 1; /* in the version's text */
    struct tm_rd rd = tm_rd_init(bytes, len);
    CHECK_INT(tm_shard_decode_settings(&rd, &got), TM_ERR_UNSUPPORTED);
    bytes[1] ^= 1;
    for (size_t cut = 0; cut < len; cut++) {
        rd = tm_rd_init(bytes, cut);
        CHECK_INT(tm_shard_decode_settings(&rd, &got), TM_ERR_FORMAT);
    }
}

static void add_samples(struct tm_samples *s)
{
    const unsigned kind = TM_SAMPLES_MEASURED(TM_MEASURED_TLS_HELLO);
    CHECK_INT(tm_samples_add(s, kind, 517), TM_OK);
    CHECK_INT(tm_samples_add(s, kind, 1800), TM_OK);
    CHECK_INT(tm_samples_add(s, kind, 517), TM_OK);
    CHECK_INT(tm_samples_add(s, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_RECORD_DOWN), TM_MEASURED_MAX),
              TM_OK);
}

static void check_samples(struct tm_samples *s)
{
    struct tm_runs r;
    CHECK_INT(tm_samples_runs(s, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_HELLO), &r), TM_OK);
    CHECK_INT(r.n, 2);
    CHECK(r.v[0].value == 517 && r.v[0].count == 2 && r.v[1].value == 1800 && r.v[1].count == 1);
    free(r.v);
    CHECK_INT(tm_samples_total(s, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_RECORD_DOWN)), 1);
    CHECK_INT(tm_samples_total(s, TM_SAMPLES_MEASURED(TM_MEASURED_TLS_PAIRS)), 0);
}

static void damaged_samples_are_refused_or_sound(void)
{
    struct tm_samples s = {0};
    struct tm_samples got;
    uint8_t *p = NULL;
    size_t len = 0;
    add_samples(&s);
    CHECK_INT(tm_shard_encode_samples(&s, &p, &len), TM_OK);
    struct tm_rd rd = tm_rd_init(p, len);
    CHECK_INT(tm_shard_decode_samples(&rd, &got), TM_OK);
    CHECK_INT(rd.len, 0);
    check_samples(&got);
    tm_samples_deinit(&got);
    for (size_t cut = 0; cut < len; cut++) {
        rd = tm_rd_init(p, cut);
        CHECK_INT(tm_shard_decode_samples(&rd, &got), TM_ERR_FORMAT);
        tm_samples_deinit(&got);
    }
    for (size_t i = 0; i < 8 * len; i++) {
        p[i / 8] ^= (uint8_t)(1U << i % 8);
        rd = tm_rd_init(p, len);
        int rc = tm_shard_decode_samples(&rd, &got);
        CHECK(rc == TM_OK || rc == TM_ERR_FORMAT);
        if (rc == TM_OK)
            CHECK_INT(tm_samples_merge(&got, &s), TM_OK);
        tm_samples_deinit(&got);
        p[i / 8] ^= (uint8_t)(1U << i % 8);
    }
    free(p);
    tm_samples_deinit(&s);
}

/* A file with one connection of part `part` of the capture `mark`. */
static void write_shard(const char *path, uint64_t mark, uint32_t part, uint32_t n_parts,
                        uint16_t port)
{
    struct tm_options o = options(port);
    struct tm_pair_pool pool;
    struct tm_shard_writer *w = NULL;
    struct tm_msg msg = {""};
    uint8_t settings[TM_SHARD_SETTINGS_MAX];
    tm_pair_pool_init(&pool);
    struct tm_record r = whole_record(&pool);
    r.client_port = (uint16_t)part;
    struct tm_shard_block b = {.mark = mark, .part = part, .n_parts = n_parts};
    b.counts.world.n_packets = 10 + mark;
    struct tm_samples samples = {0};
    add_samples(&samples);
    size_t len = encode_options(&o, settings);
    CHECK_INT(tm_shard_create(&w, path, settings, len, &msg), TM_OK);
    CHECK_INT(tm_shard_add_records(w, b, &(struct tm_shard_content){&r, 1, &pool, &samples}, &msg),
              TM_OK);
    CHECK_INT(tm_shard_commit(w, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    tm_shard_writer_free(w);
    tm_samples_deinit(&samples);
    tm_pair_pool_deinit(&pool);
}

static void a_file_gives_back_what_was_written(void)
{
    struct tm_shard_file s;
    struct tm_msg msg = {""};
    struct tm_pair_pool pool;
    uint8_t *p = NULL;
    struct tm_record got;
    tm_pair_pool_init(&pool);
    write_shard(at("one"), 5, 2, 3, 443);
    CHECK_INT(tm_shard_open(&s, at("one"), &msg), TM_OK);
    CHECK_INT(s.n_blocks, 1);
    CHECK_INT(s.block[0].mark, 5);
    CHECK_INT(s.block[0].part, 2);
    CHECK_INT(s.block[0].n_parts, 3);
    CHECK_INT(s.block[0].n_records, 1);
    CHECK_INT(s.block[0].counts.world.n_packets, 15);
    CHECK_INT(tm_shard_read(&s, &s.block[0], &p, &msg), TM_OK);
    struct tm_rd rd = tm_rd_init(p, (size_t)s.block[0].len);
    CHECK_INT(tm_shard_decode_record(&rd, &got, &pool), TM_OK);
    CHECK_INT(got.client_port, 2);
    struct tm_samples samples;
    CHECK_INT(tm_shard_decode_samples(&rd, &samples), TM_OK);
    CHECK_INT(rd.len, 0);
    check_samples(&samples);
    tm_samples_deinit(&samples);
    free(p);
    tm_shard_close(&s);
    tm_pair_pool_deinit(&pool);
}

/* Writes len bytes to DIR/bad and says what opening and reading it gives. */
static int open_bytes(const uint8_t *bytes, size_t len)
{
    struct tm_shard_file s;
    struct tm_msg msg = {""};
    uint8_t *p = NULL;
    FILE *f = fopen(at("bad"), "wb");
    CHECK(f != NULL);
    if (!f)
        return TM_OK;
    CHECK_INT(fwrite(bytes, 1, len, f), len);
    (void)fclose(f);
    int rc = tm_shard_open(&s, at("bad"), &msg);
    for (uint32_t i = 0; rc == TM_OK && i < s.n_blocks; i++) {
        rc = tm_shard_read(&s, &s.block[i], &p, &msg);
        free(p);
    }
    CHECK_INT(rc == TM_OK, msg.text[0] == '\0');
    tm_shard_close(&s);
    return rc;
}

static void every_cut_and_every_flipped_byte_is_found(void)
{
    uint8_t bytes[2048];
    write_shard(at("good"), 5, 1, 1, 443);
    FILE *f = fopen(at("good"), "rb");
    CHECK(f != NULL);
    if (!f)
        return;
    size_t len = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    CHECK(len > 300 && len < sizeof bytes);
    CHECK_INT(open_bytes(bytes, len), TM_OK);
    for (size_t cut = 0; cut < len; cut++)
        CHECK_INT(open_bytes(bytes, cut), TM_ERR_FORMAT);
    for (size_t i = 0; i < len; i++) {
        bytes[i] ^= 0x40;
        CHECK_INT(open_bytes(bytes, len), TM_ERR_FORMAT);
        bytes[i] ^= 0x40;
    }
}

static int join(struct tm_shard_join *j, struct tm_msg *msg, size_t n, const char *a, const char *b)
{
    char *path[] = {at(a), at(b)};
    *msg = (struct tm_msg){""};
    return tm_shard_join_open(j, path, n, msg);
}

static void parts_are_put_in_order(void)
{
    struct tm_shard_join j;
    struct tm_msg msg;
    write_shard(at("a"), 5, 1, 2, 443);
    write_shard(at("b"), 5, 2, 2, 443);
    CHECK_INT(join(&j, &msg, 2, "b", "a"), TM_OK);
    CHECK_INT(j.n_items, 2);
    CHECK_INT(j.item[0].block->part, 1);
    CHECK_INT(tm_shard_join_end(&j, 0), 2);
    CHECK_INT(tm_shard_join_complete(&j, &msg), TM_OK);
    tm_shard_join_close(&j);
    CHECK_INT(join(&j, &msg, 1, "b", "b"), TM_OK);
    CHECK_INT(tm_shard_join_complete(&j, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "part 1/2") != NULL);
    tm_shard_join_close(&j);
    CHECK_INT(join(&j, &msg, 1, "a", "a"), TM_OK);
    CHECK_INT(tm_shard_join_complete(&j, &msg), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "part 2/2") != NULL);
    tm_shard_join_close(&j);
}

static void what_does_not_fit_together_is_refused(void)
{
    struct tm_shard_join j;
    struct tm_msg msg;
    write_shard(at("a"), 5, 1, 2, 443);
    write_shard(at("thirds"), 5, 3, 3, 443);
    write_shard(at("port"), 5, 2, 2, 22);
    CHECK_INT(join(&j, &msg, 2, "a", "a"), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "both hold part 1/2") != NULL);
    CHECK_INT(join(&j, &msg, 2, "a", "thirds"), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "into 2 and into 3 parts") != NULL);
    CHECK_INT(join(&j, &msg, 2, "a", "port"), TM_ERR_RANGE);
    CHECK(strstr(msg.text, "different options") != NULL);
    CHECK_INT(join(&j, &msg, 2, "a", "missing"), TM_ERR_IO);
}

static void a_writer_that_stops_leaves_nothing(void)
{
    struct tm_shard_writer *w = NULL;
    struct tm_msg msg = {""};
    uint8_t settings[4] = {0};
    CHECK_INT(tm_shard_create(&w, at("never"), settings, sizeof settings, &msg), TM_OK);
    tm_shard_writer_free(w);
    CHECK(access(at("never"), F_OK) != 0);
    CHECK_INT(tm_shard_create(&w, at("no/such/folder"), settings, sizeof settings, &msg),
              TM_ERR_IO);
    CHECK(w == NULL);
}

static void each_client_belongs_to_one_part(void)
{
    unsigned n_of[4] = {0};
    for (uint32_t host = 0; host < 4000; host++) {
        uint8_t client[TM_ADDR_LEN] = {[10] = 0xff, [11] = 0xff, [12] = 10};
        client[14] = (uint8_t)(host >> 8);
        client[15] = (uint8_t)host;
        unsigned n = 0;
        for (uint32_t part = 1; part <= 4; part++) {
            bool is_here = tm_shard_has((struct tm_shard){part, 4}, client);
            n += is_here;
            n_of[part - 1] += is_here;
        }
        CHECK_INT(n, 1);
    }
    for (size_t i = 0; i < 4; i++)
        CHECK(n_of[i] > 850 && n_of[i] < 1150); /* 1000 +- 5 deviations of 27 */
    const uint8_t any[TM_ADDR_LEN] = {1};
    CHECK(tm_shard_has((struct tm_shard){0}, any));
    CHECK(tm_shard_has((struct tm_shard){1, 1}, any));
}

/* The same on every machine and in every version, or parts made apart would not fit together.
 * SplitMix64 of seed 0 gives 0xe220a8397b1dcdaf first (the test vector of its authors' code). */
static void the_hash_is_fixed(void)
{
    CHECK(tm_mix(0) == UINT64_C(0xe220a8397b1dcdaf));
}

static const struct check_case cases[] = {
    {"a_connection_comes_back_whole", a_connection_comes_back_whole},
    {"damaged_connections_are_refused_or_sound", damaged_connections_are_refused_or_sound},
    {"damaged_samples_are_refused_or_sound", damaged_samples_are_refused_or_sound},
    {"settings_come_back_whole", settings_come_back_whole},
    {"settings_of_another_version_are_told_from_damage",
     settings_of_another_version_are_told_from_damage},
    {"a_file_gives_back_what_was_written", a_file_gives_back_what_was_written},
    {"every_cut_and_every_flipped_byte_is_found", every_cut_and_every_flipped_byte_is_found},
    {"parts_are_put_in_order", parts_are_put_in_order},
    {"what_does_not_fit_together_is_refused", what_does_not_fit_together_is_refused},
    {"a_writer_that_stops_leaves_nothing", a_writer_that_stops_leaves_nothing},
    {"each_client_belongs_to_one_part", each_client_belongs_to_one_part},
    {"the_hash_is_fixed", the_hash_is_fixed},
};

int main(void)
{
    static const char *const left[] = {"one", "good", "bad", "a", "b", "thirds", "port"};
    if (!mkdtemp(dir))
        return 1;
    int status = check_run("shard", cases, sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++)
        (void)unlink(at(left[i]));
    if (rmdir(dir) != 0) {
        (void)fprintf(stderr, "%s: something was left behind\n", dir);
        return 1;
    }
    return status;
}
