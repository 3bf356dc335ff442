#!/bin/sh
# Make a certificate authority in DIR and a certificate for each NAME: DIR/ca.pem, DIR/NAME.pem, DIR/NAME.key.
#   deploy/certificates.sh DIR NAME[=HOST,...]...
#   deploy/certificates.sh /etc/jiancha/tls kafka=kafka.example.gov,10.0.0.5 jiancha-engine
# What exists is kept; so the authority signs further names later. Keys are PKCS #8, unencrypted, readable by
# their owner alone. A house that has an authority of its own uses that one, and not this script.
set -eu
umask 077
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
directory=$1
shift
mkdir -p "$directory"
cd "$directory"

key() { # FILE
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null
}

if [ ! -s ca.pem ]; then
  key ca.key
  openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=jiancha authority" -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  chmod 444 ca.pem
fi

for wanted in "$@"; do
  name=${wanted%%=*}
  [ ! -s "$name.pem" ] || continue
  hosts=$name
  [ "$name" = "$wanted" ] || hosts=${wanted#*=}
  alternatives=$(printf '%s\n' "$hosts" | tr ',' '\n' | sed -E 's/^[0-9.]+$|^.*:.*$/IP:&/; /^IP:/!s/^/DNS:/' | paste -sd, -)
  key "$name.key"
  openssl req -new -key "$name.key" -subj "/CN=$name" -out "$name.csr"
  printf '%s\n' "subjectAltName=$alternatives" "basicConstraints=CA:FALSE" "keyUsage=digitalSignature" \
    "extendedKeyUsage=serverAuth,clientAuth" "authorityKeyIdentifier=keyid" >"$name.ext"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 \
    -extfile "$name.ext" -out "$name.pem" 2>/dev/null
  chmod 444 "$name.pem"
  rm "$name.csr" "$name.ext"
done
