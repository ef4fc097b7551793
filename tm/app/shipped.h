/* tm/app/shipped.h - where the models are that came with the program. */
#ifndef TM_APP_SHIPPED_H
#define TM_APP_SHIPPED_H

#define TM_SHIPPED_PATH_MAX 4096U

/* The database beside the program whose file is `program` (an absolute path): DIR/../share/trafficmimic/models.db of an
 * installed one, else DIR/../../models.db of one in its build directory.  Returns `out`, or NULL when there is neither. */
const char *tm_shipped_find(const char *program, char out[TM_SHIPPED_PATH_MAX]);

/* `given`, what --models says, unless it is NULL; then as above for the running program. */
const char *tm_shipped_or(const char *given, char out[TM_SHIPPED_PATH_MAX]);

#endif
