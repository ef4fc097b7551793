/* tm-learn merge: shards -> one shard.  Nothing is worked out here: blocks are put in order. */
#include <stdio.h>
#include <stdlib.h>

#include "learner/commands.h"
#include "learner/options.h"
#include "learner/shard_join.h"

static int copy(const struct tm_shard_item *item, struct tm_shard_writer *w, struct tm_msg *msg)
{
    uint8_t *p;
    int rc = tm_shard_read(item->file, item->block, &p, msg);
    if (rc == TM_OK)
        rc = tm_shard_add_block(w, *item->block, p, msg);
    free(p);
    return rc;
}

static int run(const struct tm_options *o, struct tm_msg *msg)
{
    struct tm_shard_join j;
    struct tm_shard_writer *w = NULL;
    int rc = tm_shard_join_open(&j, o->traces, o->n_traces, msg);
    if (rc != TM_OK)
        return rc;
    rc = tm_shard_create(&w, o->output, j.file[0].settings, j.file[0].settings_len, msg);
    for (size_t i = 0; i < j.n_items && rc == TM_OK; i++)
        rc = copy(&j.item[i], w, msg);
    if (rc == TM_OK)
        rc = tm_shard_commit(w, msg);
    tm_shard_writer_free(w);
    tm_shard_join_close(&j);
    return rc;
}

int tm_cmd_merge(int argc, char **argv)
{
    struct tm_options o;
    struct tm_msg msg = {""};
    tm_options_merge(&o, argc, argv);
    int rc = run(&o, &msg);
    if (rc != TM_OK)
        (void)fprintf(stderr, "tm-learn: %s\n", msg.text[0] != '\0' ? msg.text : tm_strerror(rc));
    return rc == TM_OK ? 0 : 1;
}
