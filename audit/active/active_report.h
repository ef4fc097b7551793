/* audit/active/active_report.h - what the active attacks found, for people and as JSON. */
#ifndef TM_AUDIT_ACTIVE_REPORT_H
#define TM_AUDIT_ACTIVE_REPORT_H

#include <stdio.h>

#include "audit/active/verdict.h"
#include "audit/json.h"
#include "tm/base/err.h"

struct tm_active_said {        /* borrowed */
    const char *what;          /* "client": who is found */
    const char *const *attack; /* names of n_attacks */
    uint32_t n_attacks;
    const struct tm_ranking *wire, *control; /* of each attack; control: NULL when there is none */
    enum tm_active_verdict verdict;
};

void tm_active_print(const struct tm_active_said *s, FILE *f);
/* Members "wire", "control", "verdict" and "text" of an object that is open. */
void tm_active_json(const struct tm_active_said *s, struct tm_json_out *j);

#endif
