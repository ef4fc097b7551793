#include "audit/report/report_args.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"detect", "classify", "interference", "correlate"};
static char detect_title[] = "tm-audit report";
static char classify_title[] = "tm-audit report classify";
static char interference_title[] = "tm-audit report interference";
static char correlate_title[] = "tm-audit report correlate";
static char *const TITLES[] = {detect_title, classify_title, interference_title, correlate_title};

const char *tm_report_attack_name(enum tm_report_attack a)
{
    return NAMES[a];
}

/* The attack that the word names, -1: none. */
static int attack_of(const char *word)
{
    for (int k = 0; k < TM_REPORT_ATTACKS; k++) {
        if (strcmp(word, NAMES[k]) == 0)
            return k;
    }
    return -1;
}

struct words {
    int argc, at; /* argv[at]: the word to be taken */
    char **argv;
};

/* The value of option `name` (and `letter`, or NULL) when `word` is it, perhaps the next word, which is then taken.  NULL: another
 * word, or, with *is_missing, no value. */
static const char *value_of(struct words *w, const char *word, const char *letter, const char *name,
                            bool *is_missing)
{
    size_t len = strlen(name);
    if (strncmp(word, name, len) == 0 && word[len] == '=')
        return word + len + 1;
    bool is_letter = letter && strncmp(word, letter, 2) == 0;
    if (is_letter && word[2])
        return word + 2;
    if (!is_letter && strcmp(word, name) != 0)
        return NULL;
    *is_missing = w->at + 1 == w->argc;
    return *is_missing ? NULL : w->argv[++w->at];
}

static int add_word(struct tm_report_args *a, int attack, int room, char *word)
{
    if (!a->part[attack].argv) {
        a->part[attack].argv = calloc((size_t)room + 2, sizeof *a->part[attack].argv);
        if (!a->part[attack].argv)
            return TM_ERR_NOMEM;
        a->part[attack].argv[a->part[attack].argc++] = TITLES[attack];
    }
    if (word)
        a->part[attack].argv[a->part[attack].argc++] = word;
    return TM_OK;
}

/* One word, before or behind the attacks' names. */
static int take_word(struct tm_report_args *a, struct words *w, int *attack, struct tm_msg *msg)
{
    bool is_missing = false;
    const char *value = NULL;
    char *word = w->argv[w->at];
    int named = attack_of(word);
    if (named >= 0 && a->part[named].argc > 0)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: its options stand together, once", NAMES[named]);
    if (named >= 0) {
        *attack = named;
        return add_word(a, named, w->argc, NULL);
    }
    if ((value = value_of(w, word, "-o", "--output", &is_missing))) {
        a->output = value;
        return TM_OK;
    }
    if (!is_missing && (value = value_of(w, word, NULL, "--title", &is_missing))) {
        a->title = value;
        return TM_OK;
    }
    if (is_missing)
        return tm_msg_set(msg, TM_ERR_FORMAT, "%s: a value is wanted", word);
    if (*attack < 0 && (strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0)) {
        a->wants_help = true;
        return TM_OK;
    }
    return add_word(a, *attack < 0 ? TM_REPORT_DETECT : *attack, w->argc, word);
}

int tm_report_args_parse(struct tm_report_args *a, int argc, char **argv, struct tm_msg *msg)
{
    int rc = TM_OK;
    int attack = -1;
    int n_parts = 0;
    *a = (struct tm_report_args){0};
    for (struct words w = {argc, 1, argv}; w.at < argc && rc == TM_OK; w.at++)
        rc = take_word(a, &w, &attack, msg);
    for (int k = 0; k < TM_REPORT_ATTACKS; k++)
        n_parts += a->part[k].argc > 0;
    if (rc == TM_ERR_NOMEM)
        return tm_msg_set(msg, rc, "out of memory");
    if (rc != TM_OK || a->wants_help)
        return rc;
    if (!a->output || !*a->output)
        return tm_msg_set(msg, TM_ERR_FORMAT, "-o FILE is needed: where the page goes");
    if (n_parts == 0)
        return tm_msg_set(msg, TM_ERR_FORMAT,
                          "there is nothing to report on: give detect's options");
    return TM_OK;
}

void tm_report_args_deinit(struct tm_report_args *a)
{
    for (int k = 0; k < TM_REPORT_ATTACKS; k++)
        free(a->part[k].argv);
    *a = (struct tm_report_args){0};
}

static bool is_plain(const char *word)
{
    static const char PLAIN[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    return *word && strspn(word, PLAIN) == strlen(word);
}

void tm_report_args_text(struct tm_text *out, int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++) {
        if (i > 0)
            tm_text_put(out, " ");
        if (i == 0 || is_plain(argv[i])) { /* the first is the program's name and ours */
            tm_text_put(out, argv[i]);
            continue;
        }
        tm_text_put(out, "'");
        for (const char *p = argv[i]; *p; p++)
            tm_text_printf(out, "%s%c", *p == '\'' ? "'\\'" : "", *p);
        tm_text_put(out, "'");
    }
}
