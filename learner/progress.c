#include "learner/progress.h"

#include <stdio.h>
#include <unistd.h>

void tm_progress_start(struct tm_progress *p, size_t n_captures, uint64_t size_bytes)
{
    *p = (struct tm_progress){
        .is_on = isatty(STDERR_FILENO) == 1, .n_captures = n_captures, .size_bytes = size_bytes};
    (void)clock_gettime(CLOCK_MONOTONIC, &p->next);
    p->next.tv_sec++;
}

void tm_progress_step(struct tm_progress *p, size_t n_done, uint64_t n_frames, uint64_t bytes)
{
    struct timespec now;
    if (!p->is_on)
        return;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < p->next.tv_sec ||
        (now.tv_sec == p->next.tv_sec && now.tv_nsec < p->next.tv_nsec))
        return;
    p->next = now;
    p->next.tv_sec++;
    p->is_shown = true;
    size_t at = n_done < p->n_captures ? n_done + 1 : p->n_captures;
    (void)fprintf(stderr, "\r\033[Kcapture %zu of %zu: %.1f M packets", at, p->n_captures,
                  (double)n_frames / 1e6);
    if (p->size_bytes > 0)
        (void)fprintf(stderr, ", %.0f %%", 100.0 * (double)bytes / (double)p->size_bytes);
    (void)fflush(stderr);
}

void tm_progress_hide(struct tm_progress *p)
{
    if (p->is_shown)
        (void)fprintf(stderr, "\r\033[K");
    p->is_shown = false;
}
