#!/bin/sh
# Makes the files beside it with tools other than the ones under test: the OpenSSL command line and Python's zlib. The
# keys guard nothing. To be run in this folder; it makes new keys only where there are none.
set -eu
key() { [ -f "$1" ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null; }
key root.key.pem; key paypal.key.pem; key other.key.pem

openssl req -x509 -new -key root.key.pem -subj '/CN=Golden Root' -days 36500 -out root.pem \
    -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign
openssl req -new -key paypal.key.pem -subj '/CN=messageverificationcerts.sandbox.paypal.com' -out leaf.csr
printf '%s\n' 'subjectAltName=DNS:messageverificationcerts.sandbox.paypal.com' 'keyUsage=critical,digitalSignature' \
    'extendedKeyUsage=serverAuth' 'basicConstraints=CA:false' > leaf.ext
openssl x509 -req -in leaf.csr -CA root.pem -CAkey root.key.pem -set_serial 0x440024045C4A427599D0 -days 36500 \
    -extfile leaf.ext 2>/dev/null | sed 's/$/\r/' > leaf.crlf.pem
rm leaf.csr leaf.ext

# The numbers 1.0 and the escapes must reach the checksum as they are.
printf '%s' '{"id":"WH-58D329510W468432D-8HN650336L201105X","event_type":"CHECKOUT.ORDER.APPROVED","resource":{"id":"4TX1234567890123A","amount":{"breakdown":{}},"n":1.0,"u":"https:\/\/x","name":"B\u00f6 Yü"}}' > event.json
crc=$(python3 -c 'import sys, zlib; print(zlib.crc32(open("event.json", "rb").read()))')
printf '%s' "1c6772d0-5106-11ef-9b66-89f3f924d48a|2027-01-05T11:59:35Z|5GP028458E2496506|$crc" \
    | openssl dgst -sha256 -sign paypal.key.pem | base64 -w0 > event.signature

printf 'r-%s' "$(printf 'P202701050000000000000000000000 R-1' | openssl dgst -sha256 -r | cut -c1-32)" > refund.request-id
