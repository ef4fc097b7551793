/* tm/app/models.h - all models that a server can play: those of its database, and the built-in constant. */
#ifndef TM_APP_MODELS_H
#define TM_APP_MODELS_H

#include <stddef.h>
#include <stdint.h>

#include "models/model.h"
#include "models/store/store.h"
#include "tm/core/join.h"

struct tm_models {
    struct tm_store_entry *entries; /* owned */
    size_t n_entries;
    struct tm_model constant; /* built in; used unless the database has one of that name */
    struct tm_model supply;   /* in no list: what clients fetch models under (tm/app/supply.h) */
    uint8_t supply_digest[TM_TOKEN_DIGEST_LEN];
    struct tm_join_model
        list[TM_JOIN_MODELS_MAX]; /* what clients are told, same order as `model` */
    const struct tm_model *model[TM_JOIN_MODELS_MAX];
    size_t n;
};

/* path may be NULL: only the built-in one.  Errors as tm_store_load; TM_ERR_LIMIT: more models than a client
 * can be told of.  *m must not move afterwards. */
TM_MUST_CHECK int tm_models_load(struct tm_models *m, const char *path, struct tm_msg *msg);
void tm_models_deinit(struct tm_models *m);
/* The first one, or that of fetching, whose digest begins with these bytes, len of them (up to TM_TOKEN_DIGEST_LEN); NULL: none. */
const struct tm_model *tm_models_find(const struct tm_models *m, const uint8_t *digest, size_t len);

#endif
