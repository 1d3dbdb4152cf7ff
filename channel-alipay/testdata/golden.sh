#!/bin/sh
# Makes the expected values beside it with the OpenSSL command line, a tool other than the ones under test. Keys and
# certificates are made where they are missing; they guard nothing. To be run in this folder.
set -eu
key() { [ -f "$1" ] || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null; }
sign() { openssl dgst -sha256 -sign "$1" | base64 -w0 > "$2.signature"; }

for name in app platform successor other; do key $name.key.pem; done
openssl rsa -in app.key.pem -traditional -out app.pkcs1.key.pem 2>/dev/null
openssl rsa -in platform.key.pem -pubout -out platform.pub.pem 2>/dev/null
openssl rsa -in app.key.pem -pubout -out app.pub.pem 2>/dev/null

# The reference's own example of a text to sign.
printf '%s' 'app_id=2021000000000001&biz_content={"out_trade_no":"GW20260301000002","total_amount":"88.88","subject":"测试订单 A+B 50%","time_expire":"2026-03-01 12:45:45"}&charset=utf-8&format=JSON&method=alipay.trade.precreate&notify_url=https://pay.example.cn/hooks/alipay?tenant=a&env=test&sign_type=RSA2&timestamp=2026-03-01 12:30:45&version=1.0' > request.text
sign app.key.pem request < request.text

# An answer's node, and the same node as an SDK saw it before slashes were escaped.
printf '%s' '{"code":"10000","msg":"Success","out_trade_no":"GW20260301000002","qr_code":"https:\/\/qr.alipay.com\/bax0"}' | sign platform.key.pem answer
printf '%s' '{"code":"10000","msg":"Success","out_trade_no":"GW20260301000002","qr_code":"https://qr.alipay.com/bax0"}' | sign platform.key.pem unescaped

# AES content encryption: the key is the ASCII text "content-key-0001".
printf '%s' '{"out_trade_no":"GW20260301000002","subject":"测试"}' |
  openssl enc -aes-128-cbc -K "$(printf content-key-0001 | od -An -tx1 | tr -d ' \n')" -iv 00000000000000000000000000000000 | base64 -w0 > content.aes

# Certificates with Ant's way of naming: an authority with a root, an intermediate and Alipay's leaf; a bundle with an
# ECDSA root between two RSA ones; and the serials that openssl and md5sum make of them.
if [ ! -f root.crt.pem ]; then
  for name in root intermediate; do key $name.key.pem; done
  openssl ecparam -name prime256v1 -genkey -noout -out ec.key.pem
  ca='-addext basicConstraints=critical,CA:TRUE'
  ant='/C=CN/O=Ant Financial/OU=Certification Authority test'
  openssl req -x509 -new -sha256 -key root.key.pem -subj "$ant/CN=Ant Financial Certification Authority R1 test" -days 9000 -set_serial 0x4a8d1fc0b1e2d3c4a5968778695a4b3c -out root.crt.pem
  openssl req -x509 -new -sha256 -key ec.key.pem -subj "$ant/CN=Ant Financial Certification Authority E1 test" -days 9000 -set_serial 7 -out ec.crt.pem
  openssl req -x509 -new -sha1 -key other.key.pem -subj "$ant/CN=Ant Financial Certification Authority R2 test" -days 9000 -set_serial 255 -out second.crt.pem
  openssl req -new -key intermediate.key.pem -subj "$ant/CN=Ant Financial Certification Authority Class 2 R1 test" -out i.csr
  printf 'basicConstraints=critical,CA:TRUE\n' > ca.ext
  openssl x509 -req -sha256 -in i.csr -CA root.crt.pem -CAkey root.key.pem -set_serial 0x2021 -days 9000 -extfile ca.ext -out intermediate.crt.pem 2>/dev/null
  for name in platform app; do
    openssl req -new -key $name.key.pem -subj "/C=CN/O=$name/OU=Alipay/CN=$name-2088000000000001" -out l.csr
    printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n' > leaf.ext
    openssl x509 -req -sha256 -in l.csr -CA intermediate.crt.pem -CAkey intermediate.key.pem -set_serial "$([ $name = app ] && echo 0x20210a || echo 0x7fedcba98765432100112233445566)" -days 9000 -extfile leaf.ext -out $name.crt.pem 2>/dev/null
  done
  cat platform.crt.pem intermediate.crt.pem > platform.chain.pem
  { cat root.crt.pem; echo; cat ec.crt.pem second.crt.pem; } > roots.pem
  rm -f i.csr l.csr ca.ext leaf.ext root.key.pem intermediate.key.pem ec.key.pem intermediate.crt.pem platform.crt.pem
fi
serial() {
  issuer=$(openssl x509 -in "$1" -noout -issuer -nameopt RFC2253 | sed 's/^issuer=//')
  number=$(openssl x509 -in "$1" -noout -serial | sed 's/^serial=//')
  decimal=$(python3 -c "print(int('$number', 16))")
  printf '%s%s' "$issuer" "$decimal" | md5sum | cut -d' ' -f1
}
{ serial app.crt.pem; serial platform.chain.pem; echo "$(serial root.crt.pem)_$(serial second.crt.pem)"; } > serials.text

