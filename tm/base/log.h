/* tm/base/log.h - the log of the shells: one line to stderr, with what its reader needs before it:
 *
 *   the journal   the level as <N>, which journald takes off (systemd.exec(5), $JOURNAL_STREAM); it knows the time itself
 *   a terminal    "error: " or "warning: " where it is one
 *   else          the time (RFC 3339, UTC) and the same words: a file or a pipe has no other
 *
 * Never colours.  Never payload; destinations and client addresses only at debug.
 * Level and sink are two of the few mutable globals; the core does not log at all. */
#ifndef TM_BASE_LOG_H
#define TM_BASE_LOG_H

enum tm_log_level { TM_LOG_ERROR, TM_LOG_WARN, TM_LOG_INFO, TM_LOG_DEBUG };

void tm_log_set_level(enum tm_log_level level);
/* One line, lower case, no full stop, e.g. tm_log(TM_LOG_INFO, "carrier %u: died: %s", k, why). */
void tm_log(enum tm_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Lines go to fn in place of stderr, from any thread; NULL: to stderr again.  For a program whose parent wants them in its own form. */
typedef void (*tm_log_fn)(enum tm_log_level level, const char *line);
void tm_log_set_sink(tm_log_fn fn);

#endif
