#include "bench/bare_timer.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* One shot at due_us; its lateness, or -1. */
static int64_t shot(int fd, int64_t due_us)
{
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(due_us / 1000000),
                                         .tv_nsec = (long)(due_us % 1000000) * 1000}};
    struct pollfd p = {.fd = fd, .events = POLLIN};
    uint64_t n;
    if (timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) != 0 || poll(&p, 1, -1) != 1 ||
        read(fd, &n, sizeof n) != sizeof n)
        return -1;
    return now_us() - due_us;
}

int tm_bare_timer_run(struct tm_hist *late, int64_t gap_us, int64_t seconds,
                      const volatile sig_atomic_t *stop)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (fd < 0)
        return TM_ERR_IO;
    int64_t due_us = now_us() + gap_us;
    int64_t end_us = now_us() + seconds * 1000000;
    while (due_us < end_us && !(stop && *stop)) {
        int64_t late_us = shot(fd, due_us);
        if (late_us >= 0)
            tm_hist_add(late, (uint64_t)late_us);
        if (now_us() > due_us + gap_us) /* do not count one delay many times */
            due_us = now_us();
        due_us += gap_us;
    }
    (void)close(fd);
    return TM_OK;
}
