#include "models/store/conn_blob.h"

#include <stdbool.h>

#include "tm/base/buf.h"

size_t tm_conn_blob_encode(uint8_t *out, const struct tm_deck *d, size_t i)
{
    const struct tm_deck_conn *c = &d->conn[i];
    struct tm_wr wr = tm_wr_init(out, TM_CONN_BLOB_MAX);
    for (size_t k = 0; k < c->n_writes; k++) {
        const struct tm_write *w = &d->w[c->first + k];
        tm_wr_varint(&wr, (uint64_t)w->ref_back * 2 + d->weld[c->first + k]);
        tm_wr_varint(&wr, (uint64_t)w->size * 2 + w->dir);
        tm_wr_varint(&wr, w->gap_us);
    }
    if (!tm_close_is_plain(&c->close)) {
        tm_wr_varint(&wr, (uint64_t)c->close.back * 2);
        tm_wr_varint(&wr, c->close.how);
        tm_wr_varint(&wr, c->close.server_back);
        tm_wr_varint(&wr, c->close.server_gap_us);
    }
    TM_ASSERT(tm_wr_ok(&wr));
    return wr.len;
}

/* The rest of a closing; it must be one that is not plain, and the end. */
static int decode_close(struct tm_deck *d, struct tm_rd *r, uint64_t back2, uint64_t how)
{
    uint64_t server_back = tm_rd_varint(r), server_gap_us = tm_rd_varint(r);
    if (!tm_rd_ok(r) || r->len > 0 || back2 % 2 != 0 || back2 / 2 > UINT8_MAX ||
        server_back > UINT8_MAX || server_gap_us > TM_WRITE_GAP_MAX)
        return TM_ERR_FORMAT;
    const struct tm_close c = {.how = (uint8_t)how,
                               .back = (uint8_t)(back2 / 2),
                               .server_back = (uint8_t)server_back,
                               .server_gap_us = (uint32_t)server_gap_us};
    if (tm_close_is_plain(&c) || tm_close_check(&c, d->conn[d->n_conns - 1].n_writes) != TM_OK)
        return TM_ERR_FORMAT;
    tm_deck_close_last(d, &c);
    return TM_OK;
}

int tm_conn_blob_decode(struct tm_deck *d, const uint8_t *p, size_t len)
{
    struct tm_rd r = tm_rd_init(p, len);
    int rc = len > 0 ? TM_OK : TM_ERR_FORMAT;
    while (rc == TM_OK && r.len > 0) {
        uint64_t ref_back = tm_rd_varint(&r);
        uint64_t size = tm_rd_varint(&r);
        if (tm_rd_ok(&r) && size / 2 == 0 && d->conn[d->n_conns - 1].n_writes > 0)
            return decode_close(d, &r, ref_back, size);
        uint64_t gap_us = tm_rd_varint(&r);
        bool is_welded = ref_back & 1;
        if (!tm_rd_ok(&r) || ref_back / 2 > TM_REF_BACK_MAX || size / 2 > TM_WRITE_SIZE_MAX ||
            gap_us > TM_WRITE_GAP_MAX || (is_welded && d->conn[d->n_conns - 1].n_writes == 0))
            return TM_ERR_FORMAT;
        rc = tm_deck_add_write(d, (struct tm_write){.size = (uint32_t)(size / 2),
                                                    .gap_us = (uint32_t)gap_us,
                                                    .dir = (uint8_t)(size & 1),
                                                    .ref_back = (uint8_t)(ref_back / 2)});
        if (rc == TM_OK && is_welded)
            tm_deck_weld_last(d);
    }
    return rc;
}
