#!/usr/bin/env bash
# Makes what deploy/compose.secure.yaml needs, in deploy/secure/made (git ignores it): an authority, certificates, passwords, Redis' users.
#   deploy/secure/make.sh [publisher...]     # publishers: who else writes into Kafka, by the names of deploy/kafka/publishers.yaml
# What is there stays; what is missing is made. To change a password or a certificate delete its file, run this again, then `up --force-recreate`.
# Files are for their owner and one group (640), which the containers join; authority.key, which they do not need, is for the owner alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v openssl >/dev/null || { echo "openssl is missing: apt-get install openssl" >&2; exit 5; }
services=(identity settlement monitoring console operator)
for name in "$@"; do
  [[ $name =~ ^[a-z0-9-]+$ ]] || { echo "$name: expected a publisher's name, of a-z, 0-9 and -" >&2; exit 2; }
  # Kafka knows people by their names alone, whether they come with a password or a certificate: nobody from outside may be called as one of us.
  if [[ $name == medaid-* || " kafka redis admin ${services[*]} " == *" $name "* ]]; then
    echo "$name: expected a publisher's name, not one of ours" >&2
    exit 2
  fi
done
umask 027
mkdir -p made/scram
cd made

absent() { [[ ! -s $1 ]]; }

whole() { # file: what standard input gives, once it is complete
  cat >"$1.new" && mv "$1.new" "$1"
}

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256; }

holds() { # name: whether its certificate is of this authority, and for a month to come
  openssl verify -CAfile authority.pem "$1.crt" >/dev/null 2>&1 && openssl x509 -in "$1.crt" -noout -checkend $((30 * 86400)) >/dev/null
}

certificate() { # name, names of its host: NAME.key, NAME.crt, and both in NAME.pem, as Kafka reads them
  if absent "$1.pem" || ! holds "$1"; then
    key | whole "$1.key"
    openssl req -new -key "$1.key" -subj "/CN=$1" |
      openssl x509 -req -CA authority.pem -CAkey authority.key -set_serial "0x$(openssl rand -hex 16)" -days "${DAYS:-825}" \
        -extfile <(echo "basicConstraints=critical,CA:false${2:+$'\n'subjectAltName=$2}") 2>/dev/null | whole "$1.crt"
    cat "$1.key" "$1.crt" | whole "$1.pem"
  fi
}

password() { # file
  if absent "$1"; then openssl rand -hex 24 | whole "$1"; fi
}

allow() { # name of a user of Redis, its keys, its commands
  password "$1.redis"
  echo "user $1 on #$(tr -d '\n' <"$1.redis" | sha256sum | cut -d' ' -f1) $2 -@all $3"
}

if absent authority.pem || absent authority.key; then
  (umask 077 && key | whole authority.key)
  openssl req -x509 -key authority.key -subj "/CN=medaid authority" -days 3650 -addext basicConstraints=critical,CA:true,pathlen:0 | whole authority.pem
fi
certificate kafka DNS:kafka,DNS:localhost,IP:127.0.0.1
certificate redis DNS:redis,DNS:localhost,IP:127.0.0.1
certificate admin ""

# Who they are at Kafka: medaid-identity and so on, as `medaid access` names them; publishers by their own names.
let_in() { # name, user
  password "$1.kafka"
  printf 'SCRAM-SHA-512=iterations=8192,password=%s\n' "$(cat "$1.kafka")" | whole "scram/$2"
}
for name in "${services[@]}"; do let_in "$name" "medaid-$name"; done
for name in "$@"; do let_in "$name" "$name"; done

# Each service has its own keys in Redis and the commands that it uses. The console verifies the ledger and explains claims, so it has settlement's, too.
commands="+eval +evalsha +info +scan +del +hdel +hget +hgetall +hkeys +hlen +hmget +hset +hsetnx +hvals +unlink +ping +time +acl|whoami +dbsize +randomkey +memory|usage"
{
  echo "user default off resetpass"
  for name in identity settlement monitoring; do allow "$name" "~*medaid:$name:*" "$commands"; done
  allow console "~*medaid:console:* ~*medaid:settlement:*" "$commands +set +exists"
  allow operator "~*medaid:*" "$commands +set +exists"
} | whole redis.acl

password console.secret

# Kafka's own tools run in the broker's container, and are the broker itself.
printf '%s\n' security.protocol=SSL ssl.keystore.type=PEM ssl.keystore.location=/run/secrets/kafka.pem \
  ssl.truststore.type=PEM ssl.truststore.location=/run/secrets/authority.pem | whole tools.properties

# Root gives the files to a group that nobody is in; anybody else to his own.
group=$(id -g)
if [[ $(id -u) == 0 ]]; then group=10001; fi
echo "MEDAID_SECRETS_GROUP=$group" | whole env
chgrp -R "$group" .
