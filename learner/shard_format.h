/* learner/shard_format.h - internal: the fixed parts of a shard file (learner/shard_file.h). */
#ifndef TM_LEARNER_SHARD_FORMAT_H
#define TM_LEARNER_SHARD_FORMAT_H

#include "models/model.h"

#define TM_SHARD_MAGIC     "TMSHARD1"
#define TM_SHARD_END       "TMSHEND1"
#define TM_SHARD_MAGIC_LEN 8U
#define TM_SHARD_HEAD_LEN  (TM_SHARD_MAGIC_LEN + 4U)
#define TM_SHARD_TAIL_LEN  (8U + TM_DIGEST_LEN + TM_SHARD_MAGIC_LEN)

#endif
