/* What was found, for a terminal and as JSON. */
#include <inttypes.h>

#include "audit/json.h"
#include "audit/prove/prove.h"
#include "audit/report/report_parts.h"
#include "page/scale.h"

static const char *const ATTACK_TEXT[] = {"busy or idle (AUC)", "transfer times (correlation)"};
static const char *const ATTACK_KEY[] = {"activity", "times"};

static void print_finding(FILE *f, const struct tm_prove *r, enum tm_proof_attack a)
{
    char text[2][TM_INTERVAL_LEN], p[2][TM_INTERVAL_LEN];
    const struct tm_proof_finding *m = &r->phase[TM_TRIAL_MODEL].finding[a];
    const struct tm_proof_finding *c = &r->phase[TM_TRIAL_CONTROL].finding[a];
    (void)fprintf(f, "  %-29s %-22s p %-8s %-10s | %-22s p %-8s %s\n", ATTACK_TEXT[a],
                  tm_report_interval(text[0], &m->value), tm_report_p(p[0], m->p),
                  m->is_found ? "found" : "not found", tm_report_interval(text[1], &c->value),
                  tm_report_p(p[1], c->p), c->is_found ? "found" : "not found");
}

static void print_rest(FILE *f, const struct tm_prove *r)
{
    char n[TM_QUANTITY_LEN];
    (void)fprintf(f, "remains     on and off times; one address, %s; %s in 30 days\n",
                  r->trial->server_text, tm_quantity(n, tm_prove_month_bytes(r), TM_UNIT_BYTES));
    for (uint32_t i = 0; i < r->wire->n_ja4; i++) {
        const char *also = tm_ja4_likeness(r->wire->ja4[i].text);
        (void)fprintf(f, "            JA4 %s on %" PRIu32 " connections%s%s\n",
                      r->wire->ja4[i].text, r->wire->ja4[i].n, also != NULL ? ", as " : "",
                      also != NULL ? also : "");
    }
}

void tm_prove_text(FILE *f, const struct tm_prove *r)
{
    char text[4096];
    const struct tm_conform *c = r->conform;
    const struct tm_proof_phase *p = r->phase;
    if (p[0].n_slots > 0 && p[1].n_slots > 0) {
        (void)fprintf(f, "attack                          %-46s | without the model\n",
                      "your tunnel");
        for (unsigned a = 0; a < TM_PROOF_ATTACKS; a++)
            print_finding(f, r, (enum tm_proof_attack)a);
        (void)fprintf(f,
                      "  %-29s %" PRIu32 " of %" PRIu32 ", and %" PRIu32
                      " idle ones %21s | %" PRIu32 " of %" PRIu32 ", and %" PRIu32 " idle ones\n",
                      "busy stretches named", p[0].n_named_on, p[0].n_on, p[0].n_named_off, "",
                      p[1].n_named_on, p[1].n_on, p[1].n_named_off);
    }
    if (c != NULL && c->n_carriers > 0)
        (void)fprintf(f, "schedule    %" PRIu64 " of %" PRIu64 " offsets exact on the wire\n",
                      c->n_exact[0] + c->n_exact[1], c->n_offsets[0] + c->n_offsets[1]);
    print_rest(f, r);
    for (uint32_t i = 0; i < r->warnings.n; i++)
        (void)fprintf(f, "note        %s\n", r->warnings.text[i]);
    tm_prove_sentence(text, sizeof text, r);
    (void)fprintf(f, "prove: %s. %s\n", tm_prove_verdict_text(r->verdict), text);
}

static void json_phase(struct tm_json_out *j, const struct tm_prove *r, enum tm_trial_phase_kind k)
{
    const struct tm_proof_phase *p = &r->phase[k];
    tm_json_out_begin(j, k == TM_TRIAL_MODEL ? "tunnel" : "control", '{');
    tm_json_out_count(j, "slots", p->n_slots);
    tm_json_out_count(j, "busy_slots", p->n_on);
    tm_json_out_number(j, "seconds", (double)(p->to_us - p->from_us) / 1e6);
    tm_json_out_count(j, "wire_up_bytes", p->wire_bytes[TM_UP]);
    tm_json_out_count(j, "wire_down_bytes", p->wire_bytes[TM_DOWN]);
    tm_json_out_count(j, "moved_up_bytes", p->moved_bytes[TM_UP]);
    tm_json_out_count(j, "moved_down_bytes", p->moved_bytes[TM_DOWN]);
    tm_json_out_count(j, "busy_named_busy", p->n_named_on);
    tm_json_out_count(j, "idle_named_busy", p->n_named_off);
    for (unsigned a = 0; a < TM_PROOF_ATTACKS; a++) {
        const struct tm_proof_finding *f = &p->finding[a];
        tm_json_out_begin(j, ATTACK_KEY[a], '{');
        tm_json_out_number(j, "value", f->value.value);
        tm_json_out_number(j, "low", f->value.low);
        tm_json_out_number(j, "high", f->value.high);
        tm_json_out_number(j, "p", f->p);
        tm_json_out_number(j, "found_above", f->needed);
        tm_json_out_truth(j, "found", f->is_found);
        tm_json_out_end(j, '}');
    }
    tm_json_out_end(j, '}');
}

static void json_reasons(struct tm_json_out *j, const char *key, const struct tm_prove_reasons *r)
{
    tm_json_out_begin(j, key, '[');
    for (uint32_t i = 0; i < r->n; i++)
        tm_json_out_text(j, NULL, r->text[i]);
    tm_json_out_end(j, ']');
}

void tm_prove_json(FILE *f, const struct tm_prove *r)
{
    struct tm_json_out j = {.f = f};
    tm_json_out_begin(&j, NULL, '{');
    tm_json_out_count(&j, "schema_version", 1);
    tm_json_out_text(&j, "verdict", tm_prove_verdict_text(r->verdict));
    json_reasons(&j, "no_verdict_because", &r->missing);
    json_reasons(&j, "found", &r->found);
    json_reasons(&j, "notes", &r->warnings);
    tm_json_out_text(&j, "model", r->trial->model);
    tm_json_out_truth(&j, "payload_independent", r->trial->is_payload_independent);
    tm_json_out_text(&j, "server", r->trial->server_text);
    tm_json_out_text(&j, "captured_on", r->trial->interface);
    for (unsigned k = 0; k < TM_TRIAL_PHASES; k++)
        json_phase(&j, r, (enum tm_trial_phase_kind)k);
    if (r->conform != NULL) {
        tm_json_out_begin(&j, "conform", '{');
        tm_json_out_count(&j, "offsets", r->conform->n_offsets[0] + r->conform->n_offsets[1]);
        tm_json_out_count(&j, "exact", r->conform->n_exact[0] + r->conform->n_exact[1]);
        tm_json_out_count(&j, "carriers", r->conform->n_carriers);
        tm_json_out_end(&j, '}');
    }
    tm_json_out_number(&j, "bytes_in_30_days", tm_prove_month_bytes(r));
    tm_json_out_begin(&j, "ja4", '[');
    for (uint32_t i = 0; i < r->wire->n_ja4; i++) {
        tm_json_out_begin(&j, NULL, '{');
        tm_json_out_text(&j, "ja4", r->wire->ja4[i].text);
        tm_json_out_count(&j, "connections", r->wire->ja4[i].n);
        tm_json_out_end(&j, '}');
    }
    tm_json_out_end(&j, ']');
    tm_json_out_count(&j, "seed", r->seed);
    tm_json_out_end(&j, '}');
    (void)fputc('\n', f);
}
