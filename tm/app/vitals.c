/* tm/app/vitals.c - see vitals.h.  Source: proc(5). */
#include "tm/app/vitals.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t = {0};
    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void take_memory(struct tm_vitals *out)
{
    char line[256], *end = NULL;
    uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return;
    if (fgets(line, sizeof line, f) != NULL) {
        out->virtual_bytes = strtoull(line, &end, 10) * page_bytes;
        out->resident_bytes = strtoull(end, NULL, 10) * page_bytes;
    }
    (void)fclose(f);
}

/* The directory itself is open while it is read: not counted. */
static uint64_t count_fds(void)
{
    struct stat st;
    uint64_t n = 0;
    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
        return (uint64_t)st.st_size;
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL)
        return 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    (void)closedir(d);
    return n > 0 ? n - 1 : 0;
}

/* In ticks since boot, the 22nd field; the name before it may hold anything, so fields are counted from its last bracket on. */
static uint64_t started_s(void)
{
    char line[1024];
    FILE *f = fopen("/proc/self/stat", "re");
    if (f == NULL)
        return 0;
    const char *at = fgets(line, sizeof line, f) != NULL ? strrchr(line, ')') : NULL;
    (void)fclose(f);
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL)
        return 0;
    uint64_t since_boot_us = strtoull(at, NULL, 10) * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
    return (clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME) + since_boot_us) / 1000000;
}

void tm_vitals_take(struct tm_vitals *out)
{
    struct rlimit limit;
    *out = (struct tm_vitals){.cpu_us = clock_us(CLOCK_PROCESS_CPUTIME_ID),
                              .open_fds = count_fds(),
                              .started_s = started_s()};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        out->max_fds = limit.rlim_cur;
    take_memory(out);
}
