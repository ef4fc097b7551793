/* The small files of the active attacks: the first byte says which, probes, spans or trials.  c of what parses is a number or none. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "audit/active/netflow.h"
#include "audit/active/probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_run(const char *text, size_t len, int is_samples)
{
    struct tm_probe_run r = {0};
    struct tm_probe_levels l;
    struct tm_msg msg = {""};
    int rc = is_samples ? tm_probe_samples_parse(&r, text, len, "fuzz", &msg)
                        : tm_probe_spans_parse(&r, text, len, "fuzz", &msg);
    if (rc == TM_OK && r.n_samples + r.n_spans == 0)
        abort();
    if (rc == TM_OK && tm_probe_levels_init(&l, &r) == TM_OK) {
        double c = tm_probe_c(&l, TM_PROBE_LATENCY, &r, 0);
        if (!isnan(c) && c < 0)
            abort();
        tm_probe_levels_deinit(&l);
    }
    tm_probe_run_deinit(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tm_netflow_trials t = {0};
    struct tm_msg msg = {""};
    if (size == 0)
        return 0;
    if (data[0] != 't') {
        fuzz_run((const char *)data + 1, size - 1, data[0] == 'p');
        return 0;
    }
    if (tm_netflow_trials_parse(&t, (const char *)data + 1, size - 1, "fuzz", &msg) == TM_OK) {
        for (size_t i = 0; i < t.n; i++) {
            if (t.v[i].until_us <= t.v[i].from_us)
                abort();
        }
    }
    tm_netflow_trials_deinit(&t);
    return 0;
}
