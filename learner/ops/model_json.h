/* learner/ops/model_json.h - models as JSON and back, so that they can be read, compared, kept in a repository and given to others.
 *
 * {"schema_version": 1, "format": "trafficmimic models", "models": [
 *  {"name": "https", "kind": "swing", "digest": "<64 hex>",
 *   "parameters": [{"name": "num_rre", "unit": "count", "points": [[value, cum], ...]}, ...],
 *   "provenance": {"key": "value", ...}},
 *  {"name": "constant", "kind": "constant", "digest": "<64 hex>", "size_bytes": 1448, "interval_us": 500000, "exchanges": 10,
 *   "provenance": {}}]}
 *
 * doc/MODEL_JSON.md is the description for people.  What is written reads back as the same models, with the same digests. */
#ifndef TM_LEARNER_OPS_MODEL_JSON_H
#define TM_LEARNER_OPS_MODEL_JSON_H

#include <stddef.h>

#include "learner/ops/text.h"
#include "models/store/store.h"
#include "tm/base/err.h"

#define TM_MODEL_JSON_VERSION 1
#define TM_MODEL_JSON_FORMAT  "trafficmimic models"

/* Appends to t, which may be asked for `bad` afterwards. */
void tm_model_json_write(struct tm_text *t, const struct tm_store_entry *e, size_t n);

/* Reads a text of `len` bytes that anybody may have written; `name` is for messages, which give the line.  Every model in *out passes
 * tm_model_check and has the digest that the text gives (a model without one gets its own); names are unique.
 * Members that are not known are errors: a model that was understood in part is another model.
 * TM_ERR_FORMAT no such JSON, or a digest that does not fit; TM_ERR_UNSUPPORTED a newer schema_version; TM_ERR_RANGE numbers that no
 * generator could play; TM_ERR_LIMIT too much of something; TM_ERR_NOMEM.  *out is freed with tm_store_entries_free. */
TM_MUST_CHECK int tm_model_json_read(const char *text, size_t len, const char *name,
                                     struct tm_store_entry **out, size_t *n, struct tm_msg *msg);

#endif
