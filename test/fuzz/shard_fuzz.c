/* The four things that stand in a shard file, each by the input's first byte: settings, an index block, connections, samples.
 * What decodes encodes to something that decodes to the same. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "learner/shard_codec.h"
#include "learner/shard_index.h"
#include "learner/shard_samples.h"

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

static void samples(const uint8_t *p, size_t len)
{
    struct tm_samples s;
    struct tm_samples twice;
    struct tm_rd rd = tm_rd_init(p, len);
    uint8_t *first = NULL;
    uint8_t *second = NULL;
    size_t n = 0;
    size_t m = 0;
    if (tm_shard_decode_samples(&rd, &s) == TM_OK &&
        tm_shard_encode_samples(&s, &first, &n) == TM_OK) {
        struct tm_rd back = tm_rd_init(first, n);
        if (tm_shard_decode_samples(&back, &twice) != TM_OK || back.len != 0 ||
            tm_shard_encode_samples(&twice, &second, &m) != TM_OK || n != m ||
            memcmp(first, second, n) != 0)
            abort();
        if (tm_samples_merge(&twice, &s) != TM_OK)
            abort();
        tm_samples_deinit(&twice);
    }
    tm_samples_deinit(&s);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0:
        settings(data + 1, size - 1);
        break;
    case 1:
        block(data + 1, size - 1);
        break;
    case 2:
        records(data + 1, size - 1);
        break;
    default:
        samples(data + 1, size - 1);
        break;
    }
    return 0;
}
