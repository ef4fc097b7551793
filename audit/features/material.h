/* audit/features/material.h - captures and labels on the command line -> the connections that an attack works on.
 *
 * What all attack commands share: reading (captures, or the CSV that `tm-audit features` wrote), labelling, the choice of
 * complete connections, and the refusals that keep a comparison honest. */
#ifndef TM_AUDIT_MATERIAL_H
#define TM_AUDIT_MATERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/features/features.h"
#include "audit/features/labels.h"
#include "audit/features/table.h"
#include "audit/features/trace.h"
#include "tm/base/err.h"

#define TM_MATERIAL_PORTS_MAX 64U

struct tm_material_cfg {
    uint16_t ports[TM_MATERIAL_PORTS_MAX]; /* servers' ports; none: every connection with a SYN */
    size_t n_ports;
    const char *ports_by;           /* who names them, for messages; NULL: --port */
    const struct tm_labels *labels; /* borrowed; NULL: none */
    const char *
        cls; /* class of connections without a label; NULL: the capture's file name up to its first dot */
    const char *split; /* only connections of this split; NULL: all */
    const char *
        session_prefix; /* put before the labels' session names, where two recordings meet in one set; NULL: nothing */
    int64_t
        block_us; /* connections without a label: a session is all that starts within one block of this length of its
                           capture, "PATH#BLOCK"; 0: every connection is a session of its own, "PATH#INDEX" */
    bool keep_incomplete;
};

/* Where a capture was taken, told by the handshakes' round trips. */
enum tm_material_side { TM_TAP_UNKNOWN, TM_TAP_CLIENT, TM_TAP_MIDDLE, TM_TAP_SERVER };
#define TM_MATERIAL_SIDES 4U

/* Sums over the captures read. */
struct tm_material_counts {
    uint64_t n_captures, n_packets, n_conns;
    uint64_t n_kept;       /* of n_conns: those that were added */
    uint64_t n_incomplete; /* left out: no SYN, no payload one way, or no end */
    uint64_t
        n_unlabelled; /* labels were given, and none holds them: kept with the defaults above, unless a split is asked for */
    uint64_t n_other_split;             /* left out */
    uint64_t n_side[TM_MATERIAL_SIDES]; /* captures, by where they were taken */
};

/* "22,443" -> cfg->ports.  TM_ERR_FORMAT, msg says what is wrong. */
TM_MUST_CHECK int tm_material_ports(struct tm_material_cfg *cfg, const char *text,
                                    struct tm_msg *msg);
/* The file's labels.  TM_ERR_IO and errors as tm_labels_add. */
TM_MUST_CHECK int tm_material_labels(struct tm_labels *out, const char *path, struct tm_msg *msg);

/* Reads one capture into `out`.  Progress goes to stderr when it is a terminal.  Errors as tm_pcap_open (a link type that is not
 * known, empty and truncated files: msg says which and what to do); TM_ERR_FORMAT no connection of the ports in it (msg names the
 * busiest ports); TM_ERR_LIMIT, TM_ERR_NOMEM.  A file cut in its middle is used up to there, with a warning on stderr. */
TM_MUST_CHECK int tm_material_read(struct tm_trace_set *out, const char *path,
                                   const struct tm_material_cfg *cfg,
                                   struct tm_material_counts *counts, struct tm_msg *msg);
/* Appends the rows of one file: a capture, or a table as tm_csv_write has it (told by its first bytes; it brings its own classes and
 * sessions, of cfg only session_prefix is used; its columns must hold those of `out`).  `out` has the columns of
 * `features`.  Errors as above and tm_csv_parse. */
TM_MUST_CHECK int tm_material_rows(struct tm_table *out, const struct tm_features_cfg *features,
                                   const char *path, const struct tm_material_cfg *cfg,
                                   struct tm_material_counts *counts, struct tm_msg *msg);
/* Medians over the handshakes of a set: beside the client when the client answers in less than a tenth of the server's time. */
enum tm_material_side tm_material_side_of(const struct tm_trace_set *s);
/* "beside the client", "in the middle"; static storage. */
const char *tm_material_side_name(enum tm_material_side side);

#endif
