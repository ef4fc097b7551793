#include "learner/options.h"

#include "models/model.h"
#include "test/support/check.h"
#include "tm/cli/args.h"

static void durations_have_units(void)
{
    static const struct {
        const char *text;
        int64_t us;
    } c[] = {{"2s", 2000000},
             {"500ms", 500000},
             {"250us", 250},
             {"5m", 300000000},
             {"5min", 300000000},
             {"1h", 3600000000},
             {"300", 300000000},
             {"0.5s", 500000},
             {"0", 0},
             {"1.5ms", 1500},
             {"1000000000s", (int64_t)TM_MODEL_TIME_MAX_US}};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        int64_t us = -1;
        CHECK(tm_args_parse_duration(c[i].text, &us));
        CHECK_INT(us, c[i].us);
    }
}

static void what_is_no_duration_is_refused(void)
{
    static const char *const c[] = {"",    "s",   "-1s", "2x",          "2 s", "1e400s",
                                    "nan", "inf", "0x",  "1001000000s", "+3s"};
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        int64_t us;
        CHECK(!tm_args_parse_duration(c[i], &us));
    }
}

static void arguments_are_parsed(void)
{
    struct tm_options o;
    char *argv[] = {"tm-learn learn",
                    "-o",
                    "m.db",
                    "--name",
                    "web-1",
                    "--port=443,8443",
                    "--rre-gap",
                    "3s",
                    "--gap-credit",
                    "2000",
                    "a.pcap",
                    "--key",
                    "pair",
                    "b.pcap",
                    "--max-pairs",
                    "50",
                    "--min-packets",
                    "4",
                    "--max-flows",
                    "1000",
                    "--session-length",
                    "300s",
                    NULL};
    tm_options_learn(&o, (int)(sizeof argv / sizeof *argv) - 1, argv);
    CHECK_STR(o.output, "m.db");
    CHECK_STR(o.name, "web-1");
    CHECK_INT(o.world.n_ports, 2);
    CHECK_INT(o.world.ports[0], 443);
    CHECK_INT(o.world.ports[1], 8443);
    CHECK_INT(o.fit.group.rre_gap_us, 3000000);
    CHECK_INT(o.fit.group.session_length_us, 300000000);
    CHECK_INT(o.world.exchange.gap_credit_bytes, 2000);
    CHECK_INT(o.world.exchange.max_pairs, 50);
    CHECK_INT(o.world.min_packets, 4);
    CHECK_INT(o.world.flow.max_flows, 1000);
    CHECK_INT(o.fit.key, TM_USER_PAIR);
    CHECK_INT(o.n_traces, 2);
    CHECK_STR(o.traces[0], "a.pcap");
    CHECK_STR(o.traces[1], "b.pcap");
}

static void a_user_can_be_a_client_with_a_network_of_servers(void)
{
    struct tm_options o;
    char *argv[] = {"tm-learn learn", "-o",      "m.db", "--name", "a", "-p", "22",
                    "--key",          "pair/27", "-",    NULL};
    tm_options_learn(&o, 10, argv);
    CHECK_INT(o.fit.key, TM_USER_NET);
    CHECK_INT(o.fit.server_bits, 27);
    CHECK_INT(o.fit.max_points, TM_DIST_POINTS_MAX);
    char *coarse[] = {"tm-learn learn", "-o",  "m.db", "--name", "a", "-p", "22",
                      "--points",       "512", "-",    NULL};
    tm_options_learn(&o, 10, coarse);
    CHECK_INT(o.fit.max_points, 512);
}

static void defaults_are_swings(void)
{
    struct tm_options o;
    char *argv[] = {"tm-learn connections", "-p", "22", "-", NULL};
    tm_options_connections(&o, 4, argv);
    CHECK_INT(o.fit.group.rre_gap_us, 2000000);
    CHECK_INT(o.fit.group.inter_conn_us, 30000000);
    CHECK_INT(o.fit.group.session_gap_us, 300000000);
    CHECK_INT(o.fit.group.session_length_us, 0);
    CHECK_INT(o.fit.group.max_conns, 100);
    CHECK_INT(o.fit.group.max_rres, 100);
    CHECK_INT(o.fit.key, TM_USER_CLIENT);
    CHECK_INT(o.fit.end, TM_END_CLOSE);
    CHECK_INT(o.fit.min_rtts, 5);
    CHECK_INT(o.world.exchange.gap_credit_bytes, 15000);
    CHECK_INT(o.world.exchange.max_pairs, 200);
    CHECK_INT(o.world.min_packets, 6);
    CHECK_INT(o.world.flow.max_flows, 1000000);
    CHECK_STR(o.traces[0], "-");
}

static void a_shard_is_a_part_of_the_clients(void)
{
    struct tm_options o;
    char *argv[] = {"tm-learn learn", "-o", "a.shard", "--shard", "3/16", "-p", "22", "-", NULL};
    tm_options_learn(&o, 8, argv);
    CHECK(o.is_shard);
    CHECK_INT(o.world.shard.part, 3);
    CHECK_INT(o.world.shard.n_parts, 16);
    char *model[] = {"tm-learn learn", "-o", "m.db", "-n", "a", "-p", "22", "-", NULL};
    tm_options_learn(&o, 8, model);
    CHECK(!o.is_shard);
    CHECK_INT(o.pool.k, 8);
}

static void finish_takes_what_makes_a_model_of_shards(void)
{
    struct tm_options o;
    char *argv[] = {"tm-learn finish", "-o",      "m.db", "-n", "a", "--k", "20",
                    "a.shard",         "b.shard", NULL};
    tm_options_finish(&o, 9, argv);
    CHECK_INT(o.n_traces, 2);
    CHECK_STR(o.traces[1], "b.shard");
    CHECK_INT(o.pool.k, 20);
    CHECK_INT(o.fit.max_points, 0); /* as the shards say */
    char *merge[] = {"tm-learn merge", "-o", "all.shard", "a.shard", NULL};
    tm_options_merge(&o, 4, merge);
    CHECK_STR(o.output, "all.shard");
    CHECK_STR(o.traces[0], "a.shard");
}

static void classes_are_named_filters(void)
{
    struct tm_options o;
    char *argv[] = {
        "tm-learn learn", "-o",   "m.db", "--class", "a=tcp port 1 = 1", "--class", "b-2=udp",
        "--other",        "rest", "-",    NULL};
    tm_options_learn(&o, 10, argv);
    CHECK_INT(o.n_classes, 2);
    CHECK_STR(o.classes[0].name, "a");
    CHECK_STR(o.classes[0].filter, "tcp port 1 = 1");
    CHECK_STR(o.classes[1].name, "b-2");
    CHECK_STR(o.other, "rest");
    CHECK(o.name == NULL);
    CHECK_INT(o.world.n_ports, 0);
}

static void rules_are_those_of_paper_or_code_and_later_options_override(void)
{
    struct tm_options o;
    char *paper[] = {"tm-learn learn",
                     "-o",
                     "m.db",
                     "--name",
                     "a",
                     "-p",
                     "22",
                     "--rules",
                     "paper",
                     "--key",
                     "pair",
                     "--conn-end",
                     "payload",
                     "--min-rtts",
                     "7",
                     "-",
                     NULL};
    tm_options_learn(&o, 16, paper);
    CHECK_INT(o.fit.group.rre_gap_us, 0);
    CHECK_INT(o.fit.group.max_conns, TM_MODEL_COUNT_MAX);
    CHECK_INT(o.fit.end, TM_END_PAYLOAD);
    CHECK_INT(o.fit.key, TM_USER_PAIR);
    CHECK_INT(o.fit.min_rtts, 7);
    CHECK(!o.fit.is_server_think_zero && !o.world.exchange.is_tail_pair);
    char *code[] = {"tm-learn learn", "-o",   "m.db", "--name", "a", "-p", "22",
                    "--rules",        "code", "-",    NULL};
    tm_options_learn(&o, 10, code);
    CHECK_INT(o.fit.group.rre_gap_us, 2000000);
    CHECK_INT(o.fit.group.session_length_us, 300000000);
    CHECK_INT(o.fit.key, TM_USER_PAIR);
    CHECK_INT(o.fit.min_rtts, 2);
    CHECK_INT(o.fit.end, TM_END_PAYLOAD);
    CHECK(o.fit.is_server_think_zero && o.world.exchange.is_tail_pair);
}

static const struct check_case cases[] = {
    {"classes_are_named_filters", classes_are_named_filters},
    {"rules_are_those_of_paper_or_code_and_later_options_override",
     rules_are_those_of_paper_or_code_and_later_options_override},
    {"durations_have_units", durations_have_units},
    {"what_is_no_duration_is_refused", what_is_no_duration_is_refused},
    {"arguments_are_parsed", arguments_are_parsed},
    {"a_user_can_be_a_client_with_a_network_of_servers",
     a_user_can_be_a_client_with_a_network_of_servers},
    {"a_shard_is_a_part_of_the_clients", a_shard_is_a_part_of_the_clients},
    {"finish_takes_what_makes_a_model_of_shards", finish_takes_what_makes_a_model_of_shards},
    {"defaults_are_swings", defaults_are_swings},
};
CHECK_MAIN("options", cases)
