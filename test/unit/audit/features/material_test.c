/* Files -> labelled connections: sessions, splits, what is left out, and where the capture was taken. */
#include "audit/features/material.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/features/csv.h"
#include "test/support/check.h"
#include "test/unit/audit/features/wire.h"

#define HEAD "from_us,prefix,class,split,path,session,load\n"

static char dir[] = "/tmp/tm_material_XXXXXX";
static char path[64];
static struct wire w;

/* n dialogues, 10 s apart, to 10.1.0.1 .. 10.1.0.n; the last one has no end. */
static void save_dialogues(unsigned n, const char *name)
{
    w.n = 0;
    for (unsigned i = 0; i < n; i++) {
        struct wire_conn c = wire_conn(i + 1);
        wire_dialogue(&w, &c, INT64_C(10000000) * i);
    }
    w.n -= 3;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_INT(wire_save(&w, path, 101), 0);
}

static const char *session_of(const struct tm_trace_set *s, size_t i)
{
    return i < s->n ? s->names[s->v[i].session] : "none";
}

static void unlabelled_connections_are_their_own_sessions(void)
{
    struct tm_trace_set s = {0};
    struct tm_material_counts n = {0};
    const struct tm_material_cfg cfg = {0};
    char want[96];
    save_dialogues(5, "web.train.pcap");
    CHECK_INT(tm_material_read(&s, path, &cfg, &n, NULL), TM_OK);
    CHECK_INT(n.n_captures, 1);
    CHECK_INT(n.n_packets, 52);
    CHECK_INT(n.n_conns, 5);
    CHECK_INT(n.n_kept, 4);
    CHECK_INT(n.n_incomplete, 1);
    CHECK_INT(n.n_unlabelled, 0);
    CHECK_INT(n.n_side[TM_TAP_CLIENT], 1);
    CHECK_INT(s.n, 4);
    CHECK_STR(s.names[s.v[3].cls], "web");
    (void)snprintf(want, sizeof want, "%s#3", path);
    CHECK_STR(session_of(&s, 3), want);
    tm_trace_set_deinit(&s);
}

static void blocks_of_time_are_sessions(void)
{
    struct tm_trace_set s = {0};
    struct tm_material_counts n = {0};
    const struct tm_material_cfg cfg = {
        .block_us = 20000000, .cls = "given", .keep_incomplete = true};
    char want[96];
    save_dialogues(5, "web.pcap");
    CHECK_INT(tm_material_read(&s, path, &cfg, &n, NULL), TM_OK);
    CHECK_INT(s.n, 5);
    for (size_t i = 0; i < s.n; i++) {
        (void)snprintf(want, sizeof want, "%s#%zu", path, i / 2);
        CHECK_STR(session_of(&s, i), want);
        CHECK_STR(s.names[s.v[i].cls], "given");
        CHECK_INT(s.v[i].load, i);
    }
    tm_trace_set_deinit(&s);
}

static void labels_give_class_session_load_and_split(void)
{
    struct tm_labels l = {0};
    struct tm_trace_set s = {0};
    struct tm_material_counts n = {0};
    const char *text = HEAD "0,10.1.0.0/30,https,train,p,https-1,7\n"
                            "0,10.1.0.4/32,https,heldout,p,https-2,8\n";
    struct tm_material_cfg cfg = {.labels = &l};
    CHECK_INT(tm_labels_add(&l, text, strlen(text), "x", NULL), TM_OK);
    save_dialogues(6, "all.pcap");
    CHECK_INT(tm_material_read(&s, path, &cfg, &n, NULL), TM_OK);
    CHECK_INT(s.n, 5);
    CHECK_INT(n.n_unlabelled, 2);
    CHECK_STR(s.names[s.v[0].cls], "https");
    CHECK_STR(session_of(&s, 2), "https-1");
    CHECK_INT(s.v[2].load, 7);
    CHECK_STR(session_of(&s, 3), "https-2");
    CHECK_STR(s.names[s.v[4].cls], "all");
    tm_trace_set_deinit(&s);

    cfg.split = "heldout";
    cfg.session_prefix = "run2/";
    n = (struct tm_material_counts){0};
    CHECK_INT(tm_material_read(&s, path, &cfg, &n, NULL), TM_OK);
    CHECK_INT(s.n, 1);
    CHECK_INT(n.n_other_split, 5);
    CHECK_STR(session_of(&s, 0), "run2/https-2");
    tm_trace_set_deinit(&s);
    tm_labels_deinit(&l);
}

static void csv_brings_the_rows_that_the_capture_brings(void)
{
    const struct tm_features_cfg features = {.groups = TM_GROUP_POSTER, .floor_us = 1000};
    const struct tm_features_cfg all = {.floor_us = 1000};
    const struct tm_material_cfg cfg = {0};
    struct tm_material_counts n = {0};
    struct tm_table wide = {0};
    struct tm_table t = {0};
    struct tm_msg msg = {""};
    char csv[64];
    (void)snprintf(csv, sizeof csv, "%s/t.csv", dir);
    save_dialogues(4, "web.pcap");
    CHECK_INT(tm_features_columns(&wide, &all), TM_OK);
    CHECK_INT(tm_material_rows(&wide, &all, path, &cfg, &n, &msg), TM_OK);
    FILE *f = fopen(csv, "wb");
    CHECK(f != NULL && tm_csv_write(&wide, f) == TM_OK && fclose(f) == 0);

    CHECK_INT(tm_features_columns(&t, &features), TM_OK);
    CHECK_INT(tm_material_rows(&t, &features, path, &cfg, &n, &msg), TM_OK);
    CHECK_INT(tm_material_rows(&t, &features, csv, &cfg, &n, &msg), TM_OK);
    CHECK_INT(t.n_rows, 6);
    CHECK_MEM(tm_table_x(&t, 3), tm_table_x(&t, 0), 3 * 5 * sizeof(float));
    CHECK_INT(t.rows[3].session, t.rows[0].session);
    CHECK_INT(n.n_kept, 9);

    struct tm_table tam = {0};
    const struct tm_features_cfg wants_tam = {.groups = TM_GROUP_TAM};
    CHECK_INT(tm_features_columns(&tam, &wants_tam), TM_OK);
    CHECK_INT(tm_material_rows(&tam, &wants_tam, csv, &cfg, &n, &msg), TM_ERR_FORMAT);
    CHECK(strstr(msg.text, "has no column tam_up_0") != NULL);
    tm_table_deinit(&tam);
    tm_table_deinit(&t);
    tm_table_deinit(&wide);
    (void)remove(csv);
}

static void side_is_told_by_the_handshakes(void)
{
    struct tm_trace_set s = {0};
    struct tm_trace t = {.rtt_us = {20000, 1000}};
    CHECK_INT(tm_material_side_of(&s), TM_TAP_UNKNOWN);
    for (int i = 0; i < 3; i++)
        CHECK_INT(tm_trace_set_add(&s, &t, NULL, 0), TM_OK);
    CHECK_INT(tm_material_side_of(&s), TM_TAP_CLIENT);
    for (int i = 0; i < 3; i++)
        s.v[i].rtt_us[TM_DOWN] = 15000;
    CHECK_INT(tm_material_side_of(&s), TM_TAP_MIDDLE);
    for (int i = 0; i < 3; i++)
        s.v[i].rtt_us[TM_UP] = 30;
    CHECK_INT(tm_material_side_of(&s), TM_TAP_SERVER);
    s.v[0].rtt_us[TM_UP] = INT64_MAX; /* not measured */
    CHECK_INT(tm_material_side_of(&s), TM_TAP_SERVER);
    CHECK_STR(tm_material_side_name(TM_TAP_SERVER), "beside the server");
    tm_trace_set_deinit(&s);
}

static void ports_are_parsed(void)
{
    struct tm_material_cfg cfg = {0};
    struct tm_msg msg = {""};
    static const char *const BAD[] = {"", "0", "65536", "22,", ",22", "22 ", "a", "-1", "22;23"};
    CHECK_INT(tm_material_ports(&cfg, "22,443", &msg), TM_OK);
    CHECK_INT(tm_material_ports(&cfg, "65535", &msg), TM_OK);
    CHECK_INT(cfg.n_ports, 3);
    CHECK_INT(cfg.ports[1], 443);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        CHECK_INT(tm_material_ports(&cfg, BAD[i], &msg), TM_ERR_FORMAT);
    cfg.n_ports = TM_MATERIAL_PORTS_MAX;
    CHECK_INT(tm_material_ports(&cfg, "1", &msg), TM_ERR_FORMAT);
}

static const struct check_case cases[] = {
    {"unlabelled_connections_are_their_own_sessions",
     unlabelled_connections_are_their_own_sessions},
    {"blocks_of_time_are_sessions", blocks_of_time_are_sessions},
    {"labels_give_class_session_load_and_split", labels_give_class_session_load_and_split},
    {"csv_brings_the_rows_that_the_capture_brings", csv_brings_the_rows_that_the_capture_brings},
    {"side_is_told_by_the_handshakes", side_is_told_by_the_handshakes},
    {"ports_are_parsed", ports_are_parsed},
};

int main(void)
{
    static const char *const FILES[] = {"web.train.pcap", "web.pcap", "all.pcap"};
    if (!mkdtemp(dir))
        return 1;
    int rc = check_run("audit material", cases, sizeof cases / sizeof *cases);
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, FILES[i]);
        (void)remove(path);
    }
    return rmdir(dir) == 0 ? rc : 1;
}
