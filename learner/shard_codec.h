/* learner/shard_codec.h - connections and the settings that shaped them, as bytes and back.
 *
 * Everything that a model is fitted from is kept as it was measured: think times with their round
 * trips, and the round trips, because a server's is the median over the clients of all parts, and is
 * known only when they are together.  Bytes may come from anybody: what decodes is within the limits
 * of learner/exchange.h and learner/pair.h.  Pure.
 *
 *   settings: string version | u16 n, n * u16 port | u32 min_packets, gap_credit, max_pairs, max_flows |
 *             u64 syn_repeat_us, rtt_max_us, linger_us | u8 is_tail_pair, join, key, server_bits, end,
 *             is_server_think_zero | u32 min_rtts, max_points |
 *             u64 rre_gap_us, inter_conn_us, session_gap_us, session_length_us, away_us |
 *             u32 max_conns, max_rres
 *   record:   16 B client, 16 B server | u16 client port, server port | the fields of struct tm_conn
 *             and struct tm_path_conn in the order of shard_codec.c | per exchange: varint request, response, request think,
 *             server think, each plus 1, and 0 for TM_PAIR_NONE */
#ifndef TM_LEARNER_SHARD_CODEC_H
#define TM_LEARNER_SHARD_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "learner/fit.h"
#include "learner/options.h"
#include "learner/pair.h"
#include "tm/base/buf.h"
#include "tm/base/err.h"

#define TM_SHARD_SETTINGS_MAX 512U

/* What of the options decides which connections there are and how they are grouped.  Two parts fit
 * together only when these bytes are equal.  TM_ERR_LIMIT when they do not fit into w. */
TM_MUST_CHECK int tm_shard_encode_settings(struct tm_wr *w, const struct tm_options *o);
/* Sets those members of *o; the others stay.  TM_ERR_UNSUPPORTED: written by another version of the
 * program, whose rules may differ; TM_ERR_FORMAT. */
TM_MUST_CHECK int tm_shard_decode_settings(struct tm_rd *rd, struct tm_options *o);

/* The most bytes that a record takes. */
size_t tm_shard_record_max(const struct tm_record *r);
/* TM_ERR_LIMIT when it does not fit into w. */
TM_MUST_CHECK int tm_shard_encode_record(struct tm_wr *w, const struct tm_record *r,
                                         const struct tm_pair_pool *pool);
/* The exchanges go into `pool`.  TM_ERR_FORMAT; TM_ERR_NOMEM, TM_ERR_LIMIT from the pool.  What an
 * error left in the pool goes with it. */
TM_MUST_CHECK int tm_shard_decode_record(struct tm_rd *rd, struct tm_record *r,
                                         struct tm_pair_pool *pool);

#endif
