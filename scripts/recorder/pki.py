"""Certificates with openssl: a root, two intermediates (RSA and ECDSA), and a leaf for each name.

A server sends its leaf and the intermediate, as real ones do: a leaf alone would make the flight too short.  Keys are made anew for each
recording, but a name's certificate has always the same length: two recordings of one world would be told apart by it.
"""
import base64
import hashlib
import os

from plan import url
from world import WorldError, sh

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["-newkey", "rsa:2048"]
SIGNATURE_BYTES = {"root": 512, "rsa": 256, "ec": 71}  # an ECDSA one has 70 to 72: drawn again until it has the most frequent length
TRIES = 100


def _authority(directory, name, key, signer, subject):
    base = f"{directory}/{name}"
    ext = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    if signer:
        ext += "authorityKeyIdentifier=keyid\n"
    with open(f"{base}.ext", "w", encoding="utf-8") as f:
        f.write(ext)
    sh("openssl", "req", "-new", *key, "-nodes", "-keyout", f"{base}.key", "-out", f"{base}.csr", "-subj", subject)
    _sign(directory, name, signer, 3650)


def _sign(directory, name, signer, days):
    """NAME.pem from NAME.csr and NAME.ext, by the signer or itself."""
    base = f"{directory}/{name}"
    by = ["-CA", f"{directory}/{signer}.pem", "-CAkey", f"{directory}/{signer}.key"] if signer else ["-signkey", f"{base}.key"]
    serial = "0x5" + hashlib.sha256(name.encode()).hexdigest()[:39]
    for _ in range(TRIES):
        sh("openssl", "x509", "-req", "-in", f"{base}.csr", *by, "-set_serial", serial, "-days", str(days), "-extfile", f"{base}.ext",
           "-out", f"{base}.pem")
        with open(f"{base}.pem", encoding="ascii") as f:
            if signature_bytes(f.read()) == SIGNATURE_BYTES[signer or "root"]:
                return
    raise WorldError(f"no certificate for {name} with a signature of the usual length in {TRIES} tries")


def signature_bytes(pem):
    """Of a certificate: the third part of its outer sequence, a bit string."""
    der = base64.b64decode("".join(pem.split("-----")[2].split()))
    at, _ = _part(der, 0)
    for _ in range(2):
        _, at = _part(der, at)
    begin, end = _part(der, at)
    return end - begin - 1


def _part(der, at):
    """Where the content of the DER element at this place begins and ends."""
    n, at = der[at + 1], at + 2
    if n & 0x80:
        n, at = int.from_bytes(der[at:at + (n & 0x7F)], "big"), at + (n & 0x7F)
    return at, at + n


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
    _sign(directory, host, signer, 300)
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
