#include "audit/bare.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool find_number(const char *text, const char *key, double *out)
{
    char quoted[32];
    (void)snprintf(quoted, sizeof quoted, "\"%s\"", key);
    const char *p = strstr(text, quoted);
    if (!p)
        return false;
    p += strlen(quoted);
    while (isspace((unsigned char)*p))
        p++;
    if (*p++ != ':')
        return false;
    char *end = NULL;
    *out = strtod(p, &end);
    return end != p && isfinite(*out) && *out >= 0;
}

int tm_bare_parse(struct tm_bare *out, const char *text, const char *name, struct tm_msg *msg)
{
    static const char *const KEYS[] = {"p50_us", "p99_us", "max_us", "n"};
    struct tm_bare b = {0};
    double *const at[] = {&b.p50_us, &b.p99_us, &b.max_us, &b.n};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) {
        if (!find_number(text, KEYS[i], at[i]))
            return tm_msg_set(msg, TM_ERR_FORMAT,
                              "%s: no number \"%s\": not the output of tm-bench-timer --json?",
                              name, KEYS[i]);
    }
    *out = b;
    return TM_OK;
}
