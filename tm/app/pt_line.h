/* tm/app/pt_line.h - what a pluggable transport says to its parent: lines on standard output, and nothing else there.
 *
 * A line is one write(2), so lines of two threads do not mix; what a line cannot hold (other than printable ASCII) is replaced.
 * Source: Tor, pt-spec version 1, sec. 3.3. */
#ifndef TM_APP_PT_LINE_H
#define TM_APP_PT_LINE_H

#include <stddef.h>

#include "tm/app/pt_env.h"
#include "tm/base/log.h"

#define TM_PT_LINE_MAX 2048U /* with its end; less than PIPE_BUF */

/* Pure: makes text[0..len) a line in out: what is not printable becomes '?', what is too long is cut off.  Returns its length, the '\n' included. */
size_t tm_pt_line(char out[TM_PT_LINE_MAX], const char *text, size_t len);
/* Pure: text as a quoted string of a LOG line, cut off where out is full; cap at least 3. */
void tm_pt_quote(char *out, size_t cap, const char *text);

/* Says a line. */
void tm_pt_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Says VERSION 1, where a version has been agreed, and what a verdict other than OK calls for. */
void tm_pt_say_verdict(enum tm_program program, enum tm_pt_verdict verdict, const char *why);
/* Our method cannot be, and there are no others. */
void tm_pt_say_no_method(enum tm_program program, const char *why);
/* From now on log lines go to the parent, as LOG lines. */
void tm_pt_log(void);

#endif
