#include "audit/features/read_options.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/commands.h"

enum { O_LABELS = 256, O_SPLIT, O_BLOCK, O_INCOMPLETE, O_FLOOR };

static const struct argp_option OPTIONS[] = {
    {NULL, 0, NULL, 0, "How captures are read:", 0},
    {"labels", O_LABELS, "FILE", 0,
     "labels.csv of the real recording: classes, sessions, page loads", 0},
    {"split", O_SPLIT, "NAME", 0,
     "only real connections of this split of the labels: train, heldout", 0},
    {"port", 'p', "N[,N]...", 0,
     "servers' ports (every connection whose opening was captured); can be given again", 0},
    {"block-s", O_BLOCK, "N", 0,
     "connections without a label: what begins within N s is one session; 0: each is its own", 0},
    {"keep-incomplete", O_INCOMPLETE, NULL, 0,
     "keep connections without opening, end, or payload both ways", 0},
    {"floor-us", O_FLOOR, "N", 0, "round times down to multiples of N us; 0: as captured", 0},
    {0}};

struct tm_read_options tm_read_options_default(void)
{
    return (struct tm_read_options){.floor_us = 1000};
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct tm_read_options *o = state->input;
    struct tm_msg msg = {""};
    switch (key) {
    case O_LABELS:
        o->labels = arg;
        return 0;
    case O_SPLIT:
        o->material.split = arg;
        return 0;
    case 'p':
        if (tm_material_ports(&o->material, arg, &msg) != TM_OK)
            argp_error(state, "--port %s", msg.text);
        return 0;
    case O_BLOCK:
        o->material.block_us = tm_audit_number(state, "block-s", arg, 0, 1 << 30) * 1000000;
        return 0;
    case O_INCOMPLETE:
        o->material.keep_incomplete = true;
        return 0;
    case O_FLOOR:
        o->floor_us = tm_audit_number(state, "floor-us", arg, 0, INT64_C(1) << 40);
        return 0;
    case ARGP_KEY_END:
        if (o->material.split && !o->labels)
            argp_error(state, "--split needs --labels, which say what belongs to a split");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The defaults of the command at hand, behind what the option does.  argp frees what is returned. */
static char *add_default(int key, const char *text, void *input)
{
    const struct tm_read_options *o = input;
    char *with = NULL;
    int n = 0;
    if (!text)
        return NULL;
    if (o && key == O_BLOCK)
        n = asprintf(&with, "%s (%" PRId64 ")", text, o->material.block_us / 1000000);
    else if (o && key == O_FLOOR)
        n = asprintf(&with, "%s (%" PRId64 ")", text, o->floor_us);
    else
        with = strdup(text);
    return n >= 0 ? with : NULL;
}

const struct argp tm_read_argp = {.options = OPTIONS, .parser = parse, .help_filter = add_default};

unsigned tm_read_groups(const struct argp_state *state, const char *text)
{
    unsigned mask = 0;
    for (const char *p = text; p;) {
        char name[16] = "";
        size_t len = strcspn(p, ",");
        unsigned bit = 0;
        if (len < sizeof name) {
            memcpy(name, p, len);
            bit = tm_feature_group_of(name);
        }
        if (bit == 0)
            argp_error(state, "--groups %s: poster, sizes, times, cumul, all or tam are wanted",
                       text);
        mask |= bit;
        p = p[len] == ',' ? p + len + 1 : NULL;
    }
    return mask;
}
