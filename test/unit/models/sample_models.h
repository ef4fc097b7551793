/* test/unit/models/sample_models.h - small models for the tests of the store and of allocation. */
#ifndef TM_TEST_UNIT_MODELS_SAMPLE_MODELS_H
#define TM_TEST_UNIT_MODELS_SAMPLE_MODELS_H

#include <stddef.h>

#include "models/model.h"
#include "models/store/store.h"

/* A playable swing model; `variant` changes its statistics.  The caller deinits it.  TM_ERR_NOMEM. */
TM_MUST_CHECK int sample_swing(struct tm_model *m, const char *name, uint64_t variant);

/* A playable joint model of n connections, half of them first of their RRE; no two writes of it have the same
 * size, and `variant` changes all sizes. */
TM_MUST_CHECK int sample_joint(struct tm_model *m, const char *name, uint32_t n, uint32_t variant);

/* Three lines, not in order. */
extern const struct tm_provenance sample_prov[3];

/* Same kind, name, statistics. */
bool same_model(const struct tm_model *a, const struct tm_model *b);
bool same_entries(const struct tm_store_entry *a, size_t n_a, const struct tm_store_entry *b,
                  size_t n_b);

/* A new directory for a test's files, removed with what it holds by drop_temp_dir. */
void make_temp_dir(char path[64]);
void drop_temp_dir(const char *path);
/* The whole file, owned by the caller; NULL when it cannot be read. */
uint8_t *slurp(const char *path, size_t *len);
void spill(const char *path, const void *bytes, size_t len);

#endif
