/* test/unit/models/maybenot/tree.h - a JSON file as a tree, for the test vectors (data/maybenot), which hold fractions. */
#ifndef TM_TEST_UNIT_MODELS_MAYBENOT_TREE_H
#define TM_TEST_UNIT_MODELS_MAYBENOT_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_kind {
    TREE_NULL,
    TREE_FALSE,
    TREE_TRUE,
    TREE_NUMBER,
    TREE_STRING,
    TREE_LIST,
    TREE_OBJECT
};

struct tree {
    enum tree_kind kind;
    const char *name;   /* of a member; else NULL */
    const char *text;   /* of a string (UTF-8) or as a number was written; terminated */
    struct tree *child; /* first of a list or object */
    struct tree *next;  /* of the same list or object */
};

/* The file (plain or compressed by gzip) as a tree; NULL, after a line on stderr, when it cannot be read or is no JSON.  Owns its
 * memory until tree_free. */
struct tree *tree_load(const char *path);
void tree_free(struct tree *t);

/* All of these take NULL and what is of another kind: no child, 0, "". */
const struct tree *tree_member(const struct tree *t, const char *name);
const struct tree *tree_at(const struct tree *t, size_t i);
size_t tree_count(const struct tree *t);
double tree_number(const struct tree *t);
uint64_t tree_whole(const struct tree *t); /* exact to 64 bits; "max" is UINT64_MAX */
const char *tree_text(const struct tree *t);
bool tree_is_true(const struct tree *t);

#endif
