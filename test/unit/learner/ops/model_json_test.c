#include "learner/ops/model_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/support/check.h"
#include "test/unit/models/sample_models.h"

static char key_tool[] = "tool";
static char value_tool[] = "tm-learn \"0.1\" \\ \xc3\xa9";
static char key_note[] = "note";
static char value_note[] = "";

#define N_MODELS 4

/* A swing model with provenance, another, the constant one, and a joint one; the caller frees the models with forget. */
static void fill(struct tm_store_entry e[N_MODELS], struct tm_provenance prov[2])
{
    prov[0] = (struct tm_provenance){key_note, value_note};
    prov[1] = (struct tm_provenance){key_tool, value_tool};
    memset(e, 0, N_MODELS * sizeof *e);
    CHECK_INT(sample_swing(&e[0].model, "web", 0), TM_OK);
    CHECK_INT(sample_swing(&e[1].model, "web-2", 7), TM_OK);
    tm_model_constant_default(&e[2].model);
    CHECK_INT(sample_joint(&e[3].model, "deck", 4, 0), TM_OK);
    e[0].prov = prov;
    e[0].n_prov = 2;
    for (int i = 0; i < N_MODELS; i++)
        tm_model_digest(&e[i].model, e[i].digest);
}

static void forget(struct tm_store_entry e[N_MODELS])
{
    for (int i = 0; i < N_MODELS; i++)
        tm_model_deinit(&e[i].model);
}

static struct tm_text written(void)
{
    struct tm_store_entry e[N_MODELS];
    struct tm_provenance prov[2];
    struct tm_text t = {0};
    fill(e, prov);
    tm_model_json_write(&t, e, N_MODELS);
    CHECK(!t.is_bad);
    forget(e);
    return t;
}

static void models_read_back_as_they_were_written(void)
{
    struct tm_store_entry want[N_MODELS];
    struct tm_provenance prov[2];
    struct tm_store_entry *got = NULL;
    size_t n = 0;
    struct tm_text t = {0};
    struct tm_text again = {0};
    struct tm_msg msg = {""};
    fill(want, prov);
    tm_model_json_write(&t, want, N_MODELS);
    CHECK_INT(tm_model_json_read(t.p, t.len, "x.json", &got, &n, &msg), TM_OK);
    CHECK_STR(msg.text, "");
    CHECK(same_entries(got, n, want, N_MODELS));
    tm_model_json_write(&again, got, n);
    CHECK_STR(again.p, t.p);
    tm_store_entries_free(got, n);
    tm_text_deinit(&t);
    tm_text_deinit(&again);
    forget(want);
}

static void no_models_are_a_text_too(void)
{
    struct tm_store_entry *e = NULL;
    size_t n = 1;
    struct tm_text t = {0};
    tm_model_json_write(&t, NULL, 0);
    CHECK_INT(tm_model_json_read(t.p, t.len, "x", &e, &n, NULL), TM_OK);
    CHECK_INT(n, 0);
    CHECK(e == NULL);
    tm_text_deinit(&t);
}

/* The written text with the first `from` replaced; what reading it gives. */
static int read_changed(const char *from, const char *to, struct tm_msg *msg)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_text t = written();
    char *at = strstr(t.p, from);
    CHECK(at != NULL);
    if (!at) {
        tm_text_deinit(&t);
        return TM_OK;
    }
    struct tm_text changed = {0};
    tm_text_add(&changed, "%.*s%s%s", (int)(at - t.p), t.p, to, at + strlen(from));
    *msg = (struct tm_msg){""};
    int rc = tm_model_json_read(changed.p, changed.len, "x.json", &e, &n, msg);
    CHECK((rc == TM_OK) == (msg->text[0] == '\0'));
    CHECK(rc == TM_OK || (e == NULL && n == 0));
    tm_store_entries_free(e, n);
    tm_text_deinit(&t);
    tm_text_deinit(&changed);
    return rc;
}

static void what_is_wrong_is_named(void)
{
    static const struct {
        const char *from, *to;
        int rc;
        const char *says;
    } row[] = {
        {"\"schema_version\": 1", "\"schema_version\": 2", TM_ERR_UNSUPPORTED, "newer"},
        {"\"schema_version\": 1, ", "", TM_ERR_FORMAT, "comes first"},
        {"trafficmimic models", "cooking recipes", TM_ERR_FORMAT, "cooking recipes"},
        {"\"swing\"", "\"markov\"", TM_ERR_UNSUPPORTED, "update"},
        {"\"swing\"", "\"constant\"", TM_ERR_FORMAT, "parameters"},
        {"\"kind\": \"swing\"", "\"size_bytes\": 5, \"kind\": \"swing\"", TM_ERR_FORMAT,
         "no member"},
        {"\"name\": \"web\", ", "", TM_ERR_FORMAT, "needs"},
        {"\"name\": \"web\"", "\"name\": \"we b\"", TM_ERR_FORMAT, "letters"},
        {"\"name\": \"web-2\"", "\"name\": \"web\"", TM_ERR_FORMAT, "second time"},
        {"\"kind\"", "\"kind\": \"swing\", \"kind\"", TM_ERR_FORMAT, "second time"},
        {"\"name\": \"num_pairs\"", "\"name\": \"num_dwarfs\"", TM_ERR_FORMAT, "num_dwarfs"},
        {"\"name\": \"req_bytes\"", "\"name\": \"num_pairs\"", TM_ERR_FORMAT, "unit"},
        {"\"unit\": \"bytes\"", "\"unit\": \"us\"", TM_ERR_FORMAT, "unit"},
        {"[1,3]", "[1,4]", TM_ERR_FORMAT, "digest"},
        {"[1,3]", "[1,5]", TM_ERR_RANGE, "rise"},
        {"[1,3]", "[1]", TM_ERR_FORMAT, "point"},
        {"[1,3]", "[1,3,3]", TM_ERR_FORMAT, "point"},
        {"[1,3]", "[]", TM_ERR_FORMAT, "point"},
        {"[1,3]", "[1,0]", TM_ERR_RANGE, "rise"},
        {"[1,3]", "[0,3]", TM_ERR_RANGE, "num_pairs"},
        {"\"points\": [[1,3]", "\"extra\": [[1,3]", TM_ERR_FORMAT, "extra"},
        {"\"note\": \"\"", "\"note\": \"a\\u0007b\"", TM_ERR_FORMAT, "control"},
        {"\"note\": \"\"", "\"tool\": \"\"", TM_ERR_FORMAT, "second time"},
        {"\"interval_us\": 500000", "\"interval_us\": 4294967295", TM_ERR_RANGE, "interval_us"},
        {"\"role\": \"first\"", "\"role\": \"second\"", TM_ERR_FORMAT, "role"},
        {"\"role\": \"first\", ", "", TM_ERR_FORMAT, "in this order"},
        {"\"parents\":", "\"parent\":", TM_ERR_FORMAT, "no such member"},
        {"\"pause_mix\"", "\"parents\"", TM_ERR_FORMAT, "twice"},
        {"\"writes\": [[0,", "\"writes\": [[2,", TM_ERR_FORMAT, "larger than 1"},
        {"\"writes\": [[0,", "\"writes\": [[0,0,0,0],[0,", TM_ERR_RANGE, "deck"},
        {"\"writes\": [[0,", "\"writes\": [[0],[0,", TM_ERR_FORMAT, "a write is"},
        {"\"writes\": [[0,", "\"writes\": [[0,1,0,0,0,0],[0,", TM_ERR_FORMAT, "a write is"},
        {"\"writes\": [[0,", "\"writes\": [[0,1,0,0,2],[0,", TM_ERR_FORMAT, "larger than 1"},
        {"\"writes\": [[0,", "\"writes\": [[0,1,0,0,1],[0,", TM_ERR_FORMAT, "cannot be welded"},
        {"\"writes\": [[0,", "\"writes\": [[0,1,0,0],[0,", TM_ERR_FORMAT, "digest"},
    };
    struct tm_msg msg;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        CHECK_INT(read_changed(row[i].from, row[i].to, &msg), row[i].rc);
        if (!strstr(msg.text, row[i].says))
            CHECK_STR(msg.text, row[i].says);
    }
}

static void the_digest_may_be_left_out(void)
{
    struct tm_text t = written();
    struct tm_msg msg;
    char *from = strstr(t.p, ", \"digest\"");
    CHECK(from != NULL);
    char member[100];
    (void)snprintf(member, sizeof member, "%.78s", from); /* , "digest": "64 digits" */
    CHECK_INT(read_changed(member, "", &msg), TM_OK);
    tm_text_deinit(&t);
}

/* Reads `len` bytes in exactly as much memory; anything but an error must be playable, and errors say why. */
static int read_exactly(const char *p, size_t len)
{
    struct tm_store_entry *e = NULL;
    size_t n = 0;
    struct tm_msg msg = {""};
    char *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, p, len);
    int rc = tm_model_json_read(copy, len, "x", &e, &n, &msg);
    CHECK((rc == TM_OK) == (msg.text[0] == '\0'));
    for (size_t i = 0; i < n; i++)
        CHECK_INT(tm_model_check(&e[i].model, NULL), TM_OK);
    tm_store_entries_free(e, n);
    free(copy);
    return rc;
}

static void every_prefix_is_refused(void)
{
    struct tm_text t = written();
    size_t refused = 0;
    for (size_t len = 0; len + 2 < t.len; len++)
        refused += read_exactly(t.p, len) != TM_OK;
    CHECK_INT(refused, t.len - 2);
    CHECK_INT(read_exactly(t.p, t.len - 1), TM_OK); /* the last newline */
    tm_text_deinit(&t);
}

static void no_flipped_bits_do_harm(void)
{
    struct tm_text t = written();
    for (size_t bit = 0; bit < 8 * t.len; bit++) {
        t.p[bit / 8] = (char)(t.p[bit / 8] ^ 1 << bit % 8);
        (void)read_exactly(t.p, t.len);
        size_t other = (bit * 7919 + 13) % (8 * t.len);
        t.p[other / 8] = (char)(t.p[other / 8] ^ 1 << other % 8);
        (void)read_exactly(t.p, t.len);
        t.p[other / 8] = (char)(t.p[other / 8] ^ 1 << other % 8);
        t.p[bit / 8] = (char)(t.p[bit / 8] ^ 1 << bit % 8);
    }
    CHECK_INT(read_exactly(t.p, t.len), TM_OK);
    tm_text_deinit(&t);
}

static const struct check_case CASES[] = {
    {"models_read_back_as_they_were_written", models_read_back_as_they_were_written},
    {"no_models_are_a_text_too", no_models_are_a_text_too},
    {"what_is_wrong_is_named", what_is_wrong_is_named},
    {"the_digest_may_be_left_out", the_digest_may_be_left_out},
    {"every_prefix_is_refused", every_prefix_is_refused},
    {"no_flipped_bits_do_harm", no_flipped_bits_do_harm},
};
CHECK_MAIN("model_json", CASES)
