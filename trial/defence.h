/* trial/defence.h - the ready machines by name, with their numbers as options. */
#ifndef TM_TRIAL_DEFENCE_H
#define TM_TRIAL_DEFENCE_H

#include "models/maybenot/ready/ready.h"

enum tm_defence_side { TM_DEFENCE_CLIENT, TM_DEFENCE_SERVER };

/* Those that a defence has; the others are ignored. */
struct tm_defence_numbers {
    struct tm_mb_front_cfg front;
    struct tm_mb_tamaraw_cfg tamaraw[2]; /* by side */
    struct tm_mb_regulator_cfg regulator;
};

struct tm_defence {
    const char *name, *about;
    struct tm_defence_numbers numbers; /* the papers' */
    /* As the builders in ready.h; with a seed for what is drawn. */
    int (*build)(struct tm_mb_ready *out, enum tm_defence_side side,
                 const struct tm_defence_numbers *numbers, uint64_t seed, struct tm_msg *msg);
};

size_t tm_defence_count(void);
const struct tm_defence *tm_defence_at(size_t i);
/* NULL: there is none of that name. */
const struct tm_defence *tm_defence_named(const char *name);

/* A number of a defence by its name, which is that of an option ("budget").  NULL: it has none of that name.  `set` puts x into n. */
struct tm_defence_number {
    const char *defence, *name, *help;
    bool is_whole;
    void (*set)(struct tm_defence_numbers *n, enum tm_defence_side side, double x);
};
size_t tm_defence_number_count(void);
const struct tm_defence_number *tm_defence_number_at(size_t i);

#endif
