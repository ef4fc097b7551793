#include "tm/cli/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "models/model.h"

void tm_args_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
        exit(2);
}

bool tm_args_parse_duration(const char *text, int64_t *out_us)
{
    static const struct {
        const char *name;
        double us;
    } unit[] = {{"us", 1},   {"ms", 1e3},   {"s", 1e6},   {"", 1e6},
                {"m", 60e6}, {"min", 60e6}, {"h", 3600e6}};
    char *end;
    if (!(text[0] >= '0' && text[0] <= '9'))
        return false;
    errno = 0;
    double v = strtod(text, &end);
    for (size_t i = 0; i < sizeof unit / sizeof *unit; i++) {
        if (strcmp(end, unit[i].name) != 0)
            continue;
        v *= unit[i].us;
        if (errno != 0 || !(v <= (double)TM_MODEL_TIME_MAX_US))
            return false;
        *out_us = (int64_t)(v + 0.5);
        return true;
    }
    return false;
}

uint64_t tm_args_number(const char *arg, const char *option, uint64_t min, uint64_t max,
                        const struct argp_state *st)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(arg, &end, 10);
    bool is_digit = arg[0] >= '0' && arg[0] <= '9';
    if (!is_digit || errno != 0 || *end != '\0' || v < min || v > max)
        argp_error(st, "--%s %s: not a number from %" PRIu64 " to %" PRIu64, option, arg, min, max);
    return v;
}

int64_t tm_args_duration(const char *arg, const char *option, int64_t min_us, int64_t max_us,
                         const struct argp_state *st)
{
    int64_t us = 0;
    if (!tm_args_parse_duration(arg, &us))
        argp_error(st, "--%s %s: not a time; write it like 2s, 500ms, 5m or 1h", option, arg);
    if (us < min_us || us > max_us)
        argp_error(st, "--%s %s: from %" PRId64 " us to %" PRId64 " ms", option, arg, min_us,
                   max_us / 1000);
    return us;
}

uint64_t tm_args_rate(const char *arg, const char *option, uint64_t min, uint64_t max,
                      const struct argp_state *st)
{
    static const struct {
        const char *name;
        double factor;
    } unit[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}};
    char *end = NULL;
    double v = arg[0] >= '0' && arg[0] <= '9' ? strtod(arg, &end) : -1;
    for (size_t i = 0; end && v >= 0 && i < sizeof unit / sizeof *unit; i++) {
        if (strcmp(end, unit[i].name) != 0)
            continue;
        v *= unit[i].factor;
        if (v >= (double)min && v <= (double)max)
            return (uint64_t)(v + 0.5);
        break;
    }
    argp_error(st, "--%s %s: bits a second like 100M, 1.5G or 64k, from %" PRIu64 " to %" PRIu64,
               option, arg, min, max);
    return min;
}
