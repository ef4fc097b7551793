/* tm/app/shipped.c - see shipped.h. */
#include "tm/app/shipped.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *tm_shipped_find(const char *program, char out[TM_SHIPPED_PATH_MAX])
{
    static const char *const places[] = {"../share/trafficmimic/models.db", "../../models.db"};
    const char *slash = strrchr(program, '/');
    if (slash == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int n = snprintf(out, TM_SHIPPED_PATH_MAX, "%.*s/%s", (int)(slash - program), program,
                         places[i]);
        if (n > 0 && (unsigned)n < TM_SHIPPED_PATH_MAX && access(out, R_OK) == 0)
            return out;
    }
    return NULL;
}

const char *tm_shipped_or(const char *given, char out[TM_SHIPPED_PATH_MAX])
{
    char program[TM_SHIPPED_PATH_MAX];
    if (given != NULL)
        return given;
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0)
        return NULL;
    program[n] = '\0';
    return tm_shipped_find(program, out);
}
