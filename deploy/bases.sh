#!/usr/bin/env bash
# Makes the images that deploy/compose.yaml stands on where none can be pulled: Debian by mmdebstrap, Kafka's jars by Maven. As root, with a Docker engine:
#   apt-get install mmdebstrap maven default-jre-headless
#   deploy/bases.sh > deploy/bases.env            # or some of them: deploy/bases.sh kafka redis >> deploy/bases.env
#   docker compose --env-file deploy/bases.env -f deploy/compose.yaml up --build --detach --scale grafana=0
# Prints the variables that name them. What this machine trusts, and where its pip asks, goes into the base that builds alone, never into one that runs.
# Grafana is in no Debian, so there is none of it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=${SUITE:-bookworm}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debian() { # packages, by commas; options of mmdebstrap: a small Debian as a tar
  mmdebstrap --quiet --variant=minbase --include="$1" "${@:2}" "$suite"
}

image() { # variable, name; a tar on standard input; changes as of a Dockerfile
  docker import "${@:3}" - "$2" >&2
  echo "$1=$2"
}

base() {
  debian python3,ca-certificates | image MEDAID_BASE "medaid/base:$suite"
}

build_base() {
  local ours=() file
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    if [[ -f $file ]]; then ours+=(--customize-hook="copy-in $file $(dirname "$file")"); fi
  done
  debian python3,python3-venv,python3-dev,gcc,libc6-dev,ca-certificates "${ours[@]}" | image MEDAID_BUILD_BASE "medaid/build-base:$suite"
}

kafka() {
  local version jars
  version=$(python3 -c 'from deploy.local.jars import kafka_version; print(kafka_version())')
  jars=$(python3 -c 'from deploy.local.jars import kafka_jars; print(kafka_jars())')
  cp -rL "$jars" "$work/libs"
  mvn -q -B dependency:copy -Dartifact="org.apache.kafka:kafka-tools:$version" -DoutputDirectory="$work/libs" >&2
  debian default-jre-headless \
    --customize-hook='chroot "$1" useradd --uid 1000 --no-create-home appuser' \
    --customize-hook='mkdir -p "$1"/opt/kafka/bin "$1"/opt/kafka/config "$1"/etc/kafka/docker "$1"/mnt/shared/config "$1"/var/lib/kafka/data' \
    --customize-hook="copy-in $work/libs /opt/kafka" \
    --customize-hook='copy-in deploy/kafka/image/run /etc/kafka/docker' \
    --customize-hook='copy-in deploy/kafka/image/tool /opt/kafka/bin' \
    --customize-hook='for name in broker-api-versions configs topics; do ln -s tool "$1/opt/kafka/bin/kafka-$name.sh"; done' \
    --customize-hook='chown -R 1000 "$1"/opt/kafka/config "$1"/var/lib/kafka' |
    image MEDAID_KAFKA_IMAGE "medaid/kafka:$version" --change 'USER 1000' --change 'CMD ["/etc/kafka/docker/run"]'
}

redis() {
  debian redis-server --customize-hook='mkdir "$1"/data && chown 999 "$1"/data' |
    image MEDAID_REDIS_IMAGE "medaid/redis:$suite" --change 'USER 999' --change 'WORKDIR /data' --change 'CMD ["redis-server"]'
}

prometheus() {
  debian prometheus --customize-hook='mkdir "$1"/prometheus && chown 65534 "$1"/prometheus' |
    image MEDAID_PROMETHEUS_IMAGE "medaid/prometheus:$suite" --change 'USER 65534' --change 'ENTRYPOINT ["/usr/bin/prometheus"]'
}

if (($# == 0)); then set -- base build_base kafka redis prometheus; fi
for name in "$@"; do
  case $name in
    base | build_base | kafka | redis | prometheus) "$name" ;;
    *) echo "$name: expected base, build_base, kafka, redis or prometheus" >&2; exit 2 ;;
  esac
done
