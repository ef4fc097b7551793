/* tm/core/cells.h - sessions that Maybenot machines drive: `--model maybenot`.
 *
 * One carrier; what leaves on it are cells, all of one size.  Machines at both ends decide when padding leaves and what waits (padder.h); the
 * client brings the server's with it, as control messages.  NOT payload-independent: what the applications do are the machines' events. */
#ifndef TM_CORE_CELLS_H
#define TM_CORE_CELLS_H

#include "tm/core/padder.h"
#include "tm/core/session.h"

#define TM_CELL_BYTES     1448U /* of TCP payload; the default */
#define TM_CELL_BYTES_MIN 700U

/* What the client's session is made of.  Machines as text (models/maybenot/set.h), borrowed until tm_session_new returns; fractions in
 * millionths, 0: no limit; both are for each end alone. */
struct tm_cells_cfg {
    struct tm_view client, server; /* machine strings, by end */
    uint32_t max_padding_ppm, max_blocking_ppm;
    uint32_t
        cell_bytes; /* TM_CELL_BYTES_MIN..TM_HELLO_MAX, and room for each part of the handshake */
};

struct tm_cells_status {
    uint32_t cell_bytes;
    bool is_told;        /* the machines of this end run */
    const char *refused; /* server: why the client's machines were; NULL */
    struct tm_padder_counts counts;
};

/* False: machines do not drive this session. */
bool tm_session_cells(const struct tm_session *s, struct tm_cells_status *out);

#endif
