/* tm/sim/card_print.h - cards as text and as JSON. */
#ifndef TM_SIM_CARD_PRINT_H
#define TM_SIM_CARD_PRINT_H

#include <stdio.h>

#include "tm/sim/card.h"

/* For people, some lines. */
void tm_card_print(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg);

/* A table: the head, then one line for each card.  `label` stands in the first column (24 wide). */
void tm_card_print_head(FILE *out, const char *label);
void tm_card_print_row(FILE *out, const char *label, const struct tm_card *card,
                       const struct tm_card_cfg *cfg);

/* The members of a JSON object, without its braces: "model": ..., "kind": ..., "digest": ..., then what was played and what came of it.
 * Numbers that are not known (no object was finished) are null. */
void tm_card_print_json(FILE *out, const struct tm_card *card, const struct tm_card_cfg *cfg);

#endif
