#include <stdlib.h>
#include <string.h>

#include "test/sim/sim.h"

struct sim_lines sim_lines(const char *log)
{
    return (struct sim_lines){log, log + strlen(log)};
}

bool sim_next_line(struct sim_lines *lines, struct tm_schedlog_line *l)
{
    size_t left = (size_t)(lines->end - lines->at);
    if (left == 0)
        return false;
    const char *nl = memchr(lines->at, '\n', left);
    if (!nl || tm_schedlog_parse(l, lines->at, (size_t)(nl - lines->at)) != TM_OK)
        abort();
    lines->at = nl + 1;
    return true;
}
