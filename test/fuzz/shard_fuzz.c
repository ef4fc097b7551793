/* The three things that stand in a shard file, each by the input's first byte: settings, an index block, connections.
 * What decodes encodes to something that decodes to the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learner/shard_codec.h"
#include "learner/shard_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settings(const uint8_t *p, size_t len)
{
    struct tm_options o = {0};
    uint8_t again[TM_SHARD_SETTINGS_MAX];
    struct tm_rd rd = tm_rd_init(p, len);
    if (tm_shard_decode_settings(&rd, &o) != TM_OK)
        return;
    struct tm_wr w = tm_wr_init(again, sizeof again);
    if (tm_shard_encode_settings(&w, &o) != TM_OK || w.len != len || memcmp(again, p, len) != 0)
        abort();
}

static void block(const uint8_t *p, size_t len)
{
    struct tm_shard_block b;
    uint8_t again[1024];
    struct tm_rd rd = tm_rd_init(p, len);
    if (tm_shard_decode_block(&rd, 100, 1U << 20, &b) != TM_OK)
        return;
    if (b.offset < 100 || b.offset + b.len > 1U << 20 || b.part < 1 || b.part > b.n_parts)
        abort();
    struct tm_wr w = tm_wr_init(again, sizeof again);
    tm_shard_encode_block(&w, &b);
    if (!tm_wr_ok(&w) || memcmp(again, p, w.len) != 0)
        abort();
}

/* A shorter form of a number is another encoding of the same connection: compared after one more turn. */
static void records(const uint8_t *p, size_t len)
{
    struct tm_pair_pool pool;
    struct tm_record r;
    struct tm_rd rd = tm_rd_init(p, len);
    tm_pair_pool_init(&pool);
    while (rd.len > 0 && tm_shard_decode_record(&rd, &r, &pool) == TM_OK) {
        struct tm_record twice;
        size_t cap = tm_shard_record_max(&r);
        uint8_t *first = malloc(2 * cap);
        if (!first)
            break;
        uint8_t *second = first + cap;
        struct tm_wr a = tm_wr_init(first, cap);
        struct tm_wr b = tm_wr_init(second, cap);
        if (tm_shard_encode_record(&a, &r, &pool) != TM_OK)
            abort();
        struct tm_rd back = tm_rd_init(first, a.len);
        if (tm_shard_decode_record(&back, &twice, &pool) != TM_OK || back.len != 0 ||
            tm_shard_encode_record(&b, &twice, &pool) != TM_OK || a.len != b.len ||
            memcmp(first, second, a.len) != 0)
            abort();
        free(first);
    }
    tm_pair_pool_deinit(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 3) {
    case 0:
        settings(data + 1, size - 1);
        break;
    case 1:
        block(data + 1, size - 1);
        break;
    default:
        records(data + 1, size - 1);
        break;
    }
    return 0;
}
