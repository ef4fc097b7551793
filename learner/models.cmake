# The example models: learned by the tm-learn just built from the captures in data/captures (origins and licences in
# data/README.md) into models.db of the build directory.
set(captures ${PROJECT_SOURCE_DIR}/data/captures)
set(https_captures
    ${captures}/https/joy-firefox58.pcap
    ${captures}/https/lifecycle-plug-off-local.pcap
    ${captures}/https/lifecycle-plug-off-remote.pcap
    ${captures}/https/lifecycle-plug-on-local.pcap
    ${captures}/https/lifecycle-plug-on-remote.pcap
    ${captures}/https/mercury-quic-reordered-frames.pcap
    ${captures}/https/suricata-ssl-version-negated.pcap
    ${captures}/https/suricata-tls-cert-issuer.pcap
    ${captures}/https/suricata-tls13-draft19.pcap
    ${captures}/https/vast-vlan.pcap.gz)
set(ssh_captures
    ${captures}/ssh/joy-kali-normal-ssh.pcap
    ${captures}/ssh/joy-kali-password-attack-hydra.pcap
    ${captures}/ssh/suricata-bug-8333-geoip.pcap
    ${captures}/ssh/suricata-bypass-ssh-enabled.pcap
    ${captures}/ssh/suricata-ssh-newkeys.pcap
    ${captures}/ssh/vast-example.pcap.gz
    ${captures}/ssh/zeek-ssh.pcap)
set(smtp_captures
    ${captures}/smtp/arkime-smtp-data-521.pcap
    ${captures}/smtp/arkime-smtp-decrypted.pcap
    ${captures}/smtp/arkime-smtp-moloch-bof.pcap
    ${captures}/smtp/arkime-smtp-originating.pcap
    ${captures}/smtp/arkime-smtp-rcpt-553.pcap
    ${captures}/smtp/arkime-smtp-subject-8859-b.pcap
    ${captures}/smtp/arkime-smtp-subject-encoded-empty.pcap
    ${captures}/smtp/arkime-smtp-subject-gb2312-b.pcap
    ${captures}/smtp/arkime-smtp-subject-utf8-q.pcap
    ${captures}/smtp/arkime-smtp-zip.pcap
    ${captures}/smtp/suricata-bug-3616-smtp.pcap
    ${captures}/smtp/suricata-mime-quoted-printable.pcap
    ${captures}/smtp/suricata-smtp-errors.pcap
    ${captures}/smtp/suricata-smtp-file-data-01.pcap
    ${captures}/smtp/suricata-smtp-pipelining.pcap
    ${captures}/smtp/suricata-smtp-raw-extraction.pcap
    ${captures}/smtp/suricata-smtp-rfc2231.pcap
    ${captures}/smtp/suricata-smtp-startssl.pcap)

set(models_db ${CMAKE_BINARY_DIR}/models.db)
set(learn tm-learn learn --quiet -o ${models_db}.new)
add_custom_command(
    OUTPUT ${models_db}
    COMMAND ${CMAKE_COMMAND} -E rm -f ${models_db}.new
    COMMAND ${learn} --name https --port 443 ${https_captures}
    COMMAND ${learn} --name ssh --port 22 ${ssh_captures}
    COMMAND ${learn} --name smtp --port 25,465,587 ${smtp_captures}
    COMMAND ${CMAKE_COMMAND} -E rename ${models_db}.new ${models_db}
    DEPENDS tm-learn ${https_captures} ${ssh_captures} ${smtp_captures}
    COMMENT "Learning the example models https, ssh and smtp"
    VERBATIM)
add_custom_target(models ALL DEPENDS ${models_db})
