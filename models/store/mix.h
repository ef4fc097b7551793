/* models/store/mix.h - what --model says (models/mix.h), loaded: one model, or several as a mix. */
#ifndef TM_MODELS_STORE_MIX_H
#define TM_MODELS_STORE_MIX_H

#include <stddef.h>
#include <stdint.h>

#include "models/mix.h"
#include "models/model.h"
#include "tm/base/err.h"

struct tm_store_mix {                       /* empty: {0} */
    struct tm_model part[TM_MIX_PARTS_MAX]; /* owned */
    size_t n_parts;
    struct tm_model mix; /* of two parts or more; borrows them, so this must not move */
    uint32_t n_users;    /* in all, as the text says */
};

/* Loads every model that the text names, from the database at `path` or built in.  Errors as of tm_mix_parse, tm_store_load_model and
 * tm_mix_make; *out is then empty. */
TM_MUST_CHECK int tm_store_mix_load(struct tm_store_mix *out, const char *path, const char *text,
                                    struct tm_msg *msg);
/* The model to be played; NULL of an empty one. */
const struct tm_model *tm_store_mix_model(const struct tm_store_mix *m);
/* Frees what it owns and leaves it empty. */
void tm_store_mix_deinit(struct tm_store_mix *m);

#endif
