#!/bin/sh
# Makes the *.signature and *.sealed files beside it with tools other than the ones under test: the OpenSSL command line
# and Node's crypto. The keys were thrown away when they were made: they guard nothing. To be run in this folder.
set -eu
sign() { openssl dgst -sha256 -sign "$1" | base64 -w0 > "$2.signature"; }
nonce=5K8264ILTKCH16CQ2502SI8ZNMTM67VS
at=1767614400

printf 'GET\n/v3/pay/transactions/out-trade-no/P202601050000000000000000000000A?mchid=1234567891\n%s\n%s\n\n' $at $nonce | sign merchant.key.pem get
printf 'POST\n/v3/pay/transactions/app\n%s\n%s\n{"mchid":"1234567891"}\n\n' $at $nonce | sign merchant.key.pem post
printf 'wxd678efh567hg6787\n%s\n%s\nwx05200000000000000000000000000001\n' $at $nonce | sign merchant.key.pem app
printf 'wxd678efh567hg6787\n%s\n%s\nprepay_id=wx05200000000000000000000000000001\n' $at $nonce | sign merchant.key.pem jsapi
printf '%s\nnonce123\n{"prepay_id":"wx05"}\n' $at | sign platform.key.pem answer
printf '%s\nnonce123\n\n' $at | sign platform.key.pem empty-answer

node -e '
const { createCipheriv } = require("crypto");
const cipher = createCipheriv("aes-256-gcm", "0123456789abcdef0123456789ABCDEF", "fdasflkja484");
cipher.setAAD(Buffer.from("transaction"));
const sealed = Buffer.concat([cipher.update("{\"trade_state\":\"SUCCESS\"}"), cipher.final(), cipher.getAuthTag()]);
process.stdout.write(sealed.toString("base64"));
' > transaction.sealed
