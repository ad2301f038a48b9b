#!/bin/sh
# Makes the keys and certificates of the tests. They are for nothing else.
set -e
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for name in app alipay alipay2; do
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $name.pem
  openssl pkey -in $name.pem -pubout -out $name.public.pem
done
openssl rsa -in app.pem -traditional -out app.pkcs1.pem 2>/dev/null
# Two authorities of RSA and one of SM2, as in the bundle that Alipay gives out, and a certificate that nobody can read.
for n in 1 2; do
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out $work/root$n.pem
  openssl req -x509 -new -key $work/root$n.pem -sha256 -days 36500 -out $work/root$n.crt -utf8 \
    -subj "/C=CN/O=Test Financial/OU=Certification Authority $n/CN=测试 Root R$n"
done
openssl ecparam -name SM2 -genkey -noout -out $work/sm2.pem
openssl req -x509 -new -key $work/sm2.pem -sm3 -days 36500 -out $work/sm2.crt -subj "/C=CN/O=Test Financial/CN=SM2 Root"
printf -- '-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n' > $work/broken.crt
cat $work/sm2.crt $work/root1.crt $work/broken.crt $work/root2.crt > roots.crt
# Alipay's second certificate has the name of the first. The impostor's has it too, and nobody vouches for it.
for name in app alipay alipay2; do
  openssl req -new -key $name.pem -out $work/$name.csr -utf8 -subj "/C=CN/O=某商户/OU=Alipay/CN=${name%2}"
  openssl x509 -req -in $work/$name.csr -CA $work/root1.crt -CAkey $work/root1.pem -sha256 -days 36500 -out $name.crt \
    -set_serial 0x$(openssl rand -hex 15 | sed 's/^./7/') 2>/dev/null
done
openssl req -x509 -new -key alipay2.pem -sha256 -days 36500 -out impostor.crt -utf8 -subj "/C=CN/O=某商户/OU=Alipay/CN=alipay"
rm alipay2.public.pem
