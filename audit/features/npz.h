/* audit/features/npz.h - connections in the layout that WFlib (Website-Fingerprinting-Library, Deng et al., CCS 2024) reads.
 *
 * An NPZ file is a zip archive (stored, not compressed) of arrays in numpy's format 1.0:
 *   X         sequences: n x max_len float64, sign (up +, down -) times seconds since the connection's first packet, 0 behind the
 *             last packet (a packet at time 0 is put at 1 us); or the matrix: n x 2 x 1800 float32, packets up and down in each slot
 *   y         n int64, index into `classes`
 *   session   n int64, index of the session; load: n int64.  Split by session, not by connection
 *   classes   names in alphabetical order, fixed-length UTF-32
 * Source: NEP 1 (the .npy format); APPNOTE.TXT 4.3 (zip). */
#ifndef TM_AUDIT_NPZ_H
#define TM_AUDIT_NPZ_H

#include <stdint.h>
#include <stdio.h>

#include "audit/features/features.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"

enum tm_npz_kind { TM_NPZ_SEQUENCES, TM_NPZ_TAM };

struct tm_npz_cfg {
    enum tm_npz_kind kind;
    uint32_t max_len; /* packets of a sequence, >= 1; longer connections are cut */
    int64_t floor_us; /* as in tm_features_cfg */
};

/* Writes the set into `out`, an empty file that can be sought in.  TM_ERR_IO (errno says why), TM_ERR_NOMEM, TM_ERR_LIMIT (an array of
 * 4 GiB: take a smaller max_len). */
TM_MUST_CHECK int tm_npz_write(const struct tm_trace_set *set, const struct tm_npz_cfg *cfg,
                               FILE *out);

#endif
