#include "audit/classify/finding.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(char text[TM_CLASSIFY_TEXT_LEN], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void say(char text[TM_CLASSIFY_TEXT_LEN], const char *fmt, ...)
{
    size_t len = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text + len, TM_CLASSIFY_TEXT_LEN - len, fmt, ap);
    va_end(ap);
}

static double percent(double share)
{
    return 100 * share;
}

static bool is_enough(const struct tm_classify_count *n, const struct tm_classify_cfg *cfg)
{
    return n->n_sessions >= cfg->min_sessions && n->n_conns >= cfg->min_conns;
}

static void find_real(struct tm_classify_result *r, const struct tm_classify_cfg *cfg)
{
    double chance = 1.0 / r->n_classes;
    const struct tm_interval *b = &r->balanced;
    r->is_enough = true;
    for (uint32_t c = 0; c < r->n_classes && r->is_enough; c++) {
        const struct tm_classify_class *cls = &r->classes[c];
        if (is_enough(&cls->n, cfg))
            continue;
        r->is_enough = false;
        say(r->text,
            "Too few for a claim: %s has %u connections of %u sessions, and %u of %u are needed in "
            "every class. The intervals stand, a verdict is not given.",
            cls->name, cls->n.n_conns, cls->n.n_sessions, cfg->min_conns, cfg->min_sessions);
    }
    if (!r->is_enough)
        return;
    if (r->n_classes == 1) {
        say(r->text, "There is one class only: nothing to tell apart, and cover is judged by the "
                     "anomaly rule and the clusters alone.");
        return;
    }
    say(r->text,
        "Real connections are named rightly in %.1f %% of the cases [%.1f, %.1f]; the largest "
        "class "
        "has %.1f %%. Mean over the %u classes: %.1f %% [%.1f, %.1f], where guessing gives %.1f "
        "%%: ",
        percent(r->accuracy.value), percent(r->accuracy.low), percent(r->accuracy.high),
        percent(r->majority), r->n_classes, percent(b->value), percent(b->low), percent(b->high),
        percent(chance));
    say(r->text, b->low > chance ? "the classes are told apart."
                                 : "the classes are not told apart by these features.");
}

static void find_clusters(struct tm_classify_cover *c)
{
    const struct tm_classify_clusters *k = &c->clusters;
    if (!k->is_done) {
        say(c->text, " Clusters: too few connections.");
        return;
    }
    say(c->text,
        " Clusters: %.1f %% of the cover [%.1f, %.1f] are in flagged ones, %.1f %% of real ones.",
        percent(k->cover_flagged.value), percent(k->cover_flagged.low),
        percent(k->cover_flagged.high), percent(k->real_flagged.value));
    if (c->is_enough && k->cover_flagged.low > k->real_flagged.high)
        say(c->text, " Its connections are more alike than real ones are: it is found.");
    else if (!(k->threshold > 0))
        say(c->text, " Real ones are equal to each other as well, so this test can find nothing.");
}

static void find_cover(struct tm_classify_cover *c, const struct tm_classify_result *r,
                       const struct tm_classify_cfg *cfg)
{
    c->is_enough = is_enough(&c->n, cfg);
    if (!c->is_enough)
        say(c->text, "Too few for a claim: %u connections of %u sessions, %u of %u are needed. ",
            c->n.n_conns, c->n.n_sessions, cfg->min_conns, cfg->min_sessions);
    if (c->poses_as >= 0) {
        const struct tm_classify_class *cls = &r->classes[c->poses_as];
        say(c->text, "Named %s: %.1f %% [%.1f, %.1f], real ones %.1f %% [%.1f, %.1f].", cls->name,
            percent(c->named.value), percent(c->named.low), percent(c->named.high),
            percent(cls->recall.value), percent(cls->recall.low), percent(cls->recall.high));
    } else {
        say(c->text, "No real class has its name.");
    }
    const struct tm_interval *usual =
        c->poses_as >= 0 ? &r->classes[c->poses_as].flagged : &r->flagged;
    say(c->text, " Anomalous: %.1f %% [%.1f, %.1f], real ones %.1f %%.",
        percent(c->anomalous.value), percent(c->anomalous.low), percent(c->anomalous.high),
        percent(usual->value));
    if (c->is_enough && c->anomalous.low > usual->high)
        say(c->text, " The anomaly rule finds it.");
    find_clusters(c);
}

void tm_classify_find(struct tm_classify_result *r, const struct tm_classify_cfg *cfg)
{
    find_real(r, cfg);
    for (uint32_t s = 0; s < r->n_covers; s++)
        find_cover(&r->covers[s], r, cfg);
}
