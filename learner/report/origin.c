/* What was left out and why; what the model was learned with. */
#include <stdbool.h>
#include <string.h>

#include "learner/report/parts.h"
#include "page/html.h"

/* Counts of what did not become part of the model. */
static const struct {
    const char *key;
    const char *why;
} left_out[] = {
    {"captures.damaged", "captures that were cut or damaged; used up to there"},
    {"frames.not_ip", "frames that hold no IP"},
    {"frames.not_tcp", "IP packets that hold no TCP"},
    {"frames.fragment", "later fragments of IP packets"},
    {"frames.cut", "frames whose headers are longer than what was captured"},
    {"frames.bad", "frames whose lengths contradict each other"},
    {"packets.other_ports", "TCP packets of other ports"},
    {"packets.retransmitted", "segments without new bytes: counted once"},
    {"dropped.few_packets", "connections with fewer packets than --min-packets"},
    {"dropped.no_exchange", "connections without a byte of data"},
    {"dropped.port_of_client", "connections in which the port was the client's"},
    {"connections.ended_early", "connections ended early because too many were open, --max-flows"},
    {"connections.no_opening", "connections whose opening was not captured; used all the same"},
    {"connections.no_end", "connections whose end was not captured; used all the same"},
    {"bytes.inferred", "bytes that no packet showed, counted from sequence numbers"},
    {"bytes.uncounted", "bytes in holes larger than --gap-credit, not counted"},
    {"sessions.away", "pauses between sessions longer than --away: not learned"},
    {"values.pooled", "observations too rare to keep their own value, --k"},
    {"values.dropped", "observations of parameters that were too rare altogether, --k"},
};
#define N_LEFT_OUT (sizeof left_out / sizeof *left_out)

static const char *find(const struct tm_store_entry *e, const char *key)
{
    for (size_t i = 0; i < e->n_prov; i++) {
        if (strcmp(e->prov[i].key, key) == 0)
            return e->prov[i].value;
    }
    return NULL;
}

static bool is_left_out(const char *key)
{
    for (size_t i = 0; i < N_LEFT_OUT; i++) {
        if (strcmp(left_out[i].key, key) == 0)
            return true;
    }
    return false;
}

static void table_left_out(struct tm_text *out, const struct tm_store_entry *e)
{
    static const char *const heads[] = {"What", "#how many", "Why"};
    tm_html_section_begin(out, "dropped", "What was left out, and why");
    tm_html_table_begin(out, "Counts over all captures; what was not met is not listed", heads, 3);
    for (size_t i = 0; i < N_LEFT_OUT; i++) {
        const char *value = find(e, left_out[i].key);
        if (!value || strcmp(value, "0") == 0)
            continue;
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", left_out[i].key);
        tm_html_number_cell(out, "%s", value);
        tm_html_cell(out, "%s", left_out[i].why);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_section_end(out);
}

void tm_model_page_origin(struct tm_text *out, const struct tm_store_entry *e)
{
    static const char *const heads[] = {"What", "#value"};
    if (e->n_prov == 0)
        return;
    table_left_out(out, e);
    tm_html_section_begin(out, "learned", "What it was learned with");
    tm_html_table_begin(out, "Provenance", heads, 2);
    for (size_t i = 0; i < e->n_prov; i++) {
        if (is_left_out(e->prov[i].key))
            continue;
        tm_html_row_begin(out);
        tm_html_cell(out, "%s", e->prov[i].key);
        tm_html_number_cell(out, "%s", e->prov[i].value);
        tm_html_row_end(out);
    }
    tm_html_table_end(out);
    tm_html_section_end(out);
}
