# Built in one stage, installed in another: the image holds what runs and nothing of what built it.
# Pinned by version. Pin the very bytes with --build-arg NODE_IMAGE=node:24.21.0-bookworm-slim@sha256:…
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages/sandbox-discord/package.json ./packages/sandbox-discord/
# No install scripts: nothing here compiles, and what npm fetches does not get to run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY schema ./schema
COPY packages/sandbox-discord/tsconfig.json ./packages/sandbox-discord/
COPY packages/sandbox-discord/src ./packages/sandbox-discord/src
COPY services ./services
RUN npm run build && rm dist/.tsbuildinfo packages/sandbox-discord/dist/.tsbuildinfo

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The one workspace that the service uses: node_modules links to it.
COPY packages/sandbox-discord/package.json ./packages/sandbox-discord/
# The optional packages are a Node and a PostgreSQL for machines that have none: this image has the first, and
# DATABASE_URL names the second. Nothing reads the types and the source maps of others here: a third of all files.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \) -delete

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="discord-connector" \
  org.opencontainers.image.description="Attaches Discord roles to the groups of a platform" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
WORKDIR /app
# Inside a container loopback reaches nobody; what is published is for whoever runs it to say.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/packages ./packages
COPY --from=build /app/packages/sandbox-discord/dist ./packages/sandbox-discord/dist
COPY --from=build /app/dist ./dist
COPY --from=build /app/schema ./schema
COPY package.json LICENSE ./
# All of the above is root's and stays as it is: the file system may be read-only. The sandbox alone writes, here.
RUN install -d -o 1000 -g 1000 -m 0700 .data
# By number, so that who runs it can see that it is not root.
USER 1000:1000
EXPOSE 4000
STOPSIGNAL SIGTERM
# Every process answers it, whatever its PARTS. Ready is another question, asked by whoever sends requests: /health/ready.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself and not npm, which would keep the signal to itself. The flags, as in package.json, have garbage collected before
# the heap is several times what is in use; they set no limit.
CMD ["node", "--max-semi-space-size=4", "--initial-old-space-size=64", "--heap-growing-percent=30", "dist/main.js"]
