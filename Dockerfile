# The bot as an image: a static binary, rules and settings, nothing else. It runs as uid 1000 and listens on port 7860,
# as a Docker Space does. The folder given as BOT holds the rules.yaml and hfbot.yaml that go into it:
#
#   docker build --build-arg BOT=spaces/default -t hfbot .
#   docker run -p 7860:7860 -e HF_TOKEN -e WEBHOOK_SECRET -v hfbot-data:/data hfbot
ARG GO_IMAGE=docker.io/library/golang:1.26

FROM ${GO_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# More actions, as `hfbot build --with` takes them, separated by spaces; a folder is one below this one that
# .dockerignore does not leave out, or of an image that this stage is built on:
#
#   docker build --build-arg WITH="example.org/greet@v1.2.0 example.org/hello=hello" -t my-bot .
ARG WITH=
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/hfbot ./cmd/hfbot \
    && if [ -n "$WITH" ]; then \
        set -f && /out/hfbot build --hfbot . --output /out/with $(printf -- '--with %s ' $WITH) && mv /out/with /out/hfbot; \
    fi \
    && mkdir -p -m 1777 /out/tmp && mkdir -p /out/data

FROM scratch
ARG BOT=spaces/default
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/hfbot /usr/local/bin/hfbot
COPY --from=build --chown=1000:1000 /out/tmp /tmp
COPY --from=build --chown=1000:1000 /out/data /data
WORKDIR /app
COPY --chown=1000:1000 ${BOT}/rules.yaml ${BOT}/hfbot.yaml ./
# What differs in a container from a laptop; hfbot.yaml says the rest.
ENV PATH=/usr/local/bin HFBOT_LISTEN=0.0.0.0:7860 HFBOT_DATABASE=sqlite:/data/hfbot.db
USER 1000:1000
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["/usr/local/bin/hfbot", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/hfbot"]
CMD ["serve"]
