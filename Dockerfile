# Two stages: build the static binary, then an image with nothing but it.
#   docker build -t civic-os .
#   docker run -p 8000:8000 -e CIVIC_OS_DATABASE__URL=… -e CIVIC_OS_DATABASE__OWNER_URL=… civic-os
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN ./dev release \
    && mkdir -p /image/etc /image/tmp /image/var/lib/civic-os /image/var/lib/civic-os-shared \
    && cp dist/civic-os /image/civic-os \
    && echo 'civic-os:x:65532:65532::/var/lib/civic-os:/' > /image/etc/passwd \
    && echo 'civic-os:x:65532:' > /image/etc/group \
    && chmod 1777 /image/tmp \
    && chown -R 65532:65532 /image/var/lib/civic-os /image/var/lib/civic-os-shared

# `docker build --target tools -t civic-os-tools .`: the binary beside PostgreSQL's client programs, for `civic-os backup`. Debian 13 has those of
# release 17; a pg_dump that is older than the server refuses.
FROM debian:trixie-slim AS tools
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client-17 ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 65532 -g 65532 -m 750 /var/lib/civic-os \
    && install -d -o 65532 -g 65532 -m 755 /var/lib/civic-os-shared
COPY --from=build /image/civic-os /usr/bin/civic-os
USER 65532:65532
WORKDIR /var/lib/civic-os
VOLUME /var/lib/civic-os
ENV XDG_DATA_HOME=/var/lib \
    CIVIC_OS_LOG__FORMAT=json
ENTRYPOINT ["civic-os"]
CMD ["backup", "create"]

# `docker build --target demo`: a whole town in one container, with a PostgreSQL of its own.
FROM debian:bookworm-slim AS demo
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql postgresql-15-postgis-3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 65532 civic-os \
    && install -d -o civic-os -g civic-os /var/lib/civic-os
COPY --from=build /image/civic-os /usr/bin/civic-os
USER civic-os
VOLUME /var/lib/civic-os
EXPOSE 8000
ENTRYPOINT ["civic-os"]
CMD ["demo", "--listen", "0.0.0.0:8000", "--data-dir", "/var/lib/civic-os"]

FROM scratch
COPY --from=build /image/ /
USER 65532:65532
WORKDIR /var/lib/civic-os
# Keys of the embedded identity provider and other files of its own, when it has any.
VOLUME /var/lib/civic-os
ENV XDG_DATA_HOME=/var/lib \
    CIVIC_OS_LOG__FORMAT=json \
    CIVIC_OS_ADMIN__LISTEN=0.0.0.0:3001
EXPOSE 8000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/civic-os", "health"]
ENTRYPOINT ["/civic-os"]
CMD ["serve"]
