# Two stages: build the static binary, then an image with nothing but it.
#   docker build -t civic-os .
#   docker run -p 8000:8000 -e CIVIC_OS_DATABASE__URL=… -e CIVIC_OS_DATABASE__OWNER_URL=… civic-os
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN ./dev release \
    && mkdir -p /image/etc /image/tmp /image/var/lib/civic-os \
    && cp dist/civic-os /image/civic-os \
    && echo 'civic-os:x:65532:65532::/var/lib/civic-os:/' > /image/etc/passwd \
    && echo 'civic-os:x:65532:' > /image/etc/group \
    && chmod 1777 /image/tmp \
    && chown -R 65532:65532 /image/var/lib/civic-os

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
