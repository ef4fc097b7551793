/* Labels find their connections in two captures. */
#include <string.h>

#include "audit/correlate/scene.h"
#include "test/support/check.h"

#define HEAD "at_us,flow_client,flow_server,carrier_client,carrier_server,tunnel,bytes\n"
#define FLOW "10.1.0.1:1000,10.2.0.1:80,"

static struct tm_endpoint end(const char *text)
{
    struct tm_endpoint e = {.port = 0};
    CHECK(tm_endpoint_parse(&e, text));
    return e;
}

/* A connection that sends a byte more than its number up, then twice that down; once more, the last repeated. */
static void connect_in(struct tm_trace_set *set, const char *client, const char *server,
                       int64_t start_us, uint32_t bytes)
{
    const struct tm_trace_packet p[] = {{1000, bytes, TM_UP, true},
                                        {3000, 2 * bytes, TM_DOWN, true},
                                        {4000, 2 * bytes, TM_DOWN, false}};
    struct tm_trace t = {.client = end(client), .server = end(server), .start_us = start_us};
    CHECK_INT(tm_trace_set_add(set, &t, p, bytes > 0 ? 3 : 0), TM_OK);
}

struct world {
    struct tm_trace_set entry, exit;
    struct tm_truth truth;
    struct tm_scene scene;
    struct tm_scene_counts counts;
    struct tm_msg msg;
};

static int join(struct world *w, const char *labels)
{
    connect_in(&w->entry, "10.3.0.1:1", "10.1.0.1:443", 100000, 100);
    connect_in(&w->entry, "10.3.0.1:2", "10.1.0.1:443", 100000, 200);
    connect_in(&w->entry, "10.3.0.1:9", "10.1.0.1:443", 100000, 900);
    connect_in(&w->exit, "10.1.0.1:1000", "10.2.0.1:80", 100000, 11);
    connect_in(&w->exit, "10.1.0.1:1000", "10.2.0.1:80", 500000, 22);
    connect_in(&w->exit, "10.1.0.1:1001", "10.2.0.1:80", 100000, 0);
    CHECK_INT(tm_truth_parse(&w->truth, labels, strlen(labels), "labels", NULL), TM_OK);
    const struct tm_scene_view view = {&w->truth, &w->entry, &w->exit, 0, "labels"};
    return tm_scene_join(&w->scene, &view, &w->counts, &w->msg);
}

static void leave(struct world *w)
{
    tm_trace_set_deinit(&w->entry);
    tm_trace_set_deinit(&w->exit);
    tm_truth_deinit(&w->truth);
    tm_scene_deinit(&w->scene);
}

static void connections_are_found_by_endpoints_and_time(void)
{
    struct world w = {.counts = {0}};
    CHECK_INT(join(&w, HEAD "0," FLOW "10.3.0.1:1,10.1.0.1:443,a,30\n"
                            "600000," FLOW "10.3.0.1:2,10.1.0.1:443,a,60\n"
                            "499999," FLOW "10.3.0.1:2,10.1.0.1:443,a,3\n"),
              TM_OK);
    CHECK_INT(w.scene.n_flows, 2);
    CHECK_INT(w.scene.n_carriers, 2);
    CHECK_INT(w.scene.n_shares, 3);
    CHECK_INT(w.scene.flows[0].bytes[TM_UP], 11);
    CHECK_INT(w.scene.flows[1].bytes[TM_UP], 22);
    CHECK_INT(w.scene.flows[0].n, 2); /* the repeated segment is left out */
    CHECK_INT(tm_scene_first_us(&w.scene.flows[0]), 0);
    CHECK_INT(tm_scene_first_us(&w.scene.flows[1]), 400000);
    CHECK_INT(w.counts.n_flows, 2);
    CHECK_INT(w.counts.n_other_carriers, 1);
    CHECK_INT(w.counts.n_other_flows, 0);
    leave(&w);
}

static void what_is_not_in_the_captures_is_counted(void)
{
    struct world w = {.counts = {0}};
    CHECK_INT(join(&w, HEAD "0," FLOW "10.3.0.1:1,10.1.0.1:443,a,30\n"
                            "0,10.1.0.1:1001,10.2.0.1:80,10.3.0.1:1,10.1.0.1:443,a,1\n"
                            "0,10.1.0.1:1002,10.2.0.1:80,10.3.0.1:7,10.1.0.1:443,a,1\n"
                            "5," FLOW "10.3.0.1:1,10.1.0.1:443,a,30\n"
                            "0,-,-,10.3.0.1:2,10.1.0.1:443,a,0\n"),
              TM_OK);
    CHECK_INT(w.scene.n_flows, 1);
    CHECK_INT(w.scene.n_carriers, 2);
    CHECK_INT(w.scene.n_shares, 1);
    CHECK_INT(w.counts.n_no_flow, 3); /* without payload, unknown, not yet open */
    CHECK_INT(w.counts.n_no_carrier, 2);
    leave(&w);
}

static void check_refused(const char *labels, const char *wanted)
{
    struct world w = {.counts = {0}};
    CHECK_INT(join(&w, labels), TM_ERR_FORMAT);
    CHECK_STR(w.msg.text, wanted);
    leave(&w);
}

static void labels_that_contradict_or_fit_nothing_are_refused(void)
{
    check_refused(HEAD "0," FLOW "10.3.0.1:1,10.1.0.1:443,a,30\n"
                       "0," FLOW "10.3.0.1:2,10.1.0.1:443,b,30\n",
                  "labels: line 3: this flow belonged to tunnel a before, now to b");
    check_refused(HEAD "0," FLOW "10.3.0.1:1,10.1.0.1:443,a,30\n"
                       "0,-,-,10.3.0.1:1,10.1.0.1:443,b,30\n",
                  "labels: line 3: this carrier belonged to tunnel a before, now to b");
    check_refused(HEAD "0,-,-,10.3.0.1:1,10.1.0.1:443,a,0\n",
                  "labels: of the flows that the labels name none is in the capture with payload");
    check_refused(
        HEAD "0," FLOW "10.3.0.1:1,10.1.0.1:80,a,0\n",
        "labels: of the carriers that the labels name none is in the capture with payload");
}

static const struct check_case CASES[] = {
    {"connections_are_found_by_endpoints_and_time", connections_are_found_by_endpoints_and_time},
    {"what_is_not_in_the_captures_is_counted", what_is_not_in_the_captures_is_counted},
    {"labels_that_contradict_or_fit_nothing_are_refused",
     labels_that_contradict_or_fit_nothing_are_refused},
};
CHECK_MAIN("audit/correlate/scene_join", CASES)
