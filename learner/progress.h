/* learner/progress.h - how far the reading of captures is: a line on stderr, when that is a terminal
 * and it takes longer than a moment. */
#ifndef TM_LEARNER_PROGRESS_H
#define TM_LEARNER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define TM_PROGRESS_EVERY 65536U /* packets between two looks at the clock */

struct tm_progress {
    bool is_on;
    bool is_shown;
    struct timespec next;
    size_t n_captures;
    uint64_t size_bytes; /* of all files; 0: unknown */
};

void tm_progress_start(struct tm_progress *p, size_t n_captures, uint64_t size_bytes);
/* `n_done` captures, frames and bytes are behind, those of the open ones included. */
void tm_progress_step(struct tm_progress *p, size_t n_done, uint64_t n_frames, uint64_t bytes);
/* Removes the line, so that something else can be written; it comes back with the next step. */
void tm_progress_hide(struct tm_progress *p);

#endif
