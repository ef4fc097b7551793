/* learner/capture/inputs.h - what was named on the command line -> the captures to read.
 *
 * A directory stands for the captures in it and below, told by content; everything else in it is
 * passed over, and so is what is hidden, and links to other directories.  Each file is opened
 * once, so that a wrong name costs no time later and the time of its first frame is known. */
#ifndef TM_LEARNER_CAPTURE_INPUTS_H
#define TM_LEARNER_CAPTURE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tm/base/err.h"

struct tm_input {
    char *path;          /* owned */
    int64_t first_us;    /* TM_NEVER when not known: no frame, or no file */
    uint64_t size_bytes; /* of a file */
    size_t index;        /* in the order of arguments, a directory's by name */
    bool is_file;        /* else a pipe or standard input, which were not opened */
};

struct tm_inputs {
    struct tm_input *input;
    size_t n;
    size_t cap;
    size_t n_passed_over; /* files of directories that are no captures */
};

/* In the order of the arguments.  Errors as tm_pcap_open, and TM_ERR_FORMAT for a directory without
 * a capture; *out is to be deinited in any case. */
TM_MUST_CHECK int tm_inputs_find(struct tm_inputs *out, char *const *traces, size_t n_traces,
                                 struct tm_msg *msg);
void tm_inputs_deinit(struct tm_inputs *in);

/* Files by the time of their first frame, then pipes; those that are equal keep their order. */
void tm_inputs_sort(struct tm_inputs *in);

#endif
