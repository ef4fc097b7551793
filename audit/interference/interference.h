/* audit/interference/interference.h - what `tm-audit interference` prints: a study of each workload against the first. */
#ifndef TM_AUDIT_INTERFERENCE_INTERFERENCE_H
#define TM_AUDIT_INTERFERENCE_INTERFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/interference/study.h"

struct tm_interference_entry {
    const char *workload; /* borrowed, terminated */
    struct tm_study study;
};

struct tm_interference_report {
    const char *idle; /* the first workload's name */
    bool by_log;      /* offsets were compared by the clients' logs */
    uint64_t seed;
    const struct tm_interference_entry *entries;
    size_t n_entries;
};

/* TM_ERR_IO when f could not be written. */
TM_MUST_CHECK int tm_interference_text(const struct tm_interference_report *r, FILE *f);
TM_MUST_CHECK int tm_interference_json(const struct tm_interference_report *r, FILE *f);
/* One sentence for people. */
void tm_interference_verdict(const struct tm_study *s, char out[512]);

#endif
