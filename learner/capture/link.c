#include "learner/capture/link.h"

#include <stddef.h>

bool tm_link_of(uint32_t link_type, enum tm_link *out)
{
    static const struct {
        uint32_t type;
        enum tm_link link;
    } known[] = {
        {1, TM_LINK_ETHERNET}, {0, TM_LINK_NULL},  {108, TM_LINK_NULL}, {101, TM_LINK_RAW},
        {228, TM_LINK_RAW},    {229, TM_LINK_RAW}, {12, TM_LINK_RAW}, /* 12 and 14: some systems' */
        {14, TM_LINK_RAW},     {113, TM_LINK_SLL}, {276, TM_LINK_SLL2},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].type == link_type) {
            *out = known[i].link;
            return true;
        }
    }
    return false;
}

const char *tm_link_name(uint32_t link_type)
{
    static const struct {
        uint32_t type;
        const char *name;
    } named[] = {
        {0, "NULL"},
        {1, "ETHERNET"},
        {6, "IEEE802_5"},
        {7, "ARCNET_BSD"},
        {8, "SLIP"},
        {9, "PPP"},
        {10, "FDDI"},
        {50, "PPP_HDLC"},
        {51, "PPP_ETHER"},
        {101, "RAW"},
        {104, "C_HDLC"},
        {105, "IEEE802_11"},
        {107, "FRELAY"},
        {108, "LOOP"},
        {113, "LINUX_SLL"},
        {117, "PFLOG"},
        {119, "IEEE802_11_PRISM"},
        {122, "IP_OVER_FC"},
        {127, "IEEE802_11_RADIOTAP"},
        {143, "DOCSIS"},
        {163, "IEEE802_11_AVS"},
        {166, "PPP_PPPD"},
        {187, "BLUETOOTH_HCI_H4"},
        {189, "USB_LINUX"},
        {192, "PPI"},
        {195, "IEEE802_15_4_WITHFCS"},
        {201, "BLUETOOTH_HCI_H4_WITH_PHDR"},
        {220, "USB_LINUX_MMAPPED"},
        {227, "CAN_SOCKETCAN"},
        {228, "IPV4"},
        {229, "IPV6"},
        {239, "NFLOG"},
        {242, "SCTP"},
        {249, "USBPCAP"},
        {252, "WIRESHARK_UPPER_PDU"},
        {253, "NETLINK"},
        {276, "LINUX_SLL2"},
    };
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (named[i].type == link_type)
            return named[i].name;
    }
    return "unknown";
}
