"""Certificates with openssl: a root, two intermediates (RSA and ECDSA), and a leaf for each name.

A server sends its leaf and the intermediate, as real ones do: a leaf alone would make the flight too short.
"""
import os

from plan import url
from world import sh

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["-newkey", "rsa:2048"]


def _authority(directory, name, key, signer, subject):
    base = f"{directory}/{name}"
    ext = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    if signer:
        ext += "authorityKeyIdentifier=keyid\n"
    with open(f"{base}.ext", "w", encoding="utf-8") as f:
        f.write(ext)
    sh("openssl", "req", "-new", *key, "-nodes", "-keyout", f"{base}.key", "-out", f"{base}.csr", "-subj", subject)
    by = ["-CA", f"{directory}/{signer}.pem", "-CAkey", f"{directory}/{signer}.key", "-CAcreateserial"] if signer else [
        "-signkey", f"{base}.key"]
    sh("openssl", "x509", "-req", "-in", f"{base}.csr", *by, "-days", "3650", "-extfile", f"{base}.ext", "-out",
       f"{base}.pem")


def leaf(directory, host, rsa):
    """HOST.key and HOST.chain (leaf and intermediate) in the directory."""
    base = f"{directory}/{host}"
    signer = "rsa" if rsa else "ec"
    with open(f"{base}.ext", "w", encoding="utf-8") as f:
        f.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
                "extendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                f"crlDistributionPoints=URI:{url('c.pki.test', f'/{signer}.crl', 'http')}\n"
                f"authorityInfoAccess=caIssuers;URI:{url('i.pki.test', f'/{signer}.der', 'http')}\n"
                f"certificatePolicies=2.23.140.1.2.1\nsubjectAltName=DNS:{host}\n")
    sh("openssl", "req", "-new", *(RSA if rsa else EC), "-nodes", "-keyout", f"{base}.key", "-out", f"{base}.csr",
       "-subj", f"/CN={host}")
    sh("openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", f"{directory}/{signer}.pem", "-CAkey",
       f"{directory}/{signer}.key", "-CAcreateserial", "-days", "300", "-extfile", f"{base}.ext", "-out", f"{base}.pem")
    with open(f"{base}.chain", "w", encoding="utf-8") as out:
        for part in (f"{base}.pem", f"{directory}/{signer}.pem"):
            with open(part, encoding="utf-8") as f:
                out.write(f.read())


def make(directory, hosts):
    """Everything for `hosts` (name -> has an RSA key); the root is DIRECTORY/root.pem."""
    os.makedirs(directory, exist_ok=True)
    _authority(directory, "root", ["-newkey", "rsa:4096"], None, "/C=XX/O=Recorder Trust/CN=Recorder Root R1")
    _authority(directory, "rsa", RSA, "root", "/C=XX/O=Recorder Trust/CN=Recorder RSA CA 1")
    _authority(directory, "ec", EC, "root", "/C=XX/O=Recorder Trust/CN=Recorder ECC CA 2")
    for host, rsa in hosts.items():
        leaf(directory, host, rsa)
